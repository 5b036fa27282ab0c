# SPDX-License-Identifier: Apache-2.0
"""A chain of levels made in one pass over the stored image, with bounded memory.

Blocks of tiles are read in order by one thread, and decoded, reduced and coded by others. What
comes back is in order too: coded frames wait until their row of blocks is whole, since an
instance has its frames row by row; the few tiles above the blocks are put together here.

Measured on 2 cores: blocks of 8 x 8 tiles of 256 pixels keep a core busy for 30 ms, and their
pixels in its cache.
"""

from __future__ import annotations

import contextlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.errors import CorruptSourceError
from dicomizer.pipeline import kept
from dicomizer.pipeline.blank import Blanks, background
from dicomizer.pipeline.reduction import Reduced, Reduction, paste, places_under, surface
from dicomizer.pipeline.shelf import Shelf
from dicomizer.pipeline.tiles import Block, CutTiles, StoredTiles, TileCache, covering
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.encode import encoder, placed
from dicomizer.pixels.codecs.errors import CodecError, EncodingError
from dicomizer.pixels.codecs.memory import DECODING, WORK_BYTES, coding_bytes
from dicomizer.pixels.resample import halve, pad
from dicomizer.planning import Tiling
from dicomizer.planning.coding import stored_transfer_syntax

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.pipeline.blank import Background
    from dicomizer.pipeline.chain import Chain
    from dicomizer.pipeline.reduction import Encode, Place
    from dicomizer.pipeline.shelf import Take
    from dicomizer.pipeline.tiles import Pixels
    from dicomizer.planning import InstancePlan
    from dicomizer.slide import Scan, SlideImage
    from dicomizer.sources.base import SlideSource
    from dicomizer.state import State
    from dicomizer.writers.file import Spool
    from dicomizer.writers.instance import InstanceWriter

_MOST_HALVINGS = 3
"""Within a block: one of 8 x 8 tiles gives one at the top."""
_BLOCK_BYTES = 12 << 20
"""Of the decoded pixels of a block."""
_ROW_BYTES = 48 << 20
"""Of the coded frames of a row of blocks, as estimated."""
_WAITING_BYTES = 48 << 20
"""Of the decoded pixels of all blocks that are in work."""
_CACHE_BYTES = 32 << 20
"""Of decoded tiles kept for the next blocks, where the result has other tiles than the source."""
_STATE_BYTES = 16 << 20
"""Of what is written down to go on with, should the process be killed."""
_SHELF_BYTES = 8 << 20
"""Of reduced tiles that wait in memory for those beside and below them."""
_CODED_SHARE = 0.3
"""Of the pixels' size that lossy frames need at most, by experience."""
_TILES_OF_BLOCK = 32
"""At least, where their pixels permit: handing over a block costs as much as decoding one."""


