# SPDX-License-Identifier: Apache-2.0
"""JPEG tiles as Aperio stores them: tables once for a level, tiles without tables and APP markers.

Such a tile tells nobody whether it holds YCbCr or RGB; the TIFF tags do.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np
import simplejpeg
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

Pixels = NDArray[np.uint8]

_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_SOF0, _DHT, _SOS, _DQT = 0xC0, 0xC4, 0xDA, 0xDB
# Where the first component's identifier stands in a segment, and how far the next is.
_IDENTIFIERS = {_SOF0: (10, 3), _SOS: (5, 2)}


@dataclass(frozen=True, slots=True)
class TileCoder:
    """Encodes tiles: YCbCr 4:2:0, or RGB with the component identifiers 0, 1, 2."""

    quality: int
    rgb: bool

    def tables(self) -> bytes:
        """Return the stream of tables that all tiles of this quality share."""
        stream = self._whole(np.zeros((16, 16, 3), np.uint8))
        kept = [part for marker, part in _segments(stream) if marker in (_DQT, _DHT)]
        return b"".join([_SOI, *kept, _EOI])

    def encode(self, pixels: Pixels) -> bytes:
        """Return the abbreviated stream of a tile, (rows, columns, 3) uint8 RGB."""
        stream = self._whole(np.ascontiguousarray(pixels))
        parts = [_SOI]
        for marker, part in _segments(stream):
            if marker in _IDENTIFIERS:
                parts.append(self._identified(marker, part))
            elif marker not in (_DQT, _DHT) and not 0xE0 <= marker <= 0xEF:
                parts.append(part)
        return b"".join(parts)

    def _whole(self, pixels: Pixels) -> bytes:
        if self.rgb:
            return bytes(
                imagecodecs.jpeg8_encode(
                    pixels, self.quality, colorspace="rgb", outcolorspace="rgb"
                )
            )
        return bytes(simplejpeg.encode_jpeg(pixels, quality=self.quality, colorsubsampling="420"))

    def _identified(self, marker: int, part: bytes) -> bytes:
        if not self.rgb:
            return part
        changed = bytearray(part)
        first, step = _IDENTIFIERS[marker]
        changed[first : first + 3 * step : step] = bytes((0, 1, 2))
        return bytes(changed)


def _segments(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield markers and their segments; the last is SOS with all data behind it."""
    position = len(_SOI)
    while True:
        marker = stream[position + 1]
        end = position + 2 + struct.unpack_from(">H", stream, position + 2)[0]
        if marker == _SOS:
            yield marker, stream[position:]
            return
        yield marker, stream[position:end]
        position = end
