# SPDX-License-Identifier: Apache-2.0
"""A Part 10 file with its frames, to be read at any place by several threads.

References
----------
PS3.5 8.1 (native pixels), A.4 (encapsulated pixels), PS3.15 C (digital signatures)
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from dicomizer.dicom.encapsulation import FrameIndex, extended_tables, read_frame_index
from dicomizer.dicom.schema.read_values import text, whole
from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.dicom.value_place import ElementWalker, dataset_offset
from dicomizer.errors import CorruptDicomError
from dicomizer.pixels.stored_frames import PixelDescription
from dicomizer.transcode.choice import UnfitError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomizer.dicom.part10 import Part10Header, PixelDataPlace

_PIXEL_DATA, _TRAILING_PADDING = 0x0010, 0xFFFCFFFC
_MOST_FRAMES = 100_000_000
_DELIMITER_BYTES = 8
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_END_AND_PADDING = b"\xff\xd9\x00"


class FileReader:
    """Reads an open file at any place; safe to use from several threads."""

    def __init__(self, file: BinaryIO) -> None:
        self._descriptor = file.fileno()
        self.size = os.fstat(self._descriptor).st_size

    def pread(self, length: int, offset: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``; fewer only at the end."""
        found = os.pread(self._descriptor, length, offset)
        while len(found) < length and (more := self._more(length, offset, found)):
            found += more
        return found

    def _more(self, length: int, offset: int, found: bytes) -> bytes:
        return os.pread(self._descriptor, length - len(found), offset + len(found))


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose frames can be had.

    Parameters
    ----------
    begin
        First byte of the dataset.
    pixels
        Where Pixel Data lies.
    """

    reader: FileReader
    header: Part10Header
    description: PixelDescription
    index: FrameIndex
    begin: int
    pixels: PixelDataPlace

    def __len__(self) -> int:
        return len(self.index)

    def frame(self, frame_index: int) -> bytes:
        """Return a frame, a JPEG stream without the zero that pads it.

        Raises
        ------
        CorruptDicomError
            The file ends within it.
        """
        runs = self.index.fragments(frame_index)
        found = b"".join(self.reader.pread(length, offset) for offset, length in runs)
        if len(found) != int(self.index.lengths[frame_index]):
            raise CorruptDicomError("the file ends within it", place=f"frame {frame_index + 1}")
        is_jpeg = self.header.transfer_syntax_uid == TransferSyntax.JPEG_BASELINE.value
        return found[:-1] if is_jpeg and found.endswith(_END_AND_PADDING) else found


def open_frames(file: BinaryIO, header: Part10Header) -> Opened:
    """Locate the frames of a file, and make sure that nothing hinges on how they are coded.

    Raises
    ------
    UnfitError
        More than the frames would have to change.
    DicomizerError
        The file is damaged, or its attributes describe no pixels.
    """
    place = header.pixel_data
    if place is None:
        raise UnfitError("it has no pixels")
    if place.element != _PIXEL_DATA:
        raise UnfitError("its pixels are floating-point numbers")
    reader = FileReader(file)
    description = _description(header)
    description.check()
    index = _index(reader, header, place, description)
    found = Opened(reader, header, description, index, dataset_offset(reader), place)
    _check_rest(found)
    return found


def _description(header: Part10Header) -> PixelDescription:
    dataset = header.dataset
    allocated = _whole(dataset, "BitsAllocated", 8)
    stored = _whole(dataset, "BitsStored", allocated)
    return PixelDescription(
        transfer_syntax_uid=header.transfer_syntax_uid,
        rows=_whole(dataset, "Rows", 0),
        columns=_whole(dataset, "Columns", 0),
        samples=_whole(dataset, "SamplesPerPixel", 1),
        photometric_interpretation=text(dataset, "PhotometricInterpretation") or "",
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=_whole(dataset, "HighBit", stored - 1),
        is_signed=_whole(dataset, "PixelRepresentation", 0) == 1,
        is_planar=_whole(dataset, "PlanarConfiguration", 0) == 1,
    )


def _whole(dataset: Dataset, keyword: str, default: int) -> int:
    found = whole(dataset, keyword)
    return default if found is None else found


def _index(
    reader: FileReader,
    header: Part10Header,
    place: PixelDataPlace,
    description: PixelDescription,
) -> FrameIndex:
    count = _whole(header.dataset, "NumberOfFrames", 1)
    if not 1 <= count <= _MOST_FRAMES:
        raise CorruptDicomError(f"found {count} frames", place="NumberOfFrames")
    if place.length is None:
        return read_frame_index(reader, place.offset, count, extended_tables(header.dataset))
    pixels = description.rows * description.columns * description.samples
    size = pixels * description.bits_allocated // 8
    if pixels * description.bits_allocated % 8 or description.bits_allocated < 8:
        raise UnfitError("its samples are single bits")
    if not count * size <= place.length <= count * size + 1:
        raise UnfitError(f"its {count} frames do not have {size:,} bytes each")
    if place.offset + place.length > reader.size:
        raise CorruptDicomError("the file ends within Pixel Data")
    offsets = np.arange(count, dtype=np.uint64) * np.uint64(size) + np.uint64(place.offset)
    return FrameIndex(offsets, np.full(count, size, dtype=np.uint64), {})


def _check_rest(found: Opened) -> None:
    """Refuse what would be untrue once the frames are coded otherwise.

    A preamble may be the head of a TIFF that points at the frames, an icon of encapsulated pixels
    is coded as the transfer syntax says, and what follows Pixel Data may be a signature of it;
    padding means nothing (PS3.10 7.2).
    """
    if found.reader.pread(4, 0) in _TIFF:
        raise UnfitError("it is a TIFF as well, whose readers would not know the new frames")
    if found.pixels.length is None and "IconImageSequence" in found.header.dataset:
        raise UnfitError("it has an icon, which may be coded as its frames are")
    end = _end_of_pixels(found)
    following = ElementWalker(found.reader, found.header.transfer_syntax_uid).element(end)
    if following is not None and following.tag != _TRAILING_PADDING:
        raise UnfitError("elements follow its pixels, such as a signature of them")


def _end_of_pixels(found: Opened) -> int:
    if found.pixels.length is not None:
        return found.pixels.offset + found.pixels.length
    offset, length = found.index.fragments(len(found) - 1)[-1]
    return offset + length + length % 2 + _DELIMITER_BYTES
