# SPDX-License-Identifier: Apache-2.0
"""An image composed from stored tiles that overlap: stored tiles in, pixels of new tiles out.

Only the stored tiles that a batch shows are decoded. The last ones stay decoded, as the next
batch shows their other half.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from dicomizer.slide import Coding, ColorSpace, Compression, SlideImage
from dicomizer.sources.overlap.decoded import KEPT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.pixels.format import PixelFormat
    from dicomizer.slide import SizePx
    from dicomizer.sources.base import Frame
    from dicomizer.sources.overlap.decoded import DecodedTiles
    from dicomizer.sources.overlap.layout import Layout
    from dicomizer.sources.overlap.pieces import Piece

_BATCH_BYTES = 8 << 20
_TILES_SHOWN = 4
"""Stored tiles that a new tile usually shows: it lies over a corner of theirs."""


class ComposedImage:
    """A level of pixels, composed from one whose tiles overlap.

    Parameters
    ----------
    tiles
        Of the level as the file holds it.
    layout
        Where they lie.
    background
        Red, green and blue where no tile lies.
    """

    def __init__(
        self, tiles: DecodedTiles, layout: Layout, *, background: tuple[int, int, int]
    ) -> None:
        stored = tiles.stored
        self._tiles = tiles
        self._layout = layout
        self._blank = _blank(stored.pixel_format, layout.tile_size, background)
        self._image = _describe(stored, layout)

    @property
    def image(self) -> SlideImage:
        """The composed level; its key and spacing are those of the stored one."""
        return self._image

    def frames(self, indices: Sequence[int] | None = None) -> Iterator[list[Frame]]:
        """Yield frames of uncompressed pixels; those that no tile lies on are empty.

        Raises
        ------
        CorruptSourceError
            A stored tile cannot be decoded.
        """
        wanted = iter(range(self._image.number_of_frames) if indices is None else indices)
        while batch := list(islice(wanted, self._batch_length)):
            shown = {index: self._layout.pieces(index) for index in batch}
            self._tiles.load({piece.tile for pieces in shown.values() for piece in pieces})
            yield [self._frame(index, shown[index]) for index in batch]

    @property
    def _batch_length(self) -> int:
        by_result = _BATCH_BYTES // self._image.frame_bytes
        by_tiles = KEPT_BYTES // (_TILES_SHOWN * self._tiles.stored.frame_bytes)
        return max(1, min(by_result, by_tiles))

    def _frame(self, index: int, pieces: Sequence[Piece]) -> Frame:
        if not pieces:
            return ()
        pixels = self._blank.copy()
        for item in pieces:
            there = slice(item.y, item.y + item.height), slice(item.x, item.x + item.width)
            here = slice(item.top, item.top + item.height), slice(item.left, item.left + item.width)
            pixels[there] = self._tiles[item.tile][here]
        seen = self._layout.seen(index)
        pixels[:, seen.width :] = pixels[:, seen.width - 1 : seen.width]
        pixels[seen.height :] = pixels[seen.height - 1]
        return (pixels.view("u1").reshape(-1).data,)


def _blank(pixel_format: PixelFormat, size: SizePx, background: tuple[int, int, int]) -> Pixels:
    """Return a new tile before anything is painted, (rows, columns, samples), little endian."""
    import numpy as np

    samples = pixel_format.samples
    shape = (size.height, size.width, samples)
    little_endian = np.dtype(pixel_format.dtype).newbyteorder("<")
    return np.full(shape, background[:samples], little_endian)


def _describe(stored: SlideImage, layout: Layout) -> SlideImage:
    is_color = stored.pixel_format.samples > 1
    return SlideImage(
        key=stored.key,
        flavor=stored.flavor,
        size=layout.size,
        tile_size=layout.tile_size,
        coding=Coding(
            Compression.NONE,
            ColorSpace.RGB if is_color else ColorSpace.MONOCHROME,
            lossy=stored.coding.lossy,
            coded_bytes=stored.coding.coded_bytes,
            method=stored.coding.method,
            earlier=stored.coding.earlier,
        ),
        spacing=stored.spacing,
        icc_profile=stored.icc_profile,
        pixel_format=stored.pixel_format,
        missing=layout.missing,
    )
