# SPDX-License-Identifier: Apache-2.0
"""Whether a frame is as good as its coding lets it be.

A lossy frame is measured against what our own encoder makes of the same pixels at the same
quality: a frame of noise may have 25 dB and be as good as it gets, while one of empty glass with
35 dB shows another place. The quality of JPEG stands in its quantisation tables, that of other
codings in what we write of them; where nobody tells it, their frames have a fixed bound.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.pixels.codecs import jpeg, jpegxl
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.decode import decode
from dicomizer.pixels.codecs.encode import encoder
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.format import GREY_8, PixelFormat
from dicomizer.pixels.resample import pad
from dicomizer.slide import Compression
from dicomizer.verify.measure import FrameError, measure, psnr, squared_error
from dicomizer.verify.tally import FrameFinding

if TYPE_CHECKING:
    from dicomizer.pipeline.blank import Background
    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.slide import SizePx
    from dicomizer.verify.stored import DicomFrames

CERTAIN_DB = 40.0
"""A frame as near as this is good, however near it could be."""
MARGIN_DB = 3.0
"""How far a frame may be below what our encoder reaches."""
FLOOR_DB = 25.0
"""Lowest ratio of a lossy frame whose quality nobody knows."""
_BACKGROUND_ERROR = 2
"""In levels, of an even surface in a lossy coding."""
_DQT = 0xDB
_CODECS = {
    Compression.JPEG: Codec.JPEG,
    Compression.JPEG_XL_OF_JPEG: Codec.JPEG,
    Compression.JPEG_2000: Codec.JPEG_2000,
    Compression.HTJ2K: Codec.HTJ2K,
    Compression.JPEG_LS: Codec.JPEG_LS,
    Compression.JPEG_XL: Codec.JPEG_XL,
}


@dataclass(frozen=True, slots=True)
class Judge:
    """Compares the pixels of the frames of an image with what they should be.

    Parameters
    ----------
    loses
        Whether the DICOM tells of a loss beyond what the slide file has; else nothing may differ.
    quality
        As told by the user, or by the DICOM itself.
    least_db
        Of every frame, as told by the user; goes over all else.
    peak
        Largest value of a sample.
    """

    frames: DicomFrames
    compression: Compression
    tile_size: SizePx
    peak: int
    loses: bool
    quality: int | None
    least_db: float | None

    def finding(self, index: int, expected: Pixels, stored: bytes | None) -> FrameFinding:
        """Compare a frame.

        Parameters
        ----------
        expected
            What of the frame lies within the image.
        """
        if stored is None:
            return FrameFinding(index, problem=("a frame", "none"))
        try:
            found = self.frames.pixels(stored)
        except CodecError as problem:
            return FrameFinding(index, problem=("a frame that can be decoded", problem.problem))
        found = found[: expected.shape[0], : expected.shape[1]]
        if (found.shape, found.dtype) != (expected.shape, expected.dtype):
            told = f"{found.shape} {found.dtype}"
            return FrameFinding(index, problem=(f"{expected.shape} {expected.dtype}", told))
        error = measure(expected, found, self.peak)
        return FrameFinding(index, error=error, problem=self._problem(error, expected, stored))

    def filled(self, index: int, stored: bytes, value: Background) -> FrameFinding:
        """Compare a frame with the background that stands for one that the slide has not."""
        try:
            pixels = self.frames.pixels(stored).astype("int64")
        except CodecError as error:
            return FrameFinding(index, problem=("a frame that can be decoded", error.problem))
        off = int(abs(pixels - np.asarray(value)).max())
        is_good = off <= _BACKGROUND_ERROR
        problem = None if is_good else (f"background of {value}", f"pixels {off} levels off")
        return FrameFinding(index, problem=problem)

    def _problem(
        self, error: FrameError, expected: Pixels, stored: bytes
    ) -> tuple[str, str] | None:
        ratio = psnr(error.squares, error.samples, self.peak)
        least = self._least_db(ratio, expected, stored)
        if ratio >= least:
            return None
        found = f"{ratio:.1f} dB, largest error {error.largest}"
        return ("the same pixels" if least == float("inf") else f"at least {least:.1f} dB"), found

    def _least_db(self, ratio: float, expected: Pixels, stored: bytes) -> float:
        if self.least_db is not None:
            return self.least_db
        if not self.loses:
            return float("inf")
        if ratio >= CERTAIN_DB:
            return CERTAIN_DB
        codec = _CODECS.get(self.compression)
        quality = self.quality or _jpeg_quality(stored, self.compression)
        if codec is None or quality is None:
            return FLOOR_DB
        try:
            return min(CERTAIN_DB, self._reachable(codec, quality, expected) - MARGIN_DB)
        except CodecError:  # what another program codes, ours may not
            return FLOOR_DB

    def _reachable(self, codec: Codec, quality: int, expected: Pixels) -> float:
        """Return the ratio that our encoder reaches."""
        rows, columns = self.tile_size.height, self.tile_size.width
        used = PixelFormat(expected.shape[2], self.peak.bit_length())
        made = encoder(codec, used, quality)
        frame = made.encode(pad(expected, rows, columns))
        pixel_format = PixelFormat(used.samples, 8 * expected.itemsize)
        found = decode(frame, made.transfer_syntax, pixel_format, rows=rows, columns=columns)
        found = found[: expected.shape[0], : expected.shape[1]]
        return psnr(squared_error(expected, found), expected.size, self.peak)


def _jpeg_quality(stored: bytes, compression: Compression) -> int | None:
    """Return the quality whose table for luma is nearest to that of a frame."""
    try:
        if compression is Compression.JPEG_XL_OF_JPEG:
            stored = jpegxl.restore(stored)
        elif compression is not Compression.JPEG:
            return None
        return _quality_of(_luma_table(stored))
    except (CodecError, jpeg.JpegError):
        return None


def _luma_table(stream: bytes) -> bytes:
    """Return the quantisers of the first table, of 8 bits each."""
    for segment in jpeg.read_header(stream).segments:
        if segment.marker == _DQT and segment.payload[0] >> 4 == 0:
            return segment.payload[1:65]
    raise jpeg.JpegError("found no quantisation table of 8 bits")


@functools.cache
def _quality_of(table: bytes) -> int:
    def distance(quality: int) -> int:
        return sum(abs(a - b) for a, b in zip(_table_of(quality), table, strict=True))

    return min(range(1, 101), key=distance)


@functools.cache
def _table_of(quality: int) -> bytes:
    """Return the table that our encoder uses, out of a stream of it."""
    grey = np.zeros((8, 8, 1), np.uint8)
    return _luma_table(encoder(Codec.JPEG, GREY_8, quality).encode(grey))
