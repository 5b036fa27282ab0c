# SPDX-License-Identifier: Apache-2.0
"""Ventana BIF and TIFF: a TIFF whose directories say by their description what they are.

A BIF has tiles as the camera saw them, and an EncodeInfo that tells how far they overlap: its
levels are composed. An exported TIFF, and a BIF without overlaps, has tiles that are passed
through. All areas of interest lie on one plane, where the scanner saw them; what lies between
them was not scanned, and its tiles are missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError, UnsupportedSourceError
from dicomizer.slide import Flavor, Scan, SizePx, Slide
from dicomizer.sources.base import AnotherFormat, Refusal
from dicomizer.sources.overlap import ComposedImage, DecodedTiles, Layout, lies_in_grid, place
from dicomizer.sources.tiff.directory import read_directories
from dicomizer.sources.tiff.images import TiffImages
from dicomizer.sources.tiff.pyramid import check_levels
from dicomizer.sources.tiff.source import TiffSource
from dicomizer.sources.ventana.dp import arrange, choose
from dicomizer.sources.ventana.encode_info import read_areas
from dicomizer.sources.ventana.levels import find_levels
from dicomizer.sources.ventana.metadata import read_iscan
from dicomizer.sources.ventana.stitching import place_tiles
from dicomizer.sources.ventana.xmp import has_iscan, read_xmp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from dicomizer.slide import SlideImage, SpacingMm
    from dicomizer.sources.base import Frame
    from dicomizer.sources.overlap import Placed
    from dicomizer.sources.ventana.encode_info import Area
    from dicomizer.sources.ventana.levels import Level
    from dicomizer.sources.ventana.metadata import IScan

_NAMED = {
    "Thumbnail": Flavor.THUMBNAIL,
    "Label Image": Flavor.OVERVIEW,
    "Label_Image": Flavor.OVERVIEW,
}
"""The "label image" is of the whole glass, label and all."""
_TILE = SizePx(512, 512)
"""Of composed levels."""
_LARGEST_EXTENT = 500_000
"""Pixels: 75 mm of glass at 0.15 um."""


class VentanaSource(TiffSource):
    """An open Ventana BIF, or TIFF exported from one.

    Raises
    ------
    AnotherFormat
        The file is no TIFF, or not of Ventana.
    UnsupportedSourceError
        It is, but its overlaps or focal planes are told in a way that is not known.
    SourceError
        The file cannot be read or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._directories = read_directories(path)
        self._iscan = self._read_iscan()
        self._notes: list[str] = []
        self._composed: dict[str, ComposedImage] = {}
        self._images = TiffImages(path, self._directories)
        try:
            self._levels = find_levels(self._directories, path)
            self._slide = self._describe()
        except Refusal as refusal:
            self._images.close()
            # A reader of plain TIFF would take the file, and show twice what tiles share.
            raise UnsupportedSourceError(path, {"Ventana": str(refusal)}) from refusal
        except BaseException:
            self._images.close()
            raise

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[Frame]]:
        """Yield frames of an image in batches, coded as ``image.coding`` says."""
        composed = self._composed.get(image.key)
        return composed.frames(indices) if composed else self._images.frames(image, indices)

    def _read_iscan(self) -> IScan:
        first = self._directories[0]
        xmp = read_xmp(first, self._path) if has_iscan(first) else None
        iscan = next(xmp.iter("iScan"), None) if xmp is not None else None
        if iscan is None:
            raise AnotherFormat("the XMP of the first directory has no iScan")
        return read_iscan(iscan, first.date_time)

    def _describe(self) -> Slide:
        encode_info = read_xmp(self._levels[0].directory, self._path)
        if encode_info is not None and encode_info.tag != "EncodeInfo":
            encode_info = None
        if self._iscan.planes > 1:
            self._notes.append(f"{self._iscan.planes} focal planes are told of, one is stored")
        levels, notes = check_levels(self._scan(encode_info))
        return Slide(
            path=self._path,
            format_name="Ventana TIFF" if encode_info is None else "Ventana BIF",
            scans=(Scan(levels),),
            associated=self._associated(),
            metadata=self._iscan.metadata,
            notes=(*self._notes, *notes, *self._images.notes),
        )

    def _scan(self, encode_info: Element | None) -> tuple[SlideImage, ...]:
        """Return the levels, composed where their tiles overlap or lie apart."""
        stored = [self._images.level(item.directory, self._spacing(item)) for item in self._levels]
        if encode_info is None:
            return tuple(stored)
        tiles = self._tiles(encode_info, stored[0])
        if lies_in_grid(tiles, stored[0].tile_size):
            return tuple(stored)
        return tuple(
            self._compose(image, item, tiles)
            for image, item in zip(stored, self._levels, strict=True)
        )

    def _spacing(self, level: Level) -> SpacingMm | None:
        spacing = self._iscan.spacing
        return spacing.scaled(level.factor, level.factor) if spacing else None

    def _tiles(self, encode_info: Element, stored: SlideImage) -> tuple[Placed, ...]:
        areas = read_areas(encode_info, stored, self._path)
        if self._iscan.is_dp or any(area.is_of_dp for area in areas):
            return self._tiles_of_dp(areas, stored)
        tiles = place_tiles(areas, stored.tile_size, self._path)
        _check_extent(tiles, self._path)
        return tiles

    def _tiles_of_dp(self, areas: Sequence[Area], stored: SlideImage) -> tuple[Placed, ...]:
        left, right = (
            arrange(areas, stored.tile_size, stored.grid.width, self._path, is_mirrored=is_mirrored)
            for is_mirrored in (False, True)
        )
        if not left.seams:
            return left.tiles
        decoded = DecodedTiles(stored, self._images.frames, self._path)
        byte_counts = self._levels[0].directory.byte_counts
        chosen = choose(left, right, decoded, byte_counts)
        side = "right" if chosen.is_mirrored else "left"
        self._notes.append(f"overlapping tiles are numbered from the bottom {side}, as pixels show")
        return chosen.tiles

    def _compose(self, stored: SlideImage, level: Level, tiles: Sequence[Placed]) -> SlideImage:
        if stored.tile_size != self._levels[0].directory.tile_size:
            raise Refusal(f"the tiles of {level.directory.place} are {stored.tile_size} pixels")
        pieces = place(tiles, stored, level.factor)
        if not pieces:
            raise CorruptSourceError(
                "no tile is stored", file=self._path, place=level.directory.place
            )
        composed = ComposedImage(
            DecodedTiles(stored, self._images.frames, self._path),
            Layout(pieces, _TILE),
            background=(self._iscan.white,) * 3,
        )
        self._composed[stored.key] = composed
        return composed.image

    def _associated(self) -> tuple[SlideImage, ...]:
        """Return the first image of each kind; the rest is told of."""
        found: dict[Flavor, SlideImage] = {}
        levels = {item.directory.index for item in self._levels}
        for item in self._directories:
            if item.index in levels:
                continue
            flavor = _NAMED.get(item.description)
            if flavor is None or flavor in found:
                name = item.description or "no description"
                self._notes.append(f"{item.place} ({name[:32]}, {item.size}) left out")
                continue
            try:
                found[flavor] = self._images.whole(item, flavor)
            except Refusal as refusal:
                self._notes.append(f"{flavor.value.lower()} ({item.size}) left out: {refusal}")
        return tuple(found.values())


def _check_extent(tiles: Sequence[Placed], path: Path) -> None:
    """Refuse areas that lie further apart than on any glass."""
    furthest = max(max(item.x, item.y) for item in tiles)
    if furthest > _LARGEST_EXTENT:
        raise CorruptSourceError(
            f"an area lies {furthest:.0f} pixels from another", file=path, place="XMP"
        )
