# SPDX-License-Identifier: Apache-2.0
"""JPEG-LS streams: coded and decoded by CharLS, their headers read here.

References
----------
ITU-T T.87 Annex C (syntax), PS3.5 8.2.3 and A.4.3
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.pixels.codecs.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dicomizer.pixels.codecs.frame_shape import FrameShape, Pixels, Stream


_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_SOF55, _SOS, _APP8 = 0xF7, 0xDA, 0xE8


@dataclass(frozen=True, slots=True)
class JpegLsHeader:
    """What the frame and first scan headers say.

    Parameters
    ----------
    near
        Largest error of a sample; 0 is lossless.
    interleave
        0 for a scan per component, 1 for components by line, 2 by sample.
    """

    rows: int
    columns: int
    bits: int
    samples: int
    near: int
    interleave: int


def read_header(stream: Stream) -> JpegLsHeader:
    """Read a stream up to its first scan.

    Raises
    ------
    CodecError
        No JPEG-LS stream, or one that breaks off in its header.
    """
    frame = None
    for marker, payload, _ in _segments(bytes(stream)):
        if marker == _SOF55 and len(payload) >= 6:
            frame = struct.unpack_from(">BHHB", payload)
        if marker == _SOS and frame and len(payload) >= 4 + 2 * payload[0]:
            bits, rows, columns, samples = frame
            near, interleave = payload[1 + 2 * payload[0] : 3 + 2 * payload[0]]
            return JpegLsHeader(rows, columns, bits, samples, near, interleave)
    raise CodecError("found no frame header (SOF55) and scan header of JPEG-LS")


def _segments(stream: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield marker, payload and end of each segment up to the first scan."""
    position = 2
    while stream.startswith(_SOI) and position + 4 <= len(stream):
        start, marker, length = struct.unpack_from(">BBH", stream, position)
        position += 2 + length
        if start != 0xFF or length < 2 or position > len(stream):
            return
        yield marker, stream[position - length + 2 : position], position
        if marker == _SOS:
            return


def encode(pixels: Pixels, near: int) -> bytes:
    """Code an image, components interleaved by sample, without colour transform.

    Parameters
    ----------
    pixels
        ``(rows, columns)`` or ``(rows, columns, 3)``, uint8 or uint16, contiguous.
    near
        Largest error of a sample; 0 is lossless.
    """
    import imagecodecs

    return _without_spiff(bytes(imagecodecs.jpegls_encode(pixels, level=near)))


def _without_spiff(stream: bytes) -> bytes:
    """Leave out the SPIFF header that CharLS puts in front.

    DICOM has all it says elsewhere, and some decoders expect the frame header right after SOI.
    """
    kept, start = [_SOI], 2
    for marker, _, end in _segments(stream):
        if marker != _APP8:
            kept.append(stream[start:end])
        start = end
    return b"".join([*kept, stream[start:]])


def decode(stream: Stream, shape: FrameShape) -> Pixels:
    """Decode a stream; returns ``(rows, columns)`` or ``(rows, columns, 3)``.

    Raises
    ------
    CodecError
        The stream is damaged, cut off, or not of that size and format.
    """
    import imagecodecs

    data = bytes(stream)
    header = read_header(data)
    shape.check(header.rows, header.columns, header.samples, header.bits)
    try:
        pixels: Pixels = imagecodecs.jpegls_decode(_up_to_end(data))
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"the JPEG-LS stream cannot be decoded: {error}") from error
    return pixels


def _up_to_end(stream: bytes) -> bytes:
    """Return the stream without what follows EOI.

    CharLS stops at a marker; where the bytes just end it can count through 2 ** 32 missing bits
    before it gives up (2.4.3, `decoder_strategy::fill_read_cache`).
    """
    end = stream.rfind(_EOI)
    if end < 0:
        raise CodecError("the JPEG-LS stream has no end (EOI)")
    return stream[: end + len(_EOI)]
