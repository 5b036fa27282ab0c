# SPDX-License-Identifier: Apache-2.0
"""Tiled TIFF pyramids."""

from __future__ import annotations

import numpy as np
import pytest
import slides
import tifffile

from dicomizer.errors import UnsupportedSourceError
from dicomizer.slide import SizePx, SpacingMm
from dicomizer.sources.base import Refusal
from dicomizer.sources.generic_tiff import GenericTiffSource
from dicomizer.sources.registry import open_source


@pytest.mark.parametrize("color", ["ycbcr420", "ycbcr444", "rgb"])
def test_levels_hold_the_stored_scans(tmp_path, color):
    built = slides.write_tiled_tiff(tmp_path / "a.tif", color=color)

    with GenericTiffSource(built.path) as source:
        slide = source.slide
        for image, streams in zip(slide.levels, built.streams, strict=True):
            frames = [b"".join(frame) for batch in source.frames(image) for frame in batch]

            assert [slides.scan(f) for f in frames] == [slides.scan(s) for s in streams]

    assert [item.size for item in slide.levels] == [
        SizePx(300, 200),
        SizePx(150, 100),
        SizePx(75, 50),
    ]
    assert slide.levels[2].spacing == SpacingMm(0.001, 0.001)


def test_missing_resolution_is_no_spacing(tmp_path):
    built = slides.write_tiled_tiff(tmp_path / "a.tif", mpp=None)

    with GenericTiffSource(built.path) as source:
        assert [item.spacing for item in source.slide.levels] == [None, None, None]


def test_image_of_another_shape_is_left_out_and_said(tmp_path):
    built = slides.write_tiled_tiff(tmp_path / "a.tif", factors=(1,))
    other = slides.picture(128, 128)
    with tifffile.TiffWriter(built.path, append=True) as tiff:
        tiff.write(other, tile=(64, 64), photometric="rgb", compression="jpeg", metadata=None)

    with GenericTiffSource(built.path) as source:
        assert [item.size for item in source.slide.levels] == [SizePx(300, 200)]
        assert source.slide.notes == (
            "directory 1 (128 x 128) is no level of the pyramid: left out",
        )


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"description": "<OME xmlns='...'/>"}, "layout of OME-TIFF"),
        ({"software": "Philips DP v1.0"}, "layout of Philips TIFF"),
        ({"description": "level=0 mag=40"}, "layout of Ventana"),
    ],
)
def test_layout_of_a_vendor_is_left_to_its_reader(tmp_path, tags, reason):
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, slides.picture(64, 64), tile=(64, 64), photometric="rgb", metadata=None, **tags
    )

    with pytest.raises(Refusal, match=reason):
        GenericTiffSource(path)


def test_strips_are_taken_where_nothing_is_tiled(tmp_path):
    pixels = slides.picture(600, 300)
    path = slides.write_pages(
        tmp_path / "a.tif",
        {"data": pixels, "photometric": "rgb", "rowsperstrip": 16, "resolution": (20_000, 20_000),
         "resolutionunit": "CENTIMETER"},
    )  # fmt: skip

    with GenericTiffSource(path) as source:
        (level,) = source.slide.levels
        assert level.spacing == SpacingMm(0.0005, 0.0005)
        assert (level.tile_size, level.grid) == (SizePx(512, 512), SizePx(2, 1))
        assert np.array_equal(slides.assembled(source, level)[0, 0], pixels)


def test_subdirectories_are_levels(tmp_path):
    base = slides.picture(300, 200)
    tiled = {"tile": (64, 64), "photometric": "rgb"}
    reduced = [{"data": slides.reduced(base, factor), **tiled} for factor in (2, 4)]
    path = slides.write_pages(tmp_path / "a.tif", {"data": base, **tiled, "reduced": reduced})

    with GenericTiffSource(path) as source:
        levels = source.slide.levels
        assert [item.size.width for item in levels] == [300, 150, 75]
        for level, factor in zip(levels, (1, 2, 4), strict=True):
            expected = slides.reduced(base, factor)
            assert np.array_equal(slides.assembled(source, level)[0, 0], expected)


def test_directory_that_cannot_be_read_beside_the_base_is_left_out_and_said(tmp_path):
    mask = {"data": np.zeros((100, 150), np.int16), "tile": (64, 64)}
    base = {"data": slides.picture(300, 200), "tile": (64, 64), "photometric": "rgb"}
    path = slides.write_pages(tmp_path / "a.tif", base, mask)

    with GenericTiffSource(path) as source:
        assert source.slide.notes == (
            "150 x 100 left out: the samples of directory 1 are signed, expected unsigned",
        )


def test_16_bit_rgb_has_a_path_of_each_colour(tmp_path):
    page = {"data": np.zeros((100, 150, 3), np.uint16), "tile": (64, 64), "photometric": "rgb"}
    path = slides.write_pages(tmp_path / "a.tif", page)

    with GenericTiffSource(path) as source:
        colors = [item.color for item in source.slide.scans[0].optical_paths]
        assert colors == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


def test_stack_of_imagej_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((5, 64, 64), np.uint16), imagej=True)

    with pytest.raises(Refusal, match="a stack of 5 images by ImageJ"):
        GenericTiffSource(path)


@pytest.mark.parametrize(
    ("samples", "photometric", "reason"),
    [
        (4, "separated", "are CMYK, expected grey or RGB"),
        (3, "cielab", r"are CIE L\*a\*b\*, expected grey or RGB"),
        (None, "minisblack", "are floating-point, expected unsigned"),
    ],
)
def test_what_is_refused_on_purpose_is_read_by_no_other_reader(
    tmp_path, samples, photometric, reason
):
    pixels = np.full((128, 128, samples) if samples else (128, 128), 9, "u1" if samples else "f4")
    page = {"data": pixels, "photometric": photometric, "tile": (64, 64)}
    path = slides.write_pages(tmp_path / "a.tif", page)

    with pytest.raises(UnsupportedSourceError, match=reason):
        open_source(path)


@pytest.mark.parametrize(("orientation", "is_told"), [(1, False), (3, True)])
def test_a_turned_picture_is_kept_and_said(tmp_path, orientation, is_told):
    path = tmp_path / "a.tif"
    pixels = slides.picture(128, 128)
    tags = [(274, "H", 1, orientation, True)]
    tifffile.imwrite(path, pixels, tile=(64, 64), photometric="rgb", metadata=None, extratags=tags)

    with GenericTiffSource(path) as source:
        assert (slides.assembled(source, source.slide.levels[0]) == pixels).all()
        expected = (
            "directory 0: its Orientation says that it is turned or mirrored: the pixels are kept "
            "as they are",
        )
        assert source.slide.notes == (expected if is_told else ())
