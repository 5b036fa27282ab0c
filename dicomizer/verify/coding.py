# SPDX-License-Identifier: Apache-2.0
"""Whether two coded frames are the same scans, whatever else stands in their headers.

A conversion completes headers: it adds tables that a slide file keeps elsewhere, and a marker that
says what the colours are. It never touches what decides on the pixels: tables, sampling, restart
intervals, the entropy-coded data, and how a decoder takes the colours.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from dicomizer.pixels.codecs import jpeg, jpeg2000, jpegxl
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.slide import Compression

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOS, _DQT, _DHT, _DRI = 0xDA, 0xDB, 0xC4, 0xDD
_RECOMPRESSIONS = (
    (Compression.JPEG, Compression.JPEG_XL_OF_JPEG),
    (Compression.JPEG_XL_OF_JPEG, Compression.JPEG),
)


class Sameness(Enum):
    """How two coded frames stand to each other."""

    SAME = "same"
    RESTORED = "restored"
    """The JPEG streams in them are the same."""
    OTHER = "other"


def is_comparable(source: Compression, stored: Compression) -> bool:
    """Tell whether two codings can be the same without decoding pixels."""
    return source is stored or (source, stored) in _RECOMPRESSIONS


def compare_coded(
    source: bytes, stored: bytes, source_coding: Compression, stored_coding: Compression
) -> Sameness:
    """Compare a frame as the slide yields it with one as the DICOM holds it.

    Parameters
    ----------
    source_coding, stored_coding
        For which `is_comparable` is true.
    """
    if source_coding is not stored_coding:
        same = _jpeg_within(source, source_coding) == _jpeg_within(stored, stored_coding)
        return Sameness.RESTORED if same else Sameness.OTHER
    if is_padded(source, stored):
        return Sameness.SAME
    if source_coding is Compression.JPEG and _is_same_jpeg(source, stored):
        return Sameness.SAME
    if source_coding in (Compression.JPEG_2000, Compression.HTJ2K):
        return _compare_codestreams(source, stored)
    return Sameness.OTHER


def is_padded(frame: bytes, stored: bytes) -> bool:
    """Tell whether stored bytes are those of a frame, made even by one of 0 (PS3.5 A.4)."""
    if stored == frame:
        return True
    is_longer = len(stored) == len(frame) + 1 and len(stored) % 2 == 0
    return is_longer and stored[-1] == 0 and stored.startswith(frame)


def _compare_codestreams(source: bytes, stored: bytes) -> Sameness:
    """Compare without the boxes of a file format around them, which DICOM forbids."""
    try:
        same = is_padded(bytes(jpeg2000.codestream(source)), bytes(jpeg2000.codestream(stored)))
    except CodecError:
        return Sameness.OTHER
    return Sameness.SAME if same else Sameness.OTHER


def _jpeg_within(frame: bytes, coding: Compression) -> bytes | None:
    """Return a JPEG stream from SOI to EOI; ``None`` where there is none."""
    try:
        stream = jpegxl.restore(frame) if coding is Compression.JPEG_XL_OF_JPEG else frame
        end = jpeg.end_of_image(stream, jpeg.read_header(stream).length)
    except (CodecError, jpeg.JpegError):
        return None
    return None if end is None else stream[:end]


def _is_same_jpeg(source: bytes, stored: bytes) -> bool:
    try:
        ours, theirs = jpeg.read_header(source), jpeg.read_header(stored)
        if list(_deciding(ours)) != list(_deciding(theirs)):
            return False
    except (jpeg.JpegError, IndexError):
        return False
    ends = jpeg.end_of_image(source, ours.length), jpeg.end_of_image(stored, theirs.length)
    return source[ours.length : ends[0]] == stored[theirs.length : ends[1]]


def _deciding(header: jpeg.JpegHeader) -> Iterator[object]:
    """Yield what of a header decides on the pixels, component identifiers left aside."""
    frame = header.frame
    yield frame.process, frame.precision, frame.height, frame.width
    yield [factors for _, *factors in frame.sampling]
    yield jpeg.decoder_takes_for_ycbcr(header.segments, frame)
    tables: dict[tuple[int, int], bytes] = {}
    for segment in header.segments:
        tables |= dict(_tables(segment))
    yield tables
    yield [segment.payload for segment in header.segments if segment.marker == _DRI]
    yield [_selectors(item) for item in header.segments if item.marker in (_SOS, frame.process)]


def _tables(segment: jpeg.Segment) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Yield the tables of a segment by marker and destination; later ones replace earlier."""
    payload = segment.payload
    while segment.marker in (_DQT, _DHT) and payload:
        if segment.marker == _DQT:
            length = 1 + 64 * (2 if payload[0] >> 4 else 1)
        else:
            length = 17 + sum(payload[1:17])
        yield (segment.marker, payload[0]), payload[1:length]
        payload = payload[length:]


def _selectors(segment: jpeg.Segment) -> bytes:
    """Return the tables that each component of a frame or scan header names, and what follows."""
    payload = segment.payload
    if segment.marker == _SOS:
        end = 1 + 2 * payload[0]
        return payload[2:end:2] + payload[end:]
    return payload[8 : 6 + 3 * payload[5] : 3]
