# SPDX-License-Identifier: Apache-2.0
"""A Part 10 file from a dataset whose large values are elsewhere: written piece by piece.

Large values are `BulkReference` in the dataset and are asked for when their turn comes, however
deep in sequences they are. Explicit VR Little Endian; sequences and items of undefined length, so
that nothing need be known before it is written. The same input gives the same bytes.

References
----------
PS3.5 7.1.2 (explicit VR), 7.5 (sequences), A.4 (encapsulation); PS3.10 7 (file format)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dicomizer.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLEMENTATION_CLASS_UID
from dicomizer.errors import DicomError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pydicom.dataset import Dataset

_UNDEFINED = 0xFFFFFFFF
_LONGEST = 0xFFFFFFFE
_ITEM = b"\xfe\xff\x00\xe0"
_ITEM_END = b"\xfe\xff\x0d\xe0\0\0\0\0"
_SEQUENCE_END = b"\xfe\xff\xdd\xe0\0\0\0\0"
_PIXEL_DATA = 0x7FE00010
_BASIC_OFFSET_LIMIT = 1 << 32


class BulkReference(bytes):
    """Stands for a value that is elsewhere, under an address."""

    uri: str

    def __new__(cls, uri: str) -> BulkReference:  # noqa: PYI034 - final in practice
        """Return a reference; as bytes it is not empty, so that it counts as a value."""
        made = super().__new__(cls, b"\0\0")
        made.uri = uri
        return made


class BulkValue(Protocol):
    """A value that can be read."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        ...

    def pieces(self) -> Iterator[bytes]:
        """Yield the value."""
        ...


@dataclass(frozen=True, slots=True)
class CompressedFrames:
    """Pixel Data to be encapsulated, a frame for each value."""

    transfer_syntax_uid: str
    frames: Sequence[BulkValue]


def part10_pieces(
    dataset: Dataset,
    bulk: Callable[[BulkReference], BulkValue],
    pixels: CompressedFrames | None = None,
) -> Iterator[bytes]:
    """Yield a Part 10 file.

    Parameters
    ----------
    dataset
        Of text as Python has it, which is written in UTF-8; with its SOP Class and Instance UIDs.
    bulk
        Gives the value of a reference.
    pixels
        Compressed frames, in place of what the dataset has as Pixel Data.

    Raises
    ------
    DicomError
        A value cannot be written.
    """
    syntax = pixels.transfer_syntax_uid if pixels else EXPLICIT_VR_LITTLE_ENDIAN
    yield _meta(dataset, syntax)
    writer = _Writer(bulk)
    for tag in sorted(dataset.keys()):
        if tag >= _PIXEL_DATA:
            break
        yield from writer.element(dataset, tag)
    if pixels is not None:
        yield from _encapsulated(pixels.frames)
    rest = _PIXEL_DATA + (pixels is not None)
    for tag in sorted(tag for tag in dataset.keys() if tag >= rest):  # noqa: SIM118
        yield from writer.element(dataset, tag)


def _meta(dataset: Dataset, transfer_syntax_uid: str) -> bytes:
    from pydicom.dataset import FileMetaDataset
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_file_meta_info
    from pydicom.uid import UID

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    buffer = DicomBytesIO()
    write_file_meta_info(buffer, meta)
    return bytes(128) + b"DICM" + buffer.getvalue()


class _Writer:
    """Writes elements, and asks for values that are elsewhere."""

    def __init__(self, bulk: Callable[[BulkReference], BulkValue]) -> None:
        self._bulk = bulk

    def element(self, dataset: Dataset, tag: int) -> Iterator[bytes]:
        """Yield an element of a dataset."""
        found = dataset[tag]
        value = found.value
        if found.VR == "SQ":
            yield _long_header(tag, "SQ", _UNDEFINED)
            for item in value or ():
                yield _ITEM + struct.pack("<I", _UNDEFINED)
                for inner in sorted(item.keys()):
                    yield from self.element(item, inner)
                yield _ITEM_END
            yield _SEQUENCE_END
        elif isinstance(value, BulkReference):
            yield from _value_from_elsewhere(tag, found.VR, self._bulk(value))
        else:
            yield _plain(dataset, tag)


def _value_from_elsewhere(tag: int, vr: str, value: BulkValue) -> Iterator[bytes]:
    padding = value.size % 2
    if value.size + padding > _LONGEST:
        raise DicomError("a value is longer than DICOM can have", place=f"{tag:08X}")
    yield _long_header(tag, vr, value.size + padding)
    yield from value.pieces()
    yield bytes(padding)


def _long_header(tag: int, vr: str, length: int) -> bytes:
    return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr.encode("ascii"), 0, length)


def _plain(dataset: Dataset, tag: int) -> bytes:
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_data_element

    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    try:
        write_data_element(buffer, dataset[tag], ["utf_8"])
    except Exception as error:  # the library raises whatever a value provokes
        raise DicomError(
            f"the value cannot be written: {type(error).__name__}", place=f"{tag:08X}"
        ) from error
    return buffer.getvalue()


def _encapsulated(frames: Sequence[BulkValue]) -> Iterator[bytes]:
    """Yield Pixel Data: offset table, where its offsets fit, and a fragment for each frame."""
    offsets = [0]
    for frame in frames:
        offsets.append(offsets[-1] + 8 + frame.size + frame.size % 2)
    table = b""
    if offsets[-1] < _BASIC_OFFSET_LIMIT:
        table = struct.pack(f"<{len(frames)}I", *offsets[:-1])
    yield _long_header(_PIXEL_DATA, "OB", _UNDEFINED)
    yield _ITEM + struct.pack("<I", len(table)) + table
    for frame in frames:
        if frame.size + frame.size % 2 > _LONGEST:
            raise DicomError("a frame is longer than DICOM can have", place=f"{_PIXEL_DATA:08X}")
        yield _ITEM + struct.pack("<I", frame.size + frame.size % 2)
        yield from frame.pieces()
        yield bytes(frame.size % 2)
    yield _SEQUENCE_END
