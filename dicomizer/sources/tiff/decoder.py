# SPDX-License-Identifier: Apache-2.0
"""Tiles and strips of a directory to pixels: decompression, prediction, colour.

What a codec's stream says of its size is compared with the directory before it is decoded: no
stream takes more memory than its tile.

References
----------
TIFF 6.0 sections 5 (palette), 14 (predictor), 21 (YCbCr); TIFF Technical Note 2 (JPEG)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.codecs import jpeg, jpeg2000, jpeg_pixels
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.codecs.frame_shape import FrameShape
from dicomizer.pixels.format import PixelFormat
from dicomizer.sources.base import Refusal
from dicomizer.sources.tiff.codecs import (
    JPEG_2000,
    LOSSLESS,
    WEBP,
    decompressed,
    has_subsampled_chroma,
    rgb_of,
    webp_size,
)
from dicomizer.sources.tiff.directory import JPEG, PALETTE, WHITE_IS_ZERO, YCBCR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.sources.tiff.content import Content
    from dicomizer.sources.tiff.stored import StoredTiles

_HORIZONTAL_DIFFERENCING = 2


class Decoder:
    """Decodes the segments (tiles or strips) of one directory.

    Parameters
    ----------
    ycbcr
        Whether three coded samples are YCbCr, as the directory and the first stream tell.

    Raises
    ------
    Refusal
        There is no decoder for the compression.
    """

    def __init__(self, stored: StoredTiles, content: Content, *, ycbcr: bool) -> None:
        self._stored = stored
        self._directory = stored.directory
        self._content = content
        self._ycbcr = ycbcr
        self._is_planar = self._directory.planar_configuration == 2
        self._decode = self._decoder()

    def segment(self, index: int, path: int) -> Pixels | None:
        """Return the pixels of a tile or strip in an optical path.

        Returns
        -------
        pixels
            ``(rows, columns, samples)``, uint8 or uint16, of the full tile, or of the strip as
            far as the image goes; ``None`` where the file does not hold it.

        Raises
        ------
        CorruptSourceError
            It cannot be decoded.
        """
        coded = [self._stored.one(number) for number in self._numbers(index, path)]
        if not all(coded):
            return None
        try:
            planes = [self._decode(data, self._rows(index)) for data in coded]
            samples = planes[0] if len(planes) == 1 else np.concatenate(planes, axis=-1)
            return self._of_path(cast("Pixels", samples), path)
        except Exception as error:  # decoders raise whatever broken data provokes
            raise CorruptSourceError(
                f"tile {index} cannot be decoded: {error}",
                file=self._stored.path,
                place=self._directory.place,
                remedy="the file is damaged; copy it again",
            ) from error

    def _numbers(self, index: int, path: int) -> Sequence[int]:
        """Return the numbers of the stored tiles that hold a tile's samples."""
        if not self._is_planar:
            return [index]
        plane = self._directory.grid.width * self._directory.grid.height
        if self._content.paths > 1:
            return [index + path * plane]
        return [index + sample * plane for sample in range(self._content.pixel_format.samples)]

    def _rows(self, index: int) -> int:
        height = self._directory.tile_size.height
        if self._directory.is_tiled:
            return height
        return min(height, self._directory.size.height - index * height)

    def _of_path(self, samples: Pixels, path: int) -> Pixels:
        """Return grey or RGB samples of one optical path."""
        directory, content = self._directory, self._content
        if directory.photometric == PALETTE:
            return self._looked_up(samples)
        if content.paths > 1 and not self._is_planar:
            samples = samples[..., path : path + 1]
        samples = samples[..., : content.pixel_format.samples]
        return np.invert(samples) if directory.photometric == WHITE_IS_ZERO else samples

    def _looked_up(self, samples: Pixels) -> Pixels:
        """Return what the palette has: all red values first, then green and blue (section 5)."""
        colors = 1 << self._directory.bits_per_sample
        table = np.asarray(self._directory.color_map or (), np.uint16)
        if len(table) != 3 * colors:
            raise CodecError(f"the palette has {len(table)} values, expected {3 * colors}")
        # Some writers fill 16-bit tables with 8-bit values.
        shift = 8 if table.max() > 255 else 0
        return (table >> shift).astype(np.uint8).reshape(3, colors).T[samples[..., 0]]

    # Codecs -------------------------------------------------------------------------------------

    def _decoder(self) -> Callable[[memoryview, int], Pixels]:
        compression = self._directory.compression
        if compression == JPEG:
            return self._jpeg
        if compression in JPEG_2000:
            return self._jpeg_2000
        if compression == WEBP:
            return self._webp
        if compression not in LOSSLESS:
            raise Refusal(
                f"{self._directory.place} is compressed with {self._directory.compression_name}, "
                "which is not converted"
            )
        if self._directory.photometric == YCBCR and self._directory.chroma_subsampling != (1, 1):
            raise Refusal(f"{self._directory.place} has subsampled chroma without JPEG")
        if self._directory.predictor not in (1, _HORIZONTAL_DIFFERENCING):
            raise Refusal(f"{self._directory.place} has predictor {self._directory.predictor}")
        return self._plain

    @property
    def _coded_samples(self) -> int:
        return 1 if self._is_planar else self._directory.samples_per_pixel

    def _plain(self, data: memoryview, rows: int) -> Pixels:
        directory = self._directory
        size = directory.tile_size
        row_samples = size.width * self._coded_samples
        row_bytes = row_samples * (directory.bits_per_sample // 8)
        raw = decompressed(
            data, directory.compression, directory.fill_order, row_bytes * size.height
        )
        if len(raw) < rows * row_bytes:
            raise CodecError(f"found {len(raw)} bytes, expected {rows * row_bytes}")
        stored_type = np.dtype(f"{directory.byte_order}u{directory.bits_per_sample // 8}")
        stored = np.frombuffer(raw, stored_type, rows * row_samples)
        samples = stored.astype(stored_type.newbyteorder("="), copy=False)
        samples = samples.reshape(rows, size.width, self._coded_samples)
        if directory.predictor == _HORIZONTAL_DIFFERENCING:
            samples = np.cumsum(samples, axis=1, dtype=samples.dtype)
        return rgb_of(samples) if self._ycbcr else cast("Pixels", samples)

    def _jpeg(self, data: memoryview, rows: int) -> Pixels:
        directory = self._directory
        tables = jpeg.read_tables(directory.jpeg_tables) if directory.jpeg_tables else ()
        header = jpeg.read_header(data)
        self._check_size(header.frame.height, header.frame.width, rows)
        head = jpeg.complete_header(tables, header, ycbcr=self._ycbcr)
        shape = self._shape(header.frame.height, header.frame.width)
        return self._filled(
            shape.checked(jpeg_pixels.decode(head + data[header.length :], shape)), rows
        )

    def _jpeg_2000(self, data: memoryview, rows: int) -> Pixels:
        import imagecodecs

        stream = jpeg2000.codestream(data)
        header = jpeg2000.read_codestream_header(stream)
        self._check_size(header.height, header.width, rows)
        shape = self._shape(header.height, header.width)
        is_subsampled = self._ycbcr and has_subsampled_chroma(header)
        if not is_subsampled:
            jpeg2000.check_shape(header, shape)
        samples = shape.checked(imagecodecs.jpeg2k_decode(bytes(stream), numthreads=1))
        # OpenJPEG takes subsampled components for YCbCr, and makes them RGB itself.
        if self._ycbcr and not header.component_transform and not is_subsampled:
            samples = rgb_of(samples)
        return self._filled(samples, rows)

    def _webp(self, data: memoryview, rows: int) -> Pixels:
        import imagecodecs

        height, width = webp_size(data)
        self._check_size(height, width, rows)
        samples = imagecodecs.webp_decode(bytes(data), hasalpha=self._coded_samples == 4)
        return self._filled(self._shape(height, width).checked(samples), rows)

    def _shape(self, rows: int, columns: int) -> FrameShape:
        bits = self._directory.bits_per_sample
        return FrameShape(rows, columns, PixelFormat(self._coded_samples, bits))

    def _check_size(self, height: int, width: int, rows: int) -> None:
        """Take a stream of the tile's size, or of what the image has of it."""
        size, image = self._directory.tile_size, self._directory.size
        if not (
            min(rows, image.height) >= 1
            and height <= size.height
            and width <= size.width
            and (height >= rows or self._directory.is_tiled)
        ):
            raise CodecError(f"found {width} x {height} pixels, expected {size}")

    def _filled(self, samples: Pixels, rows: int) -> Pixels:
        """Repeat the last pixels of a tile that was cut at the edge of the image."""
        below = max(rows - samples.shape[0], 0)
        beside = self._directory.tile_size.width - samples.shape[1]
        if below or beside:
            padding = ((0, below), (0, beside), (0, 0))
            samples = cast("Pixels", np.pad(samples, padding, mode="edge"))
        return samples[:rows]
