# SPDX-License-Identifier: Apache-2.0
"""Trestle."""

from __future__ import annotations

import datetime as dt

import build_trestle
import imagecodecs
import numpy as np
import pytest
import slides
import tifffile

from dicomizer.errors import CorruptSourceError
from dicomizer.slide import Coding, ColorSpace, Compression, Flavor, SizePx
from dicomizer.sources.base import AnotherFormat, Refusal
from dicomizer.sources.tiff.directory import read_directories
from dicomizer.sources.trestle import TrestleSource
from dicomizer.sources.trestle.description import read_description


def pixels_of(source: TrestleSource, image) -> np.ndarray:
    tile, grid = image.tile_size, image.grid
    plane = np.zeros((grid.height * tile.height, grid.width * tile.width, 3), np.uint8)
    frames = (b"".join(frame) for batch in source.frames(image) for frame in batch)
    for index, frame in enumerate(frames):
        row, column = divmod(index, grid.width)
        y, x = row * tile.height, column * tile.width
        plane[y : y + tile.height, x : x + tile.width] = (
            imagecodecs.jpeg8_decode(frame)
            if image.coding.compression is Compression.JPEG
            else np.frombuffer(frame, np.uint8).reshape(tile.height, tile.width, 3)
        )
    return plane[: image.size.height, : image.size.width]


def test_levels_are_composed_where_their_tiles_overlap_and_passed_through_where_not(tmp_path):
    built = build_trestle.write_trestle(tmp_path / "a.tif")

    with TrestleSource(built.path) as source:
        levels = source.slide.levels
        found = [pixels_of(source, level) for level in levels]

    assert [(item.size, item.spacing.mpp[0], item.coding.compression) for item in levels] == [
        (SizePx(300, 200), 0.25, Compression.NONE),
        (SizePx(150, 100), 0.5, Compression.NONE),
        (SizePx(75, 50), 1.0, Compression.JPEG),
    ]
    assert all(item.coding.lossy for item in levels)
    for pixels, expected in zip(found, built.levels, strict=True):
        assert np.abs(pixels.astype(int) - expected).mean() < 4


def test_levels_beyond_the_overlaps_that_are_told_do_not_overlap(tmp_path):
    overlaps = ((16, 8), (0, 0), (0, 0))
    built = build_trestle.write_trestle(tmp_path / "a.tif", overlaps=overlaps, told="16 8")

    with TrestleSource(built.path) as source:
        compressions = [item.coding.compression for item in source.slide.levels]

    assert compressions == [Compression.NONE, Compression.JPEG, Compression.JPEG]


def test_metadata_of_the_scan_is_read(tmp_path):
    built = build_trestle.write_trestle(tmp_path / "a.tif")

    with TrestleSource(built.path) as source:
        slide = source.slide

    assert slide.format_name == "Trestle"
    assert slide.metadata.equipment.manufacturer == "Trestle"
    assert slide.metadata.equipment.software_versions == ("MedScan 1.2",)
    assert slide.metadata.optics.objective_power == 40.0
    assert slide.metadata.acquisition_datetime == dt.datetime(2006, 3, 17, 10, 20, 30)
    assert slide.notes == ()


@pytest.mark.parametrize("mpp", [72.0, 1.1, 1.0, 0.05])
def test_a_spacing_that_the_objective_cannot_see_is_not_taken(tmp_path, mpp):
    built = build_trestle.write_trestle(tmp_path / "a.tif", mpp=mpp)

    with TrestleSource(built.path) as source:
        assert source.slide.levels[0].spacing is None
        assert source.slide.notes == (
            "the resolution tags hold no spacing that suits the objective",
        )


@pytest.mark.parametrize(
    ("power", "mpp", "expected"),
    [("10", 1.0, 1.0), ("20", 1.0, None), ("none", 0.4, 0.4), ("none", 1.0, None), ("20", 0, None)],
)
def test_spacing_is_taken_where_it_suits_the_objective(tmp_path, power, mpp, expected):
    path = tmp_path / "a.tif"
    text = f"Objective Power={power}"
    resolution = (mpp, mpp)
    tifffile.imwrite(
        path, slides.picture(60, 40), description=text, resolution=resolution, metadata=None
    )
    (directory,) = read_directories(path)

    spacing = read_description(directory, path).spacing

    assert (None if spacing is None else spacing.mpp) == (expected and (expected, expected))


