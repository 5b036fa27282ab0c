# SPDX-License-Identifier: Apache-2.0
"""The frames of a file where they lie: located once, read in long runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.dicom.encapsulation import FrameIndex, extended_tables, read_frame_index
from dicomizer.dicom.schema.read_values import whole
from dicomizer.errors import CorruptDicomError, SourceError
from dicomizer.sources.tiff.runs import read_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.sources.dicom_wsi.series import WsiFile

_FRAME_LIMIT = 1 << 28
"""Bytes of a stored frame."""
_NUMBER_LIMIT = 1 << 26


@dataclass(frozen=True, slots=True)
class StoredFrames:
    """A file and the places of its frames."""

    file: WsiFile
    index: FrameIndex

    def span(self, frame: int) -> tuple[int, int]:
        """Return offset and length of a frame, with the headers between its fragments."""
        parts = self.index.fragments(frame)
        return parts[0][0], parts[-1][0] + parts[-1][1] - parts[0][0]

    def join(self, frame: int, span: memoryview) -> memoryview:
        """Return a frame without what stands between its fragments."""
        parts = self.index.fragments(frame)
        if len(parts) == 1:
            return span
        start = parts[0][0]
        return memoryview(
            b"".join(span[offset - start : offset - start + length] for offset, length in parts)
        )


class _PreadFile:
    """An open file as the frame index reads it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def pread(self, length: int, offset: int) -> bytes:
        return os.pread(self._descriptor, length, offset) if offset < 1 << 62 else b""


def locate_frames(file: WsiFile, frame_bytes: int) -> StoredFrames:
    """Find the frames of a file.

    Parameters
    ----------
    frame_bytes
        Of an uncompressed frame.

    Raises
    ------
    CorruptSourceError
        There are others than the dataset says.
    """
    count = _number_of_frames(file)
    if file.pixel_data.is_encapsulated:
        try:
            with file.path.open("rb") as opened:
                index = read_frame_index(
                    _PreadFile(opened.fileno()),
                    file.pixel_data.offset,
                    count,
                    extended_tables(file.dataset),
                )
        except CorruptDicomError as error:
            raise file.corrupt(error.problem, error.place) from error
    else:
        index = _native(file, count, frame_bytes)
    if len(index) and int(index.lengths.max()) > _FRAME_LIMIT:
        raise file.corrupt(f"a frame has {int(index.lengths.max())} bytes", "Pixel Data")
    return StoredFrames(file, index)


def _number_of_frames(file: WsiFile) -> int:
    count = whole(file.dataset, "NumberOfFrames")
    count = 1 if count is None else count
    if not 1 <= count <= _NUMBER_LIMIT:
        raise file.corrupt(f"found {count}, expected a number of frames", "Number of Frames")
    return count


def _native(file: WsiFile, count: int, frame_bytes: int) -> FrameIndex:
    length = file.pixel_data.length or 0
    size = file.path.stat().st_size
    if not count * frame_bytes <= length <= count * frame_bytes + 1:
        raise file.corrupt(
            f"found {length} bytes, expected {count} frames of {frame_bytes}", "Pixel Data"
        )
    if file.pixel_data.offset + count * frame_bytes > size:
        raise file.corrupt(f"the file ends after {size} bytes, within the frames", "Pixel Data")
    offsets = np.arange(count, dtype=np.uint64) * np.uint64(frame_bytes)
    return FrameIndex(
        offsets + np.uint64(file.pixel_data.offset),
        np.full(count, frame_bytes, np.uint64),
        {},
    )


def read_frames(
    parts: Sequence[StoredFrames], places: Sequence[tuple[int, int]]
) -> Iterator[list[memoryview]]:
    """Yield stored frames in batches.

    Parameters
    ----------
    places
        Number of the part, and of the frame in it, of each frame wanted.

    Raises
    ------
    SourceError
        A file has changed, or cannot be read any more.
    """
    for number, group in groupby(places, key=lambda place: place[0]):
        yield from _of_one(parts[number], [frame for _, frame in group])


def _of_one(part: StoredFrames, frames: list[int]) -> Iterator[list[memoryview]]:
    offsets, lengths = zip(*map(part.span, frames), strict=True)
    waiting = iter(zip(frames, lengths, strict=True))
    try:
        with part.file.path.open("rb") as opened:
            for run in read_runs(opened.fileno(), offsets, lengths):
                yield [_whole(part, span, *next(waiting)) for span in run]
    except OSError as error:
        raise SourceError(
            f"cannot be read: {error.strerror or error}",
            file=part.file.path,
            remedy="copy the files to a local disk and try again",
        ) from error


def _whole(part: StoredFrames, span: memoryview, frame: int, length: int) -> memoryview:
    if len(span) != length:
        raise part.file.corrupt("the file is cut short", f"frame {frame + 1}")
    return part.join(frame, span)
