# SPDX-License-Identifier: Apache-2.0
"""A slide as Deep Zoom: a small XML file, and beside it a folder of tiles for each halving.

Stored JPEG frames become the tiles of their level where they have the tiles' size; those at the
right and lower edge lose what lies beyond the image, without being coded anew. Levels that are
not stored are made by halving. Tiles do not overlap, which stored ones do not either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from dicomizer.errors import TargetError
from dicomizer.export import selection
from dicomizer.export.coding import is_jpeg
from dicomizer.export.decoded import Decoded
from dicomizer.export.jpeg_edge import corner
from dicomizer.export.kept import KeptFrames
from dicomizer.export.options import Box, ExportCodec
from dicomizer.export.passes import Output, Pass
from dicomizer.pipeline import Progress
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.encode import encoder
from dicomizer.pixels.codecs.jpeg import JpegError
from dicomizer.pixels.format import PixelFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dicomizer.export.options import ExportOptions
    from dicomizer.export.passes import Encode
    from dicomizer.export.selection import Level
    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.slide import Slide, SlideImage
    from dicomizer.sources.base import SlideSource

_LARGEST_SIDE = 1024
_USUAL_SIDE = 256
_XML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" '
    'Format="{format}" Overlap="0" TileSize="{side}">'
    '<Size Width="{width}" Height="{height}"/></Image>\n'
)
_EDGE_QUALITY = 95
"""Of edge tiles whose streams cannot be cut."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What all tiles are.

    Parameters
    ----------
    is_kept
        Whether stored frames may become tiles.
    """

    suffix: str
    side: int
    encode: Encode
    is_kept: bool


def write_deep_zoom(
    source: SlideSource,
    path: Path,
    options: ExportOptions,
    threads: int,
    report: Callable[[Progress], None],
) -> list[str]:
    """Write the XML file and its folder, and return what a user should know of them.

    Raises
    ------
    TargetError
        The slide has more than the format has room for.
    SourceError
        It cannot be read to its end.
    """
    slide = source.slide
    scan = selection.one_scan(slide, options)
    layer = selection.one_layer(slide, scan, options)
    found = selection.views(slide, scan, options)
    levels = list(selection.dyadic_levels(found))
    kind = _kind(slide, found[0].image, options)
    writer = _Writer(source, path, kind, layer, threads, levels)
    total = sum(writer.number_of_tiles(level) for level in levels)
    for done, name in enumerate(writer.run(), start=1):
        report(Progress(name, done, total))
    size = levels[0].size
    xml = _XML.format(format=kind.suffix, side=kind.side, width=size.width, height=size.height)
    path.write_text(xml, encoding="utf-8")
    return writer.notes


def _kind(slide: Slide, image: SlideImage, options: ExportOptions) -> _Kind:
    codec, pixel_format = options.codec, image.pixel_format
    is_kept = codec is ExportCodec.KEEP or options.quality is None
    if codec in (ExportCodec.JPEG_2000, ExportCodec.NONE):
        _refuse(slide, f"Deep Zoom has no {codec.value}", "choose --codec keep, jpeg or deflate")
    if codec is ExportCodec.KEEP:
        is_lossy = image.coding.lossy and pixel_format.bits == 8
        codec = ExportCodec.JPEG if is_lossy else ExportCodec.DEFLATE
    tile = image.tile_size
    is_square = tile.width == tile.height <= _LARGEST_SIDE
    side = tile.width if is_square else _USUAL_SIDE
    if codec is ExportCodec.DEFLATE:
        return _Kind("png", side, _png, is_kept=False)
    encode = encoder(Codec.JPEG, pixel_format, options.quality).encode
    return _Kind("jpg", side, encode, is_kept=is_kept)


class _Writer:
    """Writes the tiles of all levels.

    Parameters
    ----------
    levels
        From the finest to one of a single pixel, which is number 0 in the folder.
    """

    def __init__(
        self,
        source: SlideSource,
        path: Path,
        kind: _Kind,
        layer: int,
        threads: int,
        levels: list[Level],
    ) -> None:
        self._source = source
        self._folder = path.parent / f"{path.stem}_files"
        self._kind = kind
        self._layer = layer
        self._threads = threads
        self._levels = levels
        self._recoded_edges = 0

    @property
    def notes(self) -> list[str]:
        """What was coded anew though it is stored as JPEG."""
        if not self._recoded_edges:
            return []
        return [f"{self._recoded_edges} tiles at an edge are coded anew: their JPEG cannot be cut"]

    def number_of_tiles(self, level: Level) -> int:
        """Return how many files a level has."""
        side = self._kind.side
        return -(-level.size.width // side) * -(-level.size.height // side)

    def run(self) -> Iterator[str]:
        """Write all tiles, and yield a name for each."""
        for number in range(len(self._levels)):
            self._folder_of(number).mkdir(parents=True)
        starts = [number for number, level in enumerate(self._levels) if level.view is not None]
        for start, stop in zip(starts, [*starts[1:], len(self._levels)], strict=True):
            yield from self._chain(start, stop)

    def _folder_of(self, number: int) -> Path:
        return self._folder / str(len(self._levels) - 1 - number)

    def _chain(self, start: int, stop: int) -> Iterator[str]:
        """Write a stored level, and those made of it."""
        first = self._levels[start]
        assert first.view is not None
        area = Decoded(self._source, first.view, self._layer)
        is_kept = self._is_kept(first)
        if is_kept:
            yield from self._copied(start, area)
            if stop == start + 1:
                return
        encode = self._kind.encode
        outputs = [
            Output(level.size, None if is_kept and not number else encode)
            for number, level in enumerate(self._levels[start:stop])
        ]
        passing = Pass(area, outputs, self._kind.side, is_padded=False, threads=self._threads)
        for tile in passing.run():
            self._write(start + tile.level, tile.row, tile.column, tile.data)
            yield self._levels[start + tile.level].name

    def _is_kept(self, level: Level) -> bool:
        view, side = level.view, self._kind.side
        return (
            self._kind.is_kept
            and view is not None
            and is_jpeg(view.image)
            and (view.image.tile_size.width, view.image.tile_size.height) == (side, side)
            and view.first_tile is not None
        )

    def _copied(self, number: int, area: Decoded) -> Iterator[str]:
        level, side = self._levels[number], self._kind.side
        view = level.view
        assert view is not None
        top, left = view.first_tile or (0, 0)
        image = view.image
        places = [
            (row, column)
            for row in range(-(-level.size.height // side))
            for column in range(-(-level.size.width // side))
        ]
        first = self._layer * image.number_of_tiles + top * image.grid.width + left
        indices = [first + row * image.grid.width + column for row, column in places]
        kept = KeptFrames(self._source, view, self._threads, is_alike=False)
        for (row, column), (frame, _) in zip(places, kept.frames(indices), strict=True):
            box = Box(
                column * side,
                row * side,
                min(side, level.size.width - column * side),
                min(side, level.size.height - row * side),
            )
            self._write(number, row, column, self._cropped(frame, box, area))
            yield level.name

    def _cropped(self, frame: bytes, box: Box, area: Decoded) -> bytes:
        if box.width == box.height == self._kind.side:
            return frame
        try:
            return corner(frame, box.width, box.height)
        except JpegError:
            self._recoded_edges += 1
            pixels = area(box)
            pixel_format = PixelFormat(pixels.shape[2], 8)
            return encoder(Codec.JPEG, pixel_format, _EDGE_QUALITY).encode(pixels)

    def _write(self, number: int, row: int, column: int, data: bytes) -> None:
        path = self._folder_of(number) / f"{column}_{row}.{self._kind.suffix}"
        path.write_bytes(data)


def _png(pixels: Pixels) -> bytes:
    import imagecodecs
    import numpy as np

    return bytes(imagecodecs.png_encode(np.ascontiguousarray(pixels)))


def _refuse(slide: Slide, problem: str, remedy: str) -> NoReturn:
    raise TargetError(problem, file=slide.path, remedy=remedy)
