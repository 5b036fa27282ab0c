# SPDX-License-Identifier: Apache-2.0
"""A TIFF being written: tiles as they come, then the directories that point at them.

The header comes last, since only then it is known whether the file has to be a BigTIFF.

References
----------
TIFF Revision 6.0; TIFF Technical Note 1 (SubIFDs); BigTIFF
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

import dicomizer
from dicomizer.writers.tiff import Field, Tag, Type, directories, rational

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dicomizer.export.coding import TiffCoding
    from dicomizer.pixels.format import PixelFormat
    from dicomizer.slide import SizePx, SpacingMm

SIDE_UNIT = 16
"""Sides of a tile are multiples of it."""

_HEADER_BYTES = 16
_ALIGNMENT = 8
_INTERLEAVED = 1
_PER_CENTIMETRE = 3
_HORIZONTAL = 2
_LARGEST_LONG = 0xFFFFFFFF


@dataclass(slots=True)
class Page:
    """An image in a TIFF, or one layer of it.

    Parameters
    ----------
    tile
        Of a strip, the whole image.
    is_strip
        Whether there is one strip and no tiles.
    is_reduced
        Whether it is another page at a coarser scale.
    description
        Image Description; empty for none.
    children
        The coarser levels, for SubIFDs.
    """

    size: SizePx
    tile: SizePx
    coding: TiffCoding
    pixel_format: PixelFormat
    spacing: SpacingMm | None = None
    icc_profile: bytes | None = None
    is_strip: bool = False
    is_reduced: bool = False
    description: str = ""
    children: list[Page] = field(default_factory=list)
    places: NDArray[np.uint64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.places = np.zeros((2, self.columns * self.rows), np.uint64)

    @property
    def columns(self) -> int:
        """Of tiles."""
        return -(-self.size.width // self.tile.width)

    @property
    def rows(self) -> int:
        """Of tiles."""
        return -(-self.size.height // self.tile.height)

    def fields(self) -> list[Field]:
        """Return the entries of the directory."""
        return sorted(
            [*self._picture(), *self._coding(), *self._tiles(), *self._resolution()],
            key=lambda item: item.tag,
        )

    def _picture(self) -> Iterator[Field]:
        samples = self.pixel_format.samples
        yield Field(Tag.NEW_SUBFILE_TYPE, Type.LONG, [int(self.is_reduced)])
        yield Field(Tag.IMAGE_WIDTH, Type.LONG, [self.size.width])
        yield Field(Tag.IMAGE_LENGTH, Type.LONG, [self.size.height])
        bits = 8 * self.pixel_format.bytes_per_sample
        yield Field(Tag.BITS_PER_SAMPLE, Type.SHORT, [bits] * samples)
        yield Field(Tag.SAMPLES_PER_PIXEL, Type.SHORT, [samples])
        yield Field(Tag.PLANAR_CONFIGURATION, Type.SHORT, [_INTERLEAVED])
        software = f"Coverslip dicomizer {dicomizer.__version__}"
        yield Field(Tag.SOFTWARE, Type.ASCII, software.encode() + b"\0")
        if self.description:
            yield Field(Tag.IMAGE_DESCRIPTION, Type.ASCII, self.description.encode() + b"\0")
        if self.icc_profile:
            yield Field(Tag.ICC_PROFILE, Type.UNDEFINED, self.icc_profile)

    def _coding(self) -> Iterator[Field]:
        yield Field(Tag.COMPRESSION, Type.SHORT, [self.coding.compression])
        yield Field(Tag.PHOTOMETRIC_INTERPRETATION, Type.SHORT, [self.coding.photometric])
        if self.coding.subsampling:
            yield Field(Tag.YCBCR_SUBSAMPLING, Type.SHORT, self.coding.subsampling)
        if self.coding.is_predicted:
            yield Field(Tag.PREDICTOR, Type.SHORT, [_HORIZONTAL])

    def _tiles(self) -> Iterator[Field]:
        offsets, lengths = self.places
        kind = Type.LONG8 if int(offsets.max()) > _LARGEST_LONG else Type.LONG
        if self.is_strip:
            yield Field(Tag.ROWS_PER_STRIP, Type.LONG, [self.size.height])
            yield Field(Tag.STRIP_OFFSETS, kind, offsets)
            yield Field(Tag.STRIP_BYTE_COUNTS, Type.LONG, lengths)
            return
        yield Field(Tag.TILE_WIDTH, Type.LONG, [self.tile.width])
        yield Field(Tag.TILE_LENGTH, Type.LONG, [self.tile.height])
        yield Field(Tag.TILE_OFFSETS, kind, offsets)
        yield Field(Tag.TILE_BYTE_COUNTS, Type.LONG, lengths)

    def _resolution(self) -> Iterator[Field]:
        if self.spacing is None:
            return
        yield Field(Tag.X_RESOLUTION, Type.RATIONAL, rational(10 / self.spacing.between_columns))
        yield Field(Tag.Y_RESOLUTION, Type.RATIONAL, rational(10 / self.spacing.between_rows))
        yield Field(Tag.RESOLUTION_UNIT, Type.SHORT, [_PER_CENTIMETRE])


class TiffFile:
    """A TIFF to which tiles are added.

    Parameters
    ----------
    file
        Empty, to be written.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._end = _HEADER_BYTES
        self._shared: dict[bytes, int] = {}
        file.write(bytes(_HEADER_BYTES))

    def add(self, page: Page, tile: int, data: bytes, *, is_shared: bool = False) -> None:
        """Write a tile of a page.

        Parameters
        ----------
        tile
            Counted row by row.
        is_shared
            Whether other tiles are the same, which are written once.
        """
        offset = self._shared.get(data) if is_shared else None
        if offset is None:
            offset = self._end
            self._file.write(data)
            self._end += len(data)
            if is_shared:
                self._shared[data] = offset
        page.places[:, tile] = offset, len(data)

    def finish(self, pages: list[Page]) -> None:
        """Write the directories, in order of the pages, and the header."""
        padding = -self._end % _ALIGNMENT
        children = {
            number: [child.fields() for child in page.children]
            for number, page in enumerate(pages)
            if page.children
        }
        data, header = directories([page.fields() for page in pages], self._end + padding, children)
        self._file.write(bytes(padding) + data)
        self._file.seek(0)
        self._file.write(header)
