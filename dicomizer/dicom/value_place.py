# SPDX-License-Identifier: Apache-2.0
"""Where the value of one element lies in a file, found by stepping over all others.

Nothing is parsed and nothing is kept: the profile of a slide with 100,000 frames, which lies before
their items, is found in a few steps, and a value of gigabytes can be read piece by piece.

References
----------
PS3.5 7.1 (elements), 7.5 (sequences), A.1 to A.3 (encodings), PS3.10 7.1 (file meta information)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.dicom.part10 import (
    EXPLICIT_VR_BIG_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    PREFIX_OFFSET,
)
from dicomizer.errors import CorruptDicomError, DicomError

if TYPE_CHECKING:
    from dicomizer.dicom.encapsulation import RandomAccess

BULK_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
"""Value representations whose values are bytes to whoever does not know better."""
WORD_BYTES = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}
"""Bytes that change places in big endian."""
_LONG = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_DEEPEST = 24
_DATASET_BEGIN = PREFIX_OFFSET + 4
_PIXELS = 0x7FE00008
_WINDOW = 32 << 10


@dataclass(frozen=True, slots=True)
class ValuePlace:
    """Where a value lies.

    Parameters
    ----------
    vr
        ``None`` where the encoding does not tell it.
    length
        ``None`` where it is undefined, as that of encapsulated Pixel Data.
    """

    vr: str | None
    offset: int
    length: int | None


@dataclass(frozen=True, slots=True)
class Element:
    """An element or item that begins somewhere."""

    tag: int
    place: ValuePlace


class ElementWalker:
    """Finds elements in a dataset.

    Parameters
    ----------
    source
        The file, or the inflated dataset.
    transfer_syntax_uid
        Of the dataset.
    """

    def __init__(self, source: RandomAccess, transfer_syntax_uid: str) -> None:
        self._source = source
        self._order = ">" if transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN else "<"
        self._is_implicit = transfer_syntax_uid == IMPLICIT_VR_LITTLE_ENDIAN
        self._window, self._window_begin = b"", 0

    def find(self, begin: int, path: str) -> ValuePlace:
        """Return where the value at a path lies, such as ``00480105/0/00282000``.

        Parameters
        ----------
        begin
            First byte of the dataset.

        Raises
        ------
        DicomError
            There is no such element, or the dataset is damaged.
        """
        steps = path.split("/")
        if len(steps) % 2 == 0 or len(steps) > 2 * _DEEPEST:
            raise _no_such_value(path)
        place = self._find(begin, _tag(steps[0], path), None, path)
        for number, tag in zip(steps[1::2], steps[2::2], strict=True):
            start, stop = self._item(place, number, path)
            place = self._find(start, _tag(tag, path), stop, path)
        return place

    def _find(self, begin: int, tag: int, stop: int | None, path: str) -> ValuePlace:
        position = begin
        while stop is None or position < stop:
            element = self.element(position)
            if element is None or (element.tag > tag and element.tag >= _PIXELS):
                break  # nothing is behind pixels, nor behind the end of an item
            if element.tag == tag:
                return element.place
            position = self.after(element.place)
        raise _no_such_value(path)

    def _item(self, sequence: ValuePlace, text: str, path: str) -> tuple[int, int | None]:
        """Return begin and end of an item by its number, counted from 0."""
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise _no_such_value(path)
        number, position = int(text), sequence.offset
        stop = None if sequence.length is None else position + sequence.length
        while stop is None or position < stop:
            item = self.element(position)
            if item is None or item.tag != _ITEM:
                break
            if number == 0:
                length = item.place.length
                return item.place.offset, None if length is None else item.place.offset + length
            number -= 1
            position = self.after(item.place, is_item=True)
        raise _no_such_value(path)

    def after(self, place: ValuePlace, depth: int = 0, *, is_item: bool = False) -> int:
        """Return the first byte behind an element or item, its delimiter included."""
        if place.length is not None:
            return place.offset + place.length
        if depth > _DEEPEST:
            raise CorruptDicomError(f"sequences are nested deeper than {_DEEPEST}")
        end = _ITEM_END if is_item else _SEQUENCE_END
        # What a sequence of unknown VR holds is in implicit VR (PS3.5 6.2.2, note 2).
        walker = (
            ElementWalker(self._source, IMPLICIT_VR_LITTLE_ENDIAN) if place.vr == "UN" else self
        )
        position = place.offset
        while (element := walker.element(position)) is not None:
            if element.tag == end:
                return element.place.offset
            position = walker.after(element.place, depth + 1, is_item=element.tag == _ITEM)
        raise CorruptDicomError("the file ends within a sequence")

    def element(self, position: int) -> Element | None:
        """Return the element that begins at a byte, ``None`` at the end of the file."""
        header = self._header(position)
        if len(header) < 8:
            return None
        group, number = struct.unpack_from(f"{self._order}HH", header)
        tag = group << 16 | number
        if self._is_implicit or group == 0xFFFE:
            return Element(tag, self._place(None, header[4:8], position + 8))
        vr = header[4:6].decode("latin-1")
        if vr not in _LONG:
            return Element(tag, self._place(vr, header[6:8], position + 8))
        if len(header) < 12:
            return None
        return Element(tag, self._place(vr, header[8:12], position + 12))

    def _header(self, position: int) -> bytes:
        """Return 12 bytes; those of small elements are read many at once."""
        start = position - self._window_begin
        if not 0 <= start <= len(self._window) - 12:
            self._window, self._window_begin = self._source.pread(_WINDOW, position), position
            start = 0
        return self._window[start : start + 12]

    def _place(self, vr: str | None, length_field: bytes, offset: int) -> ValuePlace:
        length = int.from_bytes(length_field, "little" if self._order == "<" else "big")
        is_undefined = len(length_field) == 4 and length == _UNDEFINED
        return ValuePlace(vr, offset, None if is_undefined else length)


def dataset_offset(source: RandomAccess) -> int:
    """Return where the dataset of a Part 10 file begins, by stepping over group 2."""
    walker = ElementWalker(source, "")
    position = _DATASET_BEGIN
    while (element := walker.element(position)) is not None and element.tag >> 16 == 2:
        position = walker.after(element.place)
    return position


def little_endian(data: bytes, vr: str | None) -> bytes:
    """Return the bytes of a big endian value as they are in little endian."""
    width = WORD_BYTES.get(vr or "", 1)
    whole = len(data) // width * width
    if width == 1:
        return data
    swapped = bytearray(data)
    for number in range(width):
        swapped[number:whole:width] = data[width - 1 - number : whole : width]
    return bytes(swapped)


def _tag(text: str, path: str) -> int:
    if len(text) != 8 or not text.isalnum() or not text.isascii():
        raise _no_such_value(path)
    try:
        return int(text, 16)
    except ValueError as error:
        raise _no_such_value(path) from error


def _no_such_value(path: str) -> DicomError:
    return DicomError("no such value", place=path[:200])
