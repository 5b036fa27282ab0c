# SPDX-License-Identifier: Apache-2.0
"""Where the directories of a TIFF stand, found before any parser reads them.

A lenient parser takes a cut file for one with fewer levels; here the chain is walked first, so
that it cannot. SubIFDs, the other place of directories, are found on the way.

References
----------
TIFF 6.0 section 2; TIFF Technical Note 1 (SubIFDs)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from dicomizer.errors import CorruptSourceError
from dicomizer.sources.base import AnotherFormat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOST_DIRECTORIES = 4096
_MOST_SUBDIRECTORIES = 64
_SUB_IFDS = 330
_NDPI_FORMAT_FLAG = 65420
_TYPE_BYTES = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
    16: 8, 17: 8, 18: 8,
}  # fmt: skip
"""Size of a value of each field type (TIFF 6.0 section 2, BigTIFF)."""
_OFFSET_TYPES = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}


@dataclass(frozen=True, slots=True)
class Link:
    """A directory, still to be parsed.

    Parameters
    ----------
    offset
        Where it stands in the file.
    tags
        Numbers of its fields.
    subdirectories
        Its SubIFDs; those of a SubIFD are not followed.
    """

    offset: int
    tags: frozenset[int]
    subdirectories: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A field of a directory; ``where`` is the position of its values in the file."""

    tag: int
    kind: int
    count: int
    where: int

    @property
    def length(self) -> int:
        return _TYPE_BYTES.get(self.kind, 1) * self.count


def read_chain(file: BinaryIO, path: Path) -> tuple[Link, ...]:
    """Find all directories of a TIFF.

    Raises
    ------
    Refusal
        The file is no TIFF, or one by Hamamatsu, whose offsets are no plain TIFF's.
    CorruptSourceError
        The chain leaves the file or runs in a circle, or values lie outside the file.
    """
    return _Walk(file, path).links()


class _Walk:
    """One walk through the directories of a file."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self._end = file.seek(0, 2)
        if _is_ndpi(file):
            raise AnotherFormat("the first directory has the layout of Hamamatsu NDPI")
        self._order, self._is_big, self._first = _read_signature(file)
        self._seen: set[int] = set()

    def links(self) -> tuple[Link, ...]:
        links: list[Link] = []
        offset = self._first
        while offset:
            place = f"directory {len(links)} at byte {offset}"
            entries, following = self._directory(offset, place)
            links.append(Link(offset, _tags(entries), self._subdirectories(entries, place)))
            offset = following
        if not links:
            raise CorruptSourceError(
                "the file has no image directory", file=self._path, remedy="copy it again"
            )
        return tuple(links)

    def _directory(self, offset: int, place: str) -> tuple[list[_Entry], int]:
        """Return the entries of a directory, checked, and the offset of the next one."""
        if offset in self._seen or len(self._seen) >= _MOST_DIRECTORIES:
            raise CorruptSourceError("the directories form a circle", file=self._path)
        self._seen.add(offset)
        counter, link = ("Q", "Q") if self._is_big else ("H", "I")
        (count,) = self._read(offset, counter, place)
        first = offset + struct.calcsize(counter)
        behind = first + count * (20 if self._is_big else 12)
        entries = list(self._entries(first, count))
        self._check_values(entries, place)
        (following,) = self._read(behind, link, place)
        return entries, following

    def _entries(self, first: int, count: int) -> Iterator[_Entry]:
        layout = f"{self._order}HHQQ" if self._is_big else f"{self._order}HHII"
        size, inline = struct.calcsize(layout), 8 if self._is_big else 4
        self._file.seek(first)
        data = self._file.read(min(count * size, max(self._end - first, 0)))
        whole = data[: len(data) // size * size]
        for number, (tag, kind, values, where) in enumerate(struct.iter_unpack(layout, whole)):
            entry = _Entry(tag, kind, values, where)
            if entry.length <= inline:
                entry = _Entry(tag, kind, values, first + number * size + size - inline)
            yield entry

    def _check_values(self, entries: list[_Entry], place: str) -> None:
        """Check that the values lie in the file; the parser drops those that do not."""
        for entry in entries:
            if entry.where + entry.length > self._end:
                raise CorruptSourceError(
                    f"a value ends at byte {entry.where + entry.length}, "
                    f"the file at byte {self._end}",
                    file=self._path,
                    place=place,
                    remedy="the file is cut short; copy it again",
                )

    def _subdirectories(self, entries: list[_Entry], place: str) -> tuple[Link, ...]:
        offsets = [
            offset
            for entry in entries
            if entry.tag == _SUB_IFDS and entry.kind in _OFFSET_TYPES
            for offset in self._offsets(entry, place)
        ]
        return tuple(
            Link(offset, _tags(self._directory(offset, f"{place}, SubIFD {number}")[0]))
            for number, offset in enumerate(offsets)
        )

    def _offsets(self, entry: _Entry, place: str) -> tuple[int, ...]:
        if entry.count > _MOST_SUBDIRECTORIES:
            raise CorruptSourceError(
                f"found {entry.count} SubIFDs, expected {_MOST_SUBDIRECTORIES} at most",
                file=self._path,
                place=place,
            )
        return self._read(entry.where, f"{entry.count}{_OFFSET_TYPES[entry.kind]}", place)

    def _read(self, offset: int, layout: str, place: str) -> tuple[int, ...]:
        size = struct.calcsize(self._order + layout)
        try:
            self._file.seek(offset)
            data = self._file.read(size)
        except (OSError, ValueError, OverflowError):
            data = b""
        if len(data) < size:
            raise CorruptSourceError(
                "found the end of the file, expected an image directory",
                file=self._path,
                place=place,
                remedy="the file is cut short or damaged; copy it again",
            )
        return struct.unpack(self._order + layout, data)


def _tags(entries: list[_Entry]) -> frozenset[int]:
    return frozenset(entry.tag for entry in entries)


def _read_signature(file: BinaryIO) -> tuple[str, bool, int]:
    """Return the byte order, whether it is BigTIFF, and the first directory's offset."""
    file.seek(0)
    header = file.read(16).ljust(16, b"\0")
    order = {b"II": "<", b"MM": ">"}.get(header[:2])
    version = struct.unpack_from(f"{order}H", header, 2)[0] if order else None
    if order and version == 42:
        return order, False, struct.unpack_from(f"{order}I", header, 4)[0]
    if order and version == 43:
        return order, True, struct.unpack_from(f"{order}Q", header, 8)[0]
    raise AnotherFormat("no TIFF signature")


def _is_ndpi(file: BinaryIO) -> bool:
    """Tell whether the first directory is Hamamatsu's, found by an offset of 64 bits.

    In a file over 4 GiB an offset of 32 bits would lead astray, and the file be taken for broken.
    """
    file.seek(0)
    header = file.read(12)
    if len(header) < 12 or header[:4] != b"II*\0":
        return False
    (offset,) = struct.unpack_from("<Q", header, 4)
    if offset >= file.seek(0, 2):
        return False
    file.seek(offset)
    count = int.from_bytes(file.read(2), "little")
    data = file.read(count * 12)
    return any(
        struct.unpack_from("<H", data, start)[0] == _NDPI_FORMAT_FLAG
        for start in range(0, len(data) - 11, 12)
    )
