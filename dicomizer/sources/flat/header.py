# SPDX-License-Identifier: Apache-2.0
"""What a flat image tells before it is decoded: format, size, samples, profile, density.

Pillow reads the headers. What decoding would take is known from them, so that a small file which
claims a huge picture is refused before any memory is given to it.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError, SourceError
from dicomizer.pixels.codecs import jpeg, jpeg2000
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.format import PixelFormat
from dicomizer.slide import SizePx, SpacingMm
from dicomizer.sources.base import AnotherFormat

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

    from dicomizer.pixels.codecs.jpeg2000 import CodestreamHeader

PNG, JPEG, JPEG_2000, BMP = "PNG", "JPEG", "JPEG2000", "BMP"
_CODESTREAM = b"\xff\x4f\xff\x51"
_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": PNG,
    b"\xff\xd8\xff": JPEG,
    b"\0\0\0\x0cjP  \r\n\x87\n": JPEG_2000,
    _CODESTREAM: JPEG_2000,
    b"BM": BMP,
}
_NAMES = {PNG: "PNG", JPEG: "JPEG", JPEG_2000: "JPEG 2000", BMP: "BMP"}
_BEGINNING = 1 << 20
"""Bytes within which all headers stand, behind a colour profile and EXIF."""

_MEMORY_LIMIT = 160 << 20
"""Bytes that decoding may take: with the program itself and the encoders, 300 MB."""
_BYTES_PER_PIXEL = 4
"""Of a decoded pixel as Pillow keeps it; grey ones take less."""
_COEFFICIENT_BYTES = 6
"""Which libjpeg keeps besides, for a picture in several scans."""
_COMPONENT_BYTES = 12
"""Which OpenJPEG keeps besides: 32 bits for each sample."""
_TILE_BYTES = 8 << 10
"""Which it keeps of each tile, decoded or not."""

_GREY_MODES = frozenset({"1", "L", "LA", "I;16", "I;16B", "I"})
_COLOR_MODES = frozenset({"P", "PA", "RGB", "RGBA", "RGBX", "YCbCr"})
_GREY_PNG = (0, 4)
"""Colour types of PNG."""
_FINEST_MPP, _COARSEST_MPP = 0.02, 20.0
"""Between which a density is one of a microscope: 300 dpi, of a print, are 85 um."""
_UM_PER_INCH = 25_400
_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class FlatHeader:
    """The header of a flat image.

    Parameters
    ----------
    format
        As Pillow calls it.
    has_alpha
        Whether pixels may be transparent.
    spacing
        ``None`` where the density is none of a microscope.
    is_turned
        Whether EXIF says that the camera was turned or the picture mirrored.
    """

    format: str
    size: SizePx
    pixel_format: PixelFormat
    has_alpha: bool
    icc_profile: bytes | None = field(repr=False)
    spacing: SpacingMm | None
    is_turned: bool

    @property
    def format_name(self) -> str:
        """As a person calls it."""
        return _NAMES[self.format]


def read_flat_header(path: Path) -> FlatHeader:
    """Read the header of an image.

    Raises
    ------
    Refusal
        The file has none of the formats.
    CorruptSourceError
        It begins like one of them, but cannot be read.
    SourceError
        It cannot be a slide, or decoding it would take too much memory.
    """
    with path.open("rb") as file:
        beginning = file.read(_BEGINNING)
    format_ = next((name for sign, name in _SIGNATURES.items() if beginning.startswith(sign)), None)
    if format_ is None:
        raise AnotherFormat("no PNG, JPEG, JPEG 2000 or BMP")
    # Whether its folder is there or not: OpenSlide's reader says what is missing.
    if path.suffix.lower() == ".mrxs":
        raise AnotherFormat("the preview of an MRXS slide")
    with open_image(path, format_) as image:
        pixel_format = PixelFormat(_samples(image, beginning, path), _bits(image, beginning))
        _check_memory(image, pixel_format, beginning, path)
        return FlatHeader(
            format=format_,
            size=SizePx(*image.size),
            pixel_format=pixel_format,
            has_alpha="transparency" in image.info or image.mode.endswith("A"),
            icc_profile=image.info.get("icc_profile"),
            spacing=_spacing(image.info.get("dpi")),
            is_turned=_orientation(image) not in (None, 1),
        )


def open_image(path: Path, format_: str) -> Image.Image:
    """Open an image with Pillow, which reads the header only.

    Raises
    ------
    CorruptSourceError
        The header cannot be read.
    SourceError
        The picture is huge.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(path, formats=(format_,))
    except Image.DecompressionBombError as error:
        raise _too_large(path, str(error)) from error
    except Exception as error:  # a parser raises whatever a broken header provokes
        raise CorruptSourceError(
            f"the {_NAMES[format_]} cannot be read: {error}",
            file=path,
            remedy="the file is damaged; copy it again",
        ) from error


