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
from fractions import Fraction
from itertools import accumulate
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_CLASSIC_LIMIT = 0xFFFFFFFF
_ALIGNMENT = 8


class Tag(IntEnum):
    """The fields that are written."""

    NEW_SUBFILE_TYPE = 254
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
    SOFTWARE = 305
    PREDICTOR = 317
    TILE_WIDTH = 322
    TILE_LENGTH = 323
    TILE_OFFSETS = 324
    TILE_BYTE_COUNTS = 325
    SUB_IFDS = 330
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


def rational(value: float) -> list[int]:
    """Return numerator and denominator of 32 bits each."""
    value = min(value, float(_CLASSIC_LIMIT))
    denominator = min(1 << 16, int(_CLASSIC_LIMIT / value))
    fraction = Fraction(value).limit_denominator(denominator)
    return [fraction.numerator, fraction.denominator]


def directories(
    pages: Sequence[Sequence[Field]],
    start: int,
    children: Mapping[int, Sequence[Sequence[Field]]] = MappingProxyType({}),
) -> tuple[bytes, bytes]:
    """Return directories, one for each page, with their values.

    Parameters
    ----------
    pages
        The fields of each page in order of tags.
    start
        Where the bytes will stand in the file; a multiple of 8.
    children
        By the number of a page, the pages that it points at by SubIFDs (TIFF Technical Note 1).

    Returns
    -------
    data
        What shall stand there.
    header
        What the file begins with: of a BigTIFF where the file is larger than 4 GiB.
    """
    end = start + sum(
        _page_size(fields, _CLASSIC)
        for number, page in enumerate(pages)
        for fields in _family(page, children.get(number, ()), _CLASSIC)
    )
    form = _CLASSIC if end <= _CLASSIC_LIMIT else _BIG
    data = bytearray()
    for number, page in enumerate(pages):
        is_last = number == len(pages) - 1
        data += _with_children(
            page, children.get(number, ()), start + len(data), form, is_last=is_last
        )
    return bytes(data), form.header + struct.pack(form.offset, start)


def _family(
    page: Sequence[Field], children: Sequence[Sequence[Field]], form: _Form, first: int = 0
) -> list[Sequence[Field]]:
    """Return a page that points at its children, the first of which stands at ``first``, and them.

    The sizes are those in the file wherever that is.
    """
    if not children:
        return [page]
    sizes = [0, *(_page_size(fields, form) for fields in children[:-1])]
    offsets = [first + before for before in accumulate(sizes)]
    pointer = Field(Tag.SUB_IFDS, Type.LONG if form is _CLASSIC else Type.LONG8, offsets)
    return [sorted([*page, pointer], key=lambda field: field.tag), *children]


def _with_children(
    page: Sequence[Field],
    children: Sequence[Sequence[Field]],
    start: int,
    form: _Form,
    *,
    is_last: bool,
) -> bytes:
    """Return a page and behind it its children, none of which has a page after it."""
    first = start + _page_size(_family(page, children, form)[0], form)
    parent, *rest = _family(page, children, form, first)
    sizes = [_page_size(fields, form) for fields in rest]
    behind = 0 if is_last else first + sum(sizes)
    data = _page(parent, start, form, behind)
    for fields in rest:
        data += _page(fields, start + len(data), form, 0)
    return data


def _page(fields: Sequence[Field], start: int, form: _Form, following: int) -> bytes:
    """Return a directory, the values that do not fit into it, and padding.

    Parameters
    ----------
    following
        Offset of the next directory; 0 for none.
    """
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
    entries += struct.pack(form.offset, following)
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
