# SPDX-License-Identifier: Apache-2.0
"""Image file directories of an NDPI file: classic TIFF with 64-bit offsets.

The signature is that of a 32-bit TIFF, yet the offset of the first directory has eight bytes, and
so has the one behind the entries of each. After it come four bytes for each entry: the high word
of its value, or of the place of its value. Readers that do not know this see small files right
and large ones wrong. tifffile knows it, but goes by the extension of the file; so the few tags
that matter are read here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from dicomizer.errors import CorruptSourceError
from dicomizer.sources.base import AnotherFormat
from dicomizer.sources.ndpi.tags import Tag

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Value = tuple[float, ...] | str


_DEFERRED = frozenset({Tag.STARTS, Tag.STARTS_HIGH})
_KNOWN = frozenset(Tag)
_LAYOUTS = {
    1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 6: "b", 7: "s", 8: "h", 9: "i", 10: "ii", 11: "f",
    12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q",
}  # fmt: skip
"""Of a value of each field type (TIFF 6.0 section 2, BigTIFF)."""
_TEXT = frozenset({2, 7})
_WIDENED = {4: "<Q", 9: "<q", 13: "<Q"}
"""Types whose single value has the high word as well."""
_PLAUSIBLE_MPP = (0.02, 200.0)
"""From the finest scan to the coarsest macro image."""
_MOST_DIRECTORIES = 4096
_MOST_ENTRIES = 1024
_MOST_BYTES = 1 << 20
"""Of a value that is read at once."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A row of whole numbers in the file, to be read when needed.

    Parameters
    ----------
    layout
        Of one number, for numpy.
    """

    offset: int
    count: int
    layout: str


@dataclass(frozen=True, slots=True)
class NdpiDirectory:
    """One image of an NDPI file.

    Parameters
    ----------
    values
        Of known tags: text, or numbers of which a rational has two.
    extents
        Of the tags for restart intervals.
    """

    index: int
    values: dict[int, Value] = field(repr=False)
    extents: dict[int, Extent] = field(repr=False)

    @property
    def place(self) -> str:
        """How an error message names this directory."""
        return f"directory {self.index}"

    def number(self, tag: Tag) -> float | None:
        """Return a single number, or ``None`` where there is none."""
        value = self.values.get(tag)
        return value[0] if isinstance(value, tuple) and len(value) == 1 else None

    def whole(self, tag: Tag) -> int | None:
        """Return a single whole number, or ``None`` where there is none."""
        value = self.number(tag)
        return None if value is None or value % 1 else int(value)

    def text(self, tag: int) -> str:
        """Return text without padding; empty where there is none."""
        value = self.values.get(tag)
        return value if isinstance(value, str) else ""

    @property
    def mpp(self) -> tuple[float, float] | None:
        """Micrometres per pixel, horizontal and vertical; ``None`` where they are not told."""
        per_unit = {2: 25_400.0, 3: 10_000.0}.get(self.whole(Tag.RESOLUTION_UNIT) or 2)
        found = [self.values.get(tag) for tag in (Tag.X_RESOLUTION, Tag.Y_RESOLUTION)]
        pairs = [item for item in found if isinstance(item, tuple) and len(item) == 2]
        if per_unit is None or len(pairs) != 2 or not all(a > 0 and b > 0 for a, b in pairs):
            return None
        x, y = (per_unit * denominator / numerator for numerator, denominator in pairs)
        least, most = _PLAUSIBLE_MPP
        return (x, y) if least <= min(x, y) and max(x, y) <= most else None


def read_directories(file: BinaryIO, path: Path) -> tuple[NdpiDirectory, ...]:
    """Read all directories.

    Raises
    ------
    AnotherFormat
        The file is no NDPI: no little-endian TIFF, or its first directory has no tag 65420.
    CorruptSourceError
        The chain of directories leaves the file or runs in a circle, or a value lies outside.
    """
    header = _read(file, 0, 12)
    if len(header) < 12 or header[:4] != b"II*\0":
        raise AnotherFormat("no little-endian TIFF signature")
    (offset,) = struct.unpack_from("<Q", header, 4)
    if Tag.FORMAT not in {entry.tag for entry in _entries(file, offset)}:
        raise AnotherFormat(f"the first directory has no tag {Tag.FORMAT}")
    directories: list[NdpiDirectory] = []
    seen: set[int] = set()
    while offset:
        if offset in seen or len(seen) >= _MOST_DIRECTORIES:
            raise CorruptSourceError("the directories form a circle", file=path)
        seen.add(offset)
        reader = _DirectoryReader(file, path, len(directories))
        directories.append(reader.directory(offset))
        offset = reader.next_offset(offset)
    return tuple(directories)


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of a directory; ``value`` has eight bytes, the high word last."""

    tag: int
    kind: int
    count: int
    value: bytes

    @property
    def length(self) -> int:
        """Bytes of the value."""
        return self.count * struct.calcsize("<" + _LAYOUTS.get(self.kind, "B"))

    @property
    def is_inline(self) -> bool:
        """Whether the value is in the entry; text never is, however short."""
        return self.length <= 4 and self.kind not in _TEXT

    @property
    def offset(self) -> int:
        """Where the value is, if not in the entry."""
        return int.from_bytes(self.value, "little")


