# SPDX-License-Identifier: Apache-2.0
"""A PNG written row by row.

References
----------
Portable Network Graphics (PNG) Specification, Third Edition
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.pixels.format import PixelFormat
    from dicomizer.slide import SizePx, SpacingMm

LARGEST_SIDE = 1_000_000
"""Rows or columns that libpng takes unless it is told otherwise."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB = 0, 2
_METRE = 1
_SUB, _UP = 1, 2
_LEVEL = 4
_LARGEST_DENSITY = 0x7FFFFFFF


def write_png(
    file: BinaryIO,
    size: SizePx,
    pixel_format: PixelFormat,
    bands: Iterable[Pixels],
    *,
    spacing: SpacingMm | None,
    icc_profile: bytes | None,
) -> None:
    """Write bands of rows, ``(rows, columns, samples)`` each, from top to bottom.

    Parameters
    ----------
    spacing
        For the chunk pHYs; ``None`` where nobody knows it.
    """
    color = _GREY if pixel_format.samples == 1 else _RGB
    depth = 8 * pixel_format.bytes_per_sample
    file.write(_SIGNATURE)
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", size.width, size.height, depth, color, 0, 0, 0))
    if icc_profile:
        _chunk(file, b"iCCP", b"ICC profile\0\0" + zlib.compress(icc_profile))
    if spacing is not None:
        densities = (1000 / spacing.between_columns, 1000 / spacing.between_rows)
        horizontal, vertical = (min(round(value), _LARGEST_DENSITY) for value in densities)
        _chunk(file, b"pHYs", struct.pack(">IIB", horizontal, vertical, _METRE))
    for data in _deflated(bands, pixel_format.bytes_per_pixel):
        _chunk(file, b"IDAT", data)
    _chunk(file, b"IEND", b"")


def _chunk(file: BinaryIO, kind: bytes, data: bytes) -> None:
    crc = zlib.crc32(data, zlib.crc32(kind))
    file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc))


def _deflated(bands: Iterable[Pixels], pixel_bytes: int) -> Iterator[bytes]:
    compressor = zlib.compressobj(_LEVEL)
    above = None
    for band in bands:
        rows = np.ascontiguousarray(band.astype(band.dtype.newbyteorder(">"), copy=False))
        samples = rows.view(np.uint8).reshape(band.shape[0], -1)
        if above is None:
            above = np.zeros_like(samples[0])
        data = compressor.compress(_filtered(samples, above, pixel_bytes).tobytes())
        above = samples[-1].copy()
        if data:
            yield data
    yield compressor.flush()


def _filtered(
    samples: NDArray[np.uint8], above: NDArray[np.uint8], pixel_bytes: int
) -> NDArray[np.uint8]:
    """Return rows with their filter before each: that whose differences are smaller."""
    sub = samples.copy()
    sub[:, pixel_bytes:] -= samples[:, :-pixel_bytes]
    up = samples - np.concatenate([above[None], samples[:-1]])
    costs = [np.abs(item.view(np.int8).astype(np.int16)).sum(axis=1) for item in (sub, up)]
    is_up = (costs[1] < costs[0])[:, None]
    filtered = np.empty((samples.shape[0], samples.shape[1] + 1), np.uint8)
    filtered[:, :1] = np.where(is_up, _UP, _SUB)
    filtered[:, 1:] = np.where(is_up, up, sub)
    return filtered
