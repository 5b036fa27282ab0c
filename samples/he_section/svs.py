# SPDX-License-Identifier: Apache-2.0
"""Writing of the Aperio file: finest level, thumbnail, lower levels, label, macro.

The finest level is drawn and encoded block by block on all processors; only two bands of blocks
are under way at a time, so that memory does not grow with the height of the slide.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from he_section import description, profile
from he_section.anatomy import Slide
from he_section.jpeg import TileCoder
from he_section.label import label
from he_section.macro import macro, placed_mm
from he_section.noise import Noise
from he_section.picture import picture
from he_section.pyramid import FACTOR, Level, chained, level_sizes, reduced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from he_section.options import SlideOptions

Pixels = NDArray[np.uint8]

_BLOCK = 512
_THUMBNAIL = (1024, 768)
_LARGEST_CLASSIC = 4_000_000_000


def make_slide(path: Path, options: SlideOptions) -> None:
    """Write a slide beside its place and rename it when it is complete.

    Raises
    ------
    OSError
        The file cannot be written; nothing is left of it.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    # Tiles of quality 100 were never seen to take more than a byte a pixel.
    is_big = options.width * options.height > _LARGEST_CLASSIC
    try:
        with tifffile.TiffWriter(beside, bigtiff=is_big) as tiff:
            _Writer(tiff, options).write()
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Block:
    """A drawn block: encoded tiles in rows, and the pixels of the next level."""

    tiles: list[list[bytes]]
    reduced: Pixels


class _Writer:
    """Writes the directories of one file in Aperio's order."""

    def __init__(self, tiff: tifffile.TiffWriter, options: SlideOptions) -> None:
        self._tiff = tiff
        self._options = options
        self._slide = Slide(options.width, options.height, options.mpp, Noise(options.seed))
        self._coder = TileCoder(options.quality, rgb=options.color == "rgb")
        self._finest = (options.width, options.height)
        place = placed_mm(options.width, options.height, options.mpp)
        self._properties = description.properties(options.seed, options.mpp, place)

    def write(self) -> None:
        """Write everything."""
        sizes = level_sizes(*self._finest)
        gathered = sizes[1:] or [(self._finest[0] // FACTOR, self._finest[1] // FACTOR)]
        levels = chained(gathered, self._options.tile, self._encoded)
        try:
            self._write_finest(levels[0])
            overview = levels[-1].pixels()
            self._write_thumbnail(overview)
            for size, level in zip(sizes[1:], levels, strict=False):
                self._write_tiles(size, level.tiles())
            self._write_associated(overview)
        finally:
            for level in levels:
                level.close()

    def _write_finest(self, following: Level) -> None:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            self._write_tiles(
                self._finest, self._finest_tiles(pool, following), iccprofile=profile.srgb()
            )
        following.finish()

    def _finest_tiles(self, pool: ThreadPoolExecutor, following: Level) -> Iterator[bytes]:
        """Yield the tiles row by row while the level below is fed."""
        for blocks in self._bands(pool):
            # Before the tiles: who takes the last of them does not come back for more.
            following.add(np.concatenate([block.reduced for block in blocks], axis=1))
            for row in zip(*(block.tiles for block in blocks), strict=True):
                for tiles in row:
                    yield from tiles

    def _bands(self, pool: ThreadPoolExecutor) -> Iterator[list[_Block]]:
        """Yield bands of blocks; the next is under way while one is used."""
        side = max(1, _BLOCK // self._options.tile) * self._options.tile
        pending: deque[list[Future[_Block]]] = deque()
        for top in range(0, self._options.height, side):
            lefts = range(0, self._options.width, side)
            pending.append([pool.submit(self._block, left, top, side) for left in lefts])
            if len(pending) == 2:
                yield [block.result() for block in pending.popleft()]
        for band in pending:
            yield [block.result() for block in band]

    def _block(self, left: int, top: int, side: int) -> _Block:
        width = min(side, self._options.width - left)
        height = min(side, self._options.height - top)
        pixels = picture(self._slide, left, top, width, height)
        tile = self._options.tile
        rows = [self._encoded(pixels[y : y + tile]) for y in range(0, height, tile)]
        return _Block(rows, reduced(pixels))

    def _encoded(self, rows: Pixels) -> list[bytes]:
        """Encode a row of tiles; the last are filled up by repeating their edge."""
        tile = self._options.tile
        missing = ((0, -rows.shape[0] % tile), (0, -rows.shape[1] % tile), (0, 0))
        full = np.pad(rows, missing, "edge")
        return [self._coder.encode(full[:, x : x + tile]) for x in range(0, full.shape[1], tile)]

    def _write_tiles(self, size: tuple[int, int], tiles: Iterable[bytes], **tags: Any) -> None:
        options = self._options
        coding = f"JPEG/{'RGB' if options.color == 'rgb' else 'YCC'} Q={options.quality}"
        head = description.level(self._finest, size, options.tile, coding)
        photometric = "rgb" if options.color == "rgb" else "ycbcr"
        self._tiff.write(
            iter(tiles),
            shape=(size[1], size[0], 3),
            dtype=np.uint8,
            photometric=photometric,
            tile=(options.tile, options.tile),
            compression="jpeg",
            compressionargs={"outcolorspace": photometric},
            subsampling=None if options.color == "rgb" else (2, 2),
            jpegtables=self._coder.tables(),
            description=head + self._properties,
            metadata=None,
            software=False,
            **tags,
        )

    def _write_thumbnail(self, overview: Pixels) -> None:
        image = Image.fromarray(overview)
        image.thumbnail(_THUMBNAIL, Image.Resampling.BOX)
        head = description.thumbnail(self._finest, image.size)
        self._write_strips(np.asarray(image), head + self._properties, subfiletype=0)

    def _write_associated(self, overview: Pixels) -> None:
        options = self._options
        paper = label(options.case)
        self._tiff.write(
            paper,
            photometric="rgb",
            compression="lzw",
            predictor=2,
            rowsperstrip=7,
            subfiletype=1,
            description=description.associated("label", (paper.shape[1], paper.shape[0])),
            metadata=None,
            software=False,
        )
        size_mm = (options.width * options.mpp / 1000, options.height * options.mpp / 1000)
        photograph = macro(overview, paper, size_mm)
        text = description.associated("macro", (photograph.shape[1], photograph.shape[0]))
        self._write_strips(photograph, text, subfiletype=9)

    def _write_strips(self, pixels: Pixels, text: str, *, subfiletype: int) -> None:
        self._tiff.write(
            pixels,
            photometric="rgb",
            subsampling=(2, 2),
            compression="jpeg",
            compressionargs={"level": 85},
            rowsperstrip=16,
            subfiletype=subfiletype,
            description=text,
            metadata=None,
            software=False,
        )
