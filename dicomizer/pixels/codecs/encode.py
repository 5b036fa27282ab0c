# SPDX-License-Identifier: Apache-2.0
"""Encoders: pixels to frames of the transfer syntax that a codec and a quality stand for.

Lossless without a quality, lossy with one; JPEG is always lossy.

References
----------
PS3.5 8.2 and A.4; PS3.3 C.7.6.3.1.2 (Photometric Interpretation), C.8.12.4.1.5 (which of them a
slide may have), C.7.6.1.1.5.1 (Lossy Image Compression Method)
"""

from __future__ import annotations

import functools
import math
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.codecs import decode as decoder
from dicomizer.pixels.codecs import jpeg2000, jpegls, jpegxl, plain, quality, rle
from dicomizer.pixels.codecs.codec import Codec, Encoder
from dicomizer.pixels.codecs.errors import CodecError, EncodingError
from dicomizer.pixels.format import PixelFormat

if TYPE_CHECKING:
    from collections.abc import Callable

    from dicomizer.pixels.codecs.frame_shape import Pixels

    Encode = Callable[[Pixels], bytes]

_FULL_COLOR_QUALITY = 90
"""JPEG halves the resolution of colour below this quality."""

_USUAL_RESOLUTIONS, _MOST_RESOLUTIONS = 5, 9
"""Decompositions of HTJ2K; 9 are enough for 8 bits with any quality."""


def encoder(codec: Codec, pixel_format: PixelFormat, quality: int | None) -> Encoder:
    """Return the encoder of a codec.

    Parameters
    ----------
    codec
        Any but ``Codec.KEEP``.
    quality
        1 to 100; `dicomizer.pixels.codecs.quality` says what it means. ``None`` for lossless, or
        for JPEG's default. Ignored by codecs that are always lossless.

    Raises
    ------
    CodecError
        The codec does not know pixels of that format, or its library is not here. What the
        encoder then raises is an `EncodingError`.
    """
    if codec is Codec.KEEP:
        raise CodecError("keeping frames as they are takes no encoder")
    if quality is not None and not 1 <= quality <= 100:
        raise CodecError(f"found quality {quality}, expected 1 to 100", remedy="change --quality")
    from dicomizer.pixels.codecs import available

    if available.library(codec) is None:
        raise CodecError(
            f"the library that codes {codec.value} is not installed",
            remedy="install imagecodecs and simplejpeg from PyPI",
        )
    made = _ENCODERS[codec](pixel_format, quality)
    return replace(made, encode=_with_errors(made.encode, codec))


def placed(encode: Encode, place: str) -> Encode:
    """Return an encoder whose errors say for which place in the result it coded."""

    def encode_there(pixels: Pixels) -> bytes:
        try:
            return encode(pixels)
        except EncodingError as error:
            error.place = error.place or place
            raise

    return encode_there


def _with_errors(encode: Encode, codec: Codec) -> Encode:
    """Return an encoder that raises `EncodingError` whatever its library raises."""

    def encode_or_refuse(pixels: Pixels) -> bytes:
        try:
            return encode(pixels)
        except (CodecError, RuntimeError, ValueError, ArithmeticError, MemoryError) as error:
            rows, columns, _ = pixels.shape
            raise EncodingError(
                f"{codec.value} cannot code a frame of {rows} rows and {columns} columns: "
                f"{str(error) or type(error).__name__}",
                remedy="choose another --codec, or another --tile-size",
            ) from error

    return encode_or_refuse


def _jpeg(pixel_format: PixelFormat, chosen: int | None) -> Encoder:
    if pixel_format.bits != 8:
        raise CodecError(
            f"JPEG baseline has 8 bits for a sample, the pixels have {pixel_format.bits}",
            remedy="choose --codec jpeg2000, htj2k, jpegls, jxl, rle or none",
        )
    import simplejpeg

    value = quality.DEFAULT_JPEG if chosen is None else chosen
    is_color = pixel_format.samples == 3
    colors = "RGB" if is_color else "GRAY"
    sampling = _jpeg_sampling(value) if is_color else "Gray"

    def encode(pixels: Pixels) -> bytes:
        coded: bytes = simplejpeg.encode_jpeg(
            _contiguous(pixels), quality=value, colorspace=colors, colorsubsampling=sampling
        )
        return coded

    return Encoder(
        TransferSyntax.JPEG_BASELINE,
        "YBR_FULL_422" if is_color else "MONOCHROME2",
        "ISO_10918_1",
        encode,
    )


