# SPDX-License-Identifier: Apache-2.0
"""Instances put together from metadata, as DICOM JSON or XML, and bulk data that came apart.

Bulk data lie in the store's place for what is being received, and are copied piece by piece to
where they belong; metadata are held in memory, within a limit. From there on an instance goes the
way of any other.

References
----------
PS3.18 10.5.1, 10.5.2 (payload of the store transaction), 8.7.3 (media types of bulk data), F.2
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dicomizer.dicom.native_xml import from_xml
from dicomizer.dicom.streamed import BulkReference, CompressedFrames, part10_pieces
from dicomizer.errors import DicomError
from tileserver.decoding import LARGEST_PICTURE
from tileserver.errors import InvalidInstanceError, UnsupportedSyntaxError
from tileserver.services.received_pixels import (
    JP2_BEGIN,
    PICTURES,
    codestream_of,
    describe,
    jpeg_2000_syntax,
    put_pictures,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from dicomizer.dicom.streamed import BulkValue
    from tileserver.decoding import Decoders
    from tileserver.store import Incoming

METADATA_LIMIT = 16 << 20
"""Bytes of the metadata of a request, which are held in memory."""
_MOST_NODES = 500_000
"""Objects, arrays and values of JSON, of which an attribute of one value has four. What is made of
one takes 100 bytes or more."""
_TEXT_LIMIT = 16 << 20
"""Bytes of bulk data of a VR that is not binary, which are decoded in memory."""
_MOST_DATASETS = 10_000
"""Instances of a document; as many as a body may have of parts."""
_CHUNK = 1 << 20
_PIXEL_DATA = 0x7FE00010
_IDENTITY = frozenset({"00080016", "00080018"})
"""SOP Class UID and SOP Instance UID."""
_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_UNCOMPRESSED = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
_FRAMES = re.compile(r"(.*)/frames/([0-9]{1,9})")
_UTF_8 = "ISO_IR 192"
_DEFAULT_SYNTAXES = {
    "image/jls": "1.2.840.10008.1.2.4.80",
    "image/jpx": "1.2.840.10008.1.2.4.92",
    "image/jphc": "1.2.840.10008.1.2.4.201",
    "image/jxl": "1.2.840.10008.1.2.4.110",
    "image/dicom-rle": "1.2.840.10008.1.2.5",
    "image/x-dicom-rle": "1.2.840.10008.1.2.5",
    "video/mpeg": "1.2.840.10008.1.2.4.100",
    "video/mp4": "1.2.840.10008.1.2.4.102",
}
"""What a media type means without a transfer-syntax parameter (PS3.18 tables 8.7.3-2 to -5).

JPEG and JPEG 2000 are looked into: senders give either without saying of which process it is.
"""
_JPEG_SYNTAXES = {
    0xC0: "1.2.840.10008.1.2.4.50",
    0xC1: "1.2.840.10008.1.2.4.51",
    0xC3: "1.2.840.10008.1.2.4.70",
}
"""By the marker of the frame header."""


@dataclass(frozen=True, slots=True)
class BulkPart:
    """Bulk data as received.

    Parameters
    ----------
    transfer_syntax_uid
        As its media type says, or ``None``.
    """

    media_type: str
    transfer_syntax_uid: str | None
    incoming: Incoming

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self.incoming.size

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes."""
        file = self.incoming.file()
        while piece := file.read(_CHUNK):
            yield piece


@dataclass(slots=True)
class BulkParts:
    """The bulk data of a request, by address; several under one are frames in their order."""

    _parts: dict[str, dict[int, BulkPart]] = field(default_factory=dict)

    def add(self, location: str, part: BulkPart) -> None:
        """Take a part by its Content-Location, which may name a frame."""
        named = _FRAMES.fullmatch(location)
        address, number = (named[1], int(named[2])) if named else (location, None)
        found = self._parts.setdefault(address, {})
        number = len(found) + 1 if number is None else number
        if number in found:
            raise InvalidInstanceError("two parts of bulk data are for the same frame")
        found[number] = part

    def under(self, uri: str) -> list[BulkPart]:
        """Return what is under an address, frames in their order.

        Raises
        ------
        InvalidInstanceError
            There is nothing, or a frame is missing.
        """
        found = self._parts.get(uri, {})
        if not found or sorted(found) != list(range(1, len(found) + 1)):
            raise InvalidInstanceError("bulk data that the metadata refer to have not come")
        return [found[number] for number in sorted(found)]

    def value(self, reference: BulkReference) -> Joined:
        """Return what is under an address as one value: native frames follow one another.

        Raises
        ------
        InvalidInstanceError
            There is nothing, or a frame is missing.
        """
        return Joined(self.under(reference.uri))


