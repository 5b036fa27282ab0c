# SPDX-License-Identifier: Apache-2.0
"""What a slide file holds, as every reader tells it and every planner reads it.

A `SlideSource` fills these values in when it opens a file; from there on nothing upstream knows
which format the file had. They hold no pixels and nothing of DICOM's encoding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from dicomizer.pixels.format import RGB_8, PixelFormat

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


@dataclass(frozen=True, slots=True)
class PointMm:
    """A place in the slide coordinate system in millimetres (PS3.3 C.8.12.2)."""

    x: float
    y: float


Orientation = tuple[float, float, float, float, float, float]
"""Image Orientation (Slide): direction cosines of the rows, to the right in the picture, and of
the columns, downwards, in the slide coordinate system (PS3.3 C.8.12.4.1.4)."""
LABEL_LEFT: Orientation = (0.0, -1.0, 0.0, -1.0, 0.0, 0.0)
"""The label to the left of the picture: the usual way a slide lies in a scanner (C.8.12.2)."""


class ColorSpace(Enum):
    """What the samples of a coded pixel mean."""

    RGB = "RGB"
    YCBCR = "YCbCr"
    """Full range, chroma subsampled or not, as in JFIF."""
    ICT = "YBR_ICT"
    """The irreversible colour transform within a JPEG 2000 codestream."""
    RCT = "YBR_RCT"
    """The reversible one."""
    XYB = "XYB"
    MONOCHROME = "grey"
    """One sample; 0 is black."""


class Compression(Enum):
    """How the bytes of a frame are coded."""

    NONE = "none"
    JPEG = "JPEG"
    JPEG_2000 = "JPEG 2000"
    HTJ2K = "HTJ2K"
    JPEG_LS = "JPEG-LS"
    JPEG_XL = "JPEG XL"
    JPEG_XL_OF_JPEG = "JPEG XL of JPEG"
    """The coefficients of a JPEG stream, which can be had back bit for bit."""
    RLE = "RLE"


@dataclass(frozen=True, slots=True)
class LossyStep:
    """A lossy compression that the pixels went through.

    Parameters
    ----------
    method
        Defined term of Lossy Image Compression Method (PS3.3 C.7.6.1.1.5.1); ``None`` where the
        file does not tell it.
    ratio
        Size of the uncompressed pixels by that of the coded ones; ``None`` where nobody knows it.
    """

    method: str | None
    ratio: float | None


@dataclass(frozen=True, slots=True)
class Coding:
    """How the frames of an image will arrive from the source.

    Parameters
    ----------
    compression
        Of the bytes that `SlideSource.frames` yields.
    color_space
        Of the samples as they are coded, before a decoder's colour transform.
    lossy
        Whether the pixels went through lossy compression at any time.
    coded_bytes
        Size of the coded form of all frames, as stored in the file.
    method
        Of the lossy compression by which they are stored, a defined term as for `LossyStep`.
    earlier
        Lossy compressions before that one, oldest first: those that DICOM tells, and that of a
        file whose pixels come decoded by a library.
    """

    compression: Compression
    color_space: ColorSpace
    lossy: bool
    coded_bytes: int
    method: str | None = None
    earlier: tuple[LossyStep, ...] = ()


class Flavor(Enum):
    """What an image of a slide shows; the values are those of Image Type (PS3.3 C.8.12.4.1.1)."""

    VOLUME = "VOLUME"
    THUMBNAIL = "THUMBNAIL"
    LABEL = "LABEL"
    OVERVIEW = "OVERVIEW"


@dataclass(frozen=True, slots=True)
class SlideImage:
    """One image of the slide: a level of a pyramid, or an associated image.

    Its frames are counted from 0 in the order of the standard: columns fastest, then rows, focal
    planes, optical paths (PS3.3 C.7.6.17.3).

    Parameters
    ----------
    key
        Names the image to its source; unique within the slide.
    size
        Of the whole image.
    tile_size
        Of each tile; edge tiles are full. Equal to ``size`` for an image of one tile.
    pixel_format
        Of the decoded pixels.
    planes, paths
        Number of focal planes and of optical paths.
    missing
        Frames, by index, that the file does not hold.
    spacing
        ``None`` where the file does not say.
    is_resampled
        Whether the pixels are known to be reduced from finer ones, even if none are here.
    """

    key: str
    flavor: Flavor
    size: SizePx
    tile_size: SizePx
    coding: Coding
    spacing: SpacingMm | None = None
    icc_profile: bytes | None = field(default=None, repr=False)
    pixel_format: PixelFormat = RGB_8
    planes: int = 1
    paths: int = 1
    missing: frozenset[int] = field(default=frozenset(), repr=False)
    is_resampled: bool = False

    @property
    def grid(self) -> SizePx:
        """Columns and rows of tiles that cover the image."""
        return SizePx(
            -(-self.size.width // self.tile_size.width),
            -(-self.size.height // self.tile_size.height),
        )

    @property
    def number_of_tiles(self) -> int:
        """Tiles that cover one plane in one path."""
        return self.grid.width * self.grid.height

    @property
    def number_of_frames(self) -> int:
        """Frames of all planes and paths, missing ones included."""
        return self.number_of_tiles * self.planes * self.paths

    @property
    def frame_bytes(self) -> int:
        """Size of an uncompressed frame."""
        pixels = self.tile_size.width * self.tile_size.height
        return pixels * self.pixel_format.bytes_per_pixel

    def reduction_of(self, base: SlideImage) -> tuple[float, float]:
        """Return by what factors this image is smaller than ``base``, horizontally first.

        Sizes that a whole factor explains by rounding are taken as reduced by just that factor, a
        power of two before any other: 2967 rows to 741 are a quarter, and a last quarter row
        dropped, not 4.004; 46000 x 32914 pixels to 180 x 129 are 1/256, not 1/255.
        """
        sizes = (
            (base.size.width, self.size.width),
            (base.size.height, self.size.height),
        )
        horizontal, vertical = (fine / coarse for fine, coarse in sizes)
        mean = max((horizontal + vertical) / 2, 1)
        for factor in (2 ** round(math.log2(mean)), round(mean)):
            if all(abs(fine / factor - coarse) < 1 for fine, coarse in sizes):
                return factor, factor
        return horizontal, vertical

    def spacing_below(self, base: SlideImage) -> SpacingMm | None:
        """Return the spacing of this image as a reduction of ``base``.

        It is as told where the sizes, which are rounded to whole pixels, can be explained by it;
        else it follows from them. ``None`` where nobody knows that of ``base``.
        """
        if base.spacing is None:
            return None
        told = self.spacing
        if told is not None and (
            _reduces(
                base.size.width, self.size.width, told.between_columns, base.spacing.between_columns
            )
            and _reduces(
                base.size.height, self.size.height, told.between_rows, base.spacing.between_rows
            )
        ):
            return told
        return base.spacing.scaled(*self.reduction_of(base))


def _reduces(fine: int, coarse: int, coarse_mm: float, fine_mm: float) -> bool:
    """Tell whether two spacings explain the sizes of a side, rounded to whole pixels either way."""
    return abs(fine * fine_mm - coarse * coarse_mm) < coarse_mm


class Illumination(Enum):
    """How light reaches the specimen; a planner knows the codes (PS3.16 CID 8123)."""

    BRIGHTFIELD = "brightfield"
    FLUORESCENCE = "fluorescence"


@dataclass(frozen=True, slots=True)
class OpticalPath:
    """A channel: how light was sent through, filtered and detected (PS3.3 C.8.12.5).

    Parameters
    ----------
    name
        As a person calls it, such as "DAPI"; empty where nobody said.
    excitation_nm, emission_nm
        Wavelengths of the light sent in and seen.
    color
        Red, green and blue, 0 to 255, in which a grey image of this path is shown.
    exposure_ms
        Time that the detector collected light for one frame.
    """

    name: str = ""
    illumination: Illumination = Illumination.BRIGHTFIELD
    excitation_nm: float | None = None
    emission_nm: float | None = None
    color: tuple[int, int, int] | None = None
    exposure_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """One area of the glass, scanned as one pyramid.

    Parameters
    ----------
    levels
        The stored pyramid, finest first.
    optical_paths
        As many as each level has.
    plane_spacing_um
        Distance between focal planes; ``None`` for a single one, or where the file does not say.
    origin
        Place of the top left pixel; ``None`` where the file does not say.
    image_orientation_slide
        How all its levels, and the thumbnail, lie on the glass.
    name
        As the file calls it; empty where it does not.
    background
        Red, green and blue, 0 to 255, of what was not scanned; ``None`` where the file does not
        say.
    """

    levels: tuple[SlideImage, ...]
    optical_paths: tuple[OpticalPath, ...] = (OpticalPath(),)
    plane_spacing_um: float | None = None
    origin: PointMm | None = None
    image_orientation_slide: Orientation = LABEL_LEFT
    name: str = ""
    background: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Slide:
    """All that a slide file holds, but its pixels.

    Parameters
    ----------
    format_name
        As a person calls it, such as "Aperio SVS".
    scans
        At least one; the first is what the file is opened for.
    associated
        Label, overview and thumbnail, where the file has them.
    notes
        What a reader left aside or assumed, each a sentence for the user.
    """

    path: Path
    format_name: str
    scans: tuple[Scan, ...]
    associated: tuple[SlideImage, ...]
    metadata: SlideMetadata
    notes: tuple[str, ...] = ()

    @property
    def levels(self) -> tuple[SlideImage, ...]:
        """The pyramid of the first scan, finest level first."""
        return self.scans[0].levels

    @property
    def images(self) -> tuple[SlideImage, ...]:
        """Levels of all scans, finest first, then associated images."""
        levels = tuple(level for scan in self.scans for level in scan.levels)
        return levels + self.associated