class PyramidPass:
    """One pass over a stored image.

    Parameters
    ----------
    writers
        Of the chain's outputs; ``None`` where there is none.
    threads
        That decode and encode.
    spool
        Opens a file that nobody else sees.
    """

    def __init__(
        self,
        chain: Chain,
        source: SlideSource,
        writers: Sequence[InstanceWriter | None],
        threads: int,
        spool: Spool,
    ) -> None:
        self._chain = chain
        self._spool = spool
        self._source = source
        self._writers = tuple(writers)
        self._most_work = _work_bytes(chain)
        self._held = _held_bytes(chain)
        self._threads = _threads_that_fit(threads, self._most_work + self._held, chain)
        self._scan = _scan(chain)
        self._blanks = tuple(_blanks(output) for output in chain.outputs)
        self._syntax = stored_transfer_syntax(chain.source)
        self._pool = ThreadPoolExecutor(self._threads, "frames")
        self._encoders = tuple(_encode(output) for output in chain.outputs)
        self._within = _halvings_within(chain)
        left = self._bytes_left()
        cached = min(_CACHE_BYTES, left // 2)
        self._cache = TileCache(cached)
        if _shares_tiles(chain.source, chain.levels[0]):
            left -= cached
        self._most_waiting = self._blocks_at_once(left)
        self._done = 0
        """Blocks whose frames are written, or wait in ``_coded`` or ``_above``."""
        self._coded = self._no_frames()
        self._above: _Above | None = None
        self._saved: State | None = None

    def resume(self, state: State) -> None:
        """Go on where an interrupted pass was, as `state` told it; before `run`."""
        self._done = int(state["blocks"][0])
        self._coded = kept.frames(state, self._within + 1)
        self._saved = state

    def state(self) -> State | None:
        """Return how far the pass is, between two values that `run` yields.

        ``None`` while it holds more than is worth writing down.
        """
        held = sum(len(frame) for frames in self._coded for frame in frames.values())
        if held + (0 if self._above is None else self._above.held_bytes) > _STATE_BYTES:
            return None
        blocks = {"blocks": np.array([self._done], np.int64)}
        halves = {} if self._above is None else self._above.state()
        return {**blocks, **kept.state_of_frames(self._coded), **halves}

    def run(self) -> Iterator[int]:
        """Make all frames; yield after each block how many have been written since."""
        with (
            contextlib.ExitStack() as open_files,
            self._pool as pool,
        ):
            shelf = Shelf(lambda: open_files.enter_context(self._spool()), _SHELF_BYTES)
            try:
                yield from self._run(pool, shelf)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, pool: ThreadPoolExecutor, shelf: Shelf) -> Iterator[int]:
        top = self._chain.levels[self._within]
        for layer, block, reduced in self._reduced(pool):
            above = self._levels_above(layer, block, shelf)
            for level, frames in enumerate(reduced.frames):
                self._coded[level].update(frames)
            written = sum(above.add(place, half) for place, half in sorted(reduced.tops.items()))
            if self._within == 0 or block.column_stop == top.grid.width:
                row = block if self._within == 0 else replace(block, column_start=0)
                written += self._write(self._coded, row, layer)
                self._coded = self._no_frames()
            self._done += 1
            yield written

    def _bytes_left(self) -> int:
        """Return what threads at work, and a tile above the blocks with its parts, leave."""
        return max(0, WORK_BYTES - self._threads * self._most_work - _above_bytes(self._chain))

    def _blocks_at_once(self, left: int) -> int:
        """Return how many blocks may wait while one is worked on, so that memory stays bounded."""
        waiting = min(_WAITING_BYTES // self._held, left // self._held - 1)
        return max(0, min(2 * self._threads, waiting))

    def _encoders_above(self) -> Iterator[Encode | None]:
        """Yield the encoders for the thread that puts the levels above the blocks together.

        Large frames it has coded by the others, lest one more is coded than fit.
        """
        is_tight = (self._threads + 1) * self._most_work + self._held > WORK_BYTES
        for encode in self._encoders:
            yield _elsewhere(encode, self._pool) if encode is not None and is_tight else encode

    def _no_frames(self) -> list[dict[Place, bytes]]:
        return [{} for _ in range(self._within + 1)]

    def _levels_above(self, layer: int, block: Block, shelf: Shelf) -> _Above:
        """Return the levels above the blocks, new ones for each focal plane and optical path."""
        if self._above is None or block.row_start == block.column_start == 0:
            self._above = self._new_above(layer, shelf)
            if self._saved is not None:
                self._above.resume(self._saved)
                self._saved = None
        return self._above

    def _new_above(self, layer: int, shelf: Shelf) -> _Above:
        blanks = [None if item is None else item.frame(layer) for item in self._blanks]
        outputs = list(zip(self._encoders_above(), self._writers, blanks, strict=True))
        levels, value = self._chain.levels, self._background(layer)
        return _Above(levels, self._within, outputs, value, shelf)

    def _reduction(self, layer: int) -> Reduction:
        return Reduction(
            self._chain.levels[: self._within + 1],
            self._encoders[: self._within + 1],
            self._background(layer),
            is_topped=self._chain.halvings > self._within,
        )

    def _background(self, layer: int) -> Background:
        return background(self._chain.source, self._scan, layer)

    def _blocks(self) -> Iterator[tuple[int, Block]]:
        """Yield each layer and block, in the order in which frames are written."""
        top = self._chain.levels[self._within]
        width = _block_width(self._chain.levels[0], self._within)
        for layer in range(self._chain.source.planes * self._chain.source.paths):
            for row in range(top.grid.height):
                for column in range(0, top.grid.width, width):
                    stop = min(column + width, top.grid.width)
                    yield layer, Block(row, row + 1, column, stop)

    def _reduced(self, pool: ThreadPoolExecutor) -> Iterator[tuple[int, Block, Reduced]]:
        """Yield what each block of each layer gives, in order, with a few in work at a time."""
        waiting: deque[tuple[int, Block, Future[Reduced]]] = deque()
        try:
            for layer, block in islice(self._blocks(), self._done, None):
                waiting.append((layer, block, self._submit(layer, block, pool)))
                if len(waiting) > self._most_waiting:
                    of, first, future = waiting.popleft()
                    yield of, first, future.result()
            while waiting:
                of, first, future = waiting.popleft()
                yield of, first, future.result()
        except EncodingError:
            raise
        except CodecError as error:
            raise CorruptSourceError(
                str(error),
                file=self._source.slide.path,
                place=f"image {self._chain.source.key}",
                remedy="the slide is damaged; copy it again",
            ) from error

    def _submit(self, layer: int, block: Block, pool: ThreadPoolExecutor) -> Future[Reduced]:
        source, image = self._chain.source, self._chain.levels[0]
        finest = _under(block, self._within, image)
        is_cut = source.tile_size != image.tile_size
        stored = covering(source, image, finest) if is_cut else finest
        places = list(stored.tiles())
        offset = layer * source.number_of_tiles
        indices = [offset + row * source.grid.width + column for row, column in places]
        batches = self._source.frames(source, indices)
        frames = [b"".join(frame) for batch in batches for frame in batch]
        held = dict(zip(places, frames, strict=True))
        if is_cut:
            return pool.submit(self._cut_and_reduce, held, layer, finest, block)
        stored_tiles = StoredTiles(source, self._syntax, held)
        return pool.submit(self._reduction(layer).run, stored_tiles, block)

    def _cut_and_reduce(
        self, frames: dict[Place, bytes], layer: int, cut: Block, block: Block
    ) -> Reduced:
        source, image = self._chain.source, self._chain.levels[0]
        cache = self._cache if _shares_tiles(source, image) else None
        stored = StoredTiles(source, self._syntax, frames, cache, layer)
        tiles = CutTiles(stored, source, image, cut, self._background(layer))
        return self._reduction(layer).run(tiles, block)

    def _write(self, coded: list[dict[Place, bytes]], block: Block, layer: int) -> int:
        """Write the frames of a row of blocks, level after level, row by row."""
        count = 0
        for level, (frames, writer) in enumerate(zip(coded, self._writers, strict=False)):
            blanks = self._blanks[level]
            if blanks is not None:
                blank = blanks.frame(layer)
                halvings, image = self._within - level, self._chain.levels[level]
                whole = _under(block, halvings, image)
                frames = {place: frames.get(place, blank) for place in whole.tiles()}  # noqa: PLW2901
            if writer is not None and frames:
                writer.write([(frames[place],) for place in sorted(frames)])
                count += len(frames)
        return count


class _Above:
    """The levels above the blocks, put together from tile to tile in order of rows."""

    def __init__(
        self,
        levels: Sequence[SlideImage],
        within: int,
        outputs: Sequence[tuple[Encode | None, InstanceWriter | None, bytes | None]],
        background: Background,
        shelf: Shelf,
    ) -> None:
        self._levels = levels
        self._within = within
        self._outputs = outputs
        self._background = background
        self._shelf = shelf
        self._open: dict[tuple[int, Place], dict[Place, Take | None]] = {}

    def state(self) -> State:
        """Return the tiles that wait for others."""
        return kept.state_of_halves(
            (level, place, under, None if take is None else self._copy(key, under, take))
            for key, quarters in self._open.items()
            for level, place in (key,)
            for under, take in list(quarters.items())
        )

    @property
    def held_bytes(self) -> int:
        """Size of the tiles that wait, at most."""
        tiles = sum(len(quarters) for quarters in self._open.values())
        return tiles * self._levels[0].frame_bytes // 4

    def resume(self, state: State) -> None:
        """Put the tiles back that waited for others."""
        for level, place, under, half in kept.halves(state):
            quarters = self._open.setdefault((level, place), {})
            quarters[under] = None if half is None else self._shelf.put(half)

    def _copy(self, key: tuple[int, Place], under: Place, take: Take) -> Pixels:
        """Return what lies on the shelf, and put it back."""
        pixels = take()
        self._open[key][under] = self._shelf.put(pixels)
        return pixels

    def add(self, place: Place, half: Pixels | None) -> int:
        """Take a tile of the blocks' highest level, reduced, and return how many were written."""
        written = 0
        for level in range(self._within + 1, len(self._levels)):
            under, place = place, (place[0] // 2, place[1] // 2)
            quarters = self._open.setdefault((level, place), {})
            quarters[under[0] % 2, under[1] % 2] = None if half is None else self._shelf.put(half)
            if len(quarters) < len(places_under(self._levels[level - 1], place)):
                break
            # Tiles may be large: none is held longer than it takes to reduce it.
            pixels = self._composed(level, place)
            written += self._write(level, pixels)
            half = None if pixels is None else halve(pixels)
            del pixels
        return written

    def _composed(self, level: int, place: Place) -> Pixels | None:
        """Return a tile whose quarters are there, taken from the shelf one by one."""
        quarters = self._open.pop((level, place))
        takes = {under: take for under, take in quarters.items() if take is not None}
        if not takes:
            return None
        image = self._levels[level]
        pixels = surface(image, place, self._background)
        for under, take in takes.items():
            paste(take(), under, pixels, image)
        return pixels

    def _write(self, level: int, pixels: Pixels | None) -> int:
        encode, writer, blank = self._outputs[level]
        if encode is None or writer is None:
            return 0
        if pixels is not None:
            tile = self._levels[level].tile_size
            frame = encode(pad(pixels, tile.height, tile.width))
        elif blank is not None:
            frame = blank
        else:
            return 0
        writer.write([(frame,)])
        return 1


def _encode(output: InstancePlan | None) -> Encode | None:
    if output is None:
        return None
    if output.transfer_syntax is not TransferSyntax.JPEG_XL_RECOMPRESSION:
        made = encoder(output.codec, output.image.pixel_format, output.quality)
        return placed(made.encode, output.file_name)
    from dicomizer.pixels.codecs.jpegxl import recompress

    jpeg = encoder(Codec.JPEG, output.image.pixel_format, output.quality).encode
    return placed(lambda pixels: recompress(jpeg(pixels)), output.file_name)


def _elsewhere(encode: Encode, pool: ThreadPoolExecutor) -> Encode:
    """Return an encoder that works in a thread of a pool."""
    return lambda pixels: pool.submit(encode, pixels).result()


def _held_bytes(chain: Chain) -> int:
    """Return the size of the decoded pixels of a block."""
    image, within = chain.levels[0], _halvings_within(chain)
    tiles = _block_width(image, within) << 2 * within
    return tiles * image.frame_bytes + chain.source.frame_bytes


def _work_bytes(chain: Chain) -> int:
    """Return what a thread takes to decode or to code a frame, whichever is more."""
    coding = (
        coding_bytes(
            item.codec,
            None if item.lossy_method is None else item.quality,
            item.image.pixel_format,
            item.image.tile_size.width * item.image.tile_size.height,
        )
        for item in chain.outputs
        if item is not None
    )
    return max(round(DECODING * chain.source.frame_bytes), *coding)


def _above_bytes(chain: Chain) -> int:
    """Return what a tile above the blocks and its parts take."""
    return 2 * chain.levels[0].frame_bytes


def _threads_that_fit(threads: int, each_bytes: int, chain: Chain) -> int:
    """Return how many threads may work at a time: one at least, however much that takes."""
    return max(1, min(threads, (WORK_BYTES - _above_bytes(chain)) // each_bytes))


def _blanks(output: InstancePlan | None) -> Blanks | None:
    """Return what is written for missing frames; ``None`` where nothing is."""
    fills = output is not None and output.image.missing and output.tiling is Tiling.FULL
    return Blanks(output) if fills and output is not None else None


def _shares_tiles(source: SlideImage, image: SlideImage) -> bool:
    """Tell whether several tiles of ``image`` lie on the same one of ``source``."""
    tile, stored = image.tile_size, source.tile_size
    return bool(tile.width % stored.width or tile.height % stored.height)


def _scan(chain: Chain) -> Scan:
    return next(output.scan for output in chain.outputs if output is not None)


def _halvings_within(chain: Chain) -> int:
    """Return how many halvings a block holds, so that memory stays bounded."""
    image = chain.levels[0]
    lossless = any(item is not None and item.lossy_method is None for item in chain.outputs)
    row_bytes = image.size.width * image.tile_size.height * image.pixel_format.bytes_per_pixel
    row_bytes = round(row_bytes * (1 if lossless else _CODED_SHARE))
    number = 0
    while (
        number < min(chain.halvings, _MOST_HALVINGS)
        and image.frame_bytes << 2 * (number + 1) <= _BLOCK_BYTES
        and row_bytes << (number + 1) <= _ROW_BYTES
    ):
        number += 1
    return number


def _block_width(image: SlideImage, within: int) -> int:
    """Return how many tiles of its highest level a block is wide."""
    under_one = 1 << 2 * within
    most = _BLOCK_BYTES // (image.frame_bytes * under_one)
    return max(1, min(_TILES_OF_BLOCK // under_one, most))


def _under(block: Block, halvings: int, image: SlideImage) -> Block:
    """Return the tiles of the finest level under a block."""
    return Block(
        block.row_start << halvings,
        min(block.row_stop << halvings, image.grid.height),
        block.column_start << halvings,
        min(block.column_stop << halvings, image.grid.width),
    )
