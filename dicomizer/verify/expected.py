# SPDX-License-Identifier: Apache-2.0
"""What the pixels of levels should be, from the slide file alone.

A level is its stored image, cut into the frames of the DICOM, or that image reduced by two so many
times: each pixel is the mean of the 2 x 2 under it, a last odd row or column counting twice. Where
stored JPEG tiles are passed through and only reduced, the first halving is that of the inverse DCT,
which makes 4 x 4 pixels of a block's coefficients. This is written apart from the conversion, and
reduces by sums of whole numbers, so that a fault there is none here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.codecs.decode import decode, half_decode
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.resample import pad
from dicomizer.planning.coding import stored_transfer_syntax

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dicomizer.pipeline.blank import Background
    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.slide import SizePx, SlideImage

    Seen = Callable[[int, int, Pixels | None], None]
    """Takes level, tile of the level, and its pixels; none where all under it is missing."""

Place = tuple[int, int]
"""Row and column of a tile."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The tiles of a level."""

    size: SizePx
    tile: SizePx

    @property
    def columns(self) -> int:
        """Tiles of a row."""
        return -(-self.size.width // self.tile.width)

    @property
    def rows(self) -> int:
        """Rows of tiles."""
        return -(-self.size.height // self.tile.height)

    def number(self, place: Place) -> int:
        """Return the number of a tile, counted row by row."""
        return place[0] * self.columns + place[1]

    def shape(self, place: Place) -> tuple[int, int]:
        """Return rows and columns of what of a tile lies within the image."""
        row, column = place
        return (
            min(self.tile.height, self.size.height - row * self.tile.height),
            min(self.tile.width, self.size.width - column * self.tile.width),
        )

    def under(self, place: Place) -> list[Place]:
        """Return the up to four tiles of this level under one of the level of half its scale."""
        row, column = place
        return [
            (r, c)
            for r in (2 * row, 2 * row + 1)
            for c in (2 * column, 2 * column + 1)
            if r < self.rows and c < self.columns
        ]


def mean_of_2x2(pixels: Pixels) -> Pixels:
    """Return the image at half the scale, halves rounded up; as `expected` tells."""
    rows, columns, _ = pixels.shape
    even = pad(pixels, rows + rows % 2, columns + columns % 2)
    wide = np.uint16 if pixels.dtype == np.uint8 else np.uint32
    sums = np.add(even[0::2], even[1::2], dtype=wide)
    sums = np.add(sums[:, 0::2], sums[:, 1::2]) + wide(2)
    return cast("Pixels", (sums >> wide(2)).astype(pixels.dtype))


@dataclass(slots=True)
class Tiles:
    """Tiles of a stored image, cut as a result has them.

    Parameters
    ----------
    image
        As the slide file has it.
    grid
        As the result has it.
    frames
        Coded ones by number; empty where missing.
    background
        Value of what is missing where not all is.
    file
        Named in errors.
    """

    image: SlideImage
    grid: Grid
    frames: Mapping[int, bytes]
    background: Background
    file: object
    _decoded: dict[int, Pixels | None] = field(default_factory=dict)

    @property
    def is_cut(self) -> bool:
        """Whether tiles are others than the stored ones."""
        return self.grid.tile != self.image.tile_size

    def whole(self, place: Place) -> Pixels | None:
        """Return a tile, ``(rows, columns, samples)``."""
        rows, columns = self.grid.shape(place)
        if not self.is_cut:
            pixels = self._stored(self.grid.number(place))
            return None if pixels is None else pixels[:rows, :columns]
        top, left = place[0] * self.grid.tile.height, place[1] * self.grid.tile.width
        return self._cut(top, left, rows, columns)

    def half(self, place: Place) -> Pixels | None:
        """Return a tile reduced by two, by the inverse DCT where that can be."""
        tile = self.grid.tile
        if self.is_cut or self.grid.shape(place) != (tile.height, tile.width):
            whole = self.whole(place)
            return None if whole is None else mean_of_2x2(whole)
        frame = self.frames[self.grid.number(place)]
        return self._decode(frame, half_decode) if frame else None

    def _stored(self, number: int) -> Pixels | None:
        if number not in self._decoded:
            frame = self.frames[number]
            self._decoded[number] = self._decode(frame, decode) if frame else None
        return self._decoded[number]

    def _decode(self, frame: bytes, by: Callable[..., Pixels]) -> Pixels:
        image = self.image
        rows, columns = image.tile_size.height, image.tile_size.width
        syntax = stored_transfer_syntax(image)
        try:
            return by(frame, syntax, image.pixel_format, rows=rows, columns=columns)
        except CodecError as error:
            raise CorruptSourceError(
                error.problem,
                file=self.file,
                place=f"image {image.key}",
                remedy="verify with the --on-bad-tile of the conversion",
            ) from error

    def _cut(self, top: int, left: int, rows: int, columns: int) -> Pixels | None:
        image, tile = self.image, self.image.tile_size
        shape = (rows, columns, image.pixel_format.samples)
        pixels = np.full(shape, self.background, image.pixel_format.dtype)
        is_held = False
        for row, column in covering(image, top, left, rows, columns):
            stored = self._stored(row * image.grid.width + column)
            if stored is None:
                continue
            is_held = True
            y, x = row * tile.height - top, column * tile.width - left
            part = stored[max(-y, 0) :, max(-x, 0) :]
            area = pixels[max(y, 0) :, max(x, 0) :][: part.shape[0], : part.shape[1]]
            area[...] = part[: area.shape[0], : area.shape[1]]
        return pixels if is_held else None


def covering(image: SlideImage, top: int, left: int, rows: int, columns: int) -> list[Place]:
    """Return the stored tiles on which a rectangle of pixels lies."""
    tile = image.tile_size
    return [
        (row, column)
        for row in range(top // tile.height, -(-(top + rows) // tile.height))
        for column in range(left // tile.width, -(-(left + columns) // tile.width))
    ]


@dataclass(frozen=True, slots=True)
class Walk:
    """Levels made from the tiles of the finest, depth first.

    Parameters
    ----------
    grids
        Of each level, finest first.
    seen
        Is given every tile of every level, once it is made.
    uses_dct
        Whether the finest level is only reduced, so that `Tiles.half` makes the first halving.
    """

    grids: Sequence[Grid]
    tiles: Tiles
    seen: Seen
    uses_dct: bool

    def whole(self, level: int, place: Place) -> Pixels | None:
        """Return a tile, and have it seen."""
        if level:
            halves = {under: self.half(level - 1, under) for under in self._under(level, place)}
            pixels = composed(self.grids[level], place, halves, self.tiles)
        else:
            pixels = self.tiles.whole(place)
        self.seen(level, self.grids[level].number(place), pixels)
        return pixels

    def half(self, level: int, place: Place) -> Pixels | None:
        """Return a tile reduced by two, and have it seen where it is whole on the way."""
        if level == 0 and self.uses_dct:
            return self.tiles.half(place)
        pixels = self.whole(level, place)
        return None if pixels is None else mean_of_2x2(pixels)

    def _under(self, level: int, place: Place) -> list[Place]:
        return self.grids[level - 1].under(place)


def composed(
    grid: Grid, place: Place, halves: Mapping[Place, Pixels | None], tiles: Tiles
) -> Pixels | None:
    """Put a tile together from the halves of those under it, by their places."""
    if all(half is None for half in halves.values()):
        return None
    pixel_format = tiles.image.pixel_format
    shape = (*grid.shape(place), pixel_format.samples)
    pixels = np.full(shape, tiles.background, pixel_format.dtype)
    for (row, column), half in halves.items():
        if half is not None:
            top, left = row % 2 * (grid.tile.height // 2), column % 2 * (grid.tile.width // 2)
            pixels[top : top + half.shape[0], left : left + half.shape[1]] = half
    return pixels
