# SPDX-License-Identifier: Apache-2.0
"""OpenSlide and the reader see the same in an NDPI file: sizes, spacing, pixels, macro."""

from __future__ import annotations

import build_ndpi
import imagecodecs
import numpy as np
import openslide
import pytest

from dicomizer.slide import SizePx
from dicomizer.sources.ndpi import NdpiSource

REAL = "hamamatsu/test3-TRITC-2-560.ndpi"


def differences(source, image, peer, level):
    """Yield each tile's place with how far its pixels are from those of OpenSlide."""
    size, tile = image.size, image.tile_size
    frames = (b"".join(frame) for batch in source.frames(image) for frame in batch)
    for index, frame in enumerate(frames):
        x, y = index % image.grid.width * tile.width, index // image.grid.width * tile.height
        seen = min(tile.width, size.width - x), min(tile.height, size.height - y)
        place = tuple(round(value * peer.level_downsamples[level]) for value in (x, y))
        expected = np.asarray(peer.read_region(place, level, seen))[:, :, :3]
        found = imagecodecs.jpeg8_decode(frame)[: seen[1], : seen[0]]
        yield (x, y), np.abs(found.astype(int) - expected).max(axis=2)


def test_every_pixel_of_a_real_slide_is_that_of_openslide(real_slide):
    path = real_slide(REAL)

    with NdpiSource(path) as source, openslide.OpenSlide(path) as peer:
        for level, image in enumerate(source.slide.levels):
            assert (image.size.width, image.size.height) == peer.level_dimensions[level]
            for place, difference in differences(source, image, peer, level):
                assert difference.max() == 0, f"level {level}, {place}"


def test_a_real_slide_has_the_spacing_and_lens_of_openslide(real_slide):
    path = real_slide(REAL)

    with NdpiSource(path) as source, openslide.OpenSlide(path) as peer:
        base, *_ = source.slide.levels
        mpp = float(peer.properties[openslide.PROPERTY_NAME_MPP_X])
        power = float(peer.properties[openslide.PROPERTY_NAME_OBJECTIVE_POWER])

        assert base.spacing.mpp[0] == pytest.approx(mpp, abs=1e-6)
        assert source.slide.metadata.optics.objective_power == power


def test_the_macro_of_a_real_slide_is_the_overview(real_slide):
    path = real_slide(REAL)

    with NdpiSource(path) as source, openslide.OpenSlide(path) as peer:
        (overview,) = source.slide.associated
        ((frame,),) = source.frames(overview)
        expected = np.asarray(peer.associated_images["macro"].convert("RGB"))

        assert overview.size == SizePx(1188, 406)
        assert np.array_equal(imagecodecs.jpeg8_decode(b"".join(frame)), expected)


@pytest.mark.parametrize("first_byte", [16, 5 << 30])
def test_every_pixel_of_a_built_slide_is_that_of_openslide(tmp_path, first_byte):
    path = build_ndpi.write_brightfield(tmp_path / "a.ndpi", first_byte=first_byte)

    with NdpiSource(path) as source, openslide.OpenSlide(path) as peer:
        assert peer.properties[openslide.PROPERTY_NAME_VENDOR] == "hamamatsu"
        for level, image in enumerate(source.slide.levels):
            number = peer.level_dimensions.index((image.size.width, image.size.height))
            for place, difference in differences(source, image, peer, number):
                assert difference.max() == 0, f"level {level}, {place}"


def test_subsampled_pixels_are_those_of_openslide_but_where_chroma_is_interpolated(tmp_path):
    # OpenSlide refuses intervals of 4:2:0, whose decoding asks for the rows of the next.
    path = build_ndpi.write_brightfield(tmp_path / "a.ndpi", subsampling="4:2:2")

    with NdpiSource(path) as source, openslide.OpenSlide(path) as peer:
        for (x, _), difference in differences(source, source.slide.levels[0], peer, 0):
            # It decodes each interval, here 640 pixels wide, by itself, and so does not
            # interpolate from one to the next; nor does a decoder from tile to tile.
            columns = np.arange(difference.shape[1]) + x
            at_edge = np.isin(columns % 640, (0, 639)) | np.isin(columns % 512, (0, 511))

            assert difference[:, ~at_edge].max() == 0, x
            assert difference.max() < 32, x
