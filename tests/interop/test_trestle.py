# SPDX-License-Identifier: Apache-2.0
"""OpenSlide and the reader see the same in Trestle slides: sizes, spacing, every pixel, macro."""

from __future__ import annotations

import build_trestle
import imagecodecs
import numpy as np
import openslide
import pytest

from dicomizer.slide import Compression
from dicomizer.sources.trestle import TrestleSource


@pytest.fixture(params=["lookalike", "built"])
def pair(request, tmp_path):
    if request.param == "lookalike":
        path = request.getfixturevalue("real_slide")("lookalike/trestle.tif")
    else:
        path = build_trestle.write_trestle(tmp_path / "a.tif").path
    with TrestleSource(path) as source, openslide.OpenSlide(path) as peer:
        yield source, peer


def frames_of(source, image):
    for batch in source.frames(image):
        for frame in batch:
            yield b"".join(frame)


def decoded(frame, image):
    if image.coding.compression is Compression.JPEG:
        return imagecodecs.jpeg8_decode(frame)
    return np.frombuffer(frame, np.uint8).reshape(image.tile_size.height, image.tile_size.width, 3)


def test_levels_have_the_sizes_and_spacing_that_openslide_tells(pair):
    source, peer = pair

    levels = source.slide.levels

    assert [(item.size.width, item.size.height) for item in levels] == list(peer.level_dimensions)
    for image, downsample in zip(levels, peer.level_downsamples, strict=True):
        mpp = float(peer.properties[openslide.PROPERTY_NAME_MPP_X])
        assert image.spacing.mpp[0] == pytest.approx(mpp * downsample)


def test_every_pixel_is_what_openslide_shows(pair):
    source, peer = pair

    for level, image in enumerate(source.slide.levels):
        tile, size = image.tile_size, image.size
        for index, frame in enumerate(frames_of(source, image)):
            row, column = divmod(index, image.grid.width)
            x, y = column * tile.width, row * tile.height
            seen = min(tile.width, size.width - x), min(tile.height, size.height - y)
            place = tuple(round(v * peer.level_downsamples[level]) for v in (x, y))
            expected = np.asarray(peer.read_region(place, level, seen))
            found = decoded(frame, image)[: seen[1], : seen[0]]

            assert (expected[:, :, 3] == 255).all()
            assert np.array_equal(found, expected[:, :, :3]), f"level {level}, tile {index}"


def test_the_overview_has_the_pixels_of_openslide(pair):
    source, peer = pair

    assert len(source.slide.associated) == len(peer.associated_images)
    for image in source.slide.associated:
        (frame,) = frames_of(source, image)
        expected = np.asarray(peer.associated_images["macro"].convert("RGB"))

        assert np.array_equal(imagecodecs.jpeg8_decode(frame), expected)


def test_the_objective_is_what_openslide_tells(pair):
    source, peer = pair

    power = float(peer.properties[openslide.PROPERTY_NAME_OBJECTIVE_POWER])

    assert source.slide.metadata.optics.objective_power == power
