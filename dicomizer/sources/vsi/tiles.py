# SPDX-License-Identifier: Apache-2.0
"""Tiles of an ETS file as frames: JPEG and JPEG 2000 as they are, all else decoded.

All tiles of a file are coded alike; the first one tells how.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.codecs import jpeg, jpeg2000
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.codecs.frame_shape import FrameShape
from dicomizer.pixels.format import PixelFormat
from dicomizer.slide import ColorSpace, Compression
from dicomizer.sources.base import Refusal
from dicomizer.sources.tiff.jpeg_tiles import JpegTiles
from dicomizer.sources.vsi.ets import TileCoding

if TYPE_CHECKING:
    from collections.abc import Callable

    from dicomizer.sources.base import Frame
    from dicomizer.sources.vsi.ets import EtsFile

_BITS = {2: 8, 4: 16}
"""Of a sample, by pixel type: unsigned integers of one and two bytes."""


@dataclass(frozen=True, slots=True)
class TileForm:
    """How the frames of a file arrive; as in `Coding`."""

    compression: Compression
    color_space: ColorSpace
    pixel_format: PixelFormat
    lossy: bool = False
    method: str | None = None


class TileFrames(Protocol):
    """Makes frames of stored tiles."""

    @property
    def form(self) -> TileForm:
        """How they arrive."""
        ...

    def frame(self, index: int, tile: memoryview) -> Frame:
        """Return the frame for a stored tile.

        Raises
        ------
        CorruptSourceError
            The tile is damaged, or not what the first one was.
        """
        ...


def tile_frames(ets: EtsFile, first: memoryview) -> TileFrames:
    """Return what makes frames of the tiles of a file.

    Raises
    ------
    Refusal
        Tiles of this kind cannot be read.
    CorruptSourceError
        The first tile is damaged.
    """
    bits = _BITS.get(ets.pixel_type)
    if bits is None or ets.samples not in {1, 3}:
        raise Refusal(
            f"{ets.path.name} has {ets.samples} samples of pixel type {ets.pixel_type}, "
            "expected 1 or 3 of 8 or 16 bits"
        )
    try:
        coding = TileCoding(ets.coding)
    except ValueError:
        raise Refusal(f"{ets.path.name} is coded in the unknown way {ets.coding}") from None
    if coding is TileCoding.PLAIN and ets.samples == 3:
        raise Refusal(f"{ets.path.name} has plain colour samples, in an order that nobody tells")
    try:
        return _MAKERS[coding](ets, first, PixelFormat(ets.samples, bits))
    except (CodecError, jpeg.JpegError) as error:
        raise _corrupt(ets, 0, error) from error


class _Jpeg:
    """JPEG in colour: completed headers before the stored scans."""

    def __init__(self, ets: EtsFile, first: memoryview, pixel_format: PixelFormat) -> None:
        header = jpeg.read_header(first)
        ycbcr = jpeg.decoder_takes_for_ycbcr(header.segments, header.frame) is not False
        space = ColorSpace.YCBCR if ycbcr else ColorSpace.RGB
        self.form = TileForm(Compression.JPEG, space, pixel_format, True, "ISO_10918_1")  # noqa: FBT003
        self._tiles = JpegTiles(None, ets.tile_size, ycbcr=ycbcr, file=ets.path, place="tiles")

    def frame(self, index: int, tile: memoryview) -> Frame:
        return self._tiles.frame(index, tile)


class _Jpeg2000:
    """JPEG 2000 as it is; each tile has the size and the transforms of the first."""

    def __init__(self, ets: EtsFile, first: memoryview, pixel_format: PixelFormat) -> None:
        self._ets = ets
        header = jpeg2000.read_codestream_header(first)
        if header.high_throughput:
            raise Refusal(f"{ets.path.name} is coded as HTJ2K, which cellSens never wrote")
        self._shape = FrameShape(
            ets.tile_size.height,
            ets.tile_size.width,
            PixelFormat(pixel_format.samples, header.components[0].bits),
        )
        self._transforms = (header.component_transform, header.reversible)
        self._known: set[bytes] = set()
        self.form = TileForm(
            Compression.JPEG_2000,
            _color_space(header),
            self._shape.pixel_format,
            lossy=not header.reversible,
            method=None if header.reversible else "ISO_15444_1",
        )

    def frame(self, index: int, tile: memoryview) -> Frame:
        try:
            self._check(tile)
        except CodecError as error:
            raise _corrupt(self._ets, index, error) from error
        return (jpeg2000.codestream(tile),)

    def _check(self, tile: memoryview) -> None:
        # What begins like a tile that was checked has the same main header.
        start = bytes(tile[:128])
        if start in self._known:
            return
        header = jpeg2000.read_codestream_header(tile)
        jpeg2000.check_shape(header, self._shape)
        if (header.component_transform, header.reversible) != self._transforms:
            raise CodecError("its transforms are not those of the first tile")
        self._known.add(start)


class _Decoded:
    """Tiles that DICOM has no coding for, or that have no need of one."""

    def __init__(self, ets: EtsFile, pixel_format: PixelFormat) -> None:
        self._ets = ets
        self._decode = _DECODERS[TileCoding(ets.coding)]
        self._shape = FrameShape(ets.tile_size.height, ets.tile_size.width, pixel_format)
        grey = pixel_format.samples == 1
        lossy = ets.coding == TileCoding.JPEG.value
        self.form = TileForm(
            Compression.NONE,
            ColorSpace.MONOCHROME if grey else ColorSpace.RGB,
            pixel_format,
            lossy,
            "ISO_10918_1" if lossy else None,
        )

    def frame(self, index: int, tile: memoryview) -> Frame:
        try:
            return (self._decode(tile, self._shape),)
        except CodecError as error:
            raise _corrupt(self._ets, index, error) from error


def _jpeg(ets: EtsFile, first: memoryview, pixel_format: PixelFormat) -> TileFrames:
    if pixel_format.samples == 3:
        return _Jpeg(ets, first, pixel_format)
    return _Decoded(ets, pixel_format)


def _decoded(ets: EtsFile, _: memoryview, pixel_format: PixelFormat) -> TileFrames:
    return _Decoded(ets, pixel_format)


def _color_space(header: jpeg2000.CodestreamHeader) -> ColorSpace:
    if len(header.components) == 1:
        return ColorSpace.MONOCHROME
    if not header.component_transform:
        return ColorSpace.RGB
    return ColorSpace.RCT if header.reversible else ColorSpace.ICT


def _plain(tile: memoryview, shape: FrameShape) -> memoryview:
    expected = shape.rows * shape.columns * shape.pixel_format.bytes_per_pixel
    if len(tile) < expected:
        raise CodecError(f"found {len(tile)} bytes, expected {expected}")
    return tile[:expected]


def _decoder(name: str) -> Callable[[memoryview, FrameShape], bytes]:
    def decode(tile: memoryview, shape: FrameShape) -> bytes:
        import imagecodecs

        try:
            pixels = getattr(imagecodecs, f"{name}_decode")(bytes(tile))
        except (RuntimeError, ValueError, MemoryError) as error:
            raise CodecError(f"cannot be decoded: {error}") from error
        return shape.checked(pixels).tobytes()

    return decode


_DECODERS: dict[TileCoding, Callable[[memoryview, FrameShape], bytes | memoryview]] = {
    TileCoding.PLAIN: _plain,
    TileCoding.JPEG: _decoder("jpeg8"),
    TileCoding.PNG: _decoder("png"),
    TileCoding.BMP: _decoder("bmp"),
}
_MAKERS: dict[TileCoding, Callable[[EtsFile, memoryview, PixelFormat], TileFrames]] = {
    TileCoding.PLAIN: _decoded,
    TileCoding.JPEG: _jpeg,
    TileCoding.JPEG_2000: _Jpeg2000,
    TileCoding.PNG: _decoded,
    TileCoding.BMP: _decoded,
}


def _corrupt(ets: EtsFile, index: int, error: Exception) -> CorruptSourceError:
    problem = error.problem if isinstance(error, CodecError) else str(error)
    return CorruptSourceError(
        problem, file=ets.path, place=f"tile {index}", remedy="the file is damaged; copy it again"
    )
