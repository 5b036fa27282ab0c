# SPDX-License-Identifier: Apache-2.0
"""Pictures as JPEG, PNG and WebP streams.

References
----------
PS3.18 8.7.4 (rendered media types), ICC.1 Annex B.4 (profiles in JPEG)
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import numpy as np

from tileserver.errors import NotAcceptableError
from tileserver.services.abandon import check_wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import ReadableBuffer

    from tileserver.services.render.look import Picture

DEFAULT_QUALITY = 85
_JPEG_LARGEST = 65_500
"""What libjpeg writes; the format itself has room for 65,535."""
_WEBP_LARGEST = 16_383
_CHUNK = 65_519
"""Bytes of a profile in one APP2 segment."""
_PNG_LEVEL = 3


class AbandonableBuffer(io.BytesIO):
    """A stream in memory that takes no more once nobody waits for it."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Take a piece; coders write many, as they go on through the picture."""
        check_wanted()
        return super().write(data)


def encode(picture: Picture, media_type: str, quality: int | None = None) -> bytes:
    """Return a picture as a stream.

    Parameters
    ----------
    media_type
        One of `MEDIA_TYPES`.
    quality
        1 to 100, where the coding loses.

    Raises
    ------
    NotAcceptableError
        Another media type, or a picture larger than its format allows.
    """
    check_wanted()
    make = MEDIA_TYPES.get(media_type)
    if make is None:
        raise NotAcceptableError(f"pictures are to be had as {', '.join(MEDIA_TYPES)}")
    return make(picture, DEFAULT_QUALITY if quality is None else min(max(quality, 1), 100))


def _jpeg(picture: Picture, quality: int) -> bytes:
    import simplejpeg

    pixels = np.ascontiguousarray(picture.pixels)
    _check_size(picture, _JPEG_LARGEST, "JPEG")
    color = "RGB" if pixels.shape[2] == 3 else "GRAY"
    subsampling = "420" if color == "RGB" and quality < 90 else "444"
    stream: bytes = simplejpeg.encode_jpeg(
        pixels,
        quality=quality,
        colorspace=color,
        colorsubsampling=subsampling if color == "RGB" else "Gray",
    )
    if picture.icc_profile is None:
        return stream
    return _with_profile(stream, picture.icc_profile)


def _with_profile(stream: bytes, profile: bytes) -> bytes:
    """Put a profile behind the JFIF marker, which begins what libjpeg writes."""
    behind = 4 + struct.unpack_from(">H", stream, 4)[0] if stream[2:4] == b"\xff\xe0" else 2
    chunks = [profile[start : start + _CHUNK] for start in range(0, len(profile), _CHUNK)]
    if len(chunks) > 255:
        return stream
    segments = [
        b"\xff\xe2"
        + struct.pack(">H", 16 + len(chunk))
        + b"ICC_PROFILE\0"
        + bytes((number, len(chunks)))
        + chunk
        for number, chunk in enumerate(chunks, start=1)
    ]
    return stream[:behind] + b"".join(segments) + stream[behind:]


def _png(picture: Picture, _: int) -> bytes:
    return _by_pillow(picture, "PNG", compress_level=_PNG_LEVEL)


def _webp(picture: Picture, quality: int) -> bytes:
    _check_size(picture, _WEBP_LARGEST, "WebP")
    return _by_pillow(picture, "WEBP", quality=quality, method=2)


def _by_pillow(picture: Picture, name: str, **options: object) -> bytes:
    from PIL import Image

    pixels = picture.pixels if picture.pixels.shape[2] == 3 else picture.pixels[..., 0]
    if picture.icc_profile is not None:
        options["icc_profile"] = picture.icc_profile
    buffer = AbandonableBuffer()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, name, **options)
    return buffer.getvalue()


def _check_size(picture: Picture, largest: int, name: str) -> None:
    if max(picture.pixels.shape[:2]) > largest:
        raise NotAcceptableError(f"{name} takes {largest} rows and columns at most")


MEDIA_TYPES: dict[str, Callable[[Picture, int], bytes]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
}
