# SPDX-License-Identifier: Apache-2.0
"""Decoders: a frame of any transfer syntax to pixels, at full or half scale.

What a stream's own header says of size, depth and components is checked before anything is
decoded, so that no stream takes more memory than its frame. A stream that is damaged, or cut off
before its end, is an error, never a picture with grey in it: nobody could tell from the result.

References
----------
PS3.5 8.2 and A.4
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.codecs import jpeg2000, jpeg_pixels, jpegls, jpegxl, rle
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.codecs.frame_shape import FrameShape
from dicomizer.pixels.resample import halve

if TYPE_CHECKING:
    from collections.abc import Callable

    from dicomizer.pixels.codecs.frame_shape import Pixels, Stream
    from dicomizer.pixels.format import PixelFormat


def decode(
    stream: Stream,
    transfer_syntax: TransferSyntax,
    pixel_format: PixelFormat,
    *,
    rows: int,
    columns: int,
) -> Pixels:
    """Decode a frame; other threads run meanwhile.

    Parameters
    ----------
    stream
        Whole frame. JPEG's markers must tell its colours (`jpeg.complete_header`); the components
        of JPEG 2000 without a component transform are returned as they are.

    Returns
    -------
    Pixels
        ``(rows, columns, samples)``, uint8 or uint16; grey or RGB. May be read-only.

    Raises
    ------
    CodecError
        The stream is damaged, cut off, or not of that size and format.
    """
    shape = FrameShape(rows, columns, pixel_format)
    return shape.checked(_DECODERS[transfer_syntax](stream, shape))


def half_decode(
    stream: Stream,
    transfer_syntax: TransferSyntax,
    pixel_format: PixelFormat,
    *,
    rows: int,
    columns: int,
) -> Pixels:
    """Decode a frame at half its scale.

    Of a JPEG stream, 4 x 4 values are made of each block's 8 x 8 coefficients, in half the time
    of a full decode; all else is decoded and halved. Parameters and errors are those of `decode`,
    ``rows`` and ``columns`` those of the full size.

    Returns
    -------
    Pixels
        ``(ceil(rows / 2), ceil(columns / 2), samples)``.
    """
    shape = FrameShape(rows, columns, pixel_format)
    if transfer_syntax is TransferSyntax.JPEG_XL_RECOMPRESSION:
        stream, transfer_syntax = _restored(stream, shape)
    if transfer_syntax is TransferSyntax.JPEG_BASELINE:
        half = jpeg_pixels.half_decode(stream, shape)
        if half is not None:
            return shape.half.checked(half)
    return halve(shape.checked(_DECODERS[transfer_syntax](stream, shape)))


def _jpeg_2000(stream: Stream, shape: FrameShape) -> Pixels:
    """Decode with OpenJPEG, HTJ2K too.

    OpenJPH has twice the speed, but as imagecodecs 2026.3 calls it, lossy values beyond the range
    wrap around, and a cut-off stream passes.
    """
    import imagecodecs

    codestream = jpeg2000.codestream(stream)
    jpeg2000.check_shape(jpeg2000.read_codestream_header(codestream), shape)
    try:
        pixels: Pixels = imagecodecs.jpeg2k_decode(bytes(codestream), numthreads=1)
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"the JPEG 2000 codestream cannot be decoded: {error}") from error
    return pixels


def _jpeg_xl(stream: Stream, shape: FrameShape) -> Pixels:
    import imagecodecs

    header = jpegxl.read_header(stream)
    shape.check(header.rows, header.columns, shape.pixel_format.samples, header.bits)
    try:
        pixels: Pixels = imagecodecs.jpegxl_decode(
            bytes(stream), keeporientation=True, numthreads=1
        )
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"the JPEG XL stream cannot be decoded: {error}") from error
    return pixels


def _recompressed(stream: Stream, shape: FrameShape) -> Pixels:
    """Decode the JPEG stream itself, so that both codings of it have the same pixels.

    libjxl makes others of the same coefficients (40 dB apart in 4:4:4), in twice the time.
    """
    restored, transfer_syntax = _restored(stream, shape)
    decoder = jpeg_pixels.decode if transfer_syntax is TransferSyntax.JPEG_BASELINE else _jpeg_xl
    return decoder(restored, shape)


def _restored(stream: Stream, shape: FrameShape) -> tuple[Stream, TransferSyntax]:
    """Return the JPEG stream that a JPEG XL stream was made of, or the latter if it was not."""
    if not jpegxl.is_recompressed(stream):
        return stream, TransferSyntax.JPEG_XL
    header = jpegxl.read_header(stream)
    shape.check(header.rows, header.columns, shape.pixel_format.samples, header.bits)
    return jpegxl.restore(stream), TransferSyntax.JPEG_BASELINE


def _none(stream: Stream, shape: FrameShape) -> Pixels:
    import numpy as np

    size = shape.rows * shape.columns * shape.pixel_format.bytes_per_pixel
    if len(stream) != size:
        raise CodecError(f"found {len(stream)} bytes of pixels, expected {size}")
    little_endian = np.dtype(shape.pixel_format.dtype).newbyteorder("<")
    return np.frombuffer(stream, little_endian).reshape(shape.axes)


_DECODERS: dict[TransferSyntax, Callable[[Stream, FrameShape], Pixels]] = {
    TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN: _none,
    TransferSyntax.JPEG_BASELINE: jpeg_pixels.decode,
    TransferSyntax.JPEG_LS_LOSSLESS: jpegls.decode,
    TransferSyntax.JPEG_LS_NEAR_LOSSLESS: jpegls.decode,
    TransferSyntax.JPEG_2000_LOSSLESS: _jpeg_2000,
    TransferSyntax.JPEG_2000: _jpeg_2000,
    TransferSyntax.JPEG_XL_LOSSLESS: _jpeg_xl,
    TransferSyntax.JPEG_XL_RECOMPRESSION: _recompressed,
    TransferSyntax.JPEG_XL: _jpeg_xl,
    TransferSyntax.HTJ2K_LOSSLESS: _jpeg_2000,
    TransferSyntax.HTJ2K_LOSSLESS_RPCL: _jpeg_2000,
    TransferSyntax.HTJ2K: _jpeg_2000,
    TransferSyntax.RLE_LOSSLESS: rle.decode,
}
