# SPDX-License-Identifier: Apache-2.0
"""Images of a slide as pages of a TIFF: levels in tiles, label and overview in one strip each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.export.coding import TileEncoder, kept_coding, tile_encoder
from dicomizer.export.decoded import Decoded
from dicomizer.export.kept import KeptFrames
from dicomizer.export.options import Box, ExportCodec, ExportOptions
from dicomizer.export.passes import Output, Pass
from dicomizer.export.tiff_file import SIDE_UNIT, Page
from dicomizer.slide import Compression, SizePx

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.export.coding import TiffCoding
    from dicomizer.export.selection import Level, View
    from dicomizer.export.tiff_file import TiffFile
    from dicomizer.slide import SlideImage
    from dicomizer.sources.base import SlideSource

_LARGEST_SIDE = 1024
_USUAL_SIDE = 512
_STORED_AS = {
    ExportCodec.KEEP: tuple(Compression),
    ExportCodec.JPEG: (Compression.JPEG, Compression.JPEG_XL_OF_JPEG),
    ExportCodec.JPEG_2000: (Compression.JPEG_2000,),
    ExportCodec.NONE: (Compression.NONE,),
    ExportCodec.DEFLATE: (),
}


@dataclass(frozen=True, slots=True)
class Chain:
    """Pages of one stored image, and of those that are made of it by halving.

    Parameters
    ----------
    pages
        In order of the levels.
    encoder
        Of the first page; ``None`` where its frames are kept.
    derived
        Of the others.
    """

    view: View
    layer: int
    pages: tuple[Page, ...]
    kept: KeptFrames
    encoder: TileEncoder | None
    derived: TileEncoder | None

    @property
    def number_of_tiles(self) -> int:
        """Of all pages."""
        return sum(page.columns * page.rows for page in self.pages)


class Images:
    """Makes pages of images, and writes their tiles.

    Parameters
    ----------
    notes
        Gets a sentence for each image that is coded anew.
    """

    def __init__(
        self, source: SlideSource, options: ExportOptions, threads: int, notes: list[str]
    ) -> None:
        self._source = source
        self._options = options
        self._threads = threads
        self._notes = notes

    def levels(self, levels: Sequence[Level], layer: int) -> list[Chain]:
        """Return the chains of one layer of a pyramid."""
        chains: list[list[Level]] = []
        for level in levels:
            if level.view is not None:
                chains.append([])
            chains[-1].append(level)
        return [self._chain(chain, layer) for chain in chains]

    def associated(self, view: View) -> Chain:
        """Return the chain of a small image, which is one strip."""
        image = view.image
        kept, encoder, coding = self._decided(view, is_strip=True)
        page = Page(
            image.size,
            image.size,
            coding,
            image.pixel_format,
            image.spacing,
            image.icc_profile,
            is_strip=True,
        )
        return Chain(view, 0, (page,), kept, encoder, None)

    def write(self, chain: Chain, file: TiffFile) -> Iterator[int]:
        """Write the tiles of a chain, and yield how many are new."""
        if chain.encoder is None:
            yield from self._copied(chain, file)
            if len(chain.pages) == 1:
                return
        area = Decoded(self._source, chain.view, chain.layer)
        first = chain.pages[0]
        if first.is_strip:
            assert chain.encoder is not None
            file.add(first, 0, chain.encoder.encode(area(_whole(first.size))))
            yield 1
            return
        encoders = [chain.encoder, *[chain.derived] * (len(chain.pages) - 1)]
        outputs = [
            Output(page.size, encoder.encode if encoder else None)
            for page, encoder in zip(chain.pages, encoders, strict=True)
        ]
        side = chain.pages[-1].tile.width
        passing = Pass(area, outputs, side, is_padded=True, threads=self._threads)
        for tile in passing.run():
            page = chain.pages[tile.level]
            file.add(page, tile.row * page.columns + tile.column, tile.data)
            yield 1

    def _copied(self, chain: Chain, file: TiffFile) -> Iterator[int]:
        page, image = chain.pages[0], chain.view.image
        top, left = chain.view.first_tile or (0, 0)
        first = chain.layer * image.number_of_tiles
        indices = [
            first + (top + row) * image.grid.width + left + column
            for row in range(page.rows)
            for column in range(page.columns)
        ]
        for tile, (frame, is_shared) in enumerate(chain.kept.frames(indices)):
            file.add(page, tile, frame, is_shared=is_shared)
            yield 1

    def _chain(self, levels: Sequence[Level], layer: int) -> Chain:
        view = levels[0].view
        assert view is not None
        image = view.image
        kept, encoder, coding = self._decided(view, is_strip=False)
        derived = self._derived(image) if len(levels) > 1 else None
        side = _side(image)
        pages = [
            Page(
                level.size,
                image.tile_size if encoder is None and not number else SizePx(side, side),
                derived.coding if derived and number else coding,
                image.pixel_format,
                level.spacing,
                image.icc_profile,
            )
            for number, level in enumerate(levels)
        ]
        return Chain(view, layer, tuple(pages), kept, encoder, derived)

    def _derived(self, image: SlideImage) -> TileEncoder:
        """Return the encoder of levels that are made: what was lossless stays so."""
        codec = self._options.codec
        if codec is ExportCodec.KEEP:
            is_lossy = image.coding.lossy and image.pixel_format.bits == 8
            codec = ExportCodec.JPEG if is_lossy else ExportCodec.DEFLATE
        return tile_encoder(codec, image.pixel_format, self._options.quality)

    def _decided(
        self, view: View, *, is_strip: bool
    ) -> tuple[KeptFrames, TileEncoder | None, TiffCoding]:
        """Return an image's frames, what codes them anew if they cannot be kept, and the coding."""
        kept = KeptFrames(self._source, view, self._threads)
        reason = self._why_not_kept(view, is_strip=is_strip)
        if reason is None:
            coding = kept_coding(view.image, kept.first())
            if not isinstance(coding, str):
                return kept, None, coding
            reason = coding
        codec = self._options.codec
        if codec is ExportCodec.KEEP:
            codec = ExportCodec.DEFLATE
            note = f"{view.name}: {reason}; its pixels are coded as Deflate, which loses nothing"
            if note not in self._notes:
                self._notes.append(note)
        encoder = tile_encoder(codec, view.image.pixel_format, self._options.quality)
        return kept, encoder, encoder.coding

    def _why_not_kept(self, view: View, *, is_strip: bool) -> str | None:
        """Return why frames cannot become tiles, apart from their coding."""
        image = view.image
        codec = self._options.codec
        is_finer = self._options.quality is not None and codec is not ExportCodec.KEEP
        if is_finer or image.coding.compression not in _STORED_AS[codec]:
            return "it shall be coded anew"
        if is_strip:
            return None if image.tile_size == image.size else "it has several frames"
        if image.tile_size.width % SIDE_UNIT or image.tile_size.height % SIDE_UNIT:
            return f"its tiles of {image.tile_size} pixels are no multiple of {SIDE_UNIT}"
        return None if view.first_tile is not None else "the region cuts its tiles"


def _side(image: SlideImage) -> int:
    """Return the width and height of tiles that are coded anew: those stored where they can be."""
    tile = image.tile_size
    is_usable = tile.width == tile.height <= _LARGEST_SIDE and not tile.width % SIDE_UNIT
    return tile.width if is_usable else _USUAL_SIDE


def _whole(size: SizePx) -> Box:
    return Box(0, 0, size.width, size.height)