def _jpeg_sampling(value: int) -> str:
    return "420" if value < _FULL_COLOR_QUALITY else "444"


def _jpeg_2000(pixel_format: PixelFormat, chosen: int | None) -> Encoder:
    if chosen is None:

        def encode(pixels: Pixels) -> bytes:
            return jpeg2000.encode(_plane(pixels), None)

        return _lossless(TransferSyntax.JPEG_2000_LOSSLESS, pixel_format, "YBR_RCT", encode)
    error = quality.mean_square_error(chosen, pixel_format.bits)

    def encode_finer(pixels: Pixels, halvings: int) -> bytes:
        # However small the error is that OpenJPEG is told, of an even frame it may leave out all.
        is_finest = halvings == plain.FINEST
        permitted = 0.0 if is_finest else plain.permitted_error(pixels, error) / 4**halvings
        return jpeg2000.encode(_plane(pixels), permitted)

    method = ("YBR_ICT", "ISO_15444_1")
    return _lossy(TransferSyntax.JPEG_2000, pixel_format, method, encode_finer, error)


def _htj2k(pixel_format: PixelFormat, chosen: int | None) -> Encoder:
    import imagecodecs

    with _PREPARING:
        _prepare_htj2k()
    is_color = pixel_format.samples == 3
    if chosen is None:

        def encode(pixels: Pixels) -> bytes:
            return bytes(imagecodecs.htj2k_encode(_plane(pixels), reversible=True, rgb=is_color))

        return _lossless(TransferSyntax.HTJ2K_LOSSLESS, pixel_format, "YBR_RCT", encode)
    # Of the range that is used, told as a part of the range that the codestream declares.
    step = quality.quantisation_step(chosen) / (1 << _spare_bits(pixel_format))
    resolutions = _htj2k_resolutions(step * (1 << 8 * pixel_format.bytes_per_sample))

    def encode_finer(pixels: Pixels, halvings: int) -> bytes:
        return bytes(
            imagecodecs.htj2k_encode(
                _plane(pixels),
                level=step / 2**halvings,
                reversible=False,
                rgb=is_color,
                resolutions=resolutions,
            )
        )

    method = ("YBR_ICT", "ISO_15444_15")
    is_deep = pixel_format.bytes_per_sample > 1
    error = quality.mean_square_error(chosen, pixel_format.bits) if is_deep else None
    return _lossy(TransferSyntax.HTJ2K, pixel_format, method, encode_finer, error)


_PREPARING = threading.Lock()


@functools.cache
def _prepare_htj2k() -> None:
    """Have OpenJPH make its tables, in one thread.

    It makes them at the first use, and two threads that begin at once spoil each other's frame:
    2 times in 3,000 processes, with OpenJPH 0.26.3. Each kind of samples and wavelet is used, as
    an encoder may have tables of its own.
    """
    import imagecodecs
    import numpy as np

    for dtype in (np.uint8, np.uint16):
        pixels = np.arange(32 * 32, dtype=dtype).reshape(32, 32)
        for reversible in (True, False):
            imagecodecs.htj2k_encode(pixels, reversible=reversible, rgb=False)


def _htj2k_resolutions(step: float) -> int:
    """Return how many times an image is decomposed so that its brightness is kept.

    Each halves the step of the lowest band, which is the base step over 2 to their number. In blue,
    an error is that of luma and 1.772 times that of chroma, of half a step each; with 0.4 levels
    together it is rounded away.
    """
    needed = math.ceil(math.log2(step * (1 + 1.772) / 2 / 0.4))
    return min(max(_USUAL_RESOLUTIONS, needed), _MOST_RESOLUTIONS)


