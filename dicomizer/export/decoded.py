# SPDX-License-Identifier: Apache-2.0
"""Pixels of any rectangle of a stored image, decoded from the frames that it lies on."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

import numpy as np

from dicomizer.errors import CorruptSourceError
from dicomizer.pipeline.blank import background
from dicomizer.pixels.codecs.decode import decode
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.planning.coding import stored_transfer_syntax

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dicomizer.export.options import Box
    from dicomizer.export.selection import View
    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.sources.base import SlideSource

_CACHE_BYTES = 64 << 20


class Area(Protocol):
    """What gives the pixels of a rectangle; threads may ask at the same time."""

    def __call__(self, box: Box) -> Pixels:
        """Return ``(height, width, samples)``."""
        ...


class Decoded:
    """The pixels of one layer of a view; frames that the file does not hold are background.

    Parameters
    ----------
    layer
        A focal plane of an optical path, planes fastest.
    """

    def __init__(self, source: SlideSource, view: View, layer: int) -> None:
        self._source = source
        self._view = view
        self._first = layer * view.image.number_of_tiles
        self._syntax = stored_transfer_syntax(view.image)
        self._background = background(view.image, view.scan, layer)
        self._held: OrderedDict[int, Pixels] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, box: Box) -> Pixels:
        """Return ``(height, width, samples)`` of a rectangle in pixels of the view.

        Raises
        ------
        SourceError
            A frame cannot be read or decoded.
        """
        image = self._view.image
        shape = (box.height, box.width, image.pixel_format.samples)
        canvas = np.full(shape, self._background, image.pixel_format.dtype)
        left, top = self._view.box.x + box.x, self._view.box.y + box.y
        tile = image.tile_size
        rows = range(top // tile.height, -(-(top + box.height) // tile.height))
        columns = range(left // tile.width, -(-(left + box.width) // tile.width))
        places = {
            self._first + row * image.grid.width + column: (row, column)
            for row in rows
            for column in columns
        }
        for index, pixels in self._tiles([i for i in places if i not in image.missing]):
            row, column = places[index]
            _paste(pixels, row * tile.height - top, column * tile.width - left, canvas)
        return canvas

    def _tiles(self, indices: list[int]) -> Iterator[tuple[int, Pixels]]:
        unread = []
        for index in indices:
            with self._lock:
                held = self._held.get(index)
            if held is None:
                unread.append(index)
            else:
                yield index, held
        if not unread:
            return
        waiting = iter(unread)
        for batch in self._source.frames(self._view.image, unread):
            for frame in batch:
                index = next(waiting)
                pixels = self._decode(index, b"".join(frame))
                self._hold(index, pixels)
                yield index, pixels

    def _decode(self, index: int, frame: bytes) -> Pixels:
        image = self._view.image
        try:
            return decode(
                frame,
                self._syntax,
                image.pixel_format,
                rows=image.tile_size.height,
                columns=image.tile_size.width,
            )
        except CodecError as error:
            raise CorruptSourceError(
                error.problem,
                file=self._source.slide.path,
                place=f"{image.key}, frame {index + 1}",
                remedy="the file is damaged; get it again",
            ) from error

    def _hold(self, index: int, pixels: Pixels) -> None:
        """Keep a tile for the next rectangle, which may lie on the same one."""
        with self._lock:
            self._held[index] = pixels
            while sum(item.nbytes for item in self._held.values()) > _CACHE_BYTES:
                self._held.popitem(last=False)


def _paste(pixels: Pixels, top: int, left: int, canvas: Pixels) -> None:
    """Put a tile where its corner lies on a canvas, or beyond its edge."""
    pixels = pixels[max(-top, 0) :, max(-left, 0) :]
    top, left = max(top, 0), max(left, 0)
    place = canvas[top : top + pixels.shape[0], left : left + pixels.shape[1]]
    place[...] = pixels[: place.shape[0], : place.shape[1]]