def _check_memory(
    image: Image.Image, pixel_format: PixelFormat, beginning: bytes, path: Path
) -> None:
    width, height = image.size
    needed = width * height * _BYTES_PER_PIXEL * pixel_format.bytes_per_sample
    needed += _working_bytes(image, pixel_format, beginning)
    if max(needed, path.stat().st_size) > _MEMORY_LIMIT:
        raise _too_large(
            path,
            f"{width} x {height} pixels take {needed >> 20} MiB to decode, more than "
            f"{_MEMORY_LIMIT >> 20}: the format can only be decoded as a whole",
        )


def _working_bytes(image: Image.Image, pixel_format: PixelFormat, beginning: bytes) -> int:
    """Return what a decoder keeps besides the picture."""
    pixels = image.size[0] * image.size[1]
    if image.format == JPEG_2000:
        header = _codestream_header(beginning)
        if header is None:
            return pixels * _COMPONENT_BYTES
        if pixel_format.bits == 8:  # which Pillow decodes tile by tile
            pixels = min(pixels, header.tile_width * header.tile_height)
        return pixels * _COMPONENT_BYTES + header.tiles * _TILE_BYTES
    if image.format == JPEG and not _is_one_scan(beginning):
        return pixels * _COEFFICIENT_BYTES
    return 0


def _is_one_scan(beginning: bytes) -> bool:
    """Tell whether a JPEG can be decoded row by row, without holding all coefficients."""
    try:
        header = jpeg.read_header(beginning)
    except jpeg.JpegError:
        return False
    components = header.segments[-1].payload[:1]  # of the first scan (T.81 B.2.3)
    return header.frame.is_baseline and components == bytes([len(header.frame.sampling)])


def _too_large(path: Path, problem: str) -> SourceError:
    return SourceError(
        problem,
        file=path,
        remedy="convert it to a tiled TIFF first, for example with "
        "vips tiffsave IN OUT.tif --tile --pyramid --bigtiff",
    )


def _samples(image: Image.Image, beginning: bytes, path: Path) -> int:
    if image.format == PNG:
        return 1 if _png_depth_and_type(beginning)[1] in _GREY_PNG else 3
    if image.mode in _GREY_MODES:
        return 1
    if image.mode in _COLOR_MODES:
        return 3
    raise SourceError(
        f"found pixels of kind {image.mode}, expected grey or RGB",
        file=path,
        remedy="convert it to RGB first",
    )


def _bits(image: Image.Image, beginning: bytes) -> int:
    """Return the bits of a sample; fewer than 8 are spread over 8."""
    if image.format == PNG:
        return max(8, _png_depth_and_type(beginning)[0])
    header = _codestream_header(beginning) if image.format == JPEG_2000 else None
    return max(8, header.components[0].bits) if header else 8


def _codestream_header(beginning: bytes) -> CodestreamHeader | None:
    """Return the header of the codestream, behind the boxes of a JP2 file if there are any."""
    start = max(beginning.find(_CODESTREAM), 0)
    try:
        return jpeg2000.read_codestream_header(beginning[start:])
    except CodecError:
        return None


def _png_depth_and_type(beginning: bytes) -> tuple[int, int]:
    """Return bit depth and colour type of the header chunk, which Pillow has checked."""
    return beginning[24], beginning[25]


def _spacing(dpi: object) -> SpacingMm | None:
    if not isinstance(dpi, tuple) or len(dpi) != 2:
        return None
    try:
        x, y = (_UM_PER_INCH / float(density) for density in dpi)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    is_plausible = all(math.isfinite(mpp) and _FINEST_MPP <= mpp <= _COARSEST_MPP for mpp in (x, y))
    return SpacingMm.from_mpp(x, y) if is_plausible else None


def _orientation(image: Image.Image) -> int | None:
    try:
        value = image.getexif().get(_ORIENTATION)
    except Exception:  # noqa: BLE001 - broken EXIF is no reason to refuse the pixels
        return None
    return value if isinstance(value, int) else None
