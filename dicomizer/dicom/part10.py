# SPDX-License-Identifier: Apache-2.0
"""The header of a Part 10 file, read without its pixels and within bounds.

pydicom parses; this module keeps a hostile or broken file from making it take memory or time,
turns whatever it raises into our errors, and tells where Pixel Data lies.

References
----------
PS3.10 7 (file format), PS3.5 7 (data set), PS3.5 A.5 (deflated transfer syntax)
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from dicomizer.errors import CorruptDicomError, NotDicomError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset

PREFIX_OFFSET = 128
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"

HEADER_LIMIT = 512 << 20
"""Bytes of a header; the offset table of 20 million frames fits."""
INFLATED_LIMIT = 64 << 20
"""Bytes of a deflated dataset, its pixels included, which the parser holds in memory."""
DEPTH_LIMIT = 24
"""Sequences within sequences; the deepest templates of structured reports need half of it."""
_UNDEFINED_LENGTH = 0xFFFFFFFF
_ELEMENT_HEADER = 8
_META_SCAN = 4096
_INFLATE_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class PixelDataPlace:
    """Where the value of Pixel Data lies.

    Parameters
    ----------
    element
        Of group 7FE0: 0x0010, or 0x0008 and 0x0009 for floating point.
    offset
        First byte of the value.
    length
        Bytes, or ``None`` where it is encapsulated.
    """

    element: int
    offset: int
    length: int | None

    @property
    def is_encapsulated(self) -> bool:
        """Whether the value is a sequence of items (PS3.5 A.4)."""
        return self.length is None


@dataclass(frozen=True, slots=True)
class Part10Header:
    """A dataset up to its pixels, and where these are.

    Parameters
    ----------
    pixel_data
        ``None`` where there is none, or where it cannot be reached since all is deflated.
    """

    dataset: FileDataset
    transfer_syntax_uid: str
    pixel_data: PixelDataPlace | None


def read_header(file: BinaryIO) -> Part10Header:
    """Read a Part 10 file up to Pixel Data.

    Parameters
    ----------
    file
        Open for reading and seekable.

    Raises
    ------
    NotDicomError
        There is no preamble with the prefix DICM.
    CorruptDicomError
        The dataset cannot be parsed, ends within an element, is nested deeper than `DEPTH_LIMIT`,
        or would take more than `HEADER_LIMIT` (deflated: `INFLATED_LIMIT`).
    """
    from pydicom import dcmread

    _check_prefix(file)
    dataset_offset = _dataset_offset(file)
    is_deflated = _is_deflated(file, dataset_offset)
    if is_deflated:
        _check_inflated_size(file, dataset_offset)
    bounded = _BoundedReader(file)
    try:
        dataset = dcmread(bounded, stop_before_pixels=True)
        transfer_syntax = str(dataset.file_meta.TransferSyntaxUID)
        position = bounded.tell()
        _check_values(dataset)
        _check_depth(dataset)
        dataset.decode()
    except CorruptDicomError:
        raise
    except Exception as error:  # the parser raises whatever a broken file provokes
        raise CorruptDicomError(
            f"the dataset cannot be parsed: {type(error).__name__}: {error}",
            remedy="the file is damaged; get it again",
        ) from error
    place = None if is_deflated else _pixel_data_place(file, position, transfer_syntax)
    return Part10Header(dataset, transfer_syntax, place)


def _check_prefix(file: BinaryIO) -> None:
    file.seek(PREFIX_OFFSET)
    prefix = file.read(4)
    if prefix != b"DICM":
        raise NotDicomError(
            f"found {prefix.hex() or 'the end of the file'} at byte {PREFIX_OFFSET}, expected DICM",
            remedy="give a DICOM Part 10 file",
        )


def _dataset_offset(file: BinaryIO) -> int | None:
    """Return where File Meta Information ends; ``None`` where it has no group length."""
    file.seek(PREFIX_OFFSET + 4)
    group_length = file.read(12)
    if len(group_length) < 12 or group_length[:8] != b"\x02\x00\x00\x00UL\x04\x00":
        return None
    return PREFIX_OFFSET + 16 + int(struct.unpack_from("<I", group_length, 8)[0])


def _is_deflated(file: BinaryIO, dataset_offset: int | None) -> bool:
    file.seek(PREFIX_OFFSET + 4)
    meta = file.read(min((dataset_offset or _META_SCAN) - PREFIX_OFFSET - 4, _META_SCAN))
    _, found, value = meta.partition(b"\x02\x00\x10\x00UI")
    transfer_syntax = DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN.encode()
    return bool(found) and value[2 : 2 + len(transfer_syntax)] == transfer_syntax


def _check_values(dataset: Dataset) -> None:
    """Refuse a value that is shorter than its element says: the file is cut there."""
    for tag in dataset.keys():  # noqa: SIM118 - iterating the dataset would convert all values
        raw = dataset.get_item(tag)
        length, value = getattr(raw, "length", None), getattr(raw, "value", None)
        if isinstance(value, bytes) and length not in (None, _UNDEFINED_LENGTH, len(value)):
            raise CorruptDicomError(
                f"found {len(value)} bytes of a value, expected {length}",
                place=str(tag),
                remedy="the file is cut short; get it again",
            )


def _check_depth(dataset: Dataset) -> None:
    """Refuse what would make recursion over the dataset run deep."""
    here: list[Dataset] = [dataset]
    for _ in range(DEPTH_LIMIT + 1):
        here = [
            item
            for one in here
            for element in one
            if element.VR == "SQ"
            for item in element.value or ()
        ]
        if not here:
            return
    raise CorruptDicomError(f"sequences are nested deeper than {DEPTH_LIMIT}")


def _check_inflated_size(file: BinaryIO, dataset_offset: int | None) -> None:
    """Inflate once without keeping anything, as the parser would do without a limit."""
    if dataset_offset is None:
        raise CorruptDicomError("a deflated file has no File Meta Information Group Length")
    file.seek(dataset_offset)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    size = 0
    pending = file.read(_INFLATE_CHUNK)
    try:
        while pending and not inflater.eof:
            size += len(inflater.decompress(pending, _INFLATE_CHUNK))
            pending = inflater.unconsumed_tail or file.read(_INFLATE_CHUNK)
            if size > INFLATED_LIMIT:
                raise CorruptDicomError(
                    f"the deflated dataset is larger than {INFLATED_LIMIT >> 20} MiB",
                    remedy="send it in another transfer syntax",
                )
    except zlib.error as error:
        raise CorruptDicomError(f"the deflated dataset is damaged: {error}") from error


class _BoundedReader:
    """A file that gives no more than it has, whatever length an element claims."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, 2)
        self._given = 0
        file.seek(0)

    def read(self, size: int = -1) -> bytes:
        left = max(self._size - self._file.tell(), 0)
        wanted = left if size < 0 else min(size, left)
        self._given += wanted
        if self._given > HEADER_LIMIT:
            raise CorruptDicomError(
                f"the dataset before Pixel Data is larger than {HEADER_LIMIT >> 20} MiB"
            )
        if size == _ELEMENT_HEADER and 0 < wanted < size:
            raise CorruptDicomError(
                "the file ends within an element", remedy="the file is cut short; get it again"
            )
        return self._file.read(wanted)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _pixel_data_place(file: BinaryIO, position: int, transfer_syntax: str) -> PixelDataPlace | None:
    order = ">" if transfer_syntax == EXPLICIT_VR_BIG_ENDIAN else "<"
    is_implicit = transfer_syntax == IMPLICIT_VR_LITTLE_ENDIAN
    file.seek(position)
    header = file.read(8 if is_implicit else 12)
    if len(header) < (8 if is_implicit else 12):
        return None
    group, element = struct.unpack_from(f"{order}HH", header)
    if group != 0x7FE0 or element not in (0x0008, 0x0009, 0x0010):
        return None
    (length,) = struct.unpack_from(f"{order}I", header, len(header) - 4)
    return PixelDataPlace(
        element, position + len(header), None if length == _UNDEFINED_LENGTH else length
    )