def _jpeg_ls(pixel_format: PixelFormat, chosen: int | None) -> Encoder:
    if chosen is None:

        def encode(pixels: Pixels) -> bytes:
            return jpegls.encode(_plane(pixels), 0)

        return _lossless(TransferSyntax.JPEG_LS_LOSSLESS, pixel_format, "RGB", encode)
    near = quality.near(chosen, pixel_format.bits)

    def encode_finer(pixels: Pixels, halvings: int) -> bytes:
        return jpegls.encode(_plane(pixels), near >> halvings)

    method = ("RGB", "ISO_14495_1")
    error = quality.mean_square_error(chosen, pixel_format.bits)
    syntax = TransferSyntax.JPEG_LS_NEAR_LOSSLESS
    return _lossy(syntax, pixel_format, method, encode_finer, error)


def _jpeg_xl(pixel_format: PixelFormat, chosen: int | None) -> Encoder:
    if chosen is None:

        def encode(pixels: Pixels) -> bytes:
            return jpegxl.encode(_plane(pixels), None)

        return _lossless(TransferSyntax.JPEG_XL_LOSSLESS, pixel_format, "RGB", encode)
    # To libjxl, few used bits of many are a dark picture. Measured: for each bit that is not used,
    # the square root of 2 brings back the ratio.
    distance = quality.butteraugli_distance(chosen) / 2 ** (_spare_bits(pixel_format) / 2)

    def encode_finer(pixels: Pixels, halvings: int) -> bytes:
        return jpegxl.encode(_plane(pixels), distance / 2**halvings)

    method = ("XYB", "ISO_18181_1")
    error = quality.mean_square_error(chosen, pixel_format.bits)
    return _lossy(TransferSyntax.JPEG_XL, pixel_format, method, encode_finer, error)


def _rle(pixel_format: PixelFormat, _: int | None) -> Encoder:
    return _lossless(TransferSyntax.RLE_LOSSLESS, pixel_format, "RGB", rle.encode)


def _none(pixel_format: PixelFormat, _: int | None) -> Encoder:
    def encode(pixels: Pixels) -> bytes:
        return pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()

    return _lossless(TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN, pixel_format, "RGB", encode)


def _lossless(
    syntax: TransferSyntax, pixel_format: PixelFormat, color: str, encode: Encode
) -> Encoder:
    """Return an encoder; ``color`` is the photometric interpretation of three samples."""
    photometric = color if pixel_format.samples == 3 else "MONOCHROME2"
    return Encoder(syntax, photometric, None, encode)


def _lossy(
    syntax: TransferSyntax,
    pixel_format: PixelFormat,
    color_and_method: tuple[str, str],
    encode: plain.EncodeFiner,
    error: float | None,
) -> Encoder:
    """Return an encoder of frames whose plain areas keep their brightness.

    Parameters
    ----------
    error
        Mean square that is permitted, in levels squared; ``None`` where brightness is kept anyway.
    """
    color, method = color_and_method
    photometric = color if pixel_format.samples == 3 else "MONOCHROME2"
    declared = PixelFormat(pixel_format.samples, 8 * pixel_format.bytes_per_sample)

    def decode(stream: bytes, pixels: Pixels) -> Pixels:
        rows, columns = pixels.shape[:2]
        return decoder.decode(stream, syntax, declared, rows=rows, columns=columns)

    if error is None:
        return Encoder(syntax, photometric, method, lambda pixels: encode(pixels, 0))
    return Encoder(syntax, photometric, method, plain.keeping_brightness(encode, decode, error))


def _spare_bits(pixel_format: PixelFormat) -> int:
    """Return how many more bits are declared than used: Bits Stored is 8 or 16 (C.8.12.4)."""
    return 8 * pixel_format.bytes_per_sample - pixel_format.bits


def _contiguous(pixels: Pixels) -> Pixels:
    import numpy as np

    return cast("Pixels", np.ascontiguousarray(pixels))


def _plane(pixels: Pixels) -> Pixels:
    """Return a contiguous array, without the last axis where there is one sample."""
    return _contiguous(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


_ENCODERS: dict[Codec, Callable[[PixelFormat, int | None], Encoder]] = {
    Codec.JPEG: _jpeg,
    Codec.JPEG_2000: _jpeg_2000,
    Codec.HTJ2K: _htj2k,
    Codec.JPEG_LS: _jpeg_ls,
    Codec.JPEG_XL: _jpeg_xl,
    Codec.RLE: _rle,
    Codec.NONE: _none,
}
