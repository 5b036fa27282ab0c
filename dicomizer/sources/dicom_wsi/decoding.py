# SPDX-License-Identifier: Apache-2.0
"""Frames that cannot be passed through, or are parts of a label, decoded to plain pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dicomizer.dicom.part10 import EXPLICIT_VR_BIG_ENDIAN
from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.format import PixelFormat
from dicomizer.slide import ColorSpace, Compression

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    from dicomizer.slide import SizePx
    from dicomizer.sources.dicom_wsi.coding import StoredPixels

    Pixels: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]

_YBR_TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))
"""PS3.3 C.7.6.3.1.2, the inverse of YBR_FULL."""
_DECODED_AS = {
    Compression.JPEG: TransferSyntax.JPEG_BASELINE,
    Compression.JPEG_LS: TransferSyntax.JPEG_LS_NEAR_LOSSLESS,
    Compression.JPEG_2000: TransferSyntax.JPEG_2000,
    Compression.HTJ2K: TransferSyntax.HTJ2K,
    Compression.JPEG_XL: TransferSyntax.JPEG_XL,
    Compression.JPEG_XL_OF_JPEG: TransferSyntax.JPEG_XL_RECOMPRESSION,
    Compression.RLE: TransferSyntax.RLE_LOSSLESS,
}
_LEAVE_YCBCR = (
    Compression.NONE,
    Compression.RLE,
    Compression.JPEG_LS,
    Compression.JPEG_2000,
    Compression.HTJ2K,
)
"""Whose decoders give the samples as they were coded."""


def decode_frame(frame: bytes, stored: StoredPixels, tile: SizePx) -> Pixels:
    """Return the pixels of a frame.

    Parameters
    ----------
    frame
        JPEG with a header that tells its colours.

    Returns
    -------
    pixels
        ``(rows, columns, samples)``, uint8 or uint16 as the pixel format says.

    Raises
    ------
    CodecError
        The frame cannot be decoded, or has another shape.
    """
    pixels = _plain(frame, stored, tile) if _is_plain(stored) else _decoded(frame, stored, tile)
    if stored.color_space is ColorSpace.YCBCR and stored.compression in _LEAVE_YCBCR:
        pixels = ybr_to_rgb(pixels)
    if stored.is_inverted:
        pixels = ((1 << stored.pixel_format.bits) - 1) - pixels
    return np.ascontiguousarray(pixels, dtype=stored.pixel_format.dtype)


def ybr_to_rgb(pixels: Pixels) -> NDArray[np.uint8]:
    """Return RGB for YBR_FULL of 8 bits.

    Raises
    ------
    CodecError
        The samples have more than 8 bits, for which the standard has no such space.
    """
    if pixels.dtype != np.uint8:
        raise CodecError("found YBR_FULL of 16 bits, expected 8")
    shifted = pixels.astype(np.float32) - np.array([0, 128, 128], np.float32)
    rgb = shifted @ np.array(_YBR_TO_RGB, np.float32).T
    return np.asarray(np.clip(np.rint(rgb), 0, 255), np.uint8)


def _is_plain(stored: StoredPixels) -> bool:
    return stored.compression is Compression.NONE


def _plain(frame: bytes, stored: StoredPixels, tile: SizePx) -> Pixels:
    order = ">" if stored.transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN else "<"
    samples = stored.pixel_format.samples
    pixels = np.frombuffer(frame, f"{order}u{stored.bits_allocated // 8}")
    if stored.is_planar:
        return pixels.reshape(samples, tile.height, tile.width).transpose(1, 2, 0)
    return pixels.reshape(tile.height, tile.width, samples)


def _decoded(frame: bytes, stored: StoredPixels, tile: SizePx) -> Pixels:
    from dicomizer.pixels.codecs.decode import decode

    pixel_format = stored.pixel_format
    if stored.compression is Compression.RLE:  # which has all bits that are allocated
        pixel_format = PixelFormat(pixel_format.samples, stored.bits_allocated)
    syntax = _DECODED_AS[stored.compression]
    return decode(frame, syntax, pixel_format, rows=tile.height, columns=tile.width)
