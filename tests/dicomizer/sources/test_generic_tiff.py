# SPDX-License-Identifier: Apache-2.0
"""Tiled TIFF pyramids."""

from __future__ import annotations

import numpy as np
import pytest
import slides
import tifffile

from dicomizer.slide import SizePx, SpacingMm
from dicomizer.sources.base import Refusal
from dicomizer.sources.generic_tiff import GenericTiffSource


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


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"rowsperstrip": 16}, "no directory is tiled"),
        ({"tile": (64, 64), "compression": "zlib"}, "ADOBE_DEFLATE with 3 x 8 bits"),
    ],
)
def test_what_cannot_be_passed_through_is_refused_with_the_reason(tmp_path, options, reason):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((64, 64, 3), np.uint8), photometric="rgb", **options)

    with pytest.raises(Refusal, match=reason):
        GenericTiffSource(path)
