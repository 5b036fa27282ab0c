# SPDX-License-Identifier: Apache-2.0
"""Where stored tiles lie on the plane of an image: pure arithmetic, in pixels.

The places are those of level 0. A tile of a coarser level holds several tiles of level 0, each
reduced with its margin, so the overlap is within that tile too: it is cut into as many pieces as
it holds tiles of level 0, and each piece goes to its tile's place, reduced.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dicomizer.slide import SizePx, SlideImage


@dataclass(frozen=True, slots=True)
class Placed:
    """A tile of level 0 and where it lies.

    Parameters
    ----------
    column, row
        Of the tile as it is stored, from 0.
    x, y
        Of its top left pixel on the plane, in pixels of level 0; an average of measured overlaps,
        so not always whole.
    """

    column: int
    row: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle of a stored tile and where it lies on the plane of its level, in whole pixels.

    Parameters
    ----------
    tile
        Index of the stored tile.
    left, top
        Of the rectangle within the stored tile.
    x, y
        Of the rectangle on the plane.
    """

    tile: int
    left: int
    top: int
    x: int
    y: int
    width: int
    height: int

    def within(self, x: int, y: int, size: SizePx) -> Piece:
        """Return the part that lies in a rectangle of the plane, placed from its corner.

        Its width or height is not positive where the two do not meet.
        """
        left, top = max(self.x, x), max(self.y, y)
        return Piece(
            tile=self.tile,
            left=self.left + left - self.x,
            top=self.top + top - self.y,
            x=left - x,
            y=top - y,
            width=min(self.x + self.width, x + size.width) - left,
            height=min(self.y + self.height, y + size.height) - top,
        )


def place(tiles: Iterable[Placed], stored: SlideImage, factor: int = 1) -> tuple[Piece, ...]:
    """Return the pieces of a level in the order in which they are painted.

    Row by row from the top left, each tile over the margins of those before, as OpenSlide shows
    them. Tiles that overlap or touch at level 0 leave no gap at any level.

    Parameters
    ----------
    tiles
        Those of level 0.
    stored
        The level as the file holds it; its missing tiles have no piece.
    factor
        By which it is smaller than level 0.
    """
    ordered = sorted(tiles, key=lambda item: (item.row, item.column))
    pieces = (_piece(item, stored, factor) for item in ordered)
    return tuple(
        item
        for item in pieces
        if item.width > 0 and item.height > 0 and item.tile not in stored.missing
    )


def lies_in_grid(tiles: Iterable[Placed], tile_size: SizePx) -> bool:
    """Tell whether each tile lies where a TIFF without overlaps has it."""
    return all(
        (item.x, item.y) == (item.column * tile_size.width, item.row * tile_size.height)
        for item in tiles
    )


def _piece(item: Placed, stored: SlideImage, factor: int) -> Piece:
    across = _Span.of(item.column, item.x, stored.tile_size.width, stored.size.width, factor)
    down = _Span.of(item.row, item.y, stored.tile_size.height, stored.size.height, factor)
    return Piece(
        tile=down.tile * stored.grid.width + across.tile,
        left=across.first,
        top=down.first,
        x=across.place,
        y=down.place,
        width=across.length,
        height=down.length,
    )


@dataclass(frozen=True, slots=True)
class _Span:
    """One axis of a piece."""

    tile: int
    first: int
    length: int
    place: int

    @classmethod
    def of(cls, number: int, position: float, tile: int, extent: int, factor: int) -> _Span:
        """Find a tile of level 0 along one axis of a level that has ``extent`` pixels.

        A part that is no whole number of pixels keeps its broken ones, and the whole of it moves
        to the nearest pixel: so neighbours in one tile cannot part.
        """
        holder, part = divmod(number, factor)
        first = part * tile // factor
        stop = min(-(-(part + 1) * tile // factor), extent - holder * tile)
        shift = math.floor((position - part * tile) / factor + 0.5)
        return cls(holder, first, stop - first, first + shift)
