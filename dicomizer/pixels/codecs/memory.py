# SPDX-License-Identifier: Apache-2.0
"""How much memory coding a frame takes, so that no more frames are coded at once than fit.

Libraries hold far more than the frame: OpenJPEG 32 bits for each sample, twice; libjxl three
planes of floats, several times, of a grey picture too. And to tell whether plain areas keep their
brightness (`plain`), a frame is decoded again, and compared with itself as floats.

Measured as the highest resident size while a frame of 1024 or 2048 pixels, three quarters noise
and one quarter plain, was coded, less that before; imagecodecs 2026.3, Linux. Real tissue
takes less.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dicomizer.pixels.codecs.codec import Codec

if TYPE_CHECKING:
    from dicomizer.pixels.format import PixelFormat

WORK_BYTES = 200 << 20
"""Of all frames and blocks in work: with the program itself and a reader, 300 MB."""
_FRAMES_HELD = 2
"""Besides what the encoder needs: the pixels that are coded, and what they were put together of."""

_LOSSLESS = {
    Codec.JPEG: 0.6,
    Codec.JPEG_2000: 11.0,
    Codec.HTJ2K: 8.0,
    Codec.JPEG_LS: 2.4,
    Codec.JPEG_XL: 2.5,
    Codec.RLE: 2.6,
    Codec.NONE: 1.0,
}
"""Bytes for each byte of a frame."""
_LOSSY = {
    **_LOSSLESS,
    Codec.JPEG_2000: 15.0,
    Codec.HTJ2K: 8.2,
    Codec.JPEG_LS: 6.7,
    Codec.JPEG_XL: 4.0,
}
"""JPEG 2000 takes 12 for one frame, more in a run of many, of which not all is given back; so does
HTJ2K without loss, 4.5 for one: both have room for that here."""
_JPEG_XL_PLANES = 48
"""Bytes for each pixel besides, of lossy JPEG XL, whatever its samples are."""
DECODING = 4.5
"""Bytes for each byte of a frame that decoding takes at most, which is for HTJ2K."""


def coding_bytes(codec: Codec, quality: int | None, pixel_format: PixelFormat, pixels: int) -> int:
    """Return how many bytes an encoder takes for a frame, besides its pixels.

    Parameters
    ----------
    codec
        Any but ``Codec.KEEP``.
    quality
        ``None`` for lossless, or for JPEG's default.
    pixels
        Of the frame.
    """
    return math.ceil(pixels * _bytes_per_pixel(codec, quality, pixel_format))


def most_pixels(codec: Codec, quality: int | None, pixel_format: PixelFormat) -> int:
    """Return of how many pixels a frame may be, so that it can be coded within the memory."""
    held = _FRAMES_HELD * pixel_format.bytes_per_pixel
    return int(WORK_BYTES / (_bytes_per_pixel(codec, quality, pixel_format) + held))


def _bytes_per_pixel(codec: Codec, quality: int | None, pixel_format: PixelFormat) -> float:
    factors = _LOSSLESS if quality is None else _LOSSY
    is_planes = codec is Codec.JPEG_XL and quality is not None
    planes = _JPEG_XL_PLANES if is_planes else 0
    return planes + factors[codec] * pixel_format.bytes_per_pixel
