# SPDX-License-Identifier: Apache-2.0
"""Slides in layouts of MRXS and VMS, against OpenSlide's own reading."""

from __future__ import annotations

import numpy as np
import openslide
import pytest

from dicomizer.sources.openslide import OpenSlideSource


def joined(source: OpenSlideSource, level) -> np.ndarray:
    """Return the level, (rows, columns, 3), with zeros where frames are missing."""
    grid, tile = level.grid, level.tile_size
    canvas = np.zeros((grid.height * tile.height, grid.width * tile.width, 3), np.uint8)
    frames = (frame for batch in source.frames(level) for frame in batch)
    for index, frame in enumerate(frames):
        if frame:
            row, column = divmod(index, grid.width)
            y, x = row * tile.height, column * tile.width
            pixels = np.frombuffer(b"".join(frame), np.uint8)
            canvas[y : y + tile.height, x : x + tile.width] = pixels.reshape(
                tile.height, tile.width, 3
            )
    return canvas[: level.size.height, : level.size.width]


@pytest.mark.parametrize(("name", "corner"), [("mirax.mrxs", (768, 0)), ("vms/mimic.vms", (0, 0))])
def test_every_pixel_that_was_scanned_is_as_openslide_reads_it(real_slide, name, corner):
    path = real_slide(f"lookalike/{name}")

    with OpenSlideSource(path) as source, openslide.OpenSlide(path) as peer:
        for number, level in enumerate(source.slide.levels):
            region = peer.read_region(corner, number, (level.size.width, level.size.height))
            expected = np.asarray(region)
            scanned = expected[..., 3] == 255

            found = joined(source, level)

            np.testing.assert_array_equal(found[scanned], expected[scanned][:, :3])
            assert scanned.any()


def test_area_of_the_canvas_that_was_not_scanned_is_not_converted(real_slide):
    with OpenSlideSource(real_slide("lookalike/mirax.mrxs")) as source:
        base = source.slide.levels[0]

    assert (base.size.width, base.size.height) == (5376, 4608)
    assert base.missing == {7, 84, 95}
