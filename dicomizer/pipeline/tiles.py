# SPDX-License-Identifier: Apache-2.0
"""Pixels of the tiles of a block, decoded from the frames that the source yields.

Where the result has the tiles of the source, each is decoded for itself; a level that is only
reduced is decoded at half the scale at once. Where the result has other tiles, the stored ones
that the block lies on are decoded to one picture, and cut.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from dicomizer.pixels.codecs.decode import decode, half_decode
from dicomizer.pixels.resample import halve
from dicomizer.slide import SizePx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from dicomizer.dicom.transfer_syntax import TransferSyntax
    from dicomizer.pipeline.blank import Background
    from dicomizer.slide import SlideImage

    Pixels = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of tiles; ``stop`` values are behind the last."""

    row_start: int
    row_stop: int
    column_start: int
    column_stop: int

    def tiles(self) -> Iterator[tuple[int, int]]:
        """Yield row and column of each tile, row by row."""
        for row in range(self.row_start, self.row_stop):
            for column in range(self.column_start, self.column_stop):
                yield row, column


class Tiles(Protocol):
    """Decoded tiles of a block, cropped to the image; ``None`` for one that is missing."""

    def whole(self, row: int, column: int) -> Pixels | None:
        """Return a tile, ``(rows, columns, samples)``."""
        ...

    def half(self, row: int, column: int) -> Pixels | None:
        """Return a tile reduced by two."""
        ...


def valid_size(image: SlideImage, row: int, column: int) -> tuple[int, int]:
    """Return how many rows and columns of a tile lie within the image."""
    tile, size = image.tile_size, image.size
    return (
        min(tile.height, size.height - row * tile.height),
        min(tile.width, size.width - column * tile.width),
    )


class TileCache:
    """Decoded tiles that several blocks lie on, the latest ones up to a number of bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held: OrderedDict[tuple[int, int, int], Pixels] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[int, int, int], decode: Callable[[], Pixels]) -> Pixels:
        """Return a tile by layer, row and column; two threads may decode the same one."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        pixels = decode()
        with self._lock:
            self._held[key] = pixels
            while len(self._held) > 1 and self._bytes() > self._most_bytes:
                self._held.popitem(last=False)
        return pixels

    def _bytes(self) -> int:
        return sum(pixels.nbytes for pixels in self._held.values())


class StoredTiles:
    """Tiles that are those of the source.

    Parameters
    ----------
    frames
        Coded frames by row and column; empty where missing.
    cache, layer
        Where decoded tiles are kept for other blocks, and under which number.
    """

    def __init__(
        self,
        image: SlideImage,
        syntax: TransferSyntax,
        frames: Mapping[tuple[int, int], bytes],
        cache: TileCache | None = None,
        layer: int = 0,
    ) -> None:
        self._image = image
        self._syntax = syntax
        self._frames = frames
        self._cache = cache
        self._layer = layer

    def whole(self, row: int, column: int) -> Pixels | None:
        """Return a tile, ``(rows, columns, samples)``."""
        frame = self._frames[row, column]
        if not frame:
            return None
        rows, columns = valid_size(self._image, row, column)
        if self._cache is None:
            return self._decoded(frame)[:rows, :columns]
        key = (self._layer, row, column)
        return self._cache.get(key, lambda: self._decoded(frame))[:rows, :columns]

    def _decoded(self, frame: bytes) -> Pixels:
        tile = self._image.tile_size
        return decode(
            frame, self._syntax, self._image.pixel_format, rows=tile.height, columns=tile.width
        )

    def half(self, row: int, column: int) -> Pixels | None:
        """Return a tile reduced by two."""
        tile = self._image.tile_size
        if valid_size(self._image, row, column) != (tile.height, tile.width):
            # What lies beyond the edge must not be mixed into the last pixel.
            whole = self.whole(row, column)
            return None if whole is None else halve(whole)
        frame = self._frames[row, column]
        if not frame:
            return None
        return half_decode(
            frame, self._syntax, self._image.pixel_format, rows=tile.height, columns=tile.width
        )


class CutTiles:
    """Tiles cut from the picture of a block.

    Parameters
    ----------
    stored
        The tiles of the source that the block lies on.
    source, image
        The stored image, and the same as tiled for the result.
    background
        Value of what is missing.
    """

    def __init__(
        self,
        stored: StoredTiles,
        source: SlideImage,
        image: SlideImage,
        block: Block,
        background: Background,
    ) -> None:
        self._image = image
        self._top = block.row_start * image.tile_size.height
        self._left = block.column_start * image.tile_size.width
        size = block_size(image, block)
        shape = (size.height, size.width, image.pixel_format.samples)
        self._picture = np.full(shape, background, dtype=image.pixel_format.dtype)
        self._is_held = np.zeros(shape[:2], dtype=bool)
        for row, column in covering(source, image, block).tiles():
            self._paste(stored.whole(row, column), row, column, source.tile_size)

    def whole(self, row: int, column: int) -> Pixels | None:
        """Return a tile, ``(rows, columns, samples)``."""
        rows, columns = valid_size(self._image, row, column)
        top = row * self._image.tile_size.height - self._top
        left = column * self._image.tile_size.width - self._left
        if not self._is_held[top : top + rows, left : left + columns].any():
            return None
        return self._picture[top : top + rows, left : left + columns]

    def half(self, row: int, column: int) -> Pixels | None:
        """Return a tile reduced by two."""
        whole = self.whole(row, column)
        return None if whole is None else halve(whole)

    def _paste(self, pixels: Pixels | None, row: int, column: int, tile: SizePx) -> None:
        if pixels is None:
            return
        top, left = row * tile.height - self._top, column * tile.width - self._left
        pixels = pixels[max(-top, 0) :, max(-left, 0) :]
        top, left = max(top, 0), max(left, 0)
        place = self._picture[top : top + pixels.shape[0], left : left + pixels.shape[1]]
        place[...] = pixels[: place.shape[0], : place.shape[1]]
        self._is_held[top : top + place.shape[0], left : left + place.shape[1]] = True


def block_size(image: SlideImage, block: Block) -> SizePx:
    """Return the size in pixels of what of a block lies within the image."""
    tile = image.tile_size
    return SizePx(
        min(block.column_stop * tile.width, image.size.width) - block.column_start * tile.width,
        min(block.row_stop * tile.height, image.size.height) - block.row_start * tile.height,
    )


def covering(source: SlideImage, image: SlideImage, block: Block) -> Block:
    """Return the tiles of ``source`` on which a block of ``image``, tiled otherwise, lies."""
    tile, stored = image.tile_size, source.tile_size
    size = block_size(image, block)
    top, left = block.row_start * tile.height, block.column_start * tile.width
    return Block(
        top // stored.height,
        -(-(top + size.height) // stored.height),
        left // stored.width,
        -(-(left + size.width) // stored.width),
    )
