# SPDX-License-Identifier: Apache-2.0
"""Where the frames of an instance lie in its file, worked out once when it comes in.

Encapsulated frames are located by their items, native ones by arithmetic. What pads a frame to
even length is left out of its length, where it is certain to be padding.

References
----------
PS3.5 A.4 (encapsulation), PS3.5 8.1.1 and 8.2 (native pixels), PS3.3 C.7.6.6 (multi-frame)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from dicomizer.dicom.encapsulation import FrameIndex, read_frame_index
from dicomizer.dicom.part10 import EXPLICIT_VR_BIG_ENDIAN
from dicomizer.errors import CorruptDicomError

if TYPE_CHECKING:
    from dicomizer.dicom.attributes import Part10Attributes, Values
    from dicomizer.dicom.encapsulation import RandomAccess
    from dicomizer.dicom.part10 import PixelDataPlace

_FRAME_LIMIT = 100_000_000
_JPEG_FAMILY = ("1.2.840.10008.1.2.4.5", "1.2.840.10008.1.2.4.7", "1.2.840.10008.1.2.4.8",
                "1.2.840.10008.1.2.4.9", "1.2.840.10008.1.2.4.20")  # fmt: skip
"""How transfer syntaxes begin whose frames end with the marker FFD9: JPEG, JPEG-LS, JPEG 2000."""
_VIDEO = "1.2.840.10008.1.2.4.10"
"""How transfer syntaxes begin whose frames depend on one another: MPEG-2, MPEG-4, HEVC."""
_END_AND_PADDING = b"\xff\xd9\x00"


def locate_frames(file: BinaryIO, found: Part10Attributes, size: int) -> FrameIndex | None:
    """Return where each frame lies, ``None`` where there are none that can be told apart.

    Parameters
    ----------
    file
        Open and seekable.
    size
        Of the file, in bytes.

    Raises
    ------
    CorruptDicomError
        The file is cut short, or its items contradict Number of Frames.
    """
    place, values = found.pixel_data, found.values
    if place is None or found.transfer_syntax_uid.startswith(_VIDEO):
        return None
    number_of_frames = _whole_number(values, "NumberOfFrames", 1)
    if not 1 <= number_of_frames <= _FRAME_LIMIT:
        raise CorruptDicomError(f"found {number_of_frames} frames", place="NumberOfFrames")
    if place.length is None:
        source, extended = _FileReader(file), found.offset_tables
        index = read_frame_index(source, place.offset, number_of_frames, extended)
        ends_marked = found.transfer_syntax_uid.startswith(_JPEG_FAMILY)
        return _without_padding(source, index) if ends_marked else index
    if place.offset + place.length > size:
        raise CorruptDicomError(
            f"Pixel Data ends at byte {place.offset + place.length}, the file at byte {size}",
            remedy="the file is cut short; send it again",
        )
    if _whole_number(values, "BitsAllocated", 0) == 1:
        is_swapped = found.transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN
        return _bit_frames(values, place, number_of_frames, is_swapped=is_swapped)
    return _native_frames(values, place.offset, place.length, number_of_frames)


def _without_padding(source: RandomAccess, index: FrameIndex) -> FrameIndex:
    """Shorten frames by a zero byte that follows their end marker."""
    lengths, fragmented = index.lengths.copy(), dict(index.fragmented)
    for frame_index in range(len(index)):
        *others, (offset, length) = index.fragments(frame_index)
        if length >= 3 and source.pread(3, offset + length - 3) == _END_AND_PADDING:
            lengths[frame_index] -= np.uint64(1)
            if others:
                fragmented[frame_index] = (*others, (offset, length - 1))
    return FrameIndex(index.offsets, lengths, fragmented)


def _native_frames(
    values: Values, offset: int, length: int, number_of_frames: int
) -> FrameIndex | None:
    """Divide native Pixel Data."""
    bits = _whole_number(values, "BitsAllocated", 0)
    samples = _whole_number(values, "SamplesPerPixel", 1)
    pixels = _whole_number(values, "Rows", 0) * _whole_number(values, "Columns", 0)
    halved = pixels * 2 * number_of_frames
    if (
        values.get("PhotometricInterpretation") == "YBR_FULL_422"
        and (samples, bits) == (3, 8)
        and length == halved + halved % 2
    ):
        samples = 2  # chrominance has half the columns (PS3.5 8.2.1), as it should
    frame_bits = pixels * samples * bits
    if not frame_bits or frame_bits % 8:
        return None
    frame_length = frame_bits // 8
    if frame_length * number_of_frames > length:
        raise CorruptDicomError(
            f"found {length} bytes, expected {number_of_frames} frames of {frame_length}",
            place="PixelData",
        )
    starts = np.arange(number_of_frames, dtype=np.uint64) * np.uint64(frame_length)
    lengths = np.full(number_of_frames, frame_length, dtype=np.uint64)
    return FrameIndex(starts + np.uint64(offset), lengths, {})


def _bit_frames(
    values: Values, place: PixelDataPlace, number_of_frames: int, *, is_swapped: bool
) -> FrameIndex | None:
    """Divide frames of single bits, which need not begin at a byte (PS3.5 8.1.1).

    Parameters
    ----------
    is_swapped
        Whether the bytes of words stand the other way round, so that those of a frame are not
        beside each other.
    """
    bits = _whole_number(values, "Rows", 0) * _whole_number(values, "Columns", 0)
    bits *= _whole_number(values, "SamplesPerPixel", 1)
    length = place.length or 0
    if bits * number_of_frames > length * 8:
        raise CorruptDicomError(
            f"found {length} bytes, expected {number_of_frames} frames of {bits} bits",
            place="PixelData",
        )
    if not bits or (bits % 8 and is_swapped):
        return None
    begin = np.arange(number_of_frames + 1, dtype=np.uint64) * np.uint64(bits)
    first, behind = begin[:-1] // np.uint64(8), (begin[1:] + np.uint64(7)) // np.uint64(8)
    offsets, lengths = first + np.uint64(place.offset), behind - first
    return FrameIndex(offsets, lengths, {}, bits if bits % 8 else 0)


def _whole_number(values: Values, keyword: str, default: int) -> int:
    value = values.get(keyword)
    if value is None or value == "":
        return default
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise CorruptDicomError("found no whole number", place=keyword) from error
    if number < 0:
        raise CorruptDicomError(f"found {number}", place=keyword)
    return number


class _FileReader:
    """Random access to an open file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def pread(self, length: int, offset: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``."""
        self._file.seek(offset)
        return self._file.read(length)
