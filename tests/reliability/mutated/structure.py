# SPDX-License-Identifier: Apache-2.0
"""Where the elements, items and fragments of a sound file lie, so that each can be made unsound.

Written apart from what the server reads with, in the fewest words that do for sound files.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom.datadict import dictionary_VR

UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
TRANSFER_SYNTAX, PIXEL_DATA = 0x00020010, 0x7FE00010
_BEGIN = 132
_LONG = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")


@dataclass(frozen=True)
class Piece:
    """An element, an item, a fragment or a delimiter.

    Parameters
    ----------
    start
        First byte of its tag.
    vr
        Empty of items and delimiters.
    value
        First byte of its value.
    end
        Byte behind it; of an undefined length, its delimiter included.
    has_vr
        Whether the VR is written.
    around
        Those of a defined length that it is in.
    """

    start: int
    tag: int
    vr: bytes
    value: int
    end: int
    length: int
    has_vr: bool
    around: tuple[Piece, ...] = field(repr=False)

    @property
    def length_size(self) -> int:
        """Bytes that its length is written in."""
        return 2 if self.has_vr and self.vr not in _LONG else 4


@dataclass(frozen=True)
class Layout:
    """A file and its pieces, in order.

    Raises
    ------
    struct.error, KeyError
        The file is not sound; on making one by `layout_of`.
    """

    file: bytes = field(repr=False)
    pieces: tuple[Piece, ...] = field(repr=False)
    order: str

    def tag(self, number: int) -> bytes:
        """Return a tag as it is written here."""
        return struct.pack(f"{self.order}HH", number >> 16, number & 0xFFFF)

    def number(self, value: int, size: int) -> bytes:
        """Return a number as it is written here, whatever does not fit left out."""
        value &= (1 << (8 * size)) - 1
        return value.to_bytes(size, "little" if self.order == "<" else "big")

    def at(self, place: int, new: bytes) -> bytes:
        """Return the file with bytes written over what is there."""
        return self.file[:place] + new + self.file[place + len(new) :]

    def instead(self, piece: Piece, begin: int, end: int, new: bytes) -> bytes:
        """Return the file with other bytes in a piece, and all that is around it made to fit."""
        file = self.file[:begin] + new + self.file[end:]
        for outer in piece.around:
            length = outer.length + len(new) - (end - begin)
            size = outer.length_size
            place = outer.value - size
            file = file[:place] + self.number(length, size) + file[place + size :]
        return file

    def with_value(self, piece: Piece, new: bytes) -> bytes:
        """Return the file with another value of an element, of the length that it has."""
        size = piece.length_size
        begin = piece.value - size
        behind = piece.value + piece.length if piece.length != UNDEFINED else piece.end
        return self.instead(piece, begin, behind, self.number(len(new), size) + new)


def layout_of(file: bytes) -> Layout:
    """Find the pieces of a file."""
    begin, pieces = _BEGIN, []
    while file[begin : begin + 2] == b"\x02\0":
        piece = _element(file, begin, "<", (), is_explicit=True)
        pieces.append(piece)
        begin = piece.end
    syntax = next(file[p.value : p.end] for p in pieces if p.tag == TRANSFER_SYNTAX)
    is_explicit = syntax.rstrip(b"\0") != b"1.2.840.10008.1.2"
    order = ">" if syntax.startswith(b"1.2.840.10008.1.2.2") else "<"
    pieces += _level(file, begin, len(file), order, (), is_explicit)
    return Layout(file, tuple(pieces), order)


def _level(file, begin, end, order, around, is_explicit) -> Iterator[Piece]:
    """Yield elements or items, each before what is in it."""
    while begin < end:
        piece = _element(file, begin, order, around, is_explicit=is_explicit)
        yield piece
        begin = piece.end
        if piece.length == UNDEFINED:
            yield from _until_delimiter(file, piece, order, is_explicit)
        elif piece.vr == b"SQ" or piece.tag == ITEM:
            inner = (*around, piece)
            yield from _level(file, piece.value, piece.end, order, inner, is_explicit)


def _until_delimiter(file, piece, order, is_explicit) -> Iterator[Piece]:
    begin = piece.value
    while begin < piece.end:
        found = _element(file, begin, order, piece.around, is_explicit=is_explicit)
        yield found
        if found.tag == ITEM and piece.tag == PIXEL_DATA:
            pass  # a fragment
        elif found.length == UNDEFINED:
            yield from _until_delimiter(file, found, order, is_explicit)
        elif found.vr == b"SQ" or found.tag == ITEM:
            inner = (*piece.around, found)
            yield from _level(file, found.value, found.end, order, inner, is_explicit)
        begin = found.end


def _element(file, begin, order, around, *, is_explicit) -> Piece:
    group, element = struct.unpack_from(f"{order}HH", file, begin)
    tag, vr, place = group << 16 | element, b"", begin + 4
    has_vr = is_explicit and group != 0xFFFE
    if has_vr:
        vr = file[place : place + 2]
        place += 4 if vr in _LONG else 2
    elif group != 0xFFFE:
        vr = dictionary_VR(tag)[:2].encode()
    form = "H" if has_vr and vr not in _LONG else "I"
    (length,) = struct.unpack_from(order + form, file, place)
    value = place + struct.calcsize(form)
    end = value + length
    if length == UNDEFINED:
        end = _end_of(
            file, value, order, SEQUENCE_END if group != 0xFFFE else ITEM_END, is_explicit
        )
    return Piece(begin, tag, vr, value, end, length, has_vr, around)


def _end_of(file, begin, order, delimiter, is_explicit) -> int:
    while True:
        found = _element(file, begin, order, (), is_explicit=is_explicit)
        begin = found.end
        if found.tag == delimiter:
            return begin
