# SPDX-License-Identifier: Apache-2.0
"""A chain of levels made in one pass over the stored image, with bounded memory.

Blocks of tiles are read in order by one thread, and decoded, reduced and coded by others. What
comes back is in order too: coded frames wait until their row of blocks is whole, since an
instance has its frames row by row; the few tiles above the blocks are put together here.

Measured on 2 cores: blocks of 8 x 8 tiles of 256 pixels keep a core busy for 30 ms, and their
pixels in its cache.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.errors import CorruptSourceError
from dicomizer.pipeline.blank import background, blank_frame
from dicomizer.pipeline.reduction import Reduced, Reduction, compose, places_under
from dicomizer.pipeline.tiles import Block, CutTiles, StoredTiles, TileCache, covering
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.encode import encoder
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.resample import halve, pad
from dicomizer.planning import Tiling
from dicomizer.planning.coding import stored_transfer_syntax

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.pipeline.chain import Chain
    from dicomizer.pipeline.reduction import Encode, Place
    from dicomizer.pipeline.tiles import Pixels
    from dicomizer.planning import InstancePlan
    from dicomizer.slide import SlideImage
    from dicomizer.sources.base import SlideSource
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
    """

    def __init__(
        self,
        chain: Chain,
        source: SlideSource,
        writers: Sequence[InstanceWriter | None],
        threads: int,
    ) -> None:
        self._chain = chain
        self._source = source
        self._writers = tuple(writers)
        self._threads = threads
        self._background = background(chain.source.pixel_format)
        self._blanks = tuple(_blank(output) for output in chain.outputs)
        self._syntax = stored_transfer_syntax(chain.source)
        self._encoders = tuple(_encode(output) for output in chain.outputs)
        self._within = _halvings_within(chain)
        self._most_waiting = self._blocks_at_once()
        self._cache = TileCache(_CACHE_BYTES)
        self._reduction = Reduction(
            chain.levels[: self._within + 1],
            self._encoders[: self._within + 1],
            self._background,
            is_topped=chain.halvings > self._within,
        )

    def run(self) -> Iterator[int]:
        """Make all frames and yield how many have been written since."""
        with ThreadPoolExecutor(self._threads, "frames") as pool:
            try:
                yield from self._run(pool)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, pool: ThreadPoolExecutor) -> Iterator[int]:
        top = self._chain.levels[self._within]
        coded = self._no_frames()
        above = self._above()
        for block, reduced in self._reduced(pool):
            for level, frames in enumerate(reduced.frames):
                coded[level].update(frames)
            yield sum(above.add(place, half) for place, half in sorted(reduced.tops.items()))
            is_row_done = block.column_stop == top.grid.width
            if self._within == 0:
                yield self._write(coded, block)
                coded = self._no_frames()
            elif is_row_done:
                yield self._write(coded, replace(block, column_start=0))
                coded = self._no_frames()
            if is_row_done and block.row_stop == top.grid.height:
                above = self._above()

    def _blocks_at_once(self) -> int:
        """Return how many blocks may wait, so that memory stays bounded."""
        image = self._chain.levels[0]
        tiles = _block_width(image, self._within) << 2 * self._within
        held = tiles * image.frame_bytes + self._chain.source.frame_bytes
        return max(1, min(2 * self._threads, _WAITING_BYTES // held))

    def _no_frames(self) -> list[dict[Place, bytes]]:
        return [{} for _ in range(self._within + 1)]

    def _above(self) -> _Above:
        """Begin the levels above the blocks, anew for each focal plane and optical path."""
        return _Above(self._chain, self._within, self._encoders, self._writers, self._blanks)

    def _blocks(self) -> Iterator[tuple[int, Block]]:
        """Yield each layer and block, in the order in which frames are written."""
        top = self._chain.levels[self._within]
        width = _block_width(self._chain.levels[0], self._within)
        for layer in range(self._chain.source.planes * self._chain.source.paths):
            for row in range(top.grid.height):
                for column in range(0, top.grid.width, width):
                    stop = min(column + width, top.grid.width)
                    yield layer, Block(row, row + 1, column, stop)

    def _reduced(self, pool: ThreadPoolExecutor) -> Iterator[tuple[Block, Reduced]]:
        """Yield what each block gives, in order, with a few in work at a time."""
        waiting: deque[tuple[Block, Future[Reduced]]] = deque()
        try:
            for layer, block in self._blocks():
                waiting.append((block, self._submit(layer, block, pool)))
                if len(waiting) > self._most_waiting:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
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
        return pool.submit(self._reduction.run, stored_tiles, block)

    def _cut_and_reduce(
        self, frames: dict[Place, bytes], layer: int, cut: Block, block: Block
    ) -> Reduced:
        source, image = self._chain.source, self._chain.levels[0]
        stored = StoredTiles(source, self._syntax, frames, self._cache, layer)
        tiles = CutTiles(stored, source, image, cut, self._background)
        return self._reduction.run(tiles, block)

    def _write(self, coded: list[dict[Place, bytes]], block: Block) -> int:
        """Write the frames of a row of blocks, level after level, row by row."""
        count = 0
        for level, (frames, writer) in enumerate(zip(coded, self._writers, strict=False)):
            blank = self._blanks[level]
            if blank is not None:
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
        chain: Chain,
        within: int,
        encoders: Sequence[Encode | None],
        writers: Sequence[InstanceWriter | None],
        blanks: Sequence[bytes | None],
    ) -> None:
        self._levels = chain.levels
        self._blanks = blanks
        self._encoders = encoders
        self._writers = writers
        self._background = background(chain.source.pixel_format)
        self._within = within
        self._open: dict[tuple[int, Place], dict[Place, Pixels | None]] = {}

    def add(self, place: Place, half: Pixels | None) -> int:
        """Take a tile of the blocks' highest level, reduced, and return how many were written."""
        return self._add(self._within + 1, place, half)

    def _add(self, level: int, place: Place, half: Pixels | None) -> int:
        parent = (place[0] // 2, place[1] // 2)
        quarters = self._open.setdefault((level, parent), {})
        quarters[place[0] % 2, place[1] % 2] = half
        if len(quarters) < len(places_under(self._levels[level - 1], parent)):
            return 0
        del self._open[level, parent]
        pixels = compose(quarters, self._levels[level], parent, self._background)
        written = self._write(level, pixels)
        if level + 1 < len(self._levels):
            written += self._add(level + 1, parent, None if pixels is None else halve(pixels))
        return written

    def _write(self, level: int, pixels: Pixels | None) -> int:
        encode, writer = self._encoders[level], self._writers[level]
        if encode is None or writer is None:
            return 0
        if pixels is not None:
            tile = self._levels[level].tile_size
            frame = encode(pad(pixels, tile.height, tile.width))
        elif (blank := self._blanks[level]) is not None:
            frame = blank
        else:
            return 0
        writer.write([(frame,)])
        return 1


def _encode(output: InstancePlan | None) -> Encode | None:
    if output is None:
        return None
    if output.transfer_syntax is not TransferSyntax.JPEG_XL_RECOMPRESSION:
        return encoder(output.codec, output.image.pixel_format, output.quality).encode
    from dicomizer.pixels.codecs.jpegxl import recompress

    jpeg = encoder(Codec.JPEG, output.image.pixel_format, output.quality).encode
    return lambda pixels: recompress(jpeg(pixels))


def _blank(output: InstancePlan | None) -> bytes | None:
    """Return what is written for a missing frame; ``None`` where nothing is."""
    fills = output is not None and output.image.missing and output.tiling is Tiling.FULL
    return blank_frame(output) if fills and output is not None else None


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
