# SPDX-License-Identifier: Apache-2.0
"""The header of a Part 10 file as DICOM JSON in one pass over its bytes, without a dataset made.

Explicit VR Little Endian, whose values are plain but for a few, is nearly all that comes. A value
that is not plain is handed to the parser; a structure that is not, `NotPlainError` tells, and the
parser has to read the whole, which takes ten times as long, and with the functional groups of
100,000 frames a hundred times.

References
----------
PS3.10 7.1 (file meta information), PS3.5 7.1.2 (explicit VR), 7.5 (sequences)
"""

from __future__ import annotations

import functools
import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from dicomizer.dicom.dicom_json import BULK_THRESHOLD, element_json, reference_text
from dicomizer.dicom.part10 import (
    DEPTH_LIMIT,
    EXPLICIT_VR_BIG_ENDIAN,
    HEADER_LIMIT,
    IMPLICIT_VR_LITTLE_ENDIAN,
    PREFIX_OFFSET,
    STRUCTURE_LIMIT,
    PixelDataPlace,
    count_items,
    too_many_structures,
)
from dicomizer.dicom.plain_json import BINARY, OF_CHARACTER_SET, PLAIN, plain_element

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomizer.dicom.dicom_json import JsonDataset

    Creators = dict[int, tuple[bytes, bytes]]
    """VR and value of private creators, by tag."""

_HEADER = struct.Struct("<HH2sH")
_ITEM_HEADER = struct.Struct("<HHI")
_LENGTH = struct.Struct("<I")
_UNDEFINED = 0xFFFFFFFF
_DELIMITERS, _ITEM, _SEQUENCE_END = 0xFFFE, 0xE000, 0xE0DD
_DELIMITER, _ITEM_DELIMITER = 0xFFFE0000, 0xFFFEE00D
_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG_VRS = (PLAIN - _SHORT_VRS) | {b"SQ", b"UN"}
_FIRST_WINDOW, _GROWTH = 64 << 10, 8
_DEFLATED = "1.2.840.10008.1.2.1.99"
_OTHER_ENCODINGS = (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN, _DEFLATED)
_META_LENGTH = b"\x02\x00\x00\x00UL\x04\x00"
_TRANSFER_SYNTAX_UID = 0x00020010
_CHARACTER_SET = 0x00080005
_PIXEL_DATA = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_OFFSETS = (0x7FE00001, 0x7FE00002)
"""Extended Offset Table and its lengths, which tell where frames are."""
_LUT_DESCRIPTORS = (0x00281101, 0x00281102, 0x00281103, 0x00283002)
"""Their first value is unsigned even where their VR is signed (PS3.3 C.7.6.3.1.5)."""
_ASCII_BELOW = frozenset(
    {b"", b"ISO_IR 6", b"ISO_IR 192", b"GB18030", b"GBK"}
    | {f"ISO_IR {number}".encode() for number in (100, 101, 109, 110, 144, 127, 126, 138, 148, 166)}
)
"""Character sets in which the bytes of ASCII mean what they mean there."""
_ALWAYS_REFERENCED = (b"OD", b"OF", b"OL")


class NotPlainError(Exception):
    """The parser has to read the file."""


@dataclass(frozen=True, slots=True)
class PlainHeader:
    """What was found up to Pixel Data.

    Parameters
    ----------
    elements
        Of DICOM JSON, as text, by tag, in order.
    meta
        The group 0002, as DICOM JSON.
    is_cut
        Whether DICOM JSON cannot take an element.
    offset_tables
        Values of Extended Offset Table and Extended Offset Table Lengths, where there are both.
    """

    elements: dict[str, str]
    meta: JsonDataset
    transfer_syntax_uid: str
    is_cut: bool
    pixel_data: PixelDataPlace | None
    offset_tables: tuple[bytes, bytes] | None


