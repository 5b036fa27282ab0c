# SPDX-License-Identifier: Apache-2.0
"""Decoded tiles and strips as frames: tiles one to one, strips and huge tiles cut anew.

Of strips, those of one row of frames are held at a time, so that going through an image row by
row decodes each once in bounded memory.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, cast

import numpy as np

from dicomizer.slide import SizePx
from dicomizer.sources.tiff.cutting import segments_held

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.slide import Coding
    from dicomizer.sources.base import Frame
    from dicomizer.sources.tiff.content import Content
    from dicomizer.sources.tiff.decoder import Decoder
    from dicomizer.sources.tiff.stored import StoredTiles

_BATCH_BYTES = 8 << 20


class Mosaic:
    """Frames of one directory, decoded.

    Parameters
    ----------
    tile_size
        Of the frames; that of the directory's tiles, or any other.

    Raises
    ------
    Refusal
        Too much would have to be held in memory.
    """

    def __init__(
        self,
        decoder: Decoder,
        stored: StoredTiles,
        content: Content,
        coding: Coding,
        tile_size: SizePx,
    ) -> None:
        self.coding = coding
        self.content = content
        self.tile_size = tile_size
        self._decoder = decoder
        directory = self._directory = stored.directory
        self._capacity = segments_held(directory, content, tile_size)
        self._held: OrderedDict[tuple[int, int], Pixels | None] = OrderedDict()
        size = directory.size
        self._grid = SizePx(-(-size.width // tile_size.width), -(-size.height // tile_size.height))
        # Tiles have pixels beyond the edge of the image, which come as they are stored.
        self._stored_size = (
            SizePx(
                directory.grid.width * directory.tile_size.width,
                directory.grid.height * directory.tile_size.height,
            )
            if directory.is_tiled
            else size
        )
        self.number_of_frames = self._grid.width * self._grid.height * content.paths
        self.missing = self._missing(stored.missing)

    def frames(self, indices: Sequence[int] | None) -> Iterator[list[Frame]]:
        """Yield frames in batches; see `SlideSource.frames`."""
        batch: list[Frame] = []
        size = 0
        for index in range(self.number_of_frames) if indices is None else indices:
            batch.append(self._frame(index))
            size += sum(len(part) for part in batch[-1])
            if size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _missing(self, tiles: frozenset[int]) -> frozenset[int]:
        """Return the frames of which nothing is stored."""
        if not tiles:
            return frozenset()
        return frozenset(
            index
            for index in range(self.number_of_frames)
            if tiles.issuperset(self._stored_tiles(index))
        )

    def _place(self, index: int) -> tuple[int, int, int]:
        """Return path, left and top of a frame."""
        path, tile = divmod(index, self._grid.width * self._grid.height)
        row, column = divmod(tile, self._grid.width)
        return path, column * self.tile_size.width, row * self.tile_size.height

    def _segments(self, index: int) -> Iterator[tuple[int, int, int]]:
        """Yield number, left and top of each segment that a frame has a part of."""
        _, left, top = self._place(index)
        right = min(left + self.tile_size.width, self._stored_size.width)
        bottom = min(top + self.tile_size.height, self._stored_size.height)
        segment = self._directory.tile_size
        for row in range(top // segment.height, -(-bottom // segment.height)):
            for column in range(left // segment.width, -(-right // segment.width)):
                number = row * self._directory.grid.width + column
                yield number, column * segment.width, row * segment.height

    def _stored_tiles(self, index: int) -> list[int]:
        """Return the stored tiles of a frame; those of all planes, where samples are apart."""
        numbers = [number for number, _, _ in self._segments(index)]
        if self._directory.planar_configuration != 2:
            return numbers
        plane = self._directory.grid.width * self._directory.grid.height
        if self.content.paths > 1:
            return [number + self._place(index)[0] * plane for number in numbers]
        planes = range(self._directory.samples_per_pixel)
        return [number + sample * plane for number in numbers for sample in planes]

    def _frame(self, index: int) -> Frame:
        path, left, top = self._place(index)
        segments = list(self._segments(index))
        if self.tile_size == self._directory.tile_size and self._directory.is_tiled:
            pixels = self._segment(segments[0][0], path)
            return () if pixels is None else (_little_endian(pixels),)
        canvas: Pixels | None = None
        for number, segment_left, segment_top in segments:
            pixels = self._segment(number, path)
            if pixels is not None:
                canvas = self._canvas(left, top) if canvas is None else canvas
                _paste(canvas, pixels, segment_left - left, segment_top - top)
        return () if canvas is None else (_little_endian(self._filled(canvas)),)

    def _canvas(self, left: int, top: int) -> Pixels:
        """Return room for a frame, as far as pixels are stored: white, or dark for grey."""
        pixel_format = self.content.pixel_format
        rows = min(self.tile_size.height, self._stored_size.height - top)
        columns = min(self.tile_size.width, self._stored_size.width - left)
        empty = 255 if pixel_format.samples == 3 else 0
        return np.full((rows, columns, pixel_format.samples), empty, pixel_format.dtype)

    def _filled(self, canvas: Pixels) -> Pixels:
        """Repeat the last pixels beyond what is stored."""
        below = self.tile_size.height - canvas.shape[0]
        beside = self.tile_size.width - canvas.shape[1]
        if not below and not beside:
            return canvas
        return cast("Pixels", np.pad(canvas, ((0, below), (0, beside), (0, 0)), mode="edge"))

    def _segment(self, number: int, path: int) -> Pixels | None:
        key = (number, path)
        if key not in self._held:
            while len(self._held) >= self._capacity:
                self._held.popitem(last=False)
            self._held[key] = self._decoder.segment(number, path)
        self._held.move_to_end(key)
        return self._held[key]


def _paste(canvas: Pixels, pixels: Pixels, left: int, top: int) -> None:
    """Put a segment into a canvas, at a place that may be outside of it."""
    rows, columns = canvas.shape[:2]
    first_row, first_column = max(top, 0), max(left, 0)
    last_row = min(top + pixels.shape[0], rows)
    last_column = min(left + pixels.shape[1], columns)
    canvas[first_row:last_row, first_column:last_column] = pixels[
        first_row - top : last_row - top, first_column - left : last_column - left
    ]


def _little_endian(pixels: Pixels) -> bytes:
    return pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()
