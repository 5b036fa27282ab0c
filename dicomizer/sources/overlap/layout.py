# SPDX-License-Identifier: Apache-2.0
"""Which stored tiles a new tile shows, and where: pure arithmetic over pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.slide import SizePx

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.sources.overlap.pieces import Piece


class Layout:
    """Pieces on a plane that is cut into tiles anew.

    Parameters
    ----------
    pieces
        At least one, in the order in which they are painted; none lies left of or above 0, 0.
    tile_size
        Of the new tiles.
    """

    def __init__(self, pieces: Sequence[Piece], tile_size: SizePx) -> None:
        self._tile_size = tile_size
        self._size = SizePx(
            max(item.x + item.width for item in pieces),
            max(item.y + item.height for item in pieces),
        )
        self._columns = -(-self._size.width // tile_size.width)
        self._rows = -(-self._size.height // tile_size.height)
        self._shown: dict[int, list[Piece]] = {}
        for piece in pieces:
            for index in self._indices_under(piece):
                self._shown.setdefault(index, []).append(piece)

    @property
    def size(self) -> SizePx:
        """Of the plane: the least that holds all pieces."""
        return self._size

    @property
    def tile_size(self) -> SizePx:
        """Of the new tiles."""
        return self._tile_size

    @property
    def missing(self) -> frozenset[int]:
        """New tiles, by index, on which no piece lies."""
        return frozenset(range(self._columns * self._rows)).difference(self._shown)

    def seen(self, index: int) -> SizePx:
        """Return how much of a new tile lies on the plane."""
        x, y = self._corner(index)
        return SizePx(
            min(self._tile_size.width, self._size.width - x),
            min(self._tile_size.height, self._size.height - y),
        )

    def pieces(self, index: int) -> list[Piece]:
        """Return what a new tile shows, in the order of painting, placed from its corner."""
        corner, seen = self._corner(index), self.seen(index)
        return [item.within(*corner, seen) for item in self._shown.get(index, ())]

    def _corner(self, index: int) -> tuple[int, int]:
        row, column = divmod(index, self._columns)
        return column * self._tile_size.width, row * self._tile_size.height

    def _indices_under(self, piece: Piece) -> Iterator[int]:
        width, height = self._tile_size.width, self._tile_size.height
        columns = range(piece.x // width, (piece.x + piece.width - 1) // width + 1)
        for row in range(piece.y // height, (piece.y + piece.height - 1) // height + 1):
            for column in columns:
                yield row * self._columns + column
