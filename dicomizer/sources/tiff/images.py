# SPDX-License-Identifier: Apache-2.0
"""Images of a TIFF file as the frames of a slide: tiles passed through, small images whole.

Shared by the readers of all formats that are TIFF inside: a reader decides which directory is
what, and this module knows how each one's bytes become frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError, SourceError
from dicomizer.pixels.codecs import jpeg
from dicomizer.pixels.color import is_rgb_profile
from dicomizer.slide import Coding, ColorSpace, Compression, Flavor, SlideImage, SpacingMm
from dicomizer.sources.base import Refusal
from dicomizer.sources.tiff.directory import JPEG, YCBCR, TiffDirectory
from dicomizer.sources.tiff.jpeg_tiles import JpegTiles
from dicomizer.sources.tiff.runs import read_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dicomizer.sources.base import Frame

_LOSSLESS = frozenset({1, 5, 8, 32773, 32946, 34925, 50000})
"""None, LZW, Deflate, PackBits, old Deflate, LZMA, Zstandard."""
_MOST_PIXELS = 1 << 26
"""Of an image that is held whole: 200 MB."""


class TiffImages:
    """The open file behind the images of a slide.

    Raises
    ------
    SourceError
        The file cannot be opened.
    """

    def __init__(self, path: Path, directories: tuple[TiffDirectory, ...]) -> None:
        self._path = path
        self._directories = directories
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise SourceError(error.strerror or str(error), file=path) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def level(self, directory: TiffDirectory, spacing: SpacingMm | None) -> SlideImage:
        """Describe a tiled JPEG directory as a level of the pyramid.

        Raises
        ------
        Refusal
            Its tiles cannot be passed through.
        """
        if directory.compression != JPEG or not directory.is_rgb8:
            raise Refusal(
                f"{directory.place} is {directory.compression_name} with "
                f"{directory.samples_per_pixel} x {directory.bits_per_sample} bits, "
                "this version takes JPEG with 3 x 8 bits"
            )
        return SlideImage(
            key=str(directory.index),
            flavor=Flavor.VOLUME,
            size=directory.size,
            tile_size=directory.tile_size,
            coding=Coding(
                Compression.JPEG,
                _color_space(directory),
                lossy=True,
                coded_bytes=sum(directory.byte_counts),
            ),
            spacing=spacing,
            icc_profile=_icc_profile(directory),
        )

    def whole(self, directory: TiffDirectory, flavor: Flavor) -> SlideImage:
        """Describe a small directory as an associated image of one frame.

        JPEG strips are joined without decoding where they can be; all else is decoded and kept
        without compression, so that nothing is lost a second time.

        Raises
        ------
        Refusal
            Its pixels are not RGB of 8 bits.
        CorruptSourceError
            It is larger than a frame can be.
        """
        if not directory.is_rgb8:
            raise Refusal(
                f"{directory.samples_per_pixel} x {directory.bits_per_sample} bits, "
                "this version takes 3 x 8 bits of RGB or YCbCr"
            )
        _check_frame_size(directory, self._path)
        joined = self._joined(directory)
        lossy = directory.compression not in _LOSSLESS
        coding = (
            Coding(Compression.JPEG, _color_space(directory), lossy=True, coded_bytes=len(joined))
            if joined is not None
            else Coding(Compression.NONE, ColorSpace.RGB, lossy, sum(directory.byte_counts))
        )
        return SlideImage(
            key=str(directory.index),
            flavor=flavor,
            size=directory.size,
            tile_size=directory.size,
            coding=coding,
            icc_profile=_icc_profile(directory),
        )

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[Frame]]:
        """Yield frames of an image in batches, coded as ``image.coding`` says."""
        if indices is not None:
            yield from self._chosen(image, indices)
            return
        directory = self._directories[int(image.key)]
        if image.flavor is Flavor.VOLUME:
            yield from self._tiles(directory)
        elif image.coding.compression is Compression.JPEG:
            yield [(self._joined(directory) or b"",)]
        else:
            yield [(self._decoded(directory),)]

    def _chosen(self, image: SlideImage, indices: Sequence[int]) -> Iterator[list[Frame]]:
        frames = [frame for batch in self.frames(image) for frame in batch]
        yield [frames[index] for index in indices]

    def _tiles(self, directory: TiffDirectory) -> Iterator[list[Frame]]:
        tiles = JpegTiles(
            directory.jpeg_tables,
            directory.tile_size,
            ycbcr=directory.photometric == YCBCR,
            file=self._path,
            place=directory.place,
        )
        index = 0
        for run in self._stored(directory):
            batch = [tiles.frame(index + number, tile) for number, tile in enumerate(run)]
            index += len(run)
            yield batch

    def _stored(self, directory: TiffDirectory) -> Iterator[list[memoryview]]:
        descriptor = self._file.fileno()
        try:
            yield from read_runs(descriptor, directory.offsets, directory.byte_counts)
        except OSError as error:
            raise SourceError(
                f"cannot be read: {error.strerror or error}",
                file=self._path,
                place=directory.place,
                remedy="copy the file to a local disk and try again",
            ) from error

    def _joined(self, directory: TiffDirectory) -> bytes | None:
        """Return a JPEG directory as one stream, or ``None`` where it has to be decoded."""
        is_one_column = directory.tile_size.width >= directory.size.width
        if directory.compression != JPEG or not directory.is_rgb8 or not is_one_column:
            return None
        strips = [bytes(strip) for run in self._stored(directory) for strip in run]
        try:
            tables = jpeg.read_tables(directory.jpeg_tables) if directory.jpeg_tables else ()
            stream = jpeg.join_strips(strips, tables, ycbcr=directory.photometric == YCBCR)
            frame = jpeg.read_header(stream).frame
        except jpeg.JpegError:
            return None
        fits = (frame.width, frame.height) == (directory.size.width, directory.size.height)
        return stream if fits and frame.is_baseline and len(frame.sampling) == 3 else None

    def _decoded(self, directory: TiffDirectory) -> bytes:
        """Return the pixels, (rows, columns, 3) uint8 RGB, as bytes."""
        import tifffile

        try:
            with tifffile.TiffFile(self._path) as tiff:
                page = tiff.pages.get(directory.index)
                pixels = page.aspage().asarray()
        except Exception as error:  # decoders raise whatever broken data provokes
            raise CorruptSourceError(
                f"cannot be decoded: {error}",
                file=self._path,
                place=directory.place,
                remedy="the file is damaged; copy it again",
            ) from error
        expected = (directory.size.height, directory.size.width, 3)
        if pixels.shape != expected or pixels.dtype.str != "|u1":
            raise CorruptSourceError(
                f"decoded to {pixels.shape} {pixels.dtype}, expected {expected} uint8",
                file=self._path,
                place=directory.place,
            )
        return pixels.tobytes()


def _check_frame_size(directory: TiffDirectory, path: Path) -> None:
    """Refuse what cannot be one frame: Rows and Columns have 16 bits (PS3.3 C.7.6.3)."""
    size = directory.size
    if max(size.width, size.height) > 0xFFFF or size.width * size.height > _MOST_PIXELS:
        raise CorruptSourceError(
            f"the image is {size} pixels, expected a small one beside the pyramid",
            file=path,
            place=directory.place,
        )


def _color_space(directory: TiffDirectory) -> ColorSpace:
    return ColorSpace.YCBCR if directory.photometric == YCBCR else ColorSpace.RGB


def _icc_profile(directory: TiffDirectory) -> bytes | None:
    profile = directory.icc_profile
    return profile if profile and is_rgb_profile(profile) else None
