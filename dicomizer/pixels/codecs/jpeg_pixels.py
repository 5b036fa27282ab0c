# SPDX-License-Identifier: Apache-2.0
"""JPEG streams to pixels, at full and at half scale, by libjpeg-turbo.

simplejpeg decodes what nearly every stream is, 8 bits with a usual sampling, and takes libjpeg's
warnings for errors. imagecodecs takes the rest: 12 bits, lossless processes, odd sampling factors.
It passes over warnings, so there a stream is only known to be whole by its EOI.

References
----------
ITU-T T.81; PS3.5 8.2.1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.pixels.codecs import jpeg
from dicomizer.pixels.codecs.errors import CodecError

if TYPE_CHECKING:
    from dicomizer.pixels.codecs.frame_shape import FrameShape, Pixels, Stream


_SAMPLES = {"Gray": 1, "YCbCr": 3, "RGB": 3, "CMYK": 4, "YCCK": 4}
_HARMLESS = "extraneous bytes before marker 0xd9"
"""libjpeg on bytes that a scanner left between the last block and EOI; the picture is whole."""

_SMALLEST_SCALED = 7
"""Below, a smaller scale than a half can give the same size, and libjpeg would take it."""


def decode(stream: Stream, shape: FrameShape) -> Pixels:
    """Decode a stream; returns ``(rows, columns, samples)``, grey or RGB by its markers.

    Raises
    ------
    CodecError
        The stream is damaged, cut off, or not of that size and format.
    """
    if not _is_usual(stream, shape):
        return _decode_unusual(stream, shape)
    return _decode_usual(stream, shape, {})


def half_decode(stream: Stream, shape: FrameShape) -> Pixels | None:
    """Decode a stream at half its scale, or return ``None`` where libjpeg cannot.

    Raises
    ------
    CodecError
        As for `decode`.
    """
    if max(shape.rows, shape.columns) < _SMALLEST_SCALED:
        return None
    if not _is_usual(stream, shape):
        return None
    least = {"min_height": shape.half.rows, "min_width": shape.half.columns}
    return _decode_usual(stream, shape, least)


def _is_usual(stream: Stream, shape: FrameShape) -> bool:
    """Tell whether simplejpeg takes the stream, whose size and components are then right."""
    import simplejpeg

    if shape.pixel_format.bits != 8:
        return False
    try:
        height, width, colors, _ = simplejpeg.decode_jpeg_header(stream, strict=False)
    except (ValueError, KeyError):  # KeyError: a sampling that simplejpeg has no name for
        return False
    shape.check(height, width, _SAMPLES.get(colors, 0), 8)
    return True


def _decode_usual(stream: Stream, shape: FrameShape, least: dict[str, int]) -> Pixels:
    import simplejpeg

    colors = "RGB" if shape.pixel_format.samples == 3 else "GRAY"
    try:
        try:
            pixels: Pixels = simplejpeg.decode_jpeg(stream, colorspace=colors, **least)
        except ValueError as error:
            if _HARMLESS not in str(error):
                raise
            pixels = simplejpeg.decode_jpeg(stream, colorspace=colors, strict=False, **least)
    except ValueError as error:
        raise CodecError(f"the JPEG stream cannot be decoded: {error}") from error
    return pixels


def _decode_unusual(stream: Stream, shape: FrameShape) -> Pixels:
    import imagecodecs

    data = bytes(stream)
    try:
        header = jpeg.read_header(data)
    except jpeg.JpegError as error:
        raise CodecError(f"the JPEG stream cannot be decoded: {error}") from error
    frame = header.frame
    shape.check(frame.height, frame.width, len(frame.sampling), frame.precision)
    if jpeg.end_of_image(data, header.length) is None:
        raise CodecError("the JPEG stream has no end (EOI)")
    try:
        pixels: Pixels = imagecodecs.jpeg8_decode(data)
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"the JPEG stream cannot be decoded: {error}") from error
    return pixels
