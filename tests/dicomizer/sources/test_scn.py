# SPDX-License-Identifier: Apache-2.0
"""Leica SCN."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import build_scn
import numpy as np
import pytest
import slides
import tifffile

from dicomizer.errors import CorruptSourceError
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
from dicomizer.sources.base import Refusal
from dicomizer.sources.scn import ScnSource
from dicomizer.sources.scn.collection import read_collection
from dicomizer.sources.scn.metadata import optical_path, read_metadata

FILE = Path("a.scn")


def joined(source: ScnSource, image, indices=None) -> list[bytes]:
    return [b"".join(frame) for batch in source.frames(image, indices) for frame in batch]


def test_scan_is_converted_and_not_the_canvas(tmp_path):
    build_scn.write_scn(tmp_path / "a.scn")

    with ScnSource(tmp_path / "a.scn") as source:
        (scan,) = source.slide.scans

    assert [(item.size, item.spacing) for item in scan.levels] == [
        (SizePx(300, 200), SpacingMm(0.0005, 0.0005)),
        (SizePx(75, 50), SpacingMm(0.002, 0.002)),
    ]
    assert (scan.name, scan.optical_paths) == ("scan", (OpticalPath(),))
    assert source.slide.notes == ()


def test_frames_hold_the_stored_scans(tmp_path):
    part = build_scn.brightfield()
    streams = build_scn.write_scn(tmp_path / "a.scn", (part,))

    with ScnSource(tmp_path / "a.scn") as source:
        frames = [frame for level in source.slide.levels for frame in joined(source, level)]

    assert [slides.scan(item) for item in frames] == [slides.scan(item) for item in streams]


def test_image_that_covers_the_slide_is_the_overview(tmp_path):
    build_scn.write_scn(tmp_path / "a.scn", label=True)

    with ScnSource(tmp_path / "a.scn") as source:
        label, overview = source.slide.associated
        (pixels,) = joined(source, label)

    assert (label.flavor, label.size, label.coding.lossy) == (
        Flavor.LABEL,
        SizePx(50, 40),
        False,
    )
    assert (overview.flavor, overview.size) == (Flavor.OVERVIEW, SizePx(53, 153))
    assert overview.spacing == SpacingMm(between_rows=76.7 / 153, between_columns=0.5)
    assert pixels == slides.picture(50, 40).tobytes()


def test_several_images_are_scans_the_most_magnified_first(tmp_path):
    low = build_scn.moved(build_scn.brightfield("low"), objective="20")
    high = build_scn.moved(build_scn.brightfield("high", y=40_000_000), objective="40")
    second = build_scn.moved(build_scn.brightfield("second", y=60_000_000), objective="40")
    build_scn.write_scn(tmp_path / "a.scn", (build_scn.MACRO, low, high, second))

    with ScnSource(tmp_path / "a.scn") as source:
        slide = source.slide

    assert [scan.name for scan in slide.scans] == ["high", "second", "low"]
    assert slide.metadata.optics.objective_power == 40.0
    assert slide.notes == ("the scans differ in their objective: that of the first is written",)


def test_scans_lie_to_the_corner_of_the_overview_as_their_views(tmp_path):
    parts = (
        build_scn.brightfield("a", x=0, y=0),
        build_scn.brightfield("b", x=9_000_000, y=20_000_000),
    )
    build_scn.write_scn(tmp_path / "a.scn", parts)

    with ScnSource(tmp_path / "a.scn") as source:
        origins = [scan.origin for scan in source.slide.scans]

    assert origins == [PointMm(25.0, 75.0), PointMm(x=5.0, y=66.0)]


def test_slide_scanned_from_edge_to_edge_is_a_scan(tmp_path):
    build_scn.write_scn(tmp_path / "a.scn", (build_scn.MACRO,))

    with ScnSource(tmp_path / "a.scn") as source:
        assert [scan.name for scan in source.slide.scans] == ["macro"]
        assert source.slide.associated == ()


def test_image_without_pixels_is_left_out_and_said(tmp_path):
    empty = build_scn.Part("empty", (np.zeros((0, 0, 1, 1), np.uint8),), build_scn.view(1, 1, 9, 9))
    build_scn.write_scn(tmp_path / "a.scn", (build_scn.brightfield(), empty))

    with ScnSource(tmp_path / "a.scn") as source:
        assert [scan.name for scan in source.slide.scans] == ["scan"]
        assert source.slide.notes == ("empty has no pixels: left out",)


def test_of_two_overviews_the_one_by_transmitted_light_is_kept(tmp_path):
    dark = build_scn.Part(
        "dark",
        (slides.picture(26, 76)[None, None],),
        build_scn.view(0, 0, *build_scn.COLLECTION_NM),
        illumination="fluorescence",
    )
    build_scn.write_scn(tmp_path / "a.scn", (dark, build_scn.MACRO, build_scn.brightfield()))

    with ScnSource(tmp_path / "a.scn") as source:
        assert [image.size for image in source.slide.associated] == [SizePx(53, 153)]
        assert source.slide.notes == ("dark covers the slide as well: left out",)


def test_channels_and_planes_are_frames_in_the_order_of_the_standard(tmp_path):
    part = build_scn.fluorescence()
    build_scn.write_scn(tmp_path / "a.scn", (build_scn.MACRO, part))

    with ScnSource(tmp_path / "a.scn") as source:
        (scan,) = source.slide.scans
        level = scan.levels[0]
        frames = joined(source, level)

    tiles = [
        tile[:, :, 0].tobytes()
        for path in part.pixels[0]
        for plane in path
        for tile in slides.tiles_of(plane[:, :, None], build_scn.TILE)
    ]
    assert (level.paths, level.planes, level.number_of_frames) == (2, 3, 2 * 3 * 6)
    assert (level.coding.compression, level.coding.color_space, level.coding.lossy) == (
        Compression.NONE,
        ColorSpace.MONOCHROME,
        False,
    )
    # Of the six tiles of a plane, those that end within the image; the others are padded.
    inside = [index for index in range(36) if index % 6 in (0, 1)]
    assert [frames[index] for index in inside] == [tiles[index] for index in inside]
    assert scan.plane_spacing_um == 0.4
    assert [item.size for item in scan.levels] == [SizePx(150, 100), SizePx(75, 50)]


def test_channels_have_names_colours_and_filters(tmp_path):
    build_scn.write_scn(tmp_path / "a.scn", (build_scn.fluorescence(),))

    with ScnSource(tmp_path / "a.scn") as source:
        assert source.slide.scans[0].optical_paths == (
            OpticalPath("405|Empty", Illumination.FLUORESCENCE, 405.0, 470.0, (0, 0, 255)),
            OpticalPath("Cy5", Illumination.FLUORESCENCE, color=(255, 128, 0)),
        )


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ('index="1" name="b"', OpticalPath(illumination=Illumination.FLUORESCENCE)),
        ('name="a" rgb="blue"', OpticalPath("a", Illumination.FLUORESCENCE)),
        ('index="0" rgb="#12345"', OpticalPath(illumination=Illumination.FLUORESCENCE)),
    ],
)
def test_what_a_channel_does_not_tell_is_not_known(channel, expected):
    part = build_scn.moved(
        build_scn.fluorescence(),
        channels=f"<channelSettings><channel {channel}/></channelSettings>",
    )
    collection = read_collection(build_scn.description((part,)), FILE)

    assert optical_path(collection.images[0], 0) == expected


def test_level_without_all_its_planes_is_left_out_and_said(tmp_path):
    part = build_scn.fluorescence()
    text = build_scn.description((part,)).replace('r="1" c="1" z="2"', 'r="1" c="1" z="3"')
    build_scn.write_scn(tmp_path / "a.scn", (part,), text=text)

    with ScnSource(tmp_path / "a.scn") as source:
        assert len(source.slide.levels) == 1
        assert source.slide.notes == (
            "level 1 of fluorescence left out: it has other paths or planes than the finest",
        )


def test_finest_level_without_all_its_planes_is_refused(tmp_path):
    part = build_scn.fluorescence()
    text = build_scn.description((part,)).replace('r="0" c="1" z="2"', 'r="0" c="1" z="3"')
    build_scn.write_scn(tmp_path / "a.scn", (part,), text=text)

    with pytest.raises(Refusal, match="6 of 8 planes are stored"):
        ScnSource(tmp_path / "a.scn")


def test_further_scan_that_cannot_be_read_is_left_out_and_said(tmp_path):
    parts = (build_scn.brightfield(), build_scn.fluorescence())
    text = build_scn.description(parts).replace('r="0" c="1" z="2"', 'r="0" c="1" z="3"')
    build_scn.write_scn(tmp_path / "a.scn", parts, text=text)

    with ScnSource(tmp_path / "a.scn") as source:
        assert [scan.name for scan in source.slide.scans] == ["scan"]
        assert source.slide.notes == ("fluorescence left out: 6 of 8 planes are stored",)


def test_metadata_of_the_scan_is_read():
    collection = read_collection(build_scn.description((build_scn.brightfield(),)), FILE)

    metadata = read_metadata(collection, collection.images[0])

    assert metadata.equipment.manufacturer == "Leica Microsystems"
    assert metadata.equipment.model_name == "Leica SCN400F"
    assert metadata.equipment.software_versions == ("1.5.1 2012/05/02", "1.5.2")
    assert metadata.container.barcode == "S-24-0042"
    assert metadata.optics.objective_power == 20.0
    assert metadata.acquisition_datetime == dt.datetime(
        2024, 3, 17, 10, 20, 30, 70_000, tzinfo=dt.UTC
    )


def test_barcode_of_the_older_namespace_is_read_as_it_is():
    text = build_scn.description(
        (build_scn.brightfield(),),
        namespace="http://www.leica-microsystems.com/scn/2010/03/10",
        barcode="",
    ).replace('name="c"', 'name="c" barcode="ABCD1234"')
    collection = read_collection(text, FILE)

    assert read_metadata(collection, collection.images[0]).container.barcode == "ABCD1234"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('ifd="2"', 'ifd="9"', "scan names directory 9, the file has 3"),
        ('ifd="2"', 'ifd="-1"', "scan names directory -1, the file has 3"),
        ('ifd="2"', 'ifd="1"', "scan names a directory twice, the file has 3"),
        ('ifd="2"', 'ifd="x"', 'dimension has ifd="x", expected a whole number'),
        (' ifd="2"', "", 'dimension has ifd="", expected a whole number'),
        ('offsetX="9000000"', 'offsetX="1e9"', 'view has offsetX="1e9", expected a whole number'),
        ('offsetX="9000000"', f'offsetX="{1 << 50}"', "view has offsetX="),
        ("collection", "collector", "the XML has no collection"),
        ("image ", "picture ", "the XML cannot be read"),
    ],
)
def test_xml_that_contradicts_the_file_is_an_error(tmp_path, old, new, message):
    parts = (build_scn.MACRO, build_scn.brightfield())
    text = build_scn.description(parts).replace(old, new)
    build_scn.write_scn(tmp_path / "a.scn", parts, text=text)

    with pytest.raises(CorruptSourceError, match=message):
        ScnSource(tmp_path / "a.scn")


def test_view_without_a_size_gives_no_spacing_and_no_place(tmp_path):
    part = build_scn.moved(build_scn.brightfield(), view="")
    build_scn.write_scn(tmp_path / "a.scn", (part,))

    with ScnSource(tmp_path / "a.scn") as source:
        (scan,) = source.slide.scans

    assert scan.origin is None
    assert [level.spacing for level in scan.levels] == [None, None]


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ("Aperio", "no namespace of Leica"),
        ('<scn xmlns="http://www.leica-microsystems.com/scn/2030"/>', "no scn of Leica"),
    ],
)
def test_tiff_of_others_is_refused(tmp_path, description, reason):
    path = tmp_path / "a.tif"
    pixels = np.zeros((64, 64, 3), np.uint8)
    tifffile.imwrite(
        path, pixels, tile=(64, 64), photometric="rgb", description=description, metadata=None
    )

    with pytest.raises(Refusal, match=reason):
        ScnSource(path)
