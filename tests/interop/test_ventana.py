# SPDX-License-Identifier: Apache-2.0
"""OpenSlide and the reader see the same in Ventana slides: sizes, spacing, every pixel, images."""

from __future__ import annotations

import build_ventana
import imagecodecs
import numpy as np
import openslide
import pytest
from build_ventana import Area

from dicomizer.slide import Compression, Flavor
from dicomizer.sources.ventana import VentanaSource

_NAMES = {Flavor.THUMBNAIL: "thumbnail", Flavor.OVERVIEW: "macro"}


@pytest.fixture(params=["ventana.bif", "ventana.tif"])
def pair(request, real_slide):
    path = real_slide(f"lookalike/{request.param}")
    with VentanaSource(path) as source, openslide.OpenSlide(path) as peer:
        yield source, peer


@pytest.fixture
def built_pair(tmp_path):
    areas = (
        Area(columns=3, rows=2, x=0, y=400),
        Area(column=4, row=1, columns=2, rows=3, x=1100, y=0),
        Area(column=0, row=4, columns=4, rows=3, x=560, y=120),
    )
    path = build_ventana.write_bif(tmp_path / "a.bif", areas, factors=(1, 2, 4)).path
    with VentanaSource(path) as source, openslide.OpenSlide(path) as peer:
        yield source, peer


def frames_of(source, image):
    for batch in source.frames(image):
        for frame in batch:
            yield b"".join(frame)


def regions_of(peer, level, image):
    """Yield what OpenSlide shows where each tile lies, (rows, columns, 4), cut at the edges."""
    tile, size = image.tile_size, image.size
    for index in range(image.number_of_frames):
        row, column = divmod(index, image.grid.width)
        x, y = column * tile.width, row * tile.height
        seen = min(tile.width, size.width - x), min(tile.height, size.height - y)
        place = tuple(round(v * peer.level_downsamples[level]) for v in (x, y))
        yield np.asarray(peer.read_region(place, level, seen))


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
        pairs = zip(frames_of(source, image), regions_of(peer, level, image), strict=True)
        for index, (frame, expected) in enumerate(pairs):
            rows, columns = expected.shape[:2]
            found = decoded(frame, image)[:rows, :columns]

            assert (expected[:, :, 3] == 255).all()
            assert np.array_equal(found, expected[:, :, :3]), f"level {level}, tile {index}"


def test_areas_lie_where_openslide_has_them(built_pair):
    source, peer = built_pair

    levels = source.slide.levels

    assert [(item.size.width, item.size.height) for item in levels] == list(peer.level_dimensions)
    for level, image in enumerate(levels):
        pairs = zip(frames_of(source, image), regions_of(peer, level, image), strict=True)
        for index, (frame, expected) in enumerate(pairs):
            seen = expected[:, :, 3] == 255
            assert (index in image.missing) == (not seen.any())
            if frame:
                found = decoded(frame, image)[: seen.shape[0], : seen.shape[1]]
                assert np.array_equal(found[seen], expected[seen][:, :3])
                assert (found[~seen] == 235).all()


def test_broken_mean_overlaps_move_no_tile_a_pixel_from_where_openslide_has_it(tmp_path):
    area = Area()
    joints = (*area.joints((8.3, 4.4), ("RIGHT", "UP")), *area.joints((8, 4), ("RIGHT", "UP")))
    xml = build_ventana.encode_info(area.info(0, joints, area.height), (area,))
    path = build_ventana.write_bif(tmp_path / "a.bif", xml=xml).path

    with VentanaSource(path) as source, openslide.OpenSlide(path) as peer:
        for level, image in enumerate(source.slide.levels):
            (frame,) = frames_of(source, image)
            (expected,) = regions_of(peer, level, image)
            found = decoded(frame, image)[: expected.shape[0], : expected.shape[1]]
            sizes = np.array([(image.size.width, image.size.height), peer.level_dimensions[level]])
            opaque = expected[:, :, 3] == 255

            assert abs(np.subtract(*sizes)).max() <= 1
            # OpenSlide interpolates where tiles lie between pixels.
            assert abs(found[opaque] - expected[opaque][:, :3].astype(int)).mean() < 6


def test_label_and_thumbnail_have_the_pixels_of_openslide(pair):
    source, peer = pair

    assert {_NAMES[item.flavor] for item in source.slide.associated} == set(peer.associated_images)
    for image in source.slide.associated:
        (frame,) = frames_of(source, image)
        expected = np.asarray(peer.associated_images[_NAMES[image.flavor]].convert("RGB"))

        assert np.array_equal(decoded(frame, image), expected)


def test_metadata_is_what_openslide_tells(pair):
    source, peer = pair

    metadata = source.slide.metadata

    power = float(peer.properties[openslide.PROPERTY_NAME_OBJECTIVE_POWER])
    assert metadata.optics.objective_power == power
    assert metadata.equipment.model_name == peer.properties["ventana.ScannerModel"]
    assert metadata.equipment.device_serial_number == peer.properties["ventana.UnitNumber"]
    assert metadata.equipment.software_versions == (peer.properties["ventana.BuildVersion"],)
