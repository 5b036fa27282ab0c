# SPDX-License-Identifier: Apache-2.0
"""OpenSlide and the reader see the same in a Philips TIFF: sizes, spacing, pixels, images."""

from __future__ import annotations

import imagecodecs
import numpy as np
import openslide
import pytest

from dicomizer.slide import Compression, Flavor, SizePx
from dicomizer.sources.philips import PhilipsSource

_NAMES = {Flavor.LABEL: "label", Flavor.OVERVIEW: "macro"}


@pytest.fixture(params=["philips.tiff", "philips_sparse.tiff"])
def pair(request, real_slide):
    path = real_slide(f"lookalike/{request.param}")
    with PhilipsSource(path) as source, openslide.OpenSlide(path) as peer:
        yield source, peer


def frames_of(source, image):
    for batch in source.frames(image):
        for frame in batch:
            yield b"".join(frame)


def test_levels_have_the_sizes_and_spacing_that_openslide_tells(pair):
    source, peer = pair

    levels = source.slide.levels

    assert [(item.size.width, item.size.height) for item in levels] == list(peer.level_dimensions)
    for image, downsample in zip(levels, peer.level_downsamples, strict=True):
        mpp = float(peer.properties[openslide.PROPERTY_NAME_MPP_X])
        assert image.spacing.mpp[0] == pytest.approx(mpp * downsample)


def test_tiles_decode_to_what_openslide_shows(pair):
    source, peer = pair

    for level, image in enumerate(source.slide.levels):
        size, tile = image.size, image.tile_size
        for index, frame in enumerate(frames_of(source, image)):
            if index in image.missing:
                continue
            column, row = index % image.grid.width, index // image.grid.width
            x, y = column * tile.width, row * tile.height
            seen = SizePx(min(tile.width, size.width - x), min(tile.height, size.height - y))
            place = tuple(round(v * peer.level_downsamples[level]) for v in (x, y))
            region = peer.read_region(place, level, (seen.width, seen.height))
            expected = np.asarray(region)[:, :, :3]
            found = imagecodecs.jpeg8_decode(frame)[: seen.height, : seen.width]

            assert np.array_equal(found, expected), f"level {level}, tile {index}"


def test_missing_tiles_are_transparent_to_openslide(pair):
    source, peer = pair

    for level, image in enumerate(source.slide.levels):
        for index in range(image.number_of_frames):
            column, row = index % image.grid.width, index // image.grid.width
            middle = (column * image.tile_size.width + 8, row * image.tile_size.height + 8)
            place = tuple(round(v * peer.level_downsamples[level]) for v in middle)
            alpha = np.asarray(peer.read_region(place, level, (4, 4)))[:, :, 3]

            assert (not alpha.any()) == (index in image.missing), f"level {level}, tile {index}"


def test_label_and_macro_have_the_pixels_of_openslide(pair):
    source, peer = pair

    assert {_NAMES[item.flavor] for item in source.slide.associated} == set(peer.associated_images)
    for image in source.slide.associated:
        (frame,) = frames_of(source, image)
        expected = np.asarray(peer.associated_images[_NAMES[image.flavor]].convert("RGB"))

        assert image.coding.compression is Compression.JPEG
        assert np.array_equal(imagecodecs.jpeg8_decode(frame), expected)


def test_metadata_is_what_openslide_tells(pair):
    source, peer = pair

    metadata = source.slide.metadata

    assert metadata.container.barcode == peer.properties["openslide.barcode"]
    assert metadata.equipment.manufacturer == peer.properties["philips.DICOM_MANUFACTURER"]
    serial = peer.properties["philips.DICOM_DEVICE_SERIAL_NUMBER"]
    assert metadata.equipment.device_serial_number == serial
