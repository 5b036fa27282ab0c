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
    from pydicom.dataset import FileDataset

PREFIX_OFFSET = 128
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"

HEADER_LIMIT = 512 << 20
"""Bytes of a header; the offset table of 20 million frames fits."""
_UNDEFINED_LENGTH = 0xFFFFFFFF
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
        The dataset cannot be parsed, or would take more than `HEADER_LIMIT`.
    """
    from pydicom import dcmread

    _check_prefix(file)
    is_deflated = _is_deflated(file)
    if is_deflated:
        _check_inflated_size(file)
    bounded = _BoundedReader(file)
    try:
        dataset = dcmread(bounded, stop_before_pixels=True)
        transfer_syntax = str(dataset.file_meta.TransferSyntaxUID)
        position = bounded.tell()
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


def _is_deflated(file: BinaryIO) -> bool:
    file.seek(PREFIX_OFFSET + 4)
    return DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN.encode() in file.read(_META_SCAN)


def _check_inflated_size(file: BinaryIO) -> None:
    """Inflate once without keeping anything, as the parser would do without a limit."""
    file.seek(PREFIX_OFFSET + 4)
    group_length = file.read(12)
    if group_length[:6] != b"\x02\x00\x00\x00UL":
        raise CorruptDicomError("a deflated file has no File Meta Information Group Length")
    file.seek(struct.unpack_from("<I", group_length, 8)[0], 1)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    size = 0
    pending = file.read(_INFLATE_CHUNK)
    try:
        while pending and not inflater.eof:
            size += len(inflater.decompress(pending, _INFLATE_CHUNK))
            pending = inflater.unconsumed_tail or file.read(_INFLATE_CHUNK)
            if size > HEADER_LIMIT:
                raise CorruptDicomError(
                    f"the deflated dataset is larger than {HEADER_LIMIT >> 20} MiB",
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
