# SPDX-License-Identifier: Apache-2.0
"""Encoders: pixels to frames of the transfer syntax that a codec and a quality stand for.

Lossless without a quality, lossy with one; JPEG is always lossy.

References
----------
PS3.5 8.2 and A.4; PS3.3 C.7.6.3.1.2 (Photometric Interpretation), C.8.12.4.1.5 (which of them a
slide may have), C.7.6.1.1.5.1 (Lossy Image Compression Method)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.codecs import jpegls, quality, rle
from dicomizer.pixels.codecs.codec import Codec, Encoder
from dicomizer.pixels.codecs.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.pixels.format import PixelFormat


_FULL_COLOR_QUALITY = 90
"""JPEG halves the resolution of colour below this quality."""

_JPEG_XL_LOSSLESS_EFFORT = 1
"""Fifteen times the speed of the next effort, for 2 % more bytes."""

_JPEG_XL_LOSSY_EFFORT = 3
"""Effort 1 is half as fast again and its frames 9 % larger; effort 4 makes none smaller."""


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
        The codec does not know pixels of that format, or its library is not here.
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
    return _ENCODERS[codec](pixel_format, quality)


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
    import imagecodecs

    level = 0.0 if chosen is None else quality.signal_to_noise(chosen)

    def encode(pixels: Pixels) -> bytes:
        return bytes(
            imagecodecs.jpeg2k_encode(
                _plane(pixels),
                level=level,  # type: ignore[arg-type]  # a ratio in dB, and need not be whole
                codecformat="j2k",
                reversible=chosen is None,
                mct=True,
                bitspersample=pixel_format.bits,
                numthreads=1,
            )
        )

    if chosen is None:
        return _lossless(TransferSyntax.JPEG_2000_LOSSLESS, pixel_format, "YBR_RCT", encode)
    return _lossy(TransferSyntax.JPEG_2000, pixel_format, ("YBR_ICT", "ISO_15444_1"), encode)


def _htj2k(pixel_format: PixelFormat, chosen: int | None) -> Encoder:
    _check_whole_bytes("HTJ2K", pixel_format)
    import imagecodecs

    step = None if chosen is None else quality.quantisation_step(chosen)

    def encode(pixels: Pixels) -> bytes:
        return bytes(
            imagecodecs.htj2k_encode(
                _plane(pixels), level=step, reversible=chosen is None, rgb=pixel_format.samples == 3
            )
        )

    if chosen is None:
        return _lossless(TransferSyntax.HTJ2K_LOSSLESS, pixel_format, "YBR_RCT", encode)
    return _lossy(TransferSyntax.HTJ2K, pixel_format, ("YBR_ICT", "ISO_15444_15"), encode)


def _jpeg_ls(pixel_format: PixelFormat, chosen: int | None) -> Encoder:
    _check_whole_bytes("JPEG-LS", pixel_format)
    near = 0 if chosen is None else quality.near(chosen, pixel_format.bits)

    def encode(pixels: Pixels) -> bytes:
        return jpegls.encode(_plane(pixels), near)

    if chosen is None:
        return _lossless(TransferSyntax.JPEG_LS_LOSSLESS, pixel_format, "RGB", encode)
    syntax = TransferSyntax.JPEG_LS_NEAR_LOSSLESS
    return _lossy(syntax, pixel_format, ("RGB", "ISO_14495_1"), encode)


def _jpeg_xl(pixel_format: PixelFormat, chosen: int | None) -> Encoder:
    import imagecodecs

    distance = 0.0 if chosen is None else quality.butteraugli_distance(chosen)

    def encode(pixels: Pixels) -> bytes:
        return bytes(
            imagecodecs.jpegxl_encode(
                _plane(pixels),
                lossless=chosen is None,
                distance=distance,
                effort=_JPEG_XL_LOSSLESS_EFFORT if chosen is None else _JPEG_XL_LOSSY_EFFORT,
                bitspersample=pixel_format.bits,
                numthreads=1,
            )
        )

    if chosen is None:
        return _lossless(TransferSyntax.JPEG_XL_LOSSLESS, pixel_format, "RGB", encode)
    return _lossy(TransferSyntax.JPEG_XL, pixel_format, ("XYB", "ISO_18181_1"), encode)


def _rle(pixel_format: PixelFormat, _: int | None) -> Encoder:
    return _lossless(TransferSyntax.RLE_LOSSLESS, pixel_format, "RGB", rle.encode)


def _none(pixel_format: PixelFormat, _: int | None) -> Encoder:
    def encode(pixels: Pixels) -> bytes:
        return pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()

    return _lossless(TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN, pixel_format, "RGB", encode)


def _lossless(
    syntax: TransferSyntax, pixel_format: PixelFormat, color: str, encode: Callable[[Pixels], bytes]
) -> Encoder:
    """Return an encoder; ``color`` is the photometric interpretation of three samples."""
    photometric = color if pixel_format.samples == 3 else "MONOCHROME2"
    return Encoder(syntax, photometric, None, encode)


def _lossy(
    syntax: TransferSyntax,
    pixel_format: PixelFormat,
    color_and_method: tuple[str, str],
    encode: Callable[[Pixels], bytes],
) -> Encoder:
    color, method = color_and_method
    photometric = color if pixel_format.samples == 3 else "MONOCHROME2"
    return Encoder(syntax, photometric, method, encode)


def _check_whole_bytes(name: str, pixel_format: PixelFormat) -> None:
    """Refuse what the library at hand would declare with more bits than are stored."""
    if pixel_format.bits not in {8, 16}:
        raise CodecError(
            f"{name} is coded here for 8 or 16 bits, the pixels have {pixel_format.bits}",
            remedy="choose --codec jpeg2000, jxl, rle or none",
        )


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
