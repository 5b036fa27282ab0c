# SPDX-License-Identifier: Apache-2.0
"""Aperio SVS."""

from __future__ import annotations

import datetime as dt

import pytest
import slides

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.color import srgb_profile
from dicomizer.slide import (
    ColorSpace,
    Compression,
    Flavor,
    Illumination,
    OpticalPath,
    PointMm,
    SizePx,
    SpacingMm,
)
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
    assert slide.notes == (
        "place on the glass from Left and Top, which the vendor does not define: "
        "right to about a millimetre",
    )


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


@pytest.mark.parametrize(
    ("head", "tail", "expected"),
    [
        ("Aperio\r\n9x9", "|MPP = 0.5|Left = 25.7|Top = 23.4", PointMm(23.4, 49.3)),
        (
            "Aperio v2\r\n9x9 [1000,2000 9x9] (2x2);Aperio v1\r\n99x99 [0,100 9x9]",
            "|MPP = 0.5|Left = 25.7|Top = 23.4",
            PointMm(22.4, 48.8),
        ),
        ("Aperio v2\r\n9x9 [1,2 9x9];Aperio v1", "|Left = 25.7|Top = 23.4", None),
        ("Aperio\r\n9x9", "|MPP = 0.5|Left = 25.7", None),
        ("Aperio\r\n9x9", "|MPP = 0.5|Left = 257|Top = 23.4", None),
        ("Aperio\r\n9x9", "|MPP = 0.5|Left = nan|Top = 23.4", None),
    ],
)
def test_place_on_the_glass_follows_from_left_and_top(head, tail, expected):
    assert read_description(head + tail).origin == expected


def test_scanner_of_leica_is_named(tmp_path):
    text = (
        "Aperio Leica Biosystems GT450 v1.0.1 \r\n9x9|ScannerType = GT450|Filename = A1|Barcode = 7"
    )

    metadata = read_description(text).metadata

    assert metadata.equipment.manufacturer == "Leica Biosystems"
    assert metadata.equipment.model_name == "GT450"
    assert metadata.series.description == "A1"
    assert metadata.container.barcode == "7"


def test_missing_scale_is_said_with_the_objective(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs", mpp="")

    with SvsSource(built.path) as source:
        assert source.slide.levels[0].spacing is None
        assert "the size of a pixel is not told, only an objective of 20x" in source.slide.notes


def test_second_pyramid_is_a_second_scan(tmp_path):
    tiled = {"tile": (64, 64), "photometric": "rgb", "compression": "jpeg"}
    pages = [
        {"data": slides.picture(*size), **tiled, "description": f"Aperio\r\n{size[0]}|MPP = {mpp}"}
        for size, mpp in (((320, 200), 0.5), ((160, 100), 0.5), ((200, 300), 0.25), ((100, 150), 1))
    ]
    path = slides.write_pages(tmp_path / "a.svs", *pages)

    with SvsSource(path) as source:
        sizes = [[item.size.width for item in scan.levels] for scan in source.slide.scans]
        assert sizes == [[320, 160], [200, 100]]
        assert source.slide.scans[1].levels[1].spacing == SpacingMm(0.0005, 0.0005)


def test_focal_planes_and_dyes_are_one_image(tmp_path):
    places = [(dye, z) for z in (-2.0, 0.0, 2.0) for dye in ("DAPI", "FITC")]
    pages = [
        {
            "data": slides.grey(100, 70) // (number + 1),
            "tile": (64, 64),
            "description": f"Aperio\r\n100x70|OffsetZ = {z}|Dye = {dye}|Emission Wavelength = 500",
        }
        for number, (dye, z) in enumerate(places)
    ]
    path = slides.write_pages(tmp_path / "a.svs", *pages)

    with SvsSource(path) as source:
        (scan,) = source.slide.scans
        found = slides.assembled(source, scan.levels[0])

    fluorescence = Illumination.FLUORESCENCE
    assert scan.optical_paths == (
        OpticalPath("DAPI", fluorescence, emission_nm=500.0),
        OpticalPath("FITC", fluorescence, emission_nm=500.0),
    )
    assert scan.plane_spacing_um == 2.0
    assert (found[1, 2, ..., 0] == slides.grey(100, 70) // 6).all()


def test_tiled_thumbnail_is_a_thumbnail(tmp_path):
    tiled = {"tile": (64, 64), "photometric": "rgb"}
    base = {"data": slides.picture(320, 200), **tiled, "description": "Aperio\r\n320x200 (64x64)"}
    small = {**base, "data": slides.picture(160, 100)}
    small["description"] = "Aperio\r\n320x200 -> 160x100 - |AppMag = 20"
    path = slides.write_pages(tmp_path / "a.svs", base, small)

    with SvsSource(path) as source:
        assert len(source.slide.levels) == 1
        assert [item.flavor for item in source.slide.associated] == [Flavor.THUMBNAIL]
