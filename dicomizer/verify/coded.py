# SPDX-License-Identifier: Apache-2.0
"""Frames compared without decoding them, as far as they are the same."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.verify.coding import Sameness, compare_coded
from dicomizer.verify.expected import Grid, Tiles
from dicomizer.verify.tally import FrameFinding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future, ThreadPoolExecutor

    from dicomizer.pipeline.blank import Background
    from dicomizer.slide import Compression, SlideImage
    from dicomizer.sources.base import SlideSource
    from dicomizer.verify.judge import Judge
    from dicomizer.verify.stored import DicomFrames

    Pair = tuple[int, bytes, bytes | None]
    """Index of a frame, its bytes in the slide file, and in the DICOM."""

_AT_ONCE = 64
"""Frames of a task."""
_TASK_BYTES = 16 << 20
"""Of their bytes, at most but for one frame."""


@dataclass(frozen=True, slots=True)
class CodedPass:
    """A comparison of the coded frames of an image.

    Parameters
    ----------
    stored_coding
        Of the frames in the DICOM.
    background
        Value of a sample of what the slide file does not hold, by focal plane and optical path.
    """

    source: SlideSource
    image: SlideImage
    frames: DicomFrames
    stored_coding: Compression
    judge: Judge
    background: Callable[[int], Background]

    def run(self, pool: ThreadPoolExecutor, most_waiting: int) -> Iterator[list[FrameFinding]]:
        """Yield what was found of the frames, in batches."""
        waiting: deque[Future[list[FrameFinding]]] = deque()
        try:
            for task in _tasks(self._pairs()):
                waiting.append(pool.submit(self._compare, task))
                if len(waiting) > most_waiting:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def _pairs(self) -> Iterator[Pair]:
        """Yield frames of both, which are read in long runs."""
        every = range(self.image.number_of_frames)
        stored = self.frames.raw(every)
        index = 0
        for batch in self.source.frames(self.image):
            for frame in batch:
                yield index, b"".join(frame), next(stored)
                index += 1

    def _compare(self, pairs: list[Pair]) -> list[FrameFinding]:
        found = (self._finding(*pair) for pair in pairs)
        return [item for item in found if item is not None]

    def _finding(self, index: int, source: bytes, stored: bytes | None) -> FrameFinding | None:
        if not source:
            return None if stored is None else self._filled(index, stored)
        if stored is None:
            return FrameFinding(index, problem=("a frame", "none"))
        same = compare_coded(source, stored, self.image.coding.compression, self.stored_coding)
        if same is not Sameness.OTHER:
            return FrameFinding(index, same)
        return self._decoded(index, source, stored)

    def _decoded(self, index: int, source: bytes, stored: bytes) -> FrameFinding:
        """Tell how far the pixels of frames are apart whose bytes differ."""
        tile = index % self.image.number_of_tiles
        grid = Grid(self.image.size, self.image.tile_size)
        tiles = Tiles(self.image, grid, {tile: source}, 0, self.source.slide.path)
        expected = tiles.whole(divmod(tile, grid.columns))
        assert expected is not None
        found = self.judge.finding(index, expected, stored)
        if found.problem is None:
            return found
        told = found.problem[1] if found.error is None else f"another: {found.problem[1]}"
        if found.error is not None and not found.error.squares:
            told = "another with the same pixels"
        return FrameFinding(
            index,
            error=found.error,
            problem=("the frame of the slide", told),
            digests=(_digest(source), _digest(stored)),
        )

    def _filled(self, index: int, stored: bytes) -> FrameFinding:
        return self.judge.filled(
            index, stored, self.background(index // self.image.number_of_tiles)
        )


def _digest(frame: bytes) -> bytes:
    return hashlib.blake2b(frame.rstrip(b"\0"), digest_size=16).digest()


def _tasks(pairs: Iterable[Pair]) -> Iterator[list[Pair]]:
    task: list[Pair] = []
    size = 0
    for pair in pairs:
        task.append(pair)
        size += len(pair[1]) + len(pair[2] or b"")
        if len(task) == _AT_ONCE or size > _TASK_BYTES:
            yield task
            task, size = [], 0
    if task:
        yield task