def _entries(file: BinaryIO, offset: int) -> list[_Entry]:
    """Read the entries of a directory; none where the file does not hold it whole."""
    count = int.from_bytes(_read(file, offset, 2), "little")
    if not 0 < count <= _MOST_ENTRIES:
        return []
    data = _read(file, offset + 2, 16 * count + 8)
    if len(data) < 16 * count + 8:
        return []
    high = 12 * count + 8
    return [
        _Entry(tag, kind, number, value + data[high + 4 * index : high + 4 * index + 4])
        for index, (tag, kind, number, value) in enumerate(
            struct.iter_unpack("<HHI4s", data[: 12 * count])
        )
    ]


def _read(file: BinaryIO, offset: int, length: int) -> bytes:
    """Read as much of ``length`` bytes as the file holds."""
    try:
        file.seek(offset)
        return file.read(length)
    except (OSError, ValueError, OverflowError):
        return b""


class _DirectoryReader:
    """Reads one directory, naming it in errors."""

    def __init__(self, file: BinaryIO, path: Path, index: int) -> None:
        self._file = file
        self._path = path
        self._index = index
        self._end = file.seek(0, 2)

    def next_offset(self, offset: int) -> int:
        """Return where the directory after the one at ``offset`` is; 0 after the last."""
        count = int.from_bytes(_read(self._file, offset, 2), "little")
        return int.from_bytes(_read(self._file, offset + 2 + 12 * count, 8), "little")

    def directory(self, offset: int) -> NdpiDirectory:
        """Read the directory at ``offset``."""
        entries = _entries(self._file, offset)
        if not entries:
            raise self._corrupt(f"found no image directory at byte {offset}")
        barcodes = range(Tag.BARCODE, Tag.BARCODE + 8)
        known = [entry for entry in entries if entry.tag in _KNOWN or entry.tag in barcodes]
        return NdpiDirectory(
            self._index,
            values=dict(self._values(item for item in known if item.tag not in _DEFERRED)),
            extents={item.tag: self._extent(item) for item in known if item.tag in _DEFERRED},
        )

    def _values(self, entries: Iterator[_Entry]) -> Iterator[tuple[int, Value]]:
        for entry in entries:
            layout = _LAYOUTS.get(entry.kind)
            if layout is None or entry.count == 0 or entry.length > _MOST_BYTES:
                continue
            data = self._data(entry)
            if entry.kind in _TEXT:
                yield entry.tag, data.split(b"\0")[0].decode("utf-8", "replace").strip()
            elif entry.count == 1 and entry.kind in _WIDENED:
                yield entry.tag, struct.unpack(_WIDENED[entry.kind], _widened(entry))
            else:
                numbers = entry.count * len(layout)
                yield entry.tag, struct.unpack(f"<{numbers}{layout[0]}", data)

    def _data(self, entry: _Entry) -> bytes:
        if entry.is_inline:
            return entry.value[: entry.length]
        self._check(entry)
        return _read(self._file, entry.offset, entry.length)

    def _extent(self, entry: _Entry) -> Extent:
        layout = {4: "<u4", 16: "<u8"}.get(entry.kind)
        if layout is None or entry.is_inline:
            return Extent(0, 0, "<u4")
        self._check(entry)
        return Extent(entry.offset, entry.count, layout)

    def _check(self, entry: _Entry) -> None:
        end = entry.offset + entry.length
        if end > self._end:
            raise self._corrupt(
                f"the value of tag {entry.tag} ends at byte {end}, the file at byte {self._end}"
            )

    def _corrupt(self, problem: str) -> CorruptSourceError:
        return CorruptSourceError(
            problem,
            file=self._path,
            place=f"directory {self._index}",
            remedy="the file is cut short or damaged; copy it again",
        )


def _widened(entry: _Entry) -> bytes:
    """Return eight bytes of a single value; a negative one has its sign in the low word."""
    is_negative = entry.kind == 9 and entry.value[3] >= 0x80 and not any(entry.value[4:])
    return entry.value[:4] + b"\xff" * 4 if is_negative else entry.value
