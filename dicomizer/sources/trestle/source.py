# SPDX-License-Identifier: Apache-2.0
"""Trestle: a TIFF of tiled levels whose tiles overlap by as many pixels as the first one tells.

Levels of which no tiles overlap are passed through, others are composed. The overview lies
beside the slide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError, UnsupportedSourceError
from dicomizer.pixels.codecs.jpeg import JpegError
from dicomizer.slide import Scan, SizePx, Slide
from dicomizer.sources.base import AnotherFormat, Refusal
from dicomizer.sources.overlap import ComposedImage, DecodedTiles, Layout, Placed, place
from dicomizer.sources.tiff.directory import read_directories
from dicomizer.sources.tiff.images import TiffImages
from dicomizer.sources.tiff.pyramid import check_levels, with_level_spacing
from dicomizer.sources.tiff.source import TiffSource
from dicomizer.sources.trestle.companion import read_companion
from dicomizer.sources.trestle.description import read_description

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dicomizer.slide import SlideImage
    from dicomizer.sources.base import Frame
    from dicomizer.sources.tiff.directory import TiffDirectory
    from dicomizer.sources.trestle.companion import Companion

_TILE = SizePx(512, 512)
"""Of composed levels."""


class TrestleSource(TiffSource):
    """An open Trestle slide.

    Raises
    ------
    AnotherFormat
        The file is no TIFF, or not of Trestle.
    Refusal
        It is, but has no levels of tiles.
    UnsupportedSourceError
        It is, but its tiles are coded in a way that no such scanner is known for.
    SourceError
        The file cannot be read or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._directories = read_directories(path)
        _check_vendor(self._directories)
        self._description = read_description(self._directories[0], path)
        self._notes: list[str] = []
        self._composed: dict[str, ComposedImage] = {}
        self._companion = self._read_companion()
        self._images = TiffImages(path, self._directories)
        try:
            self._slide = self._describe()
        except Refusal as refusal:
            self._images.close()
            # A reader of plain TIFF would take the file, and show twice what tiles share.
            raise UnsupportedSourceError(path, {"Trestle": str(refusal)}) from refusal
        except BaseException:
            self._images.close()
            raise

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[Frame]]:
        """Yield frames of an image in batches, coded as ``image.coding`` says."""
        if self._companion and image.key == self._companion.image.key:
            stream = self._companion.stream
            return iter([[(stream,) for _ in (indices if indices is not None else (0,))]])
        composed = self._composed.get(image.key)
        return composed.frames(indices) if composed else self._images.frames(image, indices)

    def _read_companion(self) -> Companion | None:
        try:
            return read_companion(self._path)
        except (JpegError, OSError) as error:
            self._notes.append(f"overview beside the slide left out: {error}")
            return None

    def _describe(self) -> Slide:
        if self._description.spacing is None:
            self._notes.append("the resolution tags hold no spacing that suits the objective")
        levels, notes = check_levels([self._level(item) for item in self._directories])
        return Slide(
            path=self._path,
            format_name="Trestle",
            scans=(Scan(with_level_spacing(levels, self._description.spacing)),),
            associated=(self._companion.image,) if self._companion else (),
            metadata=self._description.metadata,
            notes=(*self._notes, *notes, *self._images.notes),
        )

    def _level(self, directory: TiffDirectory) -> SlideImage:
        stored = self._images.level(directory, None)
        told = self._description.overlaps
        overlap = told[directory.index] if directory.index < len(told) else (0, 0)
        if overlap == (0, 0):
            return stored
        return self._compose(stored, SizePx(*overlap))

    def _compose(self, stored: SlideImage, overlap: SizePx) -> SlideImage:
        place_name = f"directory {stored.key}"
        across = stored.tile_size.width - overlap.width
        down = stored.tile_size.height - overlap.height
        if 2 * across < stored.tile_size.width or 2 * down < stored.tile_size.height:
            raise CorruptSourceError(
                f"tiles of {stored.tile_size} overlap by {overlap}",
                file=self._path,
                place=place_name,
            )
        pieces = place(_tiles(stored.grid, across, down), stored)
        if not pieces:
            raise CorruptSourceError("no tile is stored", file=self._path, place=place_name)
        composed = ComposedImage(
            DecodedTiles(stored, self._images.frames, self._path),
            Layout(pieces, _TILE),
            background=self._description.background,
        )
        self._composed[stored.key] = composed
        return composed.image


def _tiles(grid: SizePx, across: int, down: int) -> Iterator[Placed]:
    """Yield all tiles of a grid in which they begin so many pixels apart."""
    for row in range(grid.height):
        for column in range(grid.width):
            yield Placed(column, row, column * across, row * down)


def _check_vendor(directories: Sequence[TiffDirectory]) -> None:
    first = directories[0]
    if not first.software.startswith("MedScan"):
        raise AnotherFormat('the software tag does not begin with "MedScan"')
    if not first.description:
        raise Refusal("the first directory has no description")
    if not all(item.is_tiled for item in directories):
        raise Refusal("a directory is not tiled")
