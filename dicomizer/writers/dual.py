# SPDX-License-Identifier: Apache-2.0
"""What makes an instance a TIFF as well: directories whose tiles are the frames of Pixel Data.

The preamble of a Part 10 file is free for any use, and has room for the header of a TIFF. The
directories follow Pixel Data as Data Set Trailing Padding, which readers of DICOM leave aside.
There is one for each focal plane of each optical path.

References
----------
PS3.10 7.1 (preamble), PS3.5 7.2 (trailing padding); TIFF Revision 6.0, Section 15 (tiles),
Section 21 (YCbCr), and Adobe Photoshop TIFF Technical Notes (JPEG, compression 7)
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NoReturn

import numpy as np

import dicomizer
from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.errors import TargetError
from dicomizer.pixels.codecs import jpeg
from dicomizer.writers.tiff import Field, Tag, Type, directories, rational

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dicomizer.planning import InstancePlan

_COMPRESSION = {
    TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN: 1,
    TransferSyntax.JPEG_BASELINE: 7,
    TransferSyntax.JPEG_2000_LOSSLESS: 34712,
    TransferSyntax.JPEG_2000: 34712,
    TransferSyntax.HTJ2K_LOSSLESS: 34712,
    TransferSyntax.HTJ2K_LOSSLESS_RPCL: 34712,
    TransferSyntax.HTJ2K: 34712,
    TransferSyntax.JPEG_XL_LOSSLESS: 50002,
    TransferSyntax.JPEG_XL_RECOMPRESSION: 50002,
    TransferSyntax.JPEG_XL: 50002,
}
"""TIFF has no number for JPEG-LS, and another run-length coding than DICOM."""
_BLACK_IS_ZERO, _RGB, _YCBCR = 1, 2, 6
_TILE_UNIT = 16
_INTERLEAVED = 1
_PER_CENTIMETRE = 3
_ELEMENT_HEADER_BYTES = 12
_LARGEST_LONG = 0xFFFFFFFF
_LARGEST_PAGE = 1024
"""Bytes of a directory besides its tables and its profile."""


class TiffTrailer:
    """Makes the directories of an instance's frames.

    Raises
    ------
    TargetError
        TIFF does not know the codec, or the size of the tiles.
    """

    def __init__(self, instance: InstancePlan) -> None:
        self._instance = instance
        if instance.transfer_syntax not in _COMPRESSION:
            _refuse(instance, "TIFF has no such compression", "--codec jpeg, jpeg2000 or none")
        if not _is_strip(instance) and _has_odd_tiles(instance):
            tile = instance.image.tile_size
            problem = f"its tiles of {tile} pixels are no multiple of {_TILE_UNIT}"
            _refuse(instance, problem, "--tile-size 512")

    def largest_size(self) -> int:
        """Return how many bytes there will be, at most."""
        image = self._instance.image
        tables = 16 * image.number_of_frames
        page = _LARGEST_PAGE + len(self._instance.icc_profile or b"")
        return _ELEMENT_HEADER_BYTES + tables + page * image.planes * image.paths

    def encoded(
        self,
        start: int,
        offsets: NDArray[np.uint64],
        lengths: NDArray[np.uint64],
        first_frame: bytes,
    ) -> tuple[bytes, bytes]:
        """Return the element to be appended, and what the preamble begins with.

        Parameters
        ----------
        start
            Where the element will stand in the file.
        offsets, lengths
            ``(frames,)``, of the frames' values in the file.
        first_frame
            A value that is like the others, for what TIFF tells of a JPEG stream.
        """
        first = start + _ELEMENT_HEADER_BYTES
        padding = -first % 8
        coding = tuple(_coding_fields(self._instance, first_frame))
        pages = [
            sorted([*self._page(*tables), *coding], key=lambda field: field.tag)
            for tables in self._tables(offsets, lengths)
        ]
        data, header = directories(pages, first + padding)
        value = bytes(padding) + data
        return struct.pack("<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, len(value)) + value, header

    def _tables(
        self, offsets: NDArray[np.uint64], lengths: NDArray[np.uint64]
    ) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.uint64]]]:
        """Yield offsets and lengths of the tiles of each page; 0 for those that are missing."""
        image = self._instance.image
        every = np.zeros((2, image.number_of_frames), dtype=np.uint64)
        every[:, np.asarray(self._instance.frame_indices)] = offsets, lengths
        for page in range(image.planes * image.paths):
            tiles = slice(page * image.number_of_tiles, (page + 1) * image.number_of_tiles)
            yield every[0, tiles], every[1, tiles]

    def _page(self, offsets: NDArray[np.uint64], lengths: NDArray[np.uint64]) -> Iterator[Field]:
        image = self._instance.image
        samples = image.pixel_format.samples
        bits = 8 * image.pixel_format.bytes_per_sample
        software = f"Coverslip dicomizer {dicomizer.__version__}\0"
        yield Field(Tag.IMAGE_WIDTH, Type.LONG, [image.size.width])
        yield Field(Tag.IMAGE_LENGTH, Type.LONG, [image.size.height])
        yield Field(Tag.BITS_PER_SAMPLE, Type.SHORT, [bits] * samples)
        yield Field(Tag.COMPRESSION, Type.SHORT, [_COMPRESSION[self._instance.transfer_syntax]])
        yield Field(Tag.IMAGE_DESCRIPTION, Type.ASCII, software.encode())
        yield Field(Tag.SAMPLES_PER_PIXEL, Type.SHORT, [samples])
        yield Field(Tag.PLANAR_CONFIGURATION, Type.SHORT, [_INTERLEAVED])
        yield from self._frame_places(offsets, lengths)
        yield from self._resolution()
        if self._instance.icc_profile:
            yield Field(Tag.ICC_PROFILE, Type.UNDEFINED, self._instance.icc_profile)

    def _frame_places(
        self, offsets: NDArray[np.uint64], lengths: NDArray[np.uint64]
    ) -> Iterator[Field]:
        image = self._instance.image
        offset_type = Type.LONG8 if int(offsets.max()) > _LARGEST_LONG else Type.LONG
        if _is_strip(self._instance):
            yield Field(Tag.ROWS_PER_STRIP, Type.LONG, [image.size.height])
            yield Field(Tag.STRIP_OFFSETS, offset_type, offsets)
            yield Field(Tag.STRIP_BYTE_COUNTS, Type.LONG, lengths)
        else:
            yield Field(Tag.TILE_WIDTH, Type.LONG, [image.tile_size.width])
            yield Field(Tag.TILE_LENGTH, Type.LONG, [image.tile_size.height])
            yield Field(Tag.TILE_OFFSETS, offset_type, offsets)
            yield Field(Tag.TILE_BYTE_COUNTS, Type.LONG, lengths)

    def _resolution(self) -> Iterator[Field]:
        spacing = self._instance.image.spacing
        if spacing is None:
            return
        yield Field(Tag.X_RESOLUTION, Type.RATIONAL, rational(10 / spacing.between_columns))
        yield Field(Tag.Y_RESOLUTION, Type.RATIONAL, rational(10 / spacing.between_rows))
        yield Field(Tag.RESOLUTION_UNIT, Type.SHORT, [_PER_CENTIMETRE])


def _refuse(instance: InstancePlan, problem: str, choice: str) -> NoReturn:
    raise TargetError(
        f"cannot be a TIFF as well: {problem}",
        place=instance.file_name,
        remedy=f"leave out --dual, or choose {choice}",
    )


def _is_strip(instance: InstancePlan) -> bool:
    """Tell whether the one frame is the whole image, which then is a strip."""
    return instance.image.size == instance.image.tile_size


def _has_odd_tiles(instance: InstancePlan) -> bool:
    tile = instance.image.tile_size
    return bool(tile.width % _TILE_UNIT or tile.height % _TILE_UNIT)


def _coding_fields(instance: InstancePlan, first_frame: bytes) -> Iterator[Field]:
    """Yield what the samples mean to a decoder: all but that of JPEG give RGB back."""
    photometric = _BLACK_IS_ZERO if instance.image.pixel_format.samples == 1 else _RGB
    is_ycbcr = instance.photometric_interpretation.startswith("YBR_FULL")
    if is_ycbcr and instance.transfer_syntax is TransferSyntax.JPEG_BASELINE:
        photometric = _YCBCR
        _, *sampling = jpeg.read_header(first_frame).frame.sampling[0]
        yield Field(Tag.YCBCR_SUBSAMPLING, Type.SHORT, sampling)
    yield Field(Tag.PHOTOMETRIC_INTERPRETATION, Type.SHORT, [photometric])
