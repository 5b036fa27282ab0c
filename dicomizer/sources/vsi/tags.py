# SPDX-License-Identifier: Apache-2.0
"""The tree of tags that a .vsi file keeps behind its TIFF header.

Nothing of it is published; what is read here is what independent readers agree on. A volume is a
header and a chain of fields; a field has a tag, perhaps an index, and a value or a volume.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError
from dicomizer.sources.base import AnotherFormat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_VOLUME = struct.Struct("<HHIqII")
_FIELD = struct.Struct("<IiiI")
_START = 8
_MAGIC = (24, 21321)
_HAS_INDEX, _IS_EXTENDED, _IS_INLINE = 0x08000000, 0x10000000, 0x40000000
_VOLUME_TYPES = frozenset({0, 1, 2})
_TEXT_TYPES = frozenset({13, 8192, 8194})
_NUMBERS = {
    1: "b", 2: "B", 3: "h", 4: "H", 5: "i", 6: "I", 7: "q", 8: "Q", 9: "f", 10: "d", 12: "B",
    256: "i", 257: "i", 258: "i", 259: "i", 260: "d", 261: "d", 262: "d", 263: "d", 267: "i",
    268: "d", 269: "B", 270: "B", 8195: "i", 8199: "i", 8200: "i",
}  # fmt: skip
"""Type of a value to the layout of each of its numbers."""
_LARGEST_FILE = 256 << 20
_MOST_FIELDS = 1 << 18
_DEEPEST = 32

Number = int | float


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the tree.

    Parameters
    ----------
    index
        Tells fields of the same tag apart, such as channels; ``None`` where it has none.
    value
        Numbers, or a text; ``None`` for a volume and for types that nobody can read.
    fields
        Of its volume.
    """

    tag: int
    index: int | None
    value: tuple[Number, ...] | str | None
    fields: tuple[Field, ...] = ()

    def all(self, tag: int) -> Iterator[Field]:
        """Yield the fields of a tag right below this one."""
        return (field for field in self.fields if field.tag == tag)

    def first(self, *tags: int) -> Field | None:
        """Return the first field at the end of a path of tags."""
        field: Field | None = self
        for tag in tags:
            field = next(field.all(tag), None) if field else None
        return field

    def numbers(self, *tags: int) -> tuple[Number, ...]:
        """Return the numbers at the end of a path of tags; none where it is absent."""
        field = self.first(*tags)
        return field.value if field and isinstance(field.value, tuple) else ()

    def text(self, *tags: int) -> str:
        """Return the text at the end of a path of tags; empty where it is absent."""
        field = self.first(*tags)
        return field.value.strip() if field and isinstance(field.value, str) else ""

    def walk(self) -> Iterator[Field]:
        """Yield this field and all below it."""
        yield self
        for field in self.fields:
            yield from field.walk()


def read_tags(path: Path) -> Field:
    """Read the tree; its root has no tag of its own.

    Raises
    ------
    Refusal
        There is no such tree in the file.
    CorruptSourceError
        The tree contradicts itself.
    """
    with path.open("rb") as file:
        head = file.read(_START + _VOLUME.size)
        if head[:4] != b"II*\0" or len(head) < _START + _VOLUME.size:
            raise AnotherFormat("no TIFF signature")
        if _VOLUME.unpack_from(head, _START)[:2] != _MAGIC:
            raise AnotherFormat("no volume of tags behind the TIFF header")
        data = head + file.read(_LARGEST_FILE)
    try:
        return Field(0, None, None, _Tree(data).volume(_START, 0))
    except (struct.error, ValueError) as error:
        raise CorruptSourceError(
            f"the tags cannot be read: {error}",
            file=path,
            remedy="the file is damaged; copy it again",
        ) from error


class _Tree:
    """Reads volumes out of the file's bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._fields = 0

    def volume(self, start: int, depth: int) -> tuple[Field, ...]:
        *magic, _, first, flags, _ = _VOLUME.unpack_from(self._data, start)
        if tuple(magic) != _MAGIC or first < 0 or depth > _DEEPEST:
            raise ValueError(f"found no volume at byte {start}")
        fields = []
        position = start + first
        for _ in range(flags & 0x0FFFFFFF):
            following, field = self._field(position, depth)
            fields.append(field)
            if following <= 0:
                break
            if start + following <= position:
                raise ValueError(f"the field at byte {position} is followed by one before it")
            position = start + following
        return tuple(fields)

    def _field(self, position: int, depth: int) -> tuple[int, Field]:
        """Return where the next field is, from the start of the volume, and this field."""
        self._fields += 1
        if self._fields > _MOST_FIELDS:
            raise ValueError(f"there are more than {_MOST_FIELDS} fields")
        flags, tag, following, size = _FIELD.unpack_from(self._data, position)
        position += _FIELD.size
        index, kind = None, flags & 0xFFFFFF
        if flags & _HAS_INDEX:
            (index,) = struct.unpack_from("<i", self._data, position)
            position += 4
        if flags & _IS_EXTENDED:
            fields = self.volume(position, depth + 1) if kind in _VOLUME_TYPES else ()
            return following, Field(tag, index, None, fields)
        if flags & _IS_INLINE:
            value = _value(kind, struct.pack("<I", size))
        else:
            value = _value(kind, self._data[position : position + size])
        return following, Field(tag, index, value)


def _value(kind: int, data: bytes) -> tuple[Number, ...] | str | None:
    if kind in _TEXT_TYPES:
        return data.decode("utf-16-le", "replace").split("\0")[0]
    layout = _NUMBERS.get(kind)
    if layout is None:
        return None
    count = len(data) // struct.calcsize(layout)
    return struct.unpack_from(f"<{count}{layout}", data)
