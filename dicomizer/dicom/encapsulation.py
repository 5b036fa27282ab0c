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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from dicomizer.errors import CorruptDicomError

if TYPE_CHECKING:
    from numpy.typing import NDArray

ITEM_TAG = b"\xfe\xff\x00\xe0"
SEQUENCE_DELIMITER = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
PIXEL_DATA_HEADER = b"\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff"
"""(7FE0,0010), OB, undefined length, explicit VR little endian."""

BASIC_OFFSET_LIMIT = 0xFFFFFFFF
"""The largest offset that fits the 32 bits of a Basic Offset Table."""


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
    """

    offsets: NDArray[np.uint64]
    lengths: NDArray[np.uint64]
    fragmented: dict[int, tuple[tuple[int, int], ...]]

    def __len__(self) -> int:
        return len(self.offsets)

    def fragments(self, frame_index: int) -> tuple[tuple[int, int], ...]:
        """Return the ``(offset, length)`` runs that make up a frame, in order."""
        return self.fragmented.get(
            frame_index, ((int(self.offsets[frame_index]), int(self.lengths[frame_index])),)
        )


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


def extended_offset_table(
    item_lengths: NDArray[np.uint64], frame_lengths: NDArray[np.uint64]
) -> tuple[bytes, bytes]:
    """Return the values of Extended Offset Table and Extended Offset Table Lengths.

    Parameters
    ----------
    item_lengths
        ``(frames,)`` uint64; even length of each fragment.
    frame_lengths
        ``(frames,)`` uint64; length of each frame without the byte that pads it.
    """
    return frame_offsets(item_lengths).astype("<u8").tobytes(), frame_lengths.astype(
        "<u8"
    ).tobytes()


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
    fragments = _walk(source, base)
    if len(fragments) == number_of_frames:
        return _one_fragment_each(fragments, extended)
    if number_of_frames == 1 and fragments:
        return _grouped(fragments, [0])
    if extended is not None:
        starts = np.frombuffer(extended[0][: len(extended[0]) // 8 * 8], dtype="<u8")
    else:
        table = source.pread(table_length // 4 * 4, value_offset + 8)
        starts = np.frombuffer(table, dtype="<u4").astype(np.uint64)
    if len(starts) != number_of_frames:
        raise CorruptDicomError(
            f"found {len(fragments)} fragments and {len(starts)} offsets, "
            f"expected one for each of {number_of_frames} frames",
            place="PixelData",
            remedy="frames of several fragments need an offset table",
        )
    place = {offset - base - 8: number for number, (offset, _) in enumerate(fragments)}
    try:
        return _grouped(fragments, [place[int(start)] for start in starts])
    except KeyError as error:
        raise CorruptDicomError(
            f"offset {error.args[0]} of the offset table points at no fragment", place="PixelData"
        ) from error


def _item_length(source: RandomAccess, offset: int) -> int:
    header = source.pread(8, offset)
    if len(header) < 8 or header[:4] != ITEM_TAG:
        raise CorruptDicomError(
            f"found {header.hex() or 'the end of the file'}, expected an item (FFFE,E000)",
            place=f"PixelData at byte {offset}",
            remedy="the file is truncated or damaged; get it again",
        )
    return int.from_bytes(header[4:], "little")


def _walk(source: RandomAccess, base: int) -> list[tuple[int, int]]:
    """Return the ``(offset, length)`` of each fragment's value."""
    fragments: list[tuple[int, int]] = []
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
        fragments.append((position + 8, length))
        position += 8 + length
    return fragments


def _one_fragment_each(
    fragments: list[tuple[int, int]], extended: tuple[bytes, bytes] | None
) -> FrameIndex:
    offsets, lengths = np.array(fragments, dtype=np.uint64).reshape(-1, 2).T
    if extended is not None and len(extended[1]) == 8 * len(fragments):
        # The extended table also knows the lengths before padding.
        stated = np.frombuffer(extended[1], dtype="<u8").astype(np.uint64)
        if bool(np.all(lengths - stated <= 1)):
            lengths = stated
    return FrameIndex(offsets.copy(), lengths.copy(), {})


def _grouped(fragments: list[tuple[int, int]], starts: list[int]) -> FrameIndex:
    """Make frames of the fragments that begin at each of ``starts``."""
    if starts != sorted(set(starts)) or starts[:1] != [0]:
        raise CorruptDicomError("the offset table is not in ascending order", place="PixelData")
    groups = [
        tuple(fragments[start:stop])
        for start, stop in zip(starts, [*starts[1:], len(fragments)], strict=True)
    ]
    return FrameIndex(
        np.array([group[0][0] for group in groups], dtype=np.uint64),
        np.array([sum(length for _, length in group) for group in groups], dtype=np.uint64),
        {number: group for number, group in enumerate(groups) if len(group) > 1},
    )
