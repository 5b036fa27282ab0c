# SPDX-License-Identifier: Apache-2.0
"""Grids of tiles over a matrix, each level half as large as the next: pure arithmetic.

Deep Zoom counts its levels from a single pixel on, XYZ from the level that fits into one tile;
both end with the matrix as it is.

References
----------
https://learn.microsoft.com/en-us/previous-versions/windows/silverlight/dotnet-windows-silverlight/cc645077(v=vs.95)
(Deep Zoom files), https://github.com/mapbox/tilejson-spec (TileJSON 3.0.0)
"""

from __future__ import annotations

from dataclasses import dataclass

from tileserver.errors import NotFoundError
from tileserver.pictures.geometry import Box, Size


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile that is asked for.

    Parameters
    ----------
    scale
        Pixels of the matrix for one of the tile, in each direction.
    column, row
        From 0 at the upper left.
    tile_size
        Of a tile that no edge cuts.
    """

    matrix: Size
    scale: int
    column: int
    row: int
    tile_size: int

    @property
    def size(self) -> Size:
        """Of the tile, cut at the edges of its level."""
        level = scaled(self.matrix, self.scale)
        return Size(
            min(self.tile_size, level.width - self.column * self.tile_size),
            min(self.tile_size, level.height - self.row * self.tile_size),
        )

    @property
    def box(self) -> Box:
        """In pixels of the matrix, whether within it or not."""
        side = self.tile_size * self.scale
        return Box(self.column * side, self.row * side, side, side)


def scaled(matrix: Size, scale: int) -> Size:
    """Return the size of a matrix at a scale, with the last pixel for what remains."""
    return Size(-(-matrix.width // scale), -(-matrix.height // scale))


def top_zoom(matrix: Size, tile_size: int) -> int:
    """Return how often a matrix has to be halved until it fits into a tile."""
    longest = -(-max(matrix.width, matrix.height) // tile_size)
    return (longest - 1).bit_length()


def tile_at(matrix: Size, tile_size: int, top: int, level: int, column: int, row: int) -> Tile:
    """Return a tile by its numbers.

    Parameters
    ----------
    top
        The number of the level with the matrix as it is.

    Raises
    ------
    NotFoundError
        There is none there.
    """
    if not 0 <= level <= top:
        raise NotFoundError(f"there is no level {level}, the last is {top}")
    tile = Tile(matrix, 1 << (top - level), column, row, tile_size)
    if column < 0 or row < 0 or tile.size.width <= 0 or tile.size.height <= 0:
        raise NotFoundError(f"level {level} has no tile at column {column} and row {row}")
    return tile


def scale_factors(matrix: Size, tile: Size) -> list[int]:
    """Return 1, 2, 4 and so on up to the first by which a matrix fits into a tile."""
    factors = [1]
    while True:
        level = scaled(matrix, factors[-1])
        if level.width <= tile.width and level.height <= tile.height:
            return factors
        factors.append(factors[-1] * 2)
