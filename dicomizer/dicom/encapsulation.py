# SPDX-License-Identifier: Apache-2.0
"""Frames in encapsulated Pixel Data: item headers and offset tables, written and read.

The writer lays out one fragment per frame; the reader also takes frames of many fragments.
Offsets follow the standard's convention: they count from the first byte after the Basic Offset
Table item, and point at the item tag of a frame's first fragment.

References
----------
PS3.5 A.4 (encapsulation), PS3.3 C.7.6.3.1.8 (Extended Offset Table)
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from dicomizer.errors import CorruptDicomError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

ITEM_TAG = b"\xfe\xff\x00\xe0"
SEQUENCE_DELIMITER = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
PIXEL_DATA_HEADER = b"\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff"
"""(7FE0,0010), OB, undefined length, explicit VR little endian."""

BASIC_OFFSET_LIMIT = 0xFFFFFFFF
"""The largest offset that fits the 32 bits of a Basic Offset Table."""
SPARE_FRAGMENT_LIMIT = 1_000_000
"""Fragments beyond one for each frame; an encoder that cuts frames at all cuts them in thousands
of bytes."""


class RandomAccess(Protocol):
    """Bytes that can be read at any place: an open file, or a blob of the store."""

    def pread(self, length: int, offset: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``; fewer only at the end."""
        ...


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """Where each frame's value lies in a file.

    Parameters
    ----------
    offsets
        ``(frames,)`` uint64; first byte of the frame's value, from the start of the file.
    lengths
        ``(frames,)`` uint64; bytes of the value, padding included.
    fragmented
        Frames (counted from 0) of several fragments, with the ``(offset, length)`` of each; for
        them ``lengths`` holds the sum.
    bits
        Of each frame, where frames of single bits follow each other without regard to bytes
        (PS3.5 8.1.1): offsets and lengths are then of the bytes that have something of a frame,
        and `value` makes it begin with the first bit. Else 0.
    """

    offsets: NDArray[np.uint64]
    lengths: NDArray[np.uint64]
    fragmented: dict[int, tuple[tuple[int, int], ...]]
    bits: int = 0

    def __len__(self) -> int:
        return len(self.offsets)

    def fragments(self, frame_index: int) -> tuple[tuple[int, int], ...]:
        """Return the ``(offset, length)`` runs that make up a frame, in order."""
        return self.fragmented.get(
            frame_index, ((int(self.offsets[frame_index]), int(self.lengths[frame_index])),)
        )

    def length(self, frame_index: int) -> int:
        """Return the bytes of a frame's value."""
        return -(-self.bits // 8) if self.bits else int(self.lengths[frame_index])

    def value(self, frame_index: int, stored: bytes) -> bytes:
        """Return the value of a frame, out of the bytes of its fragments.

        Of single bits the first is the least significant of the first byte, as in an instance
        that has no other frame; what is left of the last byte is 0.
        """
        if not self.bits:
            return stored
        begun = int.from_bytes(stored, "little") >> (frame_index * self.bits % 8)
        return (begun & ((1 << self.bits) - 1)).to_bytes(self.length(frame_index), "little")


def item_header(length: int) -> bytes:
    """Return the 8 bytes that begin an item of ``length`` bytes."""
    return ITEM_TAG + struct.pack("<I", length)


def basic_offset_table(item_lengths: NDArray[np.uint64]) -> bytes:
    """Return the Basic Offset Table item for frames of the given item lengths.

    Parameters
    ----------
    item_lengths
        ``(frames,)`` uint64; even length of each frame's single fragment, without item header.

    Raises
    ------
    CorruptDicomError
        An offset does not fit 32 bits; an Extended Offset Table is needed.
    """
    offsets = frame_offsets(item_lengths)
    if offsets.size and int(offsets[-1]) > BASIC_OFFSET_LIMIT:
        raise CorruptDicomError(
            f"frame offset {int(offsets[-1])} exceeds the 32 bits of a Basic Offset Table",
            place="PixelData",
            remedy="write an Extended Offset Table",
        )
    return item_header(4 * offsets.size) + offsets.astype("<u4").tobytes()


def frame_offsets(item_lengths: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return each frame's offset from the first byte after the Basic Offset Table item."""
    offsets = np.zeros(len(item_lengths), dtype=np.uint64)
    np.cumsum(item_lengths[:-1] + np.uint64(8), out=offsets[1:])
    return offsets


def extended_offset_table(item_lengths: NDArray[np.uint64]) -> tuple[bytes, bytes]:
    """Return the values of Extended Offset Table and Extended Offset Table Lengths.

    The lengths are those of the items, padding included: pydicom writes them so, and wsidicom
    takes an odd one for damage. A reader must expect either.

    Parameters
    ----------
    item_lengths
        ``(frames,)`` uint64; even length of each fragment.
    """
    offsets = frame_offsets(item_lengths)
    return offsets.astype("<u8").tobytes(), item_lengths.astype("<u8").tobytes()


def extended_tables(dataset: Dataset) -> tuple[bytes, bytes] | None:
    """Return Extended Offset Table and Extended Offset Table Lengths of a dataset with both."""
    offsets, lengths = (
        dataset.get("ExtendedOffsetTable"),
        dataset.get("ExtendedOffsetTableLengths"),
    )
    if isinstance(offsets, bytes) and isinstance(lengths, bytes):
        return offsets, lengths
    return None


def read_frame_index(
    source: RandomAccess,
    value_offset: int,
    number_of_frames: int,
    extended: tuple[bytes, bytes] | None = None,
) -> FrameIndex:
    """Locate every frame of an encapsulated Pixel Data element.

    The item headers are walked, 8 bytes each, since they alone are sure. An offset table is only
    asked which fragments begin a frame, where there are more fragments than frames.

    Parameters
    ----------
    source
        The file.
    value_offset
        First byte of the value of Pixel Data: the tag of the Basic Offset Table item.
    number_of_frames
        As the dataset says.
    extended
        Values of Extended Offset Table and Extended Offset Table Lengths.

    Raises
    ------
    CorruptDicomError
        The items are no items, or cannot be divided into ``number_of_frames`` frames.
    """
    table_length = _item_length(source, value_offset)
    base = value_offset + 8 + table_length
    fragments = _walk(source, base, number_of_frames)
    if len(fragments) == number_of_frames:
        return _one_fragment_each(fragments, extended)
    if number_of_frames == 1 and len(fragments):
        return _grouped(fragments, np.zeros(1, dtype=np.intp))
    starts = _stated_offsets(source, value_offset, table_length, extended)
    return _grouped(fragments, _first_fragments(fragments, starts, base, number_of_frames))


def _stated_offsets(
    source: RandomAccess,
    value_offset: int,
    table_length: int,
    extended: tuple[bytes, bytes] | None,
) -> NDArray[np.uint64]:
    """Return the offsets of the frames as a table tells them, the extended one if there is."""
    if extended is not None:
        return np.frombuffer(extended[0][: len(extended[0]) // 8 * 8], dtype="<u8")
    table = source.pread(table_length // 4 * 4, value_offset + 8)
    return np.frombuffer(table, dtype="<u4").astype(np.uint64)


def _first_fragments(
    fragments: NDArray[np.uint64], starts: NDArray[np.uint64], base: int, number_of_frames: int
) -> NDArray[np.intp]:
    """Return the number of each frame's first fragment.

    Parameters
    ----------
    fragments
        ``(fragments, 2)``, offset and length of each fragment's value.
    starts
        Offsets of a table.
    base
        First byte that they count from.
    """
    if len(starts) != number_of_frames:
        raise CorruptDicomError(
            f"found {len(fragments)} fragments and {len(starts)} offsets, "
            f"expected one for each of {number_of_frames} frames",
            place="PixelData",
            remedy="frames of several fragments need an offset table",
        )
    places = fragments[:, 0] - np.uint64(base + 8)
    astray = starts[~np.isin(starts, places)]
    if astray.size:
        raise CorruptDicomError(
            f"offset {astray[0]} of the offset table points at no fragment", place="PixelData"
        )
    return np.searchsorted(places, starts)


def _item_length(source: RandomAccess, offset: int) -> int:
    header = source.pread(8, offset)
    if len(header) < 8 or header[:4] != ITEM_TAG:
        raise CorruptDicomError(
            f"found {header.hex() or 'the end of the file'}, expected an item (FFFE,E000)",
            place=f"PixelData at byte {offset}",
            remedy="the file is truncated or damaged; get it again",
        )
    return int.from_bytes(header[4:], "little")


def _walk(source: RandomAccess, base: int, number_of_frames: int) -> NDArray[np.uint64]:
    """Return ``(fragments, 2)`` uint64: offset and length of each fragment's value."""
    found = array("Q")  # items of no bytes are the cheapest attack: a tuple for each takes 100
    position = base
    while (header := source.pread(8, position)) != SEQUENCE_DELIMITER:
        if len(header) < 8 or header[:4] != ITEM_TAG:
            raise CorruptDicomError(
                f"found {header.hex() or 'the end of the file'}, expected an item (FFFE,E000) "
                "or the sequence delimiter (FFFE,E0DD)",
                place=f"PixelData at byte {position}",
                remedy="the file is truncated or damaged; get it again",
            )
        length = int.from_bytes(header[4:], "little")
        found.extend((position + 8, length))
        if len(found) // 2 > number_of_frames + SPARE_FRAGMENT_LIMIT:
            raise CorruptDicomError(
                f"found more than {SPARE_FRAGMENT_LIMIT:,} fragments beyond one for each of "
                f"{number_of_frames} frames",
                place="PixelData",
            )
        position += 8 + length
    return np.array(found, dtype=np.uint64).reshape(-1, 2)


def _one_fragment_each(
    fragments: NDArray[np.uint64], extended: tuple[bytes, bytes] | None
) -> FrameIndex:
    offsets, lengths = fragments.T
    if extended is not None and len(extended[1]) == 8 * len(fragments):
        # The extended table also knows the lengths before padding.
        stated = np.frombuffer(extended[1], dtype="<u8").astype(np.uint64)
        if bool(np.all(lengths - stated <= 1)):
            lengths = stated
    return FrameIndex(offsets.copy(), lengths.copy(), {})


def _grouped(fragments: NDArray[np.uint64], starts: NDArray[np.intp]) -> FrameIndex:
    """Make frames of the fragments that begin at each of ``starts``."""
    if not starts.size or starts[0] != 0 or bool(np.any(np.diff(starts) <= 0)):
        raise CorruptDicomError("the offset table is not in ascending order", place="PixelData")
    stops = np.append(starts[1:], len(fragments))
    several = np.flatnonzero(stops - starts > 1)
    return FrameIndex(
        fragments[starts, 0],
        np.add.reduceat(fragments[:, 1], starts),
        {
            int(frame_index): tuple(
                (int(offset), int(length))
                for offset, length in fragments[starts[frame_index] : stops[frame_index]]
            )
            for frame_index in several
        },
    )
