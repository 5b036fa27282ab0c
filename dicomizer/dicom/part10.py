# SPDX-License-Identifier: Apache-2.0
"""The header of a Part 10 file, read without its pixels and within bounds.

pydicom parses; this module keeps a hostile or broken file from making it take memory or time,
turns whatever it raises into our errors, and tells where Pixel Data lies.

References
----------
PS3.10 7 (file format), PS3.5 7 (data set), PS3.5 A.5 (deflated transfer syntax)
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from dicomizer.errors import CorruptDicomError, NotDicomError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset

PREFIX_OFFSET = 128
IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"

HEADER_LIMIT = 512 << 20
"""Bytes of a header; the offset table of 20 million frames fits."""
INFLATED_LIMIT = 64 << 20
"""Bytes of a deflated dataset, its pixels included, which the parser holds in memory."""
DEPTH_LIMIT = 24
"""Sequences within sequences; the deepest templates of structured reports need half of it."""
STRUCTURE_LIMIT = 2_000_000
"""Element headers and items that are parsed; a sparse slide of 100,000 frames fits. The parser
takes 650 bytes and 17 µs for an item of 8 bytes."""
_UNDEFINED_LENGTH = 0xFFFFFFFF
_ELEMENT_HEADER = 8
_ITEM_TAGS = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")
"""In little and in big endian."""
_INFLATE_CHUNK = 1 << 20
_TAG = re.compile(r"\([0-9A-Fa-f]{4},[0-9A-Fa-f]{4}\)")


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
        raise bounded.refusal or CorruptDicomError(
            # The parser's own words may hold a value of a patient, or a whole traceback.
            f"the dataset cannot be parsed: {type(error).__name__}",
            place=_tag_in(str(error)),
            remedy="the file is damaged; get it again",
        ) from error
    place = None if bounded.is_deflated else _pixel_data_place(file, position, transfer_syntax)
    return Part10Header(dataset, transfer_syntax, place)


def _tag_in(problem: str) -> str | None:
    """Return the tag that the parser names in its own words, if any."""
    found = _TAG.search(problem)
    return found[0] if found else None


def _check_prefix(file: BinaryIO) -> None:
    file.seek(PREFIX_OFFSET)
    prefix = file.read(4)
    if prefix != b"DICM":
        raise NotDicomError(
            f"found {prefix.hex() or 'the end of the file'} at byte {PREFIX_OFFSET}, expected DICM",
            remedy="give a DICOM Part 10 file",
        )


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


def _check_inflated_size(file: BinaryIO) -> int:
    """Inflate the rest of a file once without keeping anything; return how many items are in it.

    The parser would do so without a limit.
    """
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    size = items = 0
    pending = file.read(_INFLATE_CHUNK)
    try:
        while pending and not inflater.eof:
            inflated = inflater.decompress(pending, _INFLATE_CHUNK)
            size, items = size + len(inflated), items + count_items(inflated)
            pending = inflater.unconsumed_tail or file.read(_INFLATE_CHUNK)
            if size > INFLATED_LIMIT:
                raise CorruptDicomError(
                    f"the deflated dataset is larger than {INFLATED_LIMIT >> 20} MiB",
                    remedy="send it in another transfer syntax",
                )
    except zlib.error as error:
        raise CorruptDicomError(f"the deflated dataset is damaged: {error}") from error
    return items


def count_items(data: bytes) -> int:
    """Return how many items there may be in bytes of a dataset."""
    return sum(map(data.count, _ITEM_TAGS))


def too_many_structures() -> CorruptDicomError:
    """Return the error of a dataset that goes over `STRUCTURE_LIMIT`."""
    return CorruptDicomError(f"the dataset has more than {STRUCTURE_LIMIT:,} elements and items")


class _BoundedReader:
    """A file that gives no more than it has, whatever length an element claims, and not too much.

    The parser asks for all that is left only to inflate it. That is checked here, where it cannot
    be misled about the transfer syntax, as it could by looking for it beforehand.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, 2)
        self._given = 0
        self._structure = 0
        self.is_deflated = False
        self.refusal: CorruptDicomError | None = None
        file.seek(0)

    def read(self, size: int = -1) -> bytes:
        left = max(self._size - self._file.tell(), 0)
        if size < 0:
            self._allow_inflating(left)
        wanted = left if size < 0 else min(size, left)
        self._given += wanted
        if self._given > HEADER_LIMIT:
            self._refuse(f"the dataset before Pixel Data is larger than {HEADER_LIMIT >> 20} MiB")
        if size == _ELEMENT_HEADER and 0 < wanted < size:
            self._refuse("the file ends within an element", "the file is cut short; get it again")
        data = self._file.read(wanted)
        self._count(count_items(data) + (size == _ELEMENT_HEADER))
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def _allow_inflating(self, left: int) -> None:
        self.is_deflated = True
        if left > INFLATED_LIMIT:  # the parser holds it all, even what follows its end
            self._refuse(f"the deflated dataset is larger than {INFLATED_LIMIT >> 20} MiB")
        here = self._file.tell()
        self._count(_check_inflated_size(self._file))
        self._file.seek(here)

    def _count(self, structures: int) -> None:
        self._structure += structures
        if self._structure > STRUCTURE_LIMIT:
            self.refusal = too_many_structures()
            raise self.refusal

    def _refuse(self, problem: str, remedy: str | None = None) -> NoReturn:
        """Raise, and remember why: the parser puts errors of its own over ours."""
        self.refusal = CorruptDicomError(problem, remedy=remedy)
        raise self.refusal


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
