# SPDX-License-Identifier: Apache-2.0
"""OpenSlide and the reader see the same in a Leica SCN, within the bounds of the scan."""

from __future__ import annotations

import imagecodecs
import numpy as np
import openslide
import pytest

from dicomizer.slide import Compression, PointMm, SizePx
from dicomizer.sources.scn import ScnSource


@pytest.fixture
def pair(real_slide):
    path = real_slide("lookalike/leica.scn")
    with ScnSource(path) as source, openslide.OpenSlide(path) as peer:
        yield source, peer


def bounds(peer: openslide.OpenSlide) -> list[int]:
    """Return left, top, width and height of the scan within the canvas."""
    return [
        int(peer.properties[f"openslide.bounds-{name}"]) for name in ("x", "y", "width", "height")
    ]


def frames_of(source, image):
    for batch in source.frames(image):
        for frame in batch:
            yield b"".join(frame)


def test_scan_has_the_size_of_the_bounds_and_not_of_the_canvas(pair):
    source, peer = pair

    left, top, width, height = bounds(peer)
    (scan,) = source.slide.scans

    assert peer.dimensions == (106259, 306939)
    assert scan.levels[0].size == SizePx(width, height)
    mpp_x, mpp_y = scan.levels[0].spacing.mpp
    assert scan.origin == PointMm(
        x=pytest.approx(25 - top * mpp_y / 1000), y=pytest.approx(75 - left * mpp_x / 1000)
    )


def test_tiles_decode_to_what_openslide_shows(pair):
    source, peer = pair
    left, top, _, _ = bounds(peer)

    for level, image in enumerate(source.slide.levels):
        downsample = round(peer.level_downsamples[level])
        size, tile = image.size, image.tile_size
        for index, frame in enumerate(frames_of(source, image)):
            column, row = index % image.grid.width, index // image.grid.width
            x, y = column * tile.width, row * tile.height
            seen = SizePx(min(tile.width, size.width - x), min(tile.height, size.height - y))
            place = (left + x * downsample, top + y * downsample)
            region = peer.read_region(place, level, (seen.width, seen.height))
            expected = np.asarray(region)[:, :, :3]
            found = imagecodecs.jpeg8_decode(frame)[: seen.height, : seen.width]

            assert np.array_equal(found, expected), f"level {level}, tile {index}"


def test_overview_has_the_pixels_of_openslide(pair):
    source, peer = pair

    (overview,) = source.slide.associated
    (frame,) = frames_of(source, overview)
    pixels = (
        imagecodecs.jpeg8_decode(frame)
        if overview.coding.compression is Compression.JPEG
        else np.frombuffer(frame, np.uint8).reshape(overview.size.height, overview.size.width, 3)
    )

    assert np.array_equal(pixels, np.asarray(peer.associated_images["macro"].convert("RGB")))


def test_metadata_is_what_openslide_tells(pair):
    source, peer = pair

    metadata = source.slide.metadata

    assert metadata.container.barcode == peer.properties["openslide.barcode"]
    power = float(peer.properties["openslide.objective-power"])
    assert metadata.optics.objective_power == power
    assert metadata.equipment.model_name == peer.properties["leica.device-model"].split(";")[0]
