# SPDX-License-Identifier: Apache-2.0
"""Positions of sparse frames, read from the bytes of their functional groups.

A parsed item takes pydicom 0.3 ms and 9 kB; for a sparse slide of 100,000 frames that is half a
minute and a gigabyte. So the sequence is cut out before the dataset is parsed, all of it but the
first item, and the few values that are needed are found in it by their encoded headers. Where
that does not give one value for each frame, all is parsed as usual.

References
----------
PS3.3 C.8.12.6.1 (Plane Position (Slide)), C.8.12.6.2 (Optical Path Identification), PS3.5 7.5
"""

from __future__ import annotations

import io
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np

from dicomizer.dicom.schema.read_values import first, number, text, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

_SEARCHED = 64 << 20
_CUT_LIMIT = 128 << 20
"""Bytes of a sequence; 400 for each of 330,000 frames."""
_CHUNK = 1 << 20
_SEQUENCE = re.compile(rb"\x00\x52\x30\x92SQ\0\0(....)", re.DOTALL)
"""Per-Frame Functional Groups Sequence (5200,9230), explicit VR little endian."""
_PIXEL_DATA = re.compile(rb"\xe0\x7f\x10\x00O[BW]\0\0")
_END = b"\xfe\xff\xdd\xe0\0\0\0\0\xe0\x7f"
"""The delimiter of a sequence before group 7FE0, which follows all functional groups."""
_UNDEFINED = b"\xff\xff\xff\xff"
_ITEM = b"\xfe\xff\x00\xe0"
_COLUMN = re.compile(rb"\x48\x00\x1e\x02SL\x04\0(....)", re.DOTALL)
_ROW = re.compile(rb"\x48\x00\x1f\x02SL\x04\0(....)", re.DOTALL)
_Z_UM = re.compile(rb"\x40\x00\x4a\x07DS([\x00-\x10])\0")
_PATH = re.compile(rb"\x48\x00\x06\x01SH([\x00-\x10])\0")


@dataclass(frozen=True, slots=True)
class FramePositions:
    """Where frames are.

    Parameters
    ----------
    columns, rows
        ``(frames,)`` int32; of the top left pixel in the total pixel matrix, from 1.
    z_um
        Height of the focal plane of each.
    paths
        Identifier of the optical path of each; ``None`` where the frame does not say.
    """

    columns: NDArray[np.int32]
    rows: NDArray[np.int32]
    z_um: Sequence[float]
    paths: Sequence[str | None]

    def __len__(self) -> int:
        return len(self.columns)


def positions_of(items: Sequence[Dataset]) -> FramePositions | None:
    """Return the positions in parsed items; ``None`` where one of them has none."""
    planes = [first(item, "PlanePositionSlideSequence") for item in items]
    columns = [whole(plane, "ColumnPositionInTotalImagePixelMatrix") for plane in planes]
    rows = [whole(plane, "RowPositionInTotalImagePixelMatrix") for plane in planes]
    if not items or None in columns or None in rows:
        return None
    identifications = (first(item, "OpticalPathIdentificationSequence") for item in items)
    return FramePositions(
        np.array(columns, dtype=np.int32),
        np.array(rows, dtype=np.int32),
        [number(plane, "ZOffsetInSlideCoordinateSystem") or 0.0 for plane in planes],
        [text(item, "OpticalPathIdentifier", "SH") for item in identifications],
    )


def cut_positions(file: BinaryIO) -> tuple[BinaryIO, int, FramePositions] | None:
    """Take the positions out of a file.

    Returns
    -------
    rest
        The file without the functional groups of all frames but the first.
    removed
        How many bytes it is shorter, so much nearer is what follows.
    positions
        Of all frames.
    None
        Where the file has no such sequence, or one that must be parsed.
    """
    place = _find(file)
    if place is None:
        return None
    start, end = place
    file.seek(start + 12)
    groups = file.read(end - start - 12)
    positions = _scan(groups)
    if positions is None:
        return None
    file.seek(0)
    head = file.read(start)
    length = 8 + int.from_bytes(groups[4:8], "little")
    if groups[:4] == _ITEM and groups[4:8] != _UNDEFINED and length <= len(groups):
        head += b"\x00\x52\x30\x92SQ\0\0" + length.to_bytes(4, "little") + groups[:length]
    return cast("BinaryIO", _Spliced(head, file, end)), end - len(head), positions


def _find(file: BinaryIO) -> tuple[int, int] | None:
    """Return start and end of the sequence, or ``None`` where there is none."""
    file.seek(128)
    if file.read(4) != b"DICM":
        return None
    file.seek(0)
    head = b""
    while len(head) < _SEARCHED and (more := file.read(_CHUNK)):
        searched = max(len(head) - 16, 0)
        head += more
        found = _SEQUENCE.search(head, searched)
        pixels = _PIXEL_DATA.search(head, searched)
        if found and not (pixels and pixels.start() < found.start()):
            return _bounds(file, found)
        if pixels:
            break
    return None


def _bounds(file: BinaryIO, found: re.Match[bytes]) -> tuple[int, int] | None:
    start = found.start()
    if found[1] != _UNDEFINED:
        end = start + 12 + int.from_bytes(found[1], "little")
        is_within = end - start <= _CUT_LIMIT and end <= file.seek(0, 2)
        return (start, end) if is_within else None
    file.seek(start)
    end = file.read(_CUT_LIMIT).find(_END)
    return (start, start + end + 8) if end >= 0 else None


def _scan(groups: bytes) -> FramePositions | None:
    columns, rows = _COLUMN.findall(groups), _ROW.findall(groups)
    count = len(columns)
    heights = _values(_Z_UM, groups) or [b""] * count
    paths = _values(_PATH, groups) or [b""] * count
    if not count or not len(rows) == len(heights) == len(paths) == count:
        return None
    try:
        z_um = {value: float(value.strip() or b"0") for value in set(heights)}
        names = {value: value.decode("ascii").strip() or None for value in set(paths)}
    except ValueError:
        return None
    if not all(map(math.isfinite, z_um.values())):
        return None
    return FramePositions(
        np.frombuffer(b"".join(columns), "<i4").astype(np.int32),
        np.frombuffer(b"".join(rows), "<i4").astype(np.int32),
        [z_um[value] for value in heights],
        [names[value] for value in paths],
    )


def _values(header: re.Pattern[bytes], groups: bytes) -> list[bytes]:
    """Return what follows each encoded header, as long as it says."""
    return [groups[match.end() : match.end() + match[1][0]] for match in header.finditer(groups)]


class _Spliced(io.RawIOBase):
    """Some bytes, and then a file from a place on."""

    def __init__(self, head: bytes, file: BinaryIO, start: int) -> None:
        self._head, self._file, self._start = head, file, start
        self._size = len(head) + file.seek(0, 2) - start
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._position = offset + (0, self._position, self._size)[whence]
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        size = self._size if size < 0 else size
        data = self._head[self._position : self._position + size]
        beyond = self._position + len(data) - len(self._head)
        if len(data) < size and beyond >= 0:
            self._file.seek(self._start + beyond)
            data += self._file.read(size - len(data))
        self._position += len(data)
        return data
