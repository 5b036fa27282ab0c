# SPDX-License-Identifier: Apache-2.0
"""Tiles coded anew: of a stored level, and of those above it that are made by halving.

A picture is worked through in square blocks of many tiles, which are decoded, cut, coded and
halved as one; what is left of a block waits until those beside and below it make a block of the
next stage. So memory is bounded whatever the size of the picture and its stored tiles.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.export.options import Box
from dicomizer.pixels.resample import halve, pad
from dicomizer.slide import SizePx

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from typing import TypeVar

    from dicomizer.export.decoded import Area
    from dicomizer.pixels.codecs.frame_shape import Pixels

    Item = TypeVar("Item")
    Result = TypeVar("Result")
    Encode = Callable[[Pixels], bytes]

_BLOCK_SIDE = 2048
"""Pixels: 12 MB of RGB with 8 bits."""


@dataclass(frozen=True, slots=True)
class Output:
    """A level of a pass.

    Parameters
    ----------
    encode
        ``None`` where the level is only halved.
    """

    size: SizePx
    encode: Encode | None


@dataclass(frozen=True, slots=True)
class Tile:
    """A coded tile; ``level`` counts from 0 for the first of the pass."""

    level: int
    row: int
    column: int
    data: bytes


@dataclass(frozen=True, slots=True)
class _Place:
    """A block of a stage."""

    stage: int
    row: int
    column: int


class Pass:
    """Makes the tiles of levels, each the half of the one before.

    Parameters
    ----------
    area
        Of the first level.
    side
        Width and height of the tiles, at most 1024.
    is_padded
        Whether edge tiles are made whole by repeating their last pixels.
    """

    def __init__(
        self, area: Area, outputs: Sequence[Output], side: int, *, is_padded: bool, threads: int
    ) -> None:
        self._area = area
        self._outputs = tuple(outputs)
        self._side = side
        self._is_padded = is_padded
        self._threads = threads
        self._halvings = (_BLOCK_SIDE // side).bit_length() - 1
        self._block = side << self._halvings
        self._stages = max(1, -(-(len(outputs) - 1) // self._halvings))

    def run(self) -> Iterator[Tile]:
        """Yield all tiles, in an order that is always the same."""
        top = self._stages - 1
        grid = self._grid(top)
        places = [_Place(top, y, x) for y in range(grid.height) for x in range(grid.width)]
        lowest = (low for place in places for low in self._lowest(place))
        with ThreadPoolExecutor(self._threads, "export") as pool:
            done = mapped(pool, self._decoded, lowest, 2 * self._threads)
            for place in places:
                yield from self._tiles(place, done)

    def _grid(self, stage: int) -> SizePx:
        size = self._outputs[stage * self._halvings].size
        return SizePx(-(-size.width // self._block), -(-size.height // self._block))

    def _under(self, place: _Place) -> Iterator[_Place]:
        """Yield the blocks of the stage below that make a block."""
        grid, across = self._grid(place.stage - 1), 1 << self._halvings
        for row in range(place.row * across, min((place.row + 1) * across, grid.height)):
            for column in range(
                place.column * across, min((place.column + 1) * across, grid.width)
            ):
                yield _Place(place.stage - 1, row, column)

    def _lowest(self, place: _Place) -> Iterator[_Place]:
        if place.stage == 0:
            yield place
            return
        for under in self._under(place):
            yield from self._lowest(under)

    def _tiles(
        self, place: _Place, done: Iterator[tuple[list[Tile], Pixels]]
    ) -> Generator[Tile, None, Pixels]:
        """Yield the tiles of a block and all under it, and return what is left of it."""
        if place.stage == 0:
            tiles, rest = next(done)
        else:
            tiles, rest = self._worked(place, (yield from self._joined(place, done)))
        yield from tiles
        return rest

    def _joined(
        self, place: _Place, done: Iterator[tuple[list[Tile], Pixels]]
    ) -> Generator[Tile, None, Pixels]:
        """Yield the tiles of all blocks under one, and return what they are together."""
        canvas: Pixels | None = None
        for under in self._under(place):
            part = yield from self._tiles(under, done)
            if canvas is None:
                box = self._box(place)
                canvas = np.empty((box.height, box.width, part.shape[2]), part.dtype)
            top = under.row * self._side - place.row * self._block
            left = under.column * self._side - place.column * self._block
            canvas[top : top + part.shape[0], left : left + part.shape[1]] = part
        assert canvas is not None  # a block lies on at least one
        return canvas

    def _box(self, place: _Place) -> Box:
        size = self._outputs[place.stage * self._halvings].size
        x, y = place.column * self._block, place.row * self._block
        return Box(x, y, min(self._block, size.width - x), min(self._block, size.height - y))

    def _decoded(self, place: _Place) -> tuple[list[Tile], Pixels]:
        return self._worked(place, self._area(self._box(place)))

    def _worked(self, place: _Place, canvas: Pixels) -> tuple[list[Tile], Pixels]:
        """Return the tiles of a block at its levels, and the block at the first level above."""
        tiles: list[Tile] = []
        first = place.stage * self._halvings
        is_top = place.stage == self._stages - 1
        stop = len(self._outputs) if is_top else first + self._halvings
        for level in range(first, stop):
            if level > first:
                canvas = halve(canvas)
            shift = self._halvings - (level - first)
            tiles += self._cut(canvas, level, place.row << shift, place.column << shift)
        return tiles, canvas if is_top else halve(canvas)

    def _cut(self, canvas: Pixels, level: int, row: int, column: int) -> Iterator[Tile]:
        encode, side = self._outputs[level].encode, self._side
        if encode is None:
            return
        for down in range(-(-canvas.shape[0] // side)):
            for across in range(-(-canvas.shape[1] // side)):
                pixels = canvas[
                    down * side : (down + 1) * side, across * side : (across + 1) * side
                ]
                pixels = pad(pixels, side, side) if self._is_padded else pixels
                yield Tile(level, row + down, column + across, encode(pixels))


def mapped(
    pool: ThreadPoolExecutor,
    function: Callable[[Item], Result],
    items: Iterable[Item],
    most: int,
) -> Iterator[Result]:
    """Yield what a function gives for each item, in order, with at most so many in work."""
    remaining = iter(items)
    waiting = deque(pool.submit(function, item) for item in islice(remaining, most))
    try:
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(function, item) for item in islice(remaining, 1))
            yield result
    finally:
        for future in waiting:
            future.cancel()
