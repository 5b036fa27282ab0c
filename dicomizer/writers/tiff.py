# SPDX-License-Identifier: Apache-2.0
"""TIFF directories as bytes, classic or big, and the header that points at the first.

References
----------
TIFF Revision 6.0, Section 2 (structure) and Section 15 (tiles); BigTIFF
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_CLASSIC_LIMIT = 0xFFFFFFFF
_ALIGNMENT = 8


class Tag(IntEnum):
    """The fields that are written."""

    IMAGE_WIDTH = 256
    IMAGE_LENGTH = 257
    BITS_PER_SAMPLE = 258
    COMPRESSION = 259
    PHOTOMETRIC_INTERPRETATION = 262
    IMAGE_DESCRIPTION = 270
    STRIP_OFFSETS = 273
    SAMPLES_PER_PIXEL = 277
    ROWS_PER_STRIP = 278
    STRIP_BYTE_COUNTS = 279
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    PLANAR_CONFIGURATION = 284
    RESOLUTION_UNIT = 296
    TILE_WIDTH = 322
    TILE_LENGTH = 323
    TILE_OFFSETS = 324
    TILE_BYTE_COUNTS = 325
    YCBCR_SUBSAMPLING = 530
    ICC_PROFILE = 34675


class Type(Enum):
    """Type of a field's values: its number, and numpy's name for it."""

    ASCII = (2, "u1")
    SHORT = (3, "<u2")
    LONG = (4, "<u4")
    RATIONAL = (5, "<u4")
    UNDEFINED = (7, "u1")
    LONG8 = (16, "<u8")

    @property
    def number(self) -> int:
        """As a directory has it."""
        return self.value[0]

    @property
    def dtype(self) -> str:
        """Of numpy."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Field:
    """An entry of a directory.

    Parameters
    ----------
    values
        As many as the type needs: a rational takes two.
    """

    tag: Tag
    type: Type
    values: bytes | Sequence[int] | NDArray[np.uint64]

    @property
    def count(self) -> int:
        """Number of values as a directory tells it."""
        return len(self.values) // (2 if self.type is Type.RATIONAL else 1)

    def encoded(self) -> bytes:
        """Return the values, little endian."""
        if isinstance(self.values, bytes):
            return self.values
        return np.asarray(self.values).astype(self.type.dtype).tobytes()


@dataclass(frozen=True, slots=True)
class _Form:
    """The widths in which classic and big files differ."""

    header: bytes
    count: str
    entry: str
    offset: str

    @property
    def inline(self) -> int:
        """Bytes of values that fit into an entry."""
        return struct.calcsize(self.offset)


_CLASSIC = _Form(b"II*\0", "<H", "<HHI", "<I")
_BIG = _Form(b"II+\0\x08\0\0\0", "<Q", "<HHQ", "<Q")


def directories(pages: Sequence[Sequence[Field]], start: int) -> tuple[bytes, bytes]:
    """Return directories, one for each page, with their values.

    Parameters
    ----------
    pages
        The fields of each page in order of tags.
    start
        Where the bytes will stand in the file; a multiple of 8.

    Returns
    -------
    data
        What shall stand there.
    header
        What the file begins with: of a BigTIFF where the file is larger than 4 GiB.
    """
    end = start + sum(_page_size(fields, _CLASSIC) for fields in pages)
    form = _CLASSIC if end <= _CLASSIC_LIMIT else _BIG
    data = bytearray()
    for number, fields in enumerate(pages, start=1):
        data += _page(fields, start + len(data), form, is_last=number == len(pages))
    return bytes(data), form.header + struct.pack(form.offset, start)


def _page(fields: Sequence[Field], start: int, form: _Form, *, is_last: bool) -> bytes:
    """Return a directory, the values that do not fit into it, and padding."""
    head = _head_size(fields, form)
    entries, values = bytearray(struct.pack(form.count, len(fields))), bytearray()
    for field in fields:
        value = field.encoded()
        entries += struct.pack(form.entry, field.tag, field.type.number, field.count)
        if len(value) <= form.inline:
            entries += value.ljust(form.inline, b"\0")
            continue
        entries += struct.pack(form.offset, start + head + len(values))
        values += value.ljust(_aligned(len(value)), b"\0")
    entries += struct.pack(form.offset, 0 if is_last else start + head + len(values))
    return bytes(entries).ljust(head, b"\0") + bytes(values)


def _page_size(fields: Sequence[Field], form: _Form) -> int:
    sizes = (len(field.encoded()) for field in fields)
    return _head_size(fields, form) + sum(_aligned(size) for size in sizes if size > form.inline)


def _head_size(fields: Sequence[Field], form: _Form) -> int:
    """Return the size of a directory without the values that do not fit into it."""
    entry = struct.calcsize(form.entry) + form.inline
    return _aligned(struct.calcsize(form.count) + len(fields) * entry + form.inline)


def _aligned(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
