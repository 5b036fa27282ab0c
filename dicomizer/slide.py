# SPDX-License-Identifier: Apache-2.0
"""What a slide file holds, as every reader tells it and every planner reads it.

A `SlideSource` fills these values in when it opens a file; from there on nothing upstream knows
which format the file had. They hold no pixels and nothing of DICOM's encoding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.dicom.metadata import SlideMetadata


@dataclass(frozen=True, slots=True)
class SizePx:
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width} x {self.height}"


@dataclass(frozen=True, slots=True)
class SpacingMm:
    """Distance in millimetres between the centres of neighbouring pixels.

    Parameters
    ----------
    between_rows
        Vertical distance; what DICOM's Pixel Spacing has first.
    between_columns
        Horizontal distance.
    """

    between_rows: float
    between_columns: float

    @classmethod
    def from_mpp(cls, x: float, y: float) -> SpacingMm:
        """Return the spacing for ``x`` and ``y`` micrometres per pixel."""
        return cls(between_rows=y / 1000, between_columns=x / 1000)

    @property
    def mpp(self) -> tuple[float, float]:
        """Micrometres per pixel, horizontal first, to the nearest picometre."""
        return round(self.between_columns * 1000, 6), round(self.between_rows * 1000, 6)

    def scaled(self, factor_x: float, factor_y: float) -> SpacingMm:
        """Return the spacing of an image reduced by the given factors."""
        return SpacingMm(self.between_rows * factor_y, self.between_columns * factor_x)


class ColorSpace(Enum):
    """What the three samples of a coded pixel mean."""

    RGB = "RGB"
    YCBCR = "YCbCr"


class Compression(Enum):
    """How the bytes of a frame are coded."""

    NONE = "none"
    JPEG = "JPEG"


@dataclass(frozen=True, slots=True)
class Coding:
    """How the frames of an image will arrive from the source.

    Parameters
    ----------
    compression
        Of the bytes that `SlideSource.frames` yields.
    color_space
        Of the samples before any colour transform.
    lossy
        Whether the pixels went through lossy compression at any time.
    coded_bytes
        Size of the lossily coded form of all frames, as stored in the file.
    """

    compression: Compression
    color_space: ColorSpace
    lossy: bool
    coded_bytes: int


class Flavor(Enum):
    """What an image of a slide shows; the values are those of Image Type (PS3.3 C.8.12.4.1.1)."""

    VOLUME = "VOLUME"
    THUMBNAIL = "THUMBNAIL"
    LABEL = "LABEL"
    OVERVIEW = "OVERVIEW"


@dataclass(frozen=True, slots=True)
class SlideImage:
    """One image of the slide: a level of the pyramid, or an associated image.

    Parameters
    ----------
    key
        Names the image to its source; unique within the slide.
    size
        Of the whole image.
    tile_size
        Of each tile; edge tiles are full. Equal to ``size`` for an image of one tile.
    spacing
        ``None`` where the file does not say.
    """

    key: str
    flavor: Flavor
    size: SizePx
    tile_size: SizePx
    coding: Coding
    spacing: SpacingMm | None = None
    icc_profile: bytes | None = field(default=None, repr=False)

    @property
    def grid(self) -> SizePx:
        """Columns and rows of tiles that cover the image."""
        return SizePx(
            -(-self.size.width // self.tile_size.width),
            -(-self.size.height // self.tile_size.height),
        )

    @property
    def number_of_tiles(self) -> int:
        """Tiles that cover the image."""
        return self.grid.width * self.grid.height

    def reduction_of(self, base: SlideImage) -> tuple[float, float]:
        """Return by what factors this image is smaller than ``base``, horizontally first.

        Sizes that an integer factor explains by rounding are taken as reduced by just that
        factor: 2967 rows to 741 are a quarter, and a last quarter row dropped; not 4.004.
        """
        sizes = (
            (base.size.width, self.size.width),
            (base.size.height, self.size.height),
        )
        horizontal, vertical = (fine / coarse for fine, coarse in sizes)
        whole = round((horizontal + vertical) / 2)
        if whole > 0 and all(abs(fine / whole - coarse) < 1 for fine, coarse in sizes):
            return whole, whole
        return horizontal, vertical


@dataclass(frozen=True, slots=True)
class Slide:
    """All that a slide file holds, but its pixels.

    Parameters
    ----------
    format_name
        As a person calls it, such as "Aperio SVS".
    levels
        The stored pyramid, finest first.
    associated
        Label, overview and thumbnail, where the file has them.
    notes
        What a reader left aside or assumed, each a sentence for the user.
    """

    path: Path
    format_name: str
    levels: tuple[SlideImage, ...]
    associated: tuple[SlideImage, ...]
    metadata: SlideMetadata
    notes: tuple[str, ...] = ()

    @property
    def images(self) -> tuple[SlideImage, ...]:
        """Levels, finest first, then associated images."""
        return self.levels + self.associated