def read_plain_header(file: BinaryIO) -> PlainHeader:
    """Read a Part 10 file up to Pixel Data.

    Raises
    ------
    NotPlainError
        It is of another transfer syntax, damaged, over a limit, or has what is rare.
    CorruptDicomError
        It has more items than `STRUCTURE_LIMIT`.
    """
    try:
        return _FileWalk(file).header()
    except (struct.error, IndexError) as error:
        raise NotPlainError from error


class _ShortError(NotPlainError):
    """More bytes are needed."""


class _FileWalk:
    """Steps over the elements of the outermost level; large binary values are not even read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, 2)
        self._data, self._begin = b"", 0
        self._given = 0
        self._load(0, min(_FIRST_WINDOW, self._size))

    def header(self) -> PlainHeader:
        position, meta = self._meta()
        syntax = meta.get(f"{_TRANSFER_SYNTAX_UID:08X}", {}).get("Value")
        if not isinstance(syntax, list) or len(syntax) != 1 or syntax[0] in _OTHER_ENCODINGS:
            raise NotPlainError
        self._values = _Values()
        self._creators: Creators = {}
        elements: dict[str, str] = {}
        tables: dict[int, bytes] = {}
        last, place, is_cut = 0x0002FFFF, None, False
        while position < self._size:
            tag, vr, length, value = self._element(position)
            if tag <= last:
                raise NotPlainError
            if tag in _PIXEL_DATA:
                place = _pixel_data(tag, vr, value, length)
                break
            last = tag
            if tag in _OFFSETS:
                tables[tag] = self._bytes(value, length)
            text, position = self._converted(tag, vr, value, length)
            if text is not None and tag & 0xFFFF:
                elements[f"{tag:08X}"] = text
            is_cut = is_cut or text is None
        found = (tables[_OFFSETS[0]], tables[_OFFSETS[1]]) if len(tables) == 2 else None
        return PlainHeader(elements, meta, syntax[0], is_cut, place, found)

    def _meta(self) -> tuple[int, JsonDataset]:
        """Return where the dataset begins, and the elements before it."""
        begin = PREFIX_OFFSET + 4
        if self._bytes(PREFIX_OFFSET, 4) != b"DICM" or self._bytes(begin, 8) != _META_LENGTH:
            raise NotPlainError
        (length,) = _LENGTH.unpack(self._bytes(begin + 8, 4))
        begin += 12
        text = _Values().level(self._bytes(begin, length), 0, length, "", 0)[0]
        meta: JsonDataset = json.loads(text)
        if any(tag[:4] != "0002" for tag in meta):
            raise NotPlainError
        return begin + length, meta

    def _element(self, position: int) -> tuple[int, bytes, int, int]:
        """Return tag, VR, length and place of the value of an element."""
        group, number, vr, length = _HEADER.unpack(self._bytes(position, 8))
        if vr in _SHORT_VRS:
            return group << 16 | number, vr, length, position + 8
        if vr not in _LONG_VRS or group == _DELIMITERS:
            raise NotPlainError
        (length,) = _LENGTH.unpack(self._bytes(position + 8, 4))
        return group << 16 | number, vr, length, position + 12

    def _converted(self, tag: int, vr: bytes, value: int, length: int) -> tuple[str | None, int]:
        """Return an element of DICOM JSON, and where the next begins."""
        if vr == b"SQ":
            return self._sequence(tag, value, length)
        if length == _UNDEFINED or value + length > self._size:
            raise NotPlainError
        if _is_referenced(vr, length):
            return reference_text(f"{tag:08X}", vr.decode()), value + length
        content = self._bytes(value, length)
        _note_creator(self._creators, tag, vr, content)
        return self._values.element(tag, vr, content, "", self._creators), value + length

    def _sequence(self, tag: int, value: int, length: int) -> tuple[str, int]:
        name = f"{tag:08X}"
        if length != _UNDEFINED:
            content = self._bytes(value, length)
            if count_items(content) > STRUCTURE_LIMIT:
                raise too_many_structures()  # as the parser does, which would take its time
            return self._values.sequence(content, 0, length, name, 1)[0], value + length
        window = _FIRST_WINDOW
        counted = self._values.count
        while True:
            self._load(value, min(window, self._size - value))
            self._values.count = counted
            try:
                text, end = self._values.sequence(self._data, value - self._begin, None, name, 1)
                return text, end + self._begin
            except (_ShortError, struct.error) as error:
                if self._begin + len(self._data) >= self._size:
                    raise NotPlainError from error
            window = max(window, len(self._data)) * _GROWTH

    def _bytes(self, position: int, length: int) -> bytes:
        start = position - self._begin
        if start < 0 or start + length > len(self._data):
            if position + length > self._size:
                raise NotPlainError
            self._load(position, min(max(length, _FIRST_WINDOW), self._size - position))
            start = 0
        return self._data[start : start + length]

    def _load(self, position: int, length: int) -> None:
        start = position - self._begin
        if start >= 0 and start + length <= len(self._data):
            return
        self._given += length
        if self._given > HEADER_LIMIT:
            raise NotPlainError
        self._file.seek(position)
        self._data, self._begin = self._file.read(length), position


def _pixel_data(tag: int, vr: bytes, value: int, length: int) -> PixelDataPlace:
    if vr not in BINARY:
        raise NotPlainError
    return PixelDataPlace(tag & 0xFFFF, value, None if length == _UNDEFINED else length)


def _is_referenced(vr: bytes, length: int) -> bool:
    return vr in BINARY and (length >= BULK_THRESHOLD or (length > 0 and vr in _ALWAYS_REFERENCED))


class _Values:
    """Writes elements as DICOM JSON; what they need to know of the dataset is here."""

    def __init__(self) -> None:
        self.count = 0
        self._is_ascii_below = True
        self._character_set: bytes | None = None
        self._known: dict[tuple[int, bytes, bytes], str | None] = {}

    def element(
        self,
        tag: int,
        vr: bytes,
        value: bytes,
        path: str,
        creators: Creators | None = None,
    ) -> str | None:
        """Return an element, ``None`` where DICOM JSON has no way to write it."""
        if tag == _CHARACTER_SET:
            if path:
                raise NotPlainError  # of an item alone
            self._character_set = value
            self._is_ascii_below = value.rstrip(b"\0 ") in _ASCII_BELOW
        if _is_referenced(vr, len(value)):
            return reference_text(f"{path}{tag:08X}", vr.decode())
        if vr in PLAIN and (self._is_ascii_below or vr not in OF_CHARACTER_SET):
            text = plain_element(vr, value)
            if text is not None and tag not in _LUT_DESCRIPTORS:
                return text
        return self._odd(tag, vr, value, path, creators or {})

    def _odd(
        self,
        tag: int,
        vr: bytes,
        value: bytes,
        path: str,
        creators: Creators,
    ) -> str | None:
        """Return what the parser makes of a value."""
        if creators or tag >> 16 & 1 or len(value) >= BULK_THRESHOLD:
            return self._parsed(tag, vr, value, path, creators)
        key = (tag, vr, value)
        if key not in self._known:
            self._known[key] = self._parsed(tag, vr, value, path, creators)
        return self._known[key]

    def _parsed(
        self,
        tag: int,
        vr: bytes,
        value: bytes,
        path: str,
        creators: Creators,
    ) -> str | None:
        try:
            dataset = _dataset({**creators, tag: (vr, value)}, self._character_set)
            dataset.decode()
            element = dataset[tag]
        except Exception as error:  # the parser raises whatever a broken value provokes
            raise NotPlainError from error
        if element.VR == "SQ":
            raise NotPlainError
        found = element_json(element, f"{path}{tag:08X}")
        if found is None:
            return None
        return json.dumps(found, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    def level(
        self, data: bytes, position: int, end: int | None, path: str, depth: int
    ) -> tuple[str, int]:
        """Return a dataset that ends somewhere, or with its delimiter, and what is behind it."""
        if depth > DEPTH_LIMIT:
            raise NotPlainError
        parts: list[str] = []
        creators: Creators = {}
        last = 0
        while end is None or position < end:
            tag, vr, length, position = _element_header(data, position)
            if tag <= last or tag >= _DELIMITER:
                if tag != _ITEM_DELIMITER or end is not None:
                    raise NotPlainError
                return f"{{{','.join(parts)}}}", position
            last = tag
            self._count()
            if vr == b"SQ":
                stop = None if length == _UNDEFINED else position + length
                text, position = self.sequence(data, position, stop, f"{path}{tag:08X}", depth + 1)
                parts.append(f"{_name(tag)}{text}")
                continue
            value = data[position : position + length]
            position += length
            if position > len(data):
                raise _ShortError
            _note_creator(creators, tag, vr, value)
            found = self.element(tag, vr, value, path, creators)
            if found is not None and tag & 0xFFFF:
                parts.append(f"{_name(tag)}{found}")
        if position != end:
            raise NotPlainError
        return f"{{{','.join(parts)}}}", position

    def sequence(
        self, data: bytes, position: int, end: int | None, path: str, depth: int
    ) -> tuple[str, int]:
        """Return a sequence that ends somewhere, or with its delimiter, and what is behind it."""
        items: list[str] = []
        while end is None or position < end:
            group, number, length = _ITEM_HEADER.unpack_from(data, position)
            position += 8
            if group != _DELIMITERS:
                raise NotPlainError
            if number == _SEQUENCE_END and end is None:
                break
            if number != _ITEM:
                raise NotPlainError
            stop = None if length == _UNDEFINED else position + length
            if stop is not None and stop > len(data):
                raise _ShortError
            text, position = self.level(data, position, stop, f"{path}/{len(items)}/", depth)
            items.append(text)
            self._count()
        if end is not None and position != end:
            raise NotPlainError
        return f'{{"Value":[{",".join(items)}],"vr":"SQ"}}' if items else '{"vr":"SQ"}', position

    def _count(self) -> None:
        self.count += 1
        if self.count > STRUCTURE_LIMIT:
            raise NotPlainError


def _element_header(data: bytes, position: int) -> tuple[int, bytes, int, int]:
    """Return tag, VR, length and place of the value of an element, or a delimiter as one."""
    group, number, vr, length = _HEADER.unpack_from(data, position)
    tag = group << 16 | number
    if vr in _SHORT_VRS:
        return tag, vr, length, position + 8
    if tag == _ITEM_DELIMITER:
        return tag, b"", 0, position + 8
    if vr not in _LONG_VRS:
        raise NotPlainError
    (length,) = _LENGTH.unpack_from(data, position + 8)
    if length == _UNDEFINED and vr != b"SQ":
        raise NotPlainError
    return tag, vr, length, position + 12


def _note_creator(creators: Creators, tag: int, vr: bytes, value: bytes) -> None:
    if tag >> 16 & 1 and 0x10 <= tag & 0xFFFF <= 0xFF:
        creators[tag] = vr, value


@functools.lru_cache(4096)
def _name(tag: int) -> str:
    return f'"{tag:08X}":'


def _dataset(elements: dict[int, tuple[bytes, bytes]], character_set: bytes | None) -> Dataset:
    """Return a dataset of a few elements, as the parser leaves it: to be converted when asked."""
    from pydicom.charset import convert_encodings
    from pydicom.dataelem import RawDataElement, convert_raw_data_element
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag

    def raw(tag: int, vr: bytes, value: bytes) -> RawDataElement:
        return RawDataElement(BaseTag(tag), vr.decode(), len(value), value, 0, False, True)  # noqa: FBT003 - fields of the library

    encodings: str | list[str] = "iso8859"
    if character_set is not None:
        elements = elements | {_CHARACTER_SET: (b"CS", character_set)}
        encodings = convert_encodings(
            convert_raw_data_element(raw(_CHARACTER_SET, b"CS", character_set)).value
        )
    dataset = Dataset({BaseTag(tag): raw(tag, *found) for tag, found in elements.items()})
    dataset.set_original_encoding(False, True, encodings)  # noqa: FBT003 - the library's order
    return dataset
