# SPDX-License-Identifier: Apache-2.0
"""JPEG streams without their pixels: headers read, merged and told apart; scans joined.

A slide file keeps a tile as a stream that may lack its tables and its colour markers. The
functions here make the header of a stream that every decoder understands alike; the
entropy-coded scan behind it is never touched.

References
----------
ITU-T T.81 Annex B (syntax), T.872 (JFIF and Adobe markers), TIFF Technical Note 2 (JPEGTables)
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SOI = b"\xff\xd8"
EOI = b"\xff\xd9"

_SOF0, _DQT, _DHT, _DAC, _SOS, _DRI, _APP0, _APP14 = 0xC0, 0xDB, 0xC4, 0xCC, 0xDA, 0xDD, 0xE0, 0xEE
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {_DHT, _DAC, 0xC8}
_STANDALONE = frozenset(range(0xD0, 0xD9)) | {0x01}
_LARGEST_RESTART_INTERVAL = 0xFFFF
_LARGEST_SIZE = 0xFFFF
_END = re.compile(rb"\xff\xd9")


class JpegError(ValueError):
    """The bytes are no JPEG stream of the kind asked for."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A marker segment.

    Parameters
    ----------
    marker
        Second byte of the marker.
    data
        The whole segment, marker and length included.
    """

    marker: int
    data: bytes

    @property
    def payload(self) -> bytes:
        """The segment behind its length."""
        return self.data[4:]


@dataclass(frozen=True, slots=True)
class JpegFrame:
    """What the frame header (SOF) says.

    Parameters
    ----------
    process
        Second byte of the SOF marker: 0xC0 is baseline.
    sampling
        Identifier, horizontal and vertical sampling factor of each component.
    """

    process: int
    precision: int
    height: int
    width: int
    sampling: tuple[tuple[int, int, int], ...]

    @property
    def is_baseline(self) -> bool:
        """Whether the stream is Baseline sequential DCT with 8 bits."""
        return self.process == _SOF0 and self.precision == 8

    @property
    def is_lossless(self) -> bool:
        """Whether samples are predicted from their neighbours (T.81 Annex H): SOF 3, 7, 11, 15."""
        return self.process & 0x03 == 0x03

    @property
    def mcu_size(self) -> tuple[int, int]:
        """Width and height in pixels of a minimum coded unit of an interleaved scan."""
        return (
            8 * max(horizontal for _, horizontal, _ in self.sampling),
            8 * max(vertical for _, _, vertical in self.sampling),
        )


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """All that stands before the first entropy-coded byte.

    Parameters
    ----------
    length
        Bytes from SOI up to the first entropy-coded byte.
    """

    segments: tuple[Segment, ...]
    frame: JpegFrame
    length: int


def read_header(stream: bytes | memoryview) -> JpegHeader:
    """Read a stream up to its first scan.

    Raises
    ------
    JpegError
        No SOI, a broken segment, or no frame header before the scan.
    """
    segments = []
    length = 0
    for end, segment in _segments(stream):
        segments.append(segment)
        if segment.marker == _SOS:
            length = end
            break
    if not length:
        raise JpegError("found no scan (SOS)")
    frames = [item for item in segments if item.marker in _FRAME_MARKERS]
    if len(frames) != 1:
        raise JpegError(f"found {len(frames)} frame headers (SOF), expected one")
    return JpegHeader(tuple(segments), _frame(frames[0]), length)


def read_tables(stream: bytes) -> tuple[Segment, ...]:
    """Return the segments of an abbreviated stream that holds tables only.

    Raises
    ------
    JpegError
        No SOI, or a broken segment.
    """
    return tuple(segment for _, segment in _segments(stream))


def _segments(stream: bytes | memoryview) -> Iterator[tuple[int, Segment]]:
    """Yield each segment and the position behind it, up to EOI or the end."""
    if bytes(stream[:2]) != SOI:
        raise JpegError(f"found {bytes(stream[:2]).hex() or 'nothing'}, expected SOI (ffd8)")
    position = 2
    while position < len(stream):
        if stream[position] != 0xFF or position + 1 >= len(stream):
            raise JpegError(f"found no marker at byte {position}")
        marker = stream[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == EOI[1]:
            return
        if marker in _STANDALONE:
            raise JpegError(f"found marker ff{marker:02x} at byte {position} before the scan")
        length = int.from_bytes(stream[position + 2 : position + 4], "big")
        end = position + 2 + length
        if length < 2 or end > len(stream):
            raise JpegError(f"segment ff{marker:02x} at byte {position} has no valid length")
        yield end, Segment(marker, bytes(stream[position:end]))
        position = end


def _frame(segment: Segment) -> JpegFrame:
    payload = segment.payload
    if len(payload) < 6 or len(payload) < 6 + 3 * payload[5]:
        raise JpegError("the frame header (SOF) is too short")
    precision, height, width, count = struct.unpack_from(">BHHB", payload)
    sampling = tuple(
        (identifier, factors >> 4, factors & 15)
        for identifier, factors, _ in struct.iter_unpack(">BBB", payload[6 : 6 + 3 * count])
    )
    if not sampling or any(not (1 <= h <= 4 and 1 <= v <= 4) for _, h, v in sampling):
        raise JpegError("the frame header (SOF) has sampling factors outside 1 to 4")
    return JpegFrame(segment.marker, precision, height, width, sampling)


def decoder_takes_for_ycbcr(segments: Sequence[Segment], frame: JpegFrame) -> bool | None:
    """Tell how decoders will read three components, or ``None`` where they differ.

    JFIF means YCbCr, an Adobe marker says what it is; without either most decoders go by the
    component identifiers, and by custom where those are unusual.
    """
    for segment in segments:
        if segment.marker == _APP0 and segment.payload.startswith(b"JFIF\0"):
            return True
        if (transform := _adobe_transform(segment)) is not None:
            return transform != 0
    identifiers = bytes(identifier for identifier, _, _ in frame.sampling)
    return {b"\x01\x02\x03": True, b"RGB": False}.get(identifiers)


def colors_told(header: JpegHeader) -> bool | None:
    """Tell whether three components are YCbCr; ``None`` where no marker says it.

    Identifiers 1, 2, 3 without a marker are what any encoder writes, for RGB too.
    """
    if len(header.frame.sampling) != 3:
        return None
    told = decoder_takes_for_ycbcr(header.segments, header.frame)
    return None if told and not any(map(_tells_colors, header.segments)) else told


def _tells_colors(segment: Segment) -> bool:
    return segment.payload.startswith((b"JFIF\0", b"Adobe"))


def dc_quantisers(segments: Sequence[Segment]) -> Iterator[int]:
    """Yield the first value of each quantisation table (T.81 B.2.4.1)."""
    for segment in segments:
        payload = segment.payload if segment.marker == _DQT else b""
        while len(payload) > 2:
            bytes_each = 2 if payload[0] >> 4 else 1
            yield int.from_bytes(payload[1 : 1 + bytes_each], "big") or 1
            payload = payload[1 + 64 * bytes_each :]


def _adobe_transform(segment: Segment) -> int | None:
    payload = segment.payload
    is_adobe = segment.marker == _APP14 and payload[:5] == b"Adobe" and len(payload) >= 12
    return payload[11] if is_adobe else None


def adobe_marker(*, ycbcr: bool) -> Segment:
    """Return the APP14 segment that says whether three components are YCbCr or RGB."""
    payload = b"Adobe" + struct.pack(">HHHB", 100, 0, 0, 1 if ycbcr else 0)
    return Segment(_APP14, b"\xff\xee" + struct.pack(">H", 2 + len(payload)) + payload)


def complete_header(
    tables: Sequence[Segment], header: JpegHeader, *, ycbcr: bool, height: int | None = None
) -> bytes:
    """Return a header that stands alone and whose colours every decoder reads alike.

    Parameters
    ----------
    tables
        Of the file, for streams abbreviated by them; a stream's own tables come later and win.
    header
        Of the stream.
    ycbcr
        What the three components are, told by the slide file; a marker that says otherwise is
        replaced, and one is added where decoders would differ. Ignored for other than three.
    height
        Replaces the height in the frame header.

    Raises
    ------
    JpegError
        Tables that the scan needs are defined nowhere.
    """
    segments = [*tables, *header.segments]
    for marker, name in ((_DQT, "quantisation"), (_DHT, "Huffman")):
        is_needed = marker != _DQT or not header.frame.is_lossless
        if is_needed and all(item.marker != marker for item in segments):
            raise JpegError(f"found no {name} tables")
    if (
        len(header.frame.sampling) == 3
        and decoder_takes_for_ycbcr(segments, header.frame) is not ycbcr
    ):
        kept = [item for item in segments if item.marker not in (_APP0, _APP14)]
        segments = [adobe_marker(ycbcr=ycbcr), *kept]
    return SOI + b"".join(_with_height(item, height) for item in segments)


def _with_height(segment: Segment, height: int | None) -> bytes:
    if height is None or segment.marker not in _FRAME_MARKERS:
        return segment.data
    return segment.data[:5] + struct.pack(">H", height) + segment.data[7:]


def end_of_image(stream: bytes | memoryview, scan_start: int) -> int | None:
    """Return the position behind EOI, or ``None`` where there is none.

    Bytes behind EOI are padding of the file and no part of the image. Within entropy-coded data
    0xFF is always followed by 0x00 or a restart marker, so that the first EOI is the end.
    """
    if stream[-2:] == EOI:
        return len(stream)
    match = _END.search(stream, scan_start)
    return match.end() if match else None


def join_strips(strips: Sequence[bytes], tables: Sequence[Segment], *, ycbcr: bool) -> bytes:
    """Join strips of one image, each a stream of its own, without decoding.

    A strip begins with predictors of zero, which is what a restart marker makes a decoder do; so
    the scans become restart intervals of one scan.

    Parameters
    ----------
    strips
        From top to bottom; all but the last of one height, a multiple of the MCU's.
    tables
        Of the file, for strips abbreviated by them.
    ycbcr
        As for `complete_header`.

    Raises
    ------
    JpegError
        The strips differ in more than the height of the last, or are not baseline.
    """
    headers = [read_header(strip) for strip in strips]
    first = headers[0]
    height = sum(header.frame.height for header in headers)
    if height > _LARGEST_SIZE:
        raise JpegError(f"{height} rows do not fit 16 bits")
    head = complete_header(tables, first, ycbcr=ycbcr, height=height)
    if len(strips) > 1:
        _check_joinable(headers)
        interval = _restart_interval(first.frame)
        head = _with_restart_interval(head, interval)
    scans = []
    for number, (strip, header) in enumerate(zip(strips, headers, strict=True)):
        end = end_of_image(strip, header.length)
        if end is None:
            raise JpegError(f"strip {number} has no end (EOI)")
        scans += [strip[header.length : end - 2], bytes((0xFF, 0xD0 + number % 8))]
    return b"".join([head, *scans[:-1], EOI])


def restarted_header(header: JpegHeader, *, height: int, ycbcr: bool) -> bytes:
    """Return the header of strips joined, the first of which has the given one.

    Each strip is a restart interval; ``ycbcr`` and errors are as for `join_strips`.
    """
    head = complete_header((), header, ycbcr=ycbcr, height=height)
    return _with_restart_interval(head, _restart_interval(header.frame))


def _check_joinable(headers: Sequence[JpegHeader]) -> None:
    first = headers[0]
    if first.frame.height % first.frame.mcu_size[1]:
        raise JpegError(f"strips of {first.frame.height} rows do not end at whole MCUs")
    for number, header in enumerate(headers):
        same = _shared(header) == _shared(first)
        is_last = number == len(headers) - 1
        if not same or (header.frame.height != first.frame.height and not is_last):
            raise JpegError(f"strip {number} differs from the first")
        if any(item.marker == _DRI for item in header.segments) or not header.frame.is_baseline:
            raise JpegError("strips have restart markers or are not baseline")


def _shared(header: JpegHeader) -> bytes:
    return b"".join(_with_height(item, 1) for item in header.segments)


def _restart_interval(frame: JpegFrame) -> int:
    width, height = frame.mcu_size
    interval = -(-frame.width // width) * (frame.height // height)
    if interval > _LARGEST_RESTART_INTERVAL:
        raise JpegError(f"a restart interval of {interval} MCUs does not fit 16 bits")
    return interval


def _with_restart_interval(head: bytes, interval: int) -> bytes:
    """Insert a DRI segment before the scan header that ends ``head``."""
    scan_header = head.rindex(b"\xff\xda")
    segment = b"\xff\xdd" + struct.pack(">HH", 4, interval)
    return head[:scan_header] + segment + head[scan_header:]
