# SPDX-License-Identifier: Apache-2.0
"""Which way a directory's tiles take: passed through where DICOM knows them, else decoded.

What the tags leave open the first and the last stored tile tell: whether a JPEG is baseline and
has the size of a tile, whether JPEG 2000 has a colour transform and loses anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.codecs import jpeg, jpeg2000
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.slide import Coding, ColorSpace, Compression
from dicomizer.sources.tiff.codecs import APERIO_YCBCR, JPEG_2000, LOSSLESS, WEBP
from dicomizer.sources.tiff.content import content_of
from dicomizer.sources.tiff.cutting import frame_size
from dicomizer.sources.tiff.decoder import Decoder
from dicomizer.sources.tiff.directory import JPEG, RGB, YCBCR
from dicomizer.sources.tiff.jpeg_tiles import JpegTiles
from dicomizer.sources.tiff.mosaic import Mosaic
from dicomizer.sources.tiff.passed import Jpeg2000Tiles, PassedTiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dicomizer.pixels.codecs.jpeg import JpegHeader
    from dicomizer.pixels.codecs.jpeg2000 import CodestreamHeader
    from dicomizer.slide import SizePx
    from dicomizer.sources.base import Frame
    from dicomizer.sources.tiff.content import Content
    from dicomizer.sources.tiff.stored import StoredTiles

_Header = TypeVar("_Header")

_APP0, _LOSSLESS_PROCESS = 0xE0, 0xC3
_JPEG_METHOD, _JPEG_2000_METHOD = "ISO_10918_1", "ISO_15444_1"


class TileFrames(Protocol):
    """Frames of one directory, however they come about; counted as `SlideImage` does."""

    coding: Coding
    content: Content
    tile_size: SizePx
    missing: frozenset[int]
    number_of_frames: int

    def frames(self, indices: Sequence[int] | None) -> Iterator[list[Frame]]:
        """Yield frames in batches; see `SlideSource.frames`."""
        ...


def tile_frames(stored: StoredTiles) -> TileFrames:
    """Choose how the tiles of a directory become frames.

    Raises
    ------
    Refusal
        There is no way: its compression or pixels are of a kind that is not converted.
    CorruptSourceError
        A stored tile is not what the directory says.
    """
    content = content_of(stored.directory)
    samples = StoredSamples(stored, content)
    return samples.passed() or samples.mosaic(frame_size(stored.directory, content))


class StoredSamples:
    """How a directory is coded, by its tags and by its first and last stored tile.

    Raises
    ------
    CorruptSourceError
        Such a tile is not of the compression that the directory names.
    """

    def __init__(self, stored: StoredTiles, content: Content) -> None:
        self._stored = stored
        self._directory = stored.directory
        self._content = content
        self._probes = _probes(stored)
        compression = self._directory.compression
        self._jpeg: tuple[JpegHeader, ...] = (
            self._headers(jpeg.read_header) if compression == JPEG else ()
        )
        self._jpeg_2000: tuple[CodestreamHeader, ...] = (
            self._headers(jpeg2000.read_codestream_header) if compression in JPEG_2000 else ()
        )

    def passed(self) -> PassedTiles | None:
        """Return the frames passed through, or ``None`` where they have to be decoded."""
        directory = self._directory
        is_plain = (
            directory.is_tiled
            and directory.planar_configuration == 1
            and self._content.paths == 1
            and self._content.pixel_format.samples == directory.samples_per_pixel
            and frame_size(directory, self._content) == directory.tile_size
        )
        if is_plain and directory.compression == JPEG:
            return self._passed_jpeg()
        if is_plain and self._jpeg_2000:
            return self._passed_jpeg_2000(self._jpeg_2000[0])
        return None

    def mosaic(self, tile_size: SizePx) -> Mosaic:
        """Return the frames decoded, in tiles of any size.

        Raises
        ------
        Refusal
            The compression is unknown, or too much would have to be held in memory.
        """
        decoder = Decoder(self._stored, self._content, ycbcr=self.is_ycbcr)
        coding = self.coding(Compression.NONE, self._content.color_space)
        return Mosaic(decoder, self._stored, self._content, coding, tile_size)

    @property
    def is_ycbcr(self) -> bool:
        """Whether three coded samples are YCbCr.

        Obeyed is the tag, but for two writers: Bio-Formats tags JFIF streams, which are YCbCr by
        definition, as RGB, and Aperio its YCbCr JPEG 2000, told by the compression alone.
        """
        directory = self._directory
        if directory.compression == APERIO_YCBCR and directory.description.startswith("Aperio"):
            return True
        if directory.photometric == RGB and self._jpeg:
            first = self._jpeg[0]
            return len(first.frame.sampling) == 3 and _is_jfif(first)
        return directory.photometric == YCBCR

    def _passed_jpeg(self) -> PassedTiles | None:
        directory = self._directory
        size = (directory.tile_size.width, directory.tile_size.height)
        for header in self._jpeg:
            frame = header.frame
            if not frame.is_baseline or (frame.width, frame.height) != size:
                return None
        is_color = self._content.pixel_format.samples == 3
        color_space = ColorSpace.RGB if is_color else ColorSpace.MONOCHROME
        if is_color and self.is_ycbcr:
            color_space = ColorSpace.YCBCR
        maker = JpegTiles(
            directory.jpeg_tables,
            directory.tile_size,
            ycbcr=self.is_ycbcr,
            components=directory.samples_per_pixel,
            file=self._stored.path,
            place=directory.place,
        )
        coding = self.coding(Compression.JPEG, color_space)
        return PassedTiles(self._stored, maker, self._content, coding)

    def _passed_jpeg_2000(self, first: CodestreamHeader) -> PassedTiles | None:
        directory = self._directory
        size = (directory.tile_size.width, directory.tile_size.height)
        sample = jpeg2000.Component(directory.bits_per_sample, signed=False, step_x=1, step_y=1)
        components = (sample,) * directory.samples_per_pixel
        for header in self._jpeg_2000:
            if (header.width, header.height) != size or header.components != components:
                return None
        declares = self._is_undeclared_transform(first)
        if declares and not self._can_declare():
            return None
        compression = Compression.HTJ2K if first.high_throughput else Compression.JPEG_2000
        coding = self.coding(compression, _jpeg_2000_color(first, declares=declares))
        maker = Jpeg2000Tiles(self._stored, first, declare_transform=declares)
        return PassedTiles(self._stored, maker, self._content, coding)

    def _is_undeclared_transform(self, header: CodestreamHeader) -> bool:
        is_color = len(header.components) == 3
        return is_color and self.is_ycbcr and not header.component_transform

    def _can_declare(self) -> bool:
        try:
            jpeg2000.with_component_transform(self._probes[0])
        except CodecError:
            return False
        return True

    def coding(self, compression: Compression, color_space: ColorSpace) -> Coding:
        """Return the coding of frames that come as given, with what the stored one lost."""
        lossy, method = self._history()
        directory = self._directory
        held = zip(directory.offsets, directory.byte_counts, strict=True)
        coded_bytes = sum(count for offset, count in held if offset)
        return Coding(compression, color_space, lossy, coded_bytes, method)

    def _history(self) -> tuple[bool, str | None]:
        """Return whether the stored coding lost something, and by which method."""
        compression = self._directory.compression
        if compression == JPEG:
            lossy = any(item.frame.process != _LOSSLESS_PROCESS for item in self._jpeg)
            return lossy, _JPEG_METHOD if lossy else None
        if compression in JPEG_2000:
            lossy = any(not item.reversible for item in self._jpeg_2000)
            return lossy, _JPEG_2000_METHOD if lossy else None
        if compression == WEBP:
            return any(bytes(probe[12:16]) != b"VP8L" for probe in self._probes), None
        return compression not in LOSSLESS, None

    def _headers(self, read: Callable[[memoryview], _Header]) -> tuple[_Header, ...]:
        try:
            return tuple(read(probe) for probe in self._probes)
        except (jpeg.JpegError, CodecError) as error:
            raise CorruptSourceError(
                f"the first or the last tile is no {self._directory.compression_name}: {error}",
                file=self._stored.path,
                place=self._directory.place,
                remedy="the file is damaged; copy it again",
            ) from error


def _probes(stored: StoredTiles) -> tuple[memoryview, ...]:
    """Return the first and the last tile that the file holds."""
    missing = stored.missing
    every = range(len(stored.directory.offsets))
    ends = (next((i for i in order if i not in missing), None) for order in (every, every[::-1]))
    return tuple(stored.one(index) for index in sorted({i for i in ends if i is not None}))


def _is_jfif(header: JpegHeader) -> bool:
    return any(
        item.marker == _APP0 and item.payload.startswith(b"JFIF\0") for item in header.segments
    )


def _jpeg_2000_color(header: CodestreamHeader, *, declares: bool) -> ColorSpace:
    if len(header.components) == 1:
        return ColorSpace.MONOCHROME
    if header.component_transform or declares:
        return ColorSpace.RCT if header.reversible else ColorSpace.ICT
    return ColorSpace.RGB
