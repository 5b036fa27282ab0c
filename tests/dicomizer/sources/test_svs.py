# SPDX-License-Identifier: Apache-2.0
"""Aperio SVS."""

from __future__ import annotations

import datetime as dt

import pytest
import slides

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.color import srgb_profile
from dicomizer.slide import ColorSpace, Compression, Flavor, SizePx, SpacingMm
from dicomizer.sources.svs import SvsSource
from dicomizer.sources.svs.metadata import read_description


def joined(source: SvsSource, image) -> list[bytes]:
    return [b"".join(frame) for batch in source.frames(image) for frame in batch]


def test_levels_and_named_images_are_found(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs", factors=(1, 4), icc_profile=srgb_profile())

    with SvsSource(built.path) as source:
        slide = source.slide

    assert [(item.size, item.spacing) for item in slide.levels] == [
        (SizePx(300, 200), SpacingMm(0.0005, 0.0005)),
        (SizePx(75, 50), SpacingMm(0.002, 0.002)),
    ]
    assert [(item.flavor, item.size, item.coding.compression) for item in slide.associated] == [
        (Flavor.THUMBNAIL, SizePx(150, 100), Compression.JPEG),
        (Flavor.LABEL, SizePx(87, 63), Compression.NONE),
        (Flavor.OVERVIEW, SizePx(160, 54), Compression.JPEG),
    ]
    assert slide.levels[0].icc_profile == srgb_profile()
    assert slide.levels[0].coding.color_space is ColorSpace.YCBCR
    assert slide.notes == ()


@pytest.mark.parametrize("color", ["ycbcr420", "ycbcr422", "ycbcr444", "rgb"])
def test_frames_hold_the_stored_scans(tmp_path, color):
    built = slides.write_svs(tmp_path / "a.svs", color=color)

    with SvsSource(built.path) as source:
        for image, streams in zip(source.slide.levels, built.streams, strict=True):
            frames = joined(source, image)

            assert [slides.scan(item) for item in frames] == [slides.scan(s) for s in streams]
            assert all(item.startswith(b"\xff\xd8") for item in frames)


def test_bytes_behind_the_end_of_a_tile_are_no_part_of_its_frame(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs", padding=b"\0\0\0")

    with SvsSource(built.path) as source:
        frames = joined(source, source.slide.levels[0])

    assert all(item.endswith(b"\xff\xd9") for item in frames)


def test_label_keeps_its_pixels(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs")

    with SvsSource(built.path) as source:
        label = source.slide.associated[1]
        (pixels,) = joined(source, label)

    assert not label.coding.lossy
    assert pixels == slides.picture(87, 63).tobytes()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda tile: bytes(len(tile)), "tile 3: found 0000, expected SOI"),
        (lambda tile: tile[:-2] + b"\0\0", r"tile 3 has no end \(EOI\)"),
        (
            lambda tile: tile.replace(b"\0\x40\0\x40", b"\0\x20\0\x40", 1),
            "tile 3 is 64 x 32 pixels, expected 64 x 64",
        ),
        (lambda tile: tile.replace(b"\xff\xc0", b"\xff\xc2", 1), "tile 3 is JPEG process 2"),
    ],
)
def test_damaged_tile_is_named(tmp_path, damage, message):
    built = slides.write_svs(tmp_path / "a.svs")
    data = built.path.read_bytes()
    tile = built.streams[0][3]
    built.path.write_bytes(data.replace(tile, damage(tile)))

    with (
        SvsSource(built.path) as source,
        pytest.raises(CorruptSourceError, match=f"a.svs: directory 0: {message}"),
    ):
        joined(source, source.slide.levels[0])


def test_metadata_of_the_scan_is_read(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs")

    with SvsSource(built.path) as source:
        metadata = source.slide.metadata

    assert metadata.equipment.manufacturer == "Aperio"
    assert metadata.equipment.device_serial_number == "SS1234"
    assert metadata.equipment.software_versions == ("Aperio Image Library v12.0.15",)
    assert metadata.optics.objective_power == 20.0
    assert metadata.acquisition_datetime == dt.datetime(
        2024, 3, 17, 10, 20, 30, tzinfo=dt.timezone(dt.timedelta(hours=-5))
    )


@pytest.mark.parametrize("text", ["", "|MPP = ", "|MPP = x", "|MPP = -1", "|MPP = 0", "|MPP = nan"])
def test_mpp_that_is_no_positive_number_is_not_known(text):
    assert read_description(f"Aperio\r\n1x1{text}").mpp is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("|Date = 12/29/09|Time = 09:59:15", dt.datetime(2009, 12, 29, 9, 59, 15)),
        ("|Date = 12/29/2019|Time = 09:59:15", dt.datetime(2019, 12, 29, 9, 59, 15)),
        ("|Date = 29/12/09|Time = 09:59:15", None),
        ("|Date = 12/29/09", None),
        ("", None),
    ],
)
def test_date_of_scanning_is_read_or_not_known(text, expected):
    assert read_description(f"Aperio\r\n1x1{text}").metadata.acquisition_datetime == expected


def test_description_of_an_origin_behind_a_semicolon_does_not_leak_into_values():
    found = read_description("Aperio v1 \r\n9x9 (2x2) JPEG Q=30;Aperio v0|AppMag = 20;x|MPP = 0.5")

    assert found.properties == {"AppMag": "20", "MPP": "0.5"}
