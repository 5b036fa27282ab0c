# SPDX-License-Identifier: Apache-2.0
"""Flat images as slides: one level without tiles of its own.

A small baseline JPEG is one frame and stays as it is. All else is decoded as a whole, since none
of the formats can be read in parts, and presented in tiles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import SlideMetadata
from dicomizer.pixels.codecs import jpeg, jpeg2000
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.color import is_rgb_profile
from dicomizer.slide import Coding, ColorSpace, Compression, Flavor, Scan, SizePx, Slide, SlideImage
from dicomizer.sources.base import FileSource
from dicomizer.sources.flat.header import JPEG, JPEG_2000, FlatHeader, read_flat_header
from dicomizer.sources.flat.pixels import FlatPixels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dicomizer.sources.base import Frame

_TILE = SizePx(512, 512)
_LARGEST_FRAME = 1024
"""Columns or rows of a JPEG that is one frame: larger ones are slow to show."""
_BEGINNING = 1 << 20
"""Bytes within which the header of a codestream stands, behind a colour profile."""
_KEY = "image"


class FlatSource(FileSource):
    """An open flat image.

    Raises
    ------
    Refusal
        The file has none of the formats.
    SourceError
        It is damaged, too large to be decoded, or no picture in grey or RGB.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._header = read_flat_header(path)
        self._kept = _as_frame(path, self._header)
        self._pixels: FlatPixels | None = None
        self._slide = Slide(
            path=path,
            format_name=f"flat {self._header.format_name}",
            scans=(Scan((self._image(),)),),
            associated=(),
            metadata=SlideMetadata(),
            notes=tuple(_notes(self._header)),
        )

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[Frame]]:
        """Yield frames of an image in batches, coded as ``image.coding`` says."""
        for index in range(image.number_of_frames) if indices is None else indices:
            if self._kept is not None:
                yield [(self._kept,)]
                continue
            self._pixels = self._pixels or FlatPixels(self._path, self._header)
            row, column = divmod(index, image.grid.width)
            pixels = self._pixels.tile(column, row, image.tile_size)
            yield [(pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes(),)]

    def close(self) -> None:
        """Let go of the pixels."""
        self._pixels = None

    def _image(self) -> SlideImage:
        header, kept = self._header, self._kept
        profile = header.icc_profile
        return SlideImage(
            key=_KEY,
            flavor=Flavor.VOLUME,
            size=header.size,
            tile_size=_TILE if kept is None else header.size,
            coding=_coding(self._path, header, kept),
            spacing=header.spacing,
            icc_profile=profile if profile and is_rgb_profile(profile) else None,
            pixel_format=header.pixel_format,
        )


def _coding(path: Path, header: FlatHeader, kept: bytes | None) -> Coding:
    coded_bytes = path.stat().st_size
    is_grey = header.pixel_format.samples == 1
    method = _method(path, header)
    if kept is None:
        color_space = ColorSpace.MONOCHROME if is_grey else ColorSpace.RGB
        return Coding(Compression.NONE, color_space, method is not None, coded_bytes, method)
    is_ycbcr = _is_ycbcr(jpeg.read_header(kept))
    color_space = ColorSpace.YCBCR if is_ycbcr else ColorSpace.RGB
    color_space = ColorSpace.MONOCHROME if is_grey else color_space
    return Coding(Compression.JPEG, color_space, True, len(kept), method)  # noqa: FBT003


def _method(path: Path, header: FlatHeader) -> str | None:
    """Return the lossy compression that the file went through."""
    if header.format == JPEG:
        return "ISO_10918_1"
    if header.format != JPEG_2000:
        return None
    with path.open("rb") as file:
        beginning = file.read(_BEGINNING)
    try:
        is_reversible = jpeg2000.read_codestream_header(beginning).reversible
    except CodecError:
        return "ISO_15444_1"
    return None if is_reversible else "ISO_15444_1"


def _as_frame(path: Path, header: FlatHeader) -> bytes | None:
    """Return a small baseline JPEG as a stream that any decoder reads alike."""
    if header.format != JPEG or max(header.size.width, header.size.height) > _LARGEST_FRAME:
        return None
    data = path.read_bytes()
    try:
        found = jpeg.read_header(data)
        head = jpeg.complete_header((), found, ycbcr=_is_ycbcr(found))
    except jpeg.JpegError:
        return None
    end = jpeg.end_of_image(data, found.length)
    is_plain = found.frame.is_baseline and len(found.frame.sampling) in (1, 3)
    return head + data[found.length : end] if end is not None and is_plain else None


def _is_ycbcr(found: jpeg.JpegHeader) -> bool:
    """Tell how decoders read three components; where they differ, most take YCbCr."""
    return jpeg.decoder_takes_for_ycbcr(found.segments, found.frame) is not False


def _notes(header: FlatHeader) -> Iterator[str]:
    if header.has_alpha:
        yield "the image has transparency: shown on white"
    if header.is_turned:
        yield "EXIF says that the image is turned or mirrored: its pixels are kept as they are"
