# SPDX-License-Identifier: Apache-2.0
"""Levels compared by their pixels, in one pass over the stored image that they were made of.

Blocks of tiles are read by one thread, and decoded, reduced and compared by others; they come in
the order of a walk depth first, so that but a few reduced tiles wait for those beside them. Each
stored tile is decoded once for all levels, or as often as blocks lie on it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from dicomizer.verify.expected import Grid, Tiles, Walk, composed, covering, mean_of_2x2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future, ThreadPoolExecutor

    from dicomizer.pipeline.blank import Background
    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.slide import SlideImage
    from dicomizer.sources.base import SlideSource
    from dicomizer.verify.expected import Place
    from dicomizer.verify.judge import Judge
    from dicomizer.verify.tally import FrameFinding

    Findings = list[tuple[int, FrameFinding]]
    """Level, and what was found of a frame of it."""
    Stored = dict[tuple[int, int], bytes | None]
    """Frames of the DICOM by level and tile."""

_MOST_HALVINGS = 3
"""Within a block."""
_BLOCK_BYTES = 12 << 20
"""Of the decoded pixels of a block."""
_TILES_AT_ONCE = 32


@dataclass(slots=True)
class _Block:
    """Tiles of the highest level of a block, and what is read for them."""

    layer: int
    places: list[Place]
    tiles: Tiles
    stored: Stored


@dataclass(slots=True)
class _Done:
    findings: Findings = field(default_factory=list)
    halves: dict[Place, Pixels | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PixelPass:
    """A comparison of levels made of one stored image.

    Parameters
    ----------
    image
        As the slide file has it.
    grids
        Of each level that is made on the way, finest first: the image, cut as the DICOM has it,
        and each halving.
    judges
        Of each level; ``None`` for one that is not compared here.
    background
        Value of a sample of what is missing, by focal plane and optical path.
    """

    source: SlideSource
    image: SlideImage
    grids: Sequence[Grid]
    judges: Sequence[Judge | None]
    background: Callable[[int], Background]

    def run(self, pool: ThreadPoolExecutor, most_waiting: int) -> Iterator[Findings]:
        """Yield what was found of frames, in batches."""
        for layer in range(self.image.planes * self.image.paths):
            yield from self._run(layer, pool, most_waiting)

    def _run(self, layer: int, pool: ThreadPoolExecutor, most_waiting: int) -> Iterator[Findings]:
        waiting: deque[tuple[_Block, Future[_Done]]] = deque()
        above = _Above(self, layer)
        try:
            for places in self._groups():
                block = self._read(layer, places)
                waiting.append((block, pool.submit(self._compare, block)))
                if len(waiting) > most_waiting:
                    yield self._finished(above, *waiting.popleft())
            while waiting:
                yield self._finished(above, *waiting.popleft())
        finally:
            for _, future in waiting:
                future.cancel()

    def _finished(self, above: _Above, block: _Block, future: Future[_Done]) -> Findings:
        done = future.result()
        for place, half in done.halves.items():
            done.findings += above.add(place, half, block.tiles)
        return done.findings

    @property
    def within(self) -> int:
        """How many halvings a block holds."""
        number = 0
        most = min(len(self.grids) - 1, _MOST_HALVINGS)
        while number < most and self._frame_bytes << 2 * (number + 1) <= _BLOCK_BYTES:
            number += 1
        return number

    @property
    def _frame_bytes(self) -> int:
        tile = self.grids[0].tile
        return tile.width * tile.height * self.image.pixel_format.bytes_per_pixel

    def _groups(self) -> Iterator[list[Place]]:
        """Yield the tiles of blocks: several, where a block has no halving."""
        most = max(1, _BLOCK_BYTES // (self._frame_bytes << 2 * self.within))
        most = min(most, max(1, _TILES_AT_ONCE >> 2 * self.within))
        places = self._places()
        while group := list(islice(places, most)):
            yield group

    def _places(self) -> Iterator[Place]:
        top = len(self.grids) - 1
        grid = self.grids[top]
        for row in range(grid.rows):
            for column in range(grid.columns):
                yield from self._below(top, (row, column))

    def _below(self, level: int, place: Place) -> Iterator[Place]:
        if level == self.within:
            yield place
            return
        for under in self.grids[level - 1].under(place):
            yield from self._below(level - 1, under)

    def _read(self, layer: int, places: list[Place]) -> _Block:
        levels: list[list[Place]] = [[] for _ in range(self.within)] + [places]
        for level in range(self.within, 0, -1):
            levels[level - 1] = [u for p in levels[level] for u in self.grids[level - 1].under(p)]
        stored: Stored = {}
        for level, wanted in enumerate(levels):
            numbers = [self.grids[level].number(place) for place in wanted]
            frames = self.read_stored(level, layer, numbers)
            stored |= {(level, n): frame for n, frame in zip(numbers, frames, strict=True)}
        tiles = Tiles(
            self.image,
            self.grids[0],
            self._read_source(layer, levels[0]),
            self.background(layer),
            self.source.slide.path,
        )
        return _Block(layer, places, tiles, stored)

    def read_stored(self, level: int, layer: int, numbers: list[int]) -> list[bytes | None]:
        """Return tiles of a level of the DICOM; nothing of one that is not compared."""
        judge, grid = self.judges[level], self.grids[level]
        if judge is None:
            return [None] * len(numbers)
        offset = layer * grid.rows * grid.columns
        return list(judge.frames.raw([offset + number for number in numbers]))

    def _read_source(self, layer: int, places: list[Place]) -> dict[int, bytes]:
        """Return the coded tiles of the slide file on which tiles of the finest level lie."""
        grid, image = self.grids[0], self.image
        if grid.tile == image.tile_size:
            numbers = [grid.number(place) for place in places]
        else:
            found = set()
            for row, column in places:
                corner = row * grid.tile.height, column * grid.tile.width
                for r, c in covering(image, *corner, *grid.shape((row, column))):
                    found.add(r * image.grid.width + c)
            numbers = sorted(found)
        offset = layer * image.number_of_tiles
        batches = self.source.frames(image, [offset + number for number in numbers])
        frames = [b"".join(frame) for batch in batches for frame in batch]
        return dict(zip(numbers, frames, strict=True))

    def _compare(self, block: _Block) -> _Done:
        done = _Done()

        def seen(level: int, number: int, pixels: Pixels | None) -> None:
            stored = block.stored.get((level, number))
            done.findings += self.judged(level, block.layer, number, pixels, stored)

        uses_dct = self.judges[0] is None and len(self.grids) > 1
        walk = Walk(self.grids, block.tiles, seen, uses_dct)
        is_topped = len(self.grids) - 1 > self.within
        for place in block.places:
            if is_topped:
                done.halves[place] = walk.half(self.within, place)
            else:
                walk.whole(self.within, place)
        return done

    def judged(
        self, level: int, layer: int, number: int, pixels: Pixels | None, stored: bytes | None
    ) -> Findings:
        """Return what is found of a frame, if it is compared."""
        judge, grid = self.judges[level], self.grids[level]
        if judge is None or (pixels is None and stored is None):
            return []
        index = layer * grid.rows * grid.columns + number
        if pixels is not None:
            return [(level, judge.finding(index, pixels, stored))]
        assert stored is not None
        return [(level, judge.filled(index, stored, self.background(layer)))]


class _Above:
    """The levels above the blocks of a layer, put together as their tiles come."""

    def __init__(self, of: PixelPass, layer: int) -> None:
        self._of = of
        self._layer = layer
        self._waiting: dict[tuple[int, Place], dict[Place, Pixels | None]] = {}

    def add(self, place: Place, half: Pixels | None, tiles: Tiles) -> Findings:
        """Take a tile of the blocks' highest level, reduced, and compare what is then whole."""
        findings: Findings = []
        grids = self._of.grids
        for level in range(self._of.within + 1, len(grids)):
            under, place = place, (place[0] // 2, place[1] // 2)
            halves = self._waiting.setdefault((level, place), {})
            halves[under] = half
            if len(halves) < len(grids[level - 1].under(place)):
                break
            del self._waiting[level, place]
            pixels = composed(grids[level], place, halves, tiles)
            number = grids[level].number(place)
            (stored,) = self._of.read_stored(level, self._layer, [number])
            findings += self._of.judged(level, self._layer, number, pixels, stored)
            half = None if pixels is None else mean_of_2x2(pixels)
        return findings
