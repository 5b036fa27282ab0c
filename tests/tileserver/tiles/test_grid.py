# SPDX-License-Identifier: Apache-2.0
"""Grids of tiles cover their matrix once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.errors import NotFoundError
from tileserver.pictures.geometry import Box, Size
from tileserver.tiles.grid import scale_factors, scaled, tile_at, top_zoom

sizes = st.builds(Size, st.integers(1, 200_000), st.integers(1, 200_000))


@pytest.mark.parametrize(
    ("size", "tile", "zoom"),
    [
        (Size(256, 256), 256, 0),
        (Size(257, 1), 256, 1),
        (Size(2220, 2967), 240, 4),
        (Size(1, 1), 1, 0),
    ],
)
def test_the_coarsest_zoom_fits_into_a_tile(size, tile, zoom):
    assert top_zoom(size, tile) == zoom


@given(sizes, st.sampled_from([1, 100, 240, 256, 512]))
def test_the_coarsest_zoom_is_the_first_that_fits(size, tile):
    zoom = top_zoom(size, tile)

    level = scaled(size, 1 << zoom)
    assert max(level.width, level.height) <= tile
    if zoom:
        finer = scaled(size, 1 << (zoom - 1))
        assert max(finer.width, finer.height) > tile


@given(sizes, st.sampled_from([Size(256, 256), Size(240, 512)]))
def test_scale_factors_double_until_the_image_fits(size, tile):
    factors = scale_factors(size, tile)

    assert factors == [1 << n for n in range(len(factors))]
    last = scaled(size, factors[-1])
    assert last.width <= tile.width
    assert last.height <= tile.height


def test_tiles_of_a_level_cover_it_without_overlap():
    matrix, top = Size(1000, 600), 10

    tiles = [tile_at(matrix, 256, top, 9, column, row) for row in range(2) for column in range(2)]

    assert [tile.box for tile in tiles] == [Box(x, y, 512, 512) for y in (0, 512) for x in (0, 512)]
    assert [tile.size for tile in tiles] == [
        Size(256, 256), Size(244, 256), Size(256, 44), Size(244, 44),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("level", "column", "row"),
    [(-1, 0, 0), (11, 0, 0), (10, 4, 0), (10, 0, 3), (9, 2, 0), (0, 1, 0), (10, -1, 0)],
)
def test_there_are_no_tiles_outside(level, column, row):
    with pytest.raises(NotFoundError):
        tile_at(Size(1000, 600), 256, 10, level, column, row)
