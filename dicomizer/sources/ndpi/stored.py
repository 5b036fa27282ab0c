# SPDX-License-Identifier: Apache-2.0
"""A JPEG stream as it lies in an NDPI file, and how it will come as frames.

A level is one stream, which is cut into tiles; the macro image is one frame.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.codecs import jpeg
from dicomizer.pixels.codecs.jpeg_cut import LARGEST_SIZE, JpegCutter
from dicomizer.pixels.codecs.jpeg_cut_grid import cut_grid, restart_interval
from dicomizer.pixels.format import GREY_8, RGB_8, PixelFormat
from dicomizer.slide import Coding, ColorSpace, Compression, SizePx
from dicomizer.sources.base import Refusal
from dicomizer.sources.ndpi.tags import Tag

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.sources.ndpi.directory import Extent, NdpiDirectory

_JPEG = 7
_YCBCR = 6
_METHOD = "ISO_10918_1"
_HEADER_BYTES = 1 << 17
"""Read to find the first scan; headers of scanners have less than a kilobyte."""
_MOST_PIXELS = 1 << 26
"""Of what is held at once: a restart interval, or a stream that has none."""
_MOST_SAMPLE_BYTES = 8
"""Of a coded sample: more than the longest Huffman codes need, so that a longer stream is none."""


@dataclass(frozen=True, slots=True)
class StoredJpeg:
    """One stream of the file.

    Parameters
    ----------
    offset, length
        Of the stream in the file.
    header
        Of the stream; the size in it is not to be relied on.
    cutter
        Makes the tiles; ``None`` where the stream is one frame.
    starts, starts_high
        Where the file says that restart intervals begin, counted from ``offset``.
    """

    place: str
    size: SizePx
    offset: int
    length: int
    header: jpeg.JpegHeader = field(repr=False)
    ycbcr: bool
    cutter: JpegCutter | None
    starts: Extent | None
    starts_high: Extent | None

    @property
    def tile_size(self) -> SizePx:
        """Of each frame."""
        return self.size if self.cutter is None else SizePx(*self.cutter.grid.tile_size)

    @property
    def pixel_format(self) -> PixelFormat:
        """Of the decoded pixels."""
        return GREY_8 if len(self.header.frame.sampling) == 1 else RGB_8

    @property
    def number_of_intervals(self) -> int:
        """Restart intervals; 1 where there are no markers."""
        return 1 if self.cutter is None else self.cutter.grid.number_of_intervals

    @property
    def most_interval_bytes(self) -> int:
        """Bytes that a restart interval can have: what has more is damaged."""
        grid = self.cutter.grid if self.cutter else None
        pixels = grid.interval_pixels if grid else self.size.width * self.size.height
        return _MOST_SAMPLE_BYTES * pixels * self.pixel_format.samples + _HEADER_BYTES

    @property
    def coding(self) -> Coding:
        """How the frames are coded."""
        colors = ColorSpace.YCBCR if self.ycbcr else ColorSpace.RGB
        return Coding(
            Compression.JPEG,
            ColorSpace.MONOCHROME if self.pixel_format == GREY_8 else colors,
            lossy=True,
            coded_bytes=self.length,
            method=_METHOD,
        )


def read_stored(
    descriptor: int, directory: NdpiDirectory, path: Path, *, is_whole: bool = False
) -> StoredJpeg:
    """Describe the stream of a directory.

    Parameters
    ----------
    is_whole
        Whether it shall be one frame in any case.

    Raises
    ------
    Refusal
        It is no baseline JPEG of 8 bits, or cannot be cut into tiles.
    CorruptSourceError
        It lies outside the file, or is not of the size that the directory says.
    """
    return _StreamReader(descriptor, directory, path).read(is_whole=is_whole)


class _StreamReader:
    """Reads the header of one stream and checks it against its directory."""

    def __init__(self, descriptor: int, directory: NdpiDirectory, path: Path) -> None:
        self._descriptor = descriptor
        self._directory = directory
        self._path = path

    def read(self, *, is_whole: bool) -> StoredJpeg:
        if self._directory.whole(Tag.COMPRESSION) != _JPEG:
            raise Refusal(
                f"compression {self._directory.whole(Tag.COMPRESSION)}, expected {_JPEG} (JPEG)"
            )
        size = SizePx(self._whole(Tag.WIDTH), self._whole(Tag.HEIGHT))
        offset, length = self._extent()
        header = self._header(offset, length)
        if not restart_interval(header) or is_whole:
            size = self._size_of_stream(size, header.frame)
        else:
            self._check_size(size, header.frame)
        ycbcr = self._is_ycbcr(header)
        extents = self._directory.extents
        return StoredJpeg(
            place=self._directory.place,
            size=size,
            offset=offset,
            length=length,
            header=header,
            ycbcr=ycbcr,
            cutter=None if is_whole else self._cutter(header, size, length, ycbcr=ycbcr),
            starts=extents.get(Tag.STARTS),
            starts_high=extents.get(Tag.STARTS_HIGH),
        )

    def _whole(self, tag: Tag) -> int:
        value = self._directory.whole(tag)
        if value is None or value < 1:
            raise self._corrupt(f"found {value} in tag {tag}, expected a whole number above 0")
        return value

    def _extent(self) -> tuple[int, int]:
        offset, length = self._whole(Tag.OFFSETS), self._whole(Tag.BYTE_COUNTS)
        end = os.fstat(self._descriptor).st_size
        if offset + length > end:
            raise self._corrupt(f"the image ends at byte {offset + length}, the file at byte {end}")
        return offset, length

    def _header(self, offset: int, length: int) -> jpeg.JpegHeader:
        try:
            start = os.pread(self._descriptor, min(length, _HEADER_BYTES), offset)
            header = jpeg.read_header(start)
        except jpeg.JpegError as error:
            raise self._corrupt(f"no JPEG stream: {error}") from error
        frame = header.frame
        if not frame.is_baseline or len(frame.sampling) not in (1, 3):
            raise Refusal(
                f"JPEG process {frame.process - 0xC0} of {frame.precision} bits and "
                f"{len(frame.sampling)} components, expected baseline, 8 bits, 1 or 3 components"
            )
        return header

    def _is_ycbcr(self, header: jpeg.JpegHeader) -> bool:
        """Believe the markers of the stream, as every reader of NDPI does, and then the tag."""
        told = jpeg.decoder_takes_for_ycbcr(header.segments, header.frame)
        return self._directory.whole(Tag.PHOTOMETRIC) == _YCBCR if told is None else told

    def _size_of_stream(self, size: SizePx, frame: jpeg.JpegFrame) -> SizePx:
        """Believe the stream where the directory differs: it rounds small levels otherwise."""
        if frame.width and frame.height:
            size = SizePx(frame.width, frame.height)
        if max(size.width, size.height) > LARGEST_SIZE or size.width * size.height > _MOST_PIXELS:
            raise Refusal(f"{size} pixels in a JPEG stream without restart markers")
        return size

    def _check_size(self, size: SizePx, frame: jpeg.JpegFrame) -> None:
        # A larger image has no place in the frame header, which then says 0 or anything.
        is_told = max(size.width, size.height) <= LARGEST_SIZE
        found = SizePx(frame.width, frame.height)
        if is_told and 0 not in (found.width, found.height) and found != size:
            raise self._corrupt(f"the JPEG stream is {found} pixels, the directory says {size}")

    def _cutter(
        self, header: jpeg.JpegHeader, size: SizePx, length: int, *, ycbcr: bool
    ) -> JpegCutter:
        grid = cut_grid(header, size.width, size.height)
        if grid.interval_pixels > _MOST_PIXELS:
            raise Refusal(f"restart intervals of {grid.interval_pixels} pixels")
        if 2 * grid.number_of_intervals > length:
            raise self._corrupt(
                f"found {length} bytes, too few for {grid.number_of_intervals} restart intervals"
            )
        try:
            return JpegCutter(header, grid, ycbcr=ycbcr)
        except jpeg.JpegError as error:
            raise Refusal(f"a JPEG stream that cannot be cut: {error}") from error

    def _corrupt(self, problem: str) -> CorruptSourceError:
        return CorruptSourceError(
            problem,
            file=self._path,
            place=self._directory.place,
            remedy="the file is cut short or damaged; copy it again",
        )