def test_the_overview_beside_the_slide_is_found(tmp_path):
    stream = slides.encoded(slides.picture(120, 50), "ycbcr420")
    built = build_trestle.write_trestle(tmp_path / "a.b.tif", overview=stream)

    with TrestleSource(built.path) as source:
        (overview,) = source.slide.associated
        ((frame,),) = source.frames(overview)
        again = [item for batch in source.frames(overview, [0, 0]) for item in batch]

    assert (overview.flavor, overview.size) == (Flavor.OVERVIEW, SizePx(120, 50))
    assert overview.coding == Coding(
        Compression.JPEG,
        ColorSpace.YCBCR,
        lossy=True,
        coded_bytes=len(stream),
        method="ISO_10918_1",
    )
    assert slides.scan(b"".join(frame)) == slides.scan(stream)
    assert again == [frame, frame]


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (b"no JPEG", "expected SOI"),
        (
            imagecodecs.jpeg8_encode(slides.picture(20, 20)[:, :, 0].copy()),
            "expected baseline in colour",
        ),
        (
            slides.encoded(slides.picture(32, 16), "rgb").replace(b"\0\x10\0\x20", bytes(4), 1),
            "0 x 0 pixels",
        ),
    ],
)
def test_an_overview_that_cannot_be_kept_is_left_out_with_the_reason(tmp_path, stream, message):
    built = build_trestle.write_trestle(tmp_path / "a.tif", overview=stream)

    with TrestleSource(built.path) as source:
        slide = source.slide

    assert slide.associated == ()
    assert len(slide.notes) == 1
    assert slide.notes[0].startswith("overview beside the slide left out: ")
    assert message in slide.notes[0]


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("16 -8", "OverlapsXY is '16 -8', expected numbers of pixels"),
        ("many", "OverlapsXY is 'many'"),
        ("64 8", "directory 0: tiles of 64 x 64 overlap by 64 x 8"),
    ],
)
def test_overlaps_that_no_tile_can_have_are_an_error(tmp_path, told, message):
    built = build_trestle.write_trestle(tmp_path / "a.tif", told=told)

    with pytest.raises(CorruptSourceError, match=message):
        TrestleSource(built.path)


@pytest.mark.parametrize(
    ("text", "background", "power"),
    [
        ("Background Color=f0E1d2;Objective Power=40", (0xF0, 0xE1, 0xD2), 40.0),
        ("Background Color=f0;Objective Power=none", (255, 255, 255), None),
        ("Comments=a=b;;", (255, 255, 255), None),
    ],
)
def test_description_is_read_as_far_as_it_tells_something(tmp_path, text, background, power):
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path,
        slides.picture(60, 40),
        description=text,
        datetime="2019:13:01 10:15:32",
        metadata=None,
    )
    (directory,) = read_directories(path)

    found = read_description(directory, path)

    assert (found.background, found.metadata.optics.objective_power) == (background, power)
    assert found.overlaps == ()
    assert found.metadata.acquisition_datetime is None


def test_a_file_without_description_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, slides.picture(64, 64), tile=(64, 64), software="MedScan", metadata=None)

    with pytest.raises(Refusal, match="the first directory has no description"):
        TrestleSource(path)


def test_files_of_other_software_are_refused(tmp_path):
    built = build_trestle.write_trestle(tmp_path / "a.tif", software="tifffile.py")

    with pytest.raises(AnotherFormat, match="does not begin with"):
        TrestleSource(built.path)


def test_files_with_strips_are_refused(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, slides.picture(60, 40), software="MedScan", description="a=b", metadata=None
    )

    with pytest.raises(Refusal, match="a directory is not tiled"):
        TrestleSource(path)
