# SPDX-License-Identifier: Apache-2.0
"""Frames of stored streams: their restart intervals read and cut, some tiles at a time."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError, SourceError
from dicomizer.pixels.codecs import jpeg
from dicomizer.pixels.codecs.jpeg_cut import sized_header
from dicomizer.sources.ndpi.intervals import interval_starts
from dicomizer.sources.tiff.runs import read_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from dicomizer.pixels.codecs.jpeg_cut import IntervalBlocks, JpegCutter
    from dicomizer.sources.base import Frame
    from dicomizer.sources.ndpi.stored import StoredJpeg

_BATCH_PIXELS = 1 << 24
"""Of the restart intervals that are looked at together, and of the tiles cut from them."""
_KEPT_PIXELS = 1 << 26
"""Of intervals whose blocks are kept, at most a byte for each pixel: blocks of tiles that lie
beside one another lie on the same intervals, if these are wide."""
_RESTARTS = frozenset(bytes((0xFF, 0xD0 + number)) for number in range(8))


class StoredFrames:
    """The frames of one stream."""

    def __init__(self, descriptor: int, stored: StoredJpeg, path: Path) -> None:
        self._descriptor = descriptor
        self._stored = stored
        self._path = path
        self._starts: NDArray[np.int64] | None = None
        self._blocks: dict[tuple[int, ...], IntervalBlocks] = {}

    def read(self, tiles: Iterable[int]) -> Iterator[list[Frame]]:
        """Yield frames in batches.

        Raises
        ------
        CorruptSourceError
            The stream is not what its header says.
        SourceError
            The file cannot be read.
        """
        try:
            if self._stored.cutter is None:
                yield from ([self._whole()] for _ in tiles)
            else:
                yield from self._cut(self._stored.cutter, tiles)
        except jpeg.JpegError as error:
            raise self._corrupt(str(error)) from error
        except OSError as error:
            raise SourceError(
                f"cannot be read: {error.strerror or error}",
                file=self._path,
                place=self._stored.place,
                remedy="copy the file to a local disk and try again",
            ) from error

    def _whole(self) -> Frame:
        stored = self._stored
        size = stored.size
        header = sized_header(stored.header, size.width, size.height, ycbcr=stored.ycbcr)
        length = stored.length - stored.header.length
        if length > stored.most_interval_bytes:
            raise self._corrupt(f"{length} bytes are too many for {size} pixels")
        scan = memoryview(os.pread(self._descriptor, length, stored.offset + stored.header.length))
        return header, scan[: self._end(scan)], jpeg.EOI

    def _cut(self, cutter: JpegCutter, tiles: Iterable[int]) -> Iterator[list[Frame]]:
        for batch, intervals in _batches(cutter, tiles):
            blocks = self._find_blocks(cutter, intervals)
            yield [(cutter.cut(tile, blocks),) for tile in batch]

    def _find_blocks(self, cutter: JpegCutter, numbers: tuple[int, ...]) -> IntervalBlocks:
        """Find the blocks of intervals, or take those that were found before."""
        found = self._blocks.pop(numbers, None)
        if found is None:
            found = cutter.find_blocks(self._read_intervals(numbers))
        self._blocks[numbers] = found
        most = max(1, _KEPT_PIXELS // cutter.grid.interval_pixels)
        while len(self._blocks) > 1 and sum(map(len, self._blocks)) > most:
            del self._blocks[next(iter(self._blocks))]
        return found

    def _read_intervals(self, numbers: tuple[int, ...]) -> dict[int, memoryview]:
        """Read restart intervals, without the markers behind them."""
        if self._starts is None:
            self._starts = interval_starts(self._descriptor, self._stored, self._path)
        which = list(numbers)
        offsets: list[int] = self._starts[:-1][which].tolist()
        ends: list[int] = self._starts[1:][which].tolist()
        lengths = [end - offset for offset, end in zip(offsets, ends, strict=True)]
        views = (view for run in read_runs(self._descriptor, offsets, lengths) for view in run)
        return {
            number: self._without_marker(number, view)
            for number, view in zip(numbers, views, strict=True)
        }

    def _without_marker(self, number: int, interval: memoryview) -> memoryview:
        if number == self._stored.number_of_intervals - 1:
            return interval[: self._end(interval)]
        if bytes(interval[-2:]) not in _RESTARTS:
            raise self._corrupt(f"found no restart marker behind interval {number}")
        return interval[:-2]

    def _end(self, scan: memoryview) -> int:
        """Return where EOI stands, behind which some scanners write padding."""
        end = jpeg.end_of_image(scan, 0)
        if end is None:
            raise self._corrupt("the JPEG stream has no end (EOI)")
        return end - 2

    def _corrupt(self, problem: str) -> CorruptSourceError:
        return CorruptSourceError(
            problem,
            file=self._path,
            place=self._stored.place,
            remedy="the file is cut short or damaged; copy it again",
        )


def _batches(
    cutter: JpegCutter, tiles: Iterable[int]
) -> Iterator[tuple[list[int], tuple[int, ...]]]:
    """Divide tiles into batches, each with the intervals that it needs."""
    grid = cutter.grid
    width, height = grid.tile_size
    most_tiles = max(1, _BATCH_PIXELS // (width * height))
    most_intervals = max(1, _BATCH_PIXELS // grid.interval_pixels)
    batch: list[int] = []
    intervals: set[int] = set()
    for tile in tiles:
        needed = intervals.union(grid.intervals_of_tile(tile))
        # A row of tiles is not divided if it can be helped: it may lie on the same intervals.
        room = grid.columns if tile % grid.columns == 0 else 1
        is_full = len(batch) + room > most_tiles
        if batch and (is_full or len(needed) > max(most_intervals, len(intervals))):
            yield batch, tuple(sorted(intervals))
            batch, needed = [], set(grid.intervals_of_tile(tile))
        batch.append(tile)
        intervals = needed
    if batch:
        yield batch, tuple(sorted(intervals))