@dataclass(frozen=True, slots=True)
class Joined:
    """Parts that make up one value."""

    parts: list[BulkPart]

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(part.size for part in self.parts)

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes."""
        for part in self.parts:
            yield from part.pieces()


def datasets_of_json(text: bytes | bytearray) -> list[object]:
    """Return the datasets of a JSON document: an array, or one alone.

    Raises
    ------
    InvalidInstanceError
        It is no JSON, or too much.
    """
    if sum(map(text.count, (b"{", b"[", b","))) > _MOST_NODES:
        raise InvalidInstanceError(f"the JSON has more than {_MOST_NODES:,} values")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInstanceError(f"the JSON cannot be read: {type(error).__name__}") from error
    datasets = found if isinstance(found, list) else [found]
    if len(datasets) > _MOST_DATASETS:
        raise InvalidInstanceError(f"the JSON has more than {_MOST_DATASETS:,} datasets")
    return datasets


def datasets_of_xml(text: bytes | bytearray) -> list[object]:
    """Return the dataset of an XML document.

    Raises
    ------
    InvalidInstanceError
        It is no Native DICOM Model.
    """
    try:
        return [from_xml(text)]
    except DicomError as error:
        raise InvalidInstanceError(str(error)) from error


def assemble(metadata: object, parts: BulkParts, incoming: Incoming, decoders: Decoders) -> bool:
    """Write an instance as a Part 10 file; tell whether an element had to be changed.

    Raises
    ------
    InvalidInstanceError
        Metadata or bulk data make no instance.
    UnsupportedSyntaxError
        Compressed pixels are of no transfer syntax that is known.
    """
    names: tuple[str, str] | None = None
    try:
        dataset, is_coerced = _dataset(metadata, parts)
        names = str(dataset.SOPClassUID), str(dataset.SOPInstanceUID)
        pixels = _compressed(dataset, parts, decoders)
        for piece in part10_pieces(dataset, parts.value, pixels):
            incoming.write(piece)
    except InvalidInstanceError as error:
        raise type(error)(str(error), names) from error
    except (DicomError, AttributeError) as error:
        raise InvalidInstanceError(f"metadata make no instance: {error}", names) from error
    return is_coerced


def _dataset(metadata: object, parts: BulkParts) -> tuple[Dataset, bool]:
    from pydicom.dataset import Dataset

    if not isinstance(metadata, dict):
        raise InvalidInstanceError("expected a JSON object for each instance")
    if not metadata.keys() >= _IDENTITY:  # before much is read for nothing
        raise InvalidInstanceError("metadata have no SOP Class UID or SOP Instance UID")
    kept = {tag: value for tag, value in metadata.items() if not str(tag).startswith("0002")}

    def value_of(_: str, vr: str, uri: str) -> Any:
        if not isinstance(uri, str):
            raise InvalidInstanceError("expected an address of bulk data")
        return BulkReference(uri) if vr in _BINARY else _small_value(parts, vr, uri)

    try:
        dataset = Dataset.from_json(kept, value_of)
        _write_nulls(dataset)
        was = dataset.get("SpecificCharacterSet")
    except InvalidInstanceError:
        raise
    except Exception as error:  # the library raises whatever broken metadata provoke
        raise InvalidInstanceError(f"metadata cannot be read: {type(error).__name__}") from error
    dataset.SpecificCharacterSet = _UTF_8
    return dataset, was not in (None, "", _UTF_8)


def _write_nulls(dataset: Dataset) -> None:
    """Let numbers in text that are null be empty, for which the library writes "None"."""
    for element in dataset.iterall():
        if element.VR in ("DS", "IS") and element.VM > 1 and None in element.value:
            texts = ("" if number is None else str(number) for number in element.value)
            element.value = "\\".join(texts)


def _small_value(parts: BulkParts, vr: str, uri: str) -> object:
    """Return a value that is not binary by nature, such as a long text."""
    from pydicom.dataelem import DataElement_from_raw, RawDataElement
    from pydicom.tag import Tag

    part = parts.value(BulkReference(uri))
    if part.size > _TEXT_LIMIT:
        raise InvalidInstanceError(f"a value of VR {vr} is longer than {_TEXT_LIMIT >> 20} MiB")
    value = b"".join(part.pieces())
    raw = RawDataElement(Tag(0x00091000), vr, len(value), value, 0, False, True)  # noqa: FBT003 - fields of the library
    return DataElement_from_raw(raw, ["utf_8"]).value


def _compressed(dataset: Dataset, parts: BulkParts, decoders: Decoders) -> CompressedFrames | None:
    """Return Pixel Data that came compressed, and take it out of the dataset."""
    reference = dataset[_PIXEL_DATA].value if _PIXEL_DATA in dataset else None
    if not isinstance(reference, BulkReference):
        return None
    frames = parts.under(reference.uri)
    media_type = frames[0].media_type
    if media_type in PICTURES and all(frame.media_type == media_type for frame in frames):
        put_pictures(dataset, media_type, _in_memory(frames), decoders)
        return None
    syntaxes = {_transfer_syntax(frame) for frame in frames}
    if len(syntaxes) > 1:
        raise UnsupportedSyntaxError("frames have several transfer syntaxes")
    (syntax,) = syntaxes
    if syntax in _UNCOMPRESSED:
        return None
    streams = [_bare(frame) for frame in frames]
    describe(dataset, syntax, _head(streams[0]))
    return CompressedFrames(syntax, streams)


def _head(stream: BulkValue) -> bytes:
    return next(iter(stream.pieces()), b"")


def _bare(frame: BulkPart) -> BulkValue:
    """Return a frame as DICOM has it: of a JP2 file its codestream."""
    if _head(frame).startswith(JP2_BEGIN):
        return codestream_of(*_in_memory([frame]))
    return frame


def _in_memory(frames: list[BulkPart]) -> list[bytes]:
    if sum(frame.size for frame in frames) > LARGEST_PICTURE:
        raise InvalidInstanceError(f"pictures are longer than {LARGEST_PICTURE >> 20} MiB")
    return [b"".join(frame.pieces()) for frame in frames]


def _transfer_syntax(part: BulkPart) -> str:
    from pydicom.uid import UID

    if part.transfer_syntax_uid is not None:
        syntax = UID(part.transfer_syntax_uid)
        if syntax in _UNCOMPRESSED or (syntax.is_transfer_syntax and syntax.is_encapsulated):
            return str(syntax)
        raise UnsupportedSyntaxError("bulk data are of no transfer syntax that is known")
    if part.media_type == "application/octet-stream":
        return _UNCOMPRESSED[0]
    if part.media_type == "image/jpeg":
        return _jpeg_syntax(part)
    if part.media_type == "image/jp2":
        return jpeg_2000_syntax(_head(_bare(part)))
    if part.media_type not in _DEFAULT_SYNTAXES:
        raise UnsupportedSyntaxError(f"Pixel Data came as {part.media_type[:64]!r}")
    return _DEFAULT_SYNTAXES[part.media_type]


def _jpeg_syntax(part: BulkPart) -> str:
    head = next(part.pieces(), b"")
    place = 2
    while place + 4 <= len(head) and head[place] == 0xFF:
        marker = head[place + 1]
        if marker in _JPEG_SYNTAXES:
            return _JPEG_SYNTAXES[marker]
        place += 2 + int.from_bytes(head[place + 2 : place + 4])
    raise UnsupportedSyntaxError("JPEG of a process that DICOM does not have")
