# SPDX-License-Identifier: Apache-2.0
"""A ZIP archive that is written as its files are read, and whose length is known beforehand.

Files are stored as they are: pixels are compressed already. The check sum of a file is known once
it has been read, so that it follows the file in a data descriptor. What is larger than 4 GiB, or
lies behind them, is told by the extra fields of ZIP64.

References
----------
APPNOTE.TXT 6.3.10 of PKWARE, 4.3 (records), 4.4.4 (flags), 4.5.3 (ZIP64)
"""

from __future__ import annotations

import struct
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ZIP = "application/zip"
_MOST_32, _MOST_16 = 0xFFFFFFFF, 0xFFFF
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_PLAIN, _ZIP64 = 20, 45
"""Version that is needed to extract: 2.0, or 4.5 for ZIP64."""
_UNIX = 3 << 8
_FLAGS = 1 << 3 | 1 << 11
"""The check sum follows; names are UTF-8."""
_READABLE_FILE = 0o100644 << 16
_SIZES_64 = 16
_EARLIEST = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class ZippedFile:
    """A file of an archive.

    Parameters
    ----------
    modified
        Seconds since 1970; told in the archive as UTC, for want of a zone.
    length
        Bytes that ``pieces`` add up to.
    """

    name: str
    modified: int
    length: int
    pieces: Iterable[bytes]

    @property
    def is_large(self) -> bool:
        """Whether its length does not fit 32 bits."""
        return self.length >= _MOST_32


def zip_length(files: Sequence[ZippedFile]) -> int:
    """Return the bytes of an archive."""
    begin = sum(map(_length_with_header, files))
    directory = sum(map(len, _directory(files, [0] * len(files))))
    return begin + directory + len(_end(len(files), begin, directory))


def zip_pieces(files: Sequence[ZippedFile]) -> Iterator[bytes]:
    """Yield an archive.

    Raises
    ------
    ValueError
        A file has other bytes than it said: the archive must not end as if it were whole.
    """
    sums = []
    for file in files:
        yield _local_header(file)
        crc = length = 0
        for piece in file.pieces:
            crc = zlib.crc32(piece, crc)
            length += len(piece)
            yield piece
        if length != file.length:
            raise ValueError(f"{file.name} has {length} bytes, expected {file.length}")
        yield _descriptor(file, crc)
        sums.append(crc)
    entries = list(_directory(files, sums))
    yield from entries
    yield _end(len(files), sum(map(_length_with_header, files)), sum(map(len, entries)))


def _length_with_header(file: ZippedFile) -> int:
    return len(_local_header(file)) + file.length + len(_descriptor(file, 0))


def _local_header(file: ZippedFile) -> bytes:
    name = file.name.encode()
    extra = struct.pack("<2H2Q", 1, _SIZES_64, 0, 0) if file.is_large else b""
    version = _ZIP64 if file.is_large else _PLAIN
    told, day = _dos_time(file.modified)
    lengths = (len(name), len(extra))
    head = _LOCAL.pack(b"PK\x03\x04", version, _FLAGS, 0, told, day, 0, 0, 0, *lengths)
    return head + name + extra


def _descriptor(file: ZippedFile, crc: int) -> bytes:
    form = "<4sL2Q" if file.is_large else "<4s3L"
    return struct.pack(form, b"PK\x07\x08", crc, file.length, file.length)


def _directory(files: Sequence[ZippedFile], sums: Sequence[int]) -> Iterator[bytes]:
    offset = 0
    for file, crc in zip(files, sums, strict=True):
        yield _entry(file, crc, offset)
        offset += _length_with_header(file)


def _entry(file: ZippedFile, crc: int, offset: int) -> bytes:
    name = file.name.encode()
    large = [file.length, file.length] * file.is_large + [offset] * (offset >= _MOST_32)
    extra = struct.pack(f"<2H{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    version = _ZIP64 if large else _PLAIN
    told, day = _dos_time(file.modified)
    length = min(file.length, _MOST_32)
    return (
        _CENTRAL.pack(
            *(b"PK\x01\x02", _UNIX | version, version, _FLAGS, 0, told, day, crc, length, length),
            *(len(name), len(extra), 0, 0, 0, _READABLE_FILE, min(offset, _MOST_32)),
        )
        + name
        + extra
    )


def _end(count: int, begin: int, length: int) -> bytes:
    """Return what ends an archive whose directory begins at a byte and has a length."""
    told = min(count, _MOST_16)
    sizes = (min(length, _MOST_32), min(begin, _MOST_32))
    end = _END.pack(b"PK\x05\x06", 0, 0, told, told, *sizes, 0)
    if told < _MOST_16 and max(sizes) < _MOST_32:
        return end
    rest = _END_64.size - 12
    whole = (rest, _UNIX | _ZIP64, _ZIP64, 0, 0, count, count, length, begin)
    end_64 = _END_64.pack(b"PK\x06\x06", *whole)
    return end_64 + _LOCATOR_64.pack(b"PK\x06\x07", 0, begin + length, 1) + end


def _dos_time(seconds: int) -> tuple[int, int]:
    """Return time and date as MS-DOS told them: to two seconds, from 1980 on."""
    year, month, day, hour, minute, second = max(time.gmtime(seconds)[:6], _EARLIEST)
    return hour << 11 | minute << 5 | second // 2, min(year - 1980, 127) << 9 | month << 5 | day
