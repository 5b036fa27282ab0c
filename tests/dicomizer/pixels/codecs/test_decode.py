# SPDX-License-Identifier: Apache-2.0
"""Frames decoded: the right colours and sizes, or a CodecError, whatever the bytes are."""

from __future__ import annotations

import io
import random

import imagecodecs
import numpy as np
import pytest
import simplejpeg
from PIL import Image

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.codecs import jpeg, jpegxl
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.decode import decode, half_decode
from dicomizer.pixels.codecs.encode import encoder
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.format import GREY_8, GREY_16, RGB_8, PixelFormat
from dicomizer.pixels.resample import halve

JPEG = TransferSyntax.JPEG_BASELINE
SAMPLINGS = ("444", "422", "420", "440", "411")
CODECS = tuple(codec for codec in Codec if codec is not Codec.KEEP)


def colors(rows: int = 48, columns: int = 64) -> np.ndarray:
    """Red, green and blue that change slowly and differ from each other."""
    y, x = np.mgrid[:rows, :columns]
    planes = (40 + 2 * x, 200 - y, 90 + 30 * np.sin((x + y) / 9))
    return np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)


def grey(rows: int = 48, columns: int = 64) -> np.ndarray:
    return colors(rows, columns)[..., :1].copy()


def rgb_jpeg(pixels: np.ndarray) -> bytes:
    """Return a stream of RGB components, told by an Adobe marker."""
    stream = imagecodecs.jpeg8_encode(pixels, 95, colorspace="RGB", outcolorspace="RGB")
    assert b"Adobe" in stream
    return bytes(stream)


def from_pillow(**settings: object) -> bytes:
    made = io.BytesIO()
    Image.fromarray(colors()).save(made, "JPEG", quality=95, **settings)
    return made.getvalue()


def decoded(stream: bytes, pixel_format: PixelFormat = RGB_8) -> np.ndarray:
    return decode(stream, JPEG, pixel_format, rows=48, columns=64)


def mean_error(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(from_pillow(subsampling=0), id="4:4:4"),
        pytest.param(from_pillow(subsampling=2), id="4:2:0"),
        pytest.param(from_pillow(progressive=True), id="progressive"),
        pytest.param(from_pillow(restart_marker_rows=1), id="restart markers"),
        pytest.param(rgb_jpeg(colors()), id="RGB"),
        pytest.param(from_pillow() + b"\0\0padding", id="bytes behind EOI"),
        pytest.param(from_pillow()[:-2] + b"\0\0\0\xff\xd9", id="zeros before EOI"),
        pytest.param(from_pillow()[:-2] + b"\xff\xff\xff\xd9", id="fill bytes before EOI"),
    ],
)
def test_jpeg_comes_out_as_rgb(stream):
    assert mean_error(decoded(stream), colors()) < 1.5


def test_views_are_decoded_like_bytes():
    for codec in CODECS:
        made = encoder(codec, RGB_8, None)
        stream = made.encode(colors())

        of_view = decode(memoryview(stream), made.transfer_syntax, RGB_8, rows=48, columns=64)

        of_bytes = decode(stream, made.transfer_syntax, RGB_8, rows=48, columns=64)
        assert np.array_equal(of_view, of_bytes)


def test_twelve_bit_jpeg_is_decoded():
    pixels = grey().astype(np.uint16) << 4
    stream = imagecodecs.jpeg8_encode(pixels[..., 0], 98, bitspersample=12)

    back = decoded(stream, PixelFormat(samples=1, bits=12))

    assert back.shape == (48, 64, 1)
    assert mean_error(back, pixels) < 10


def test_lossless_jpeg_is_decoded_to_the_same_pixels():
    pixels = grey().astype(np.uint16) * 257
    stream = imagecodecs.jpeg8_encode(pixels[..., 0], lossless=True, bitspersample=16)

    assert np.array_equal(decoded(stream, GREY_16), pixels)


def test_sampling_without_a_name_is_decoded():
    stream = simplejpeg.encode_jpeg(colors(8, 24), 95, colorsubsampling="444")
    head = bytearray(stream[: jpeg.read_header(stream).length])
    head[head.index(b"\xff\xc0") + 11] = 0x31
    blocks_without_coefficients = "001010" * 3 + "0000" * 2
    scan = int(blocks_without_coefficients.ljust(32, "1"), 2).to_bytes(4, "big")

    back = decode(bytes(head) + scan + b"\xff\xd9", JPEG, RGB_8, rows=8, columns=24)

    assert np.array_equal(back, np.full((8, 24, 3), 128))


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("size", [(48, 64), (47, 63), (1, 9), (9, 1), (7, 7), (8, 255)])
def test_half_scale_jpeg_is_half_as_large_and_near_the_mean(sampling, size):
    rows, columns = size
    pixels = colors(rows, columns)
    stream = simplejpeg.encode_jpeg(pixels, 95, colorsubsampling=sampling)

    half = half_decode(stream, JPEG, RGB_8, rows=rows, columns=columns)

    assert half.shape == ((rows + 1) // 2, (columns + 1) // 2, 3)
    assert mean_error(half, halve(pixels)) < 4


@pytest.mark.parametrize("rows", range(1, 8))
@pytest.mark.parametrize("columns", range(1, 8))
def test_half_scale_of_tiny_jpeg_is_a_half_and_no_less(rows, columns):
    pixels = np.zeros((rows, columns, 1), np.uint8)
    pixels[: (rows + 1) // 2] = 240
    stream = encoder(Codec.JPEG, GREY_8, 100).encode(pixels)

    half = half_decode(stream, JPEG, GREY_8, rows=rows, columns=columns)

    assert half.shape == ((rows + 1) // 2, (columns + 1) // 2, 1)
    assert mean_error(half, halve(pixels)) < 40
    assert half[0, 0, 0] > 100


def test_half_scale_rgb_jpeg_comes_out_as_rgb():
    half = half_decode(rgb_jpeg(colors()), JPEG, RGB_8, rows=48, columns=64)

    assert mean_error(half, halve(colors())) < 1


def test_half_scale_of_unusual_jpeg_is_decoded_and_halved():
    pixels = grey().astype(np.uint16) * 257
    stream = imagecodecs.jpeg8_encode(pixels[..., 0], lossless=True, bitspersample=16)

    half = half_decode(stream, JPEG, GREY_16, rows=48, columns=64)

    assert np.array_equal(half, halve(pixels))


@pytest.mark.parametrize("sampling", ["444", "422", "420", "440"])
def test_recompressed_jpeg_has_the_pixels_of_the_jpeg(sampling):
    stream = simplejpeg.encode_jpeg(colors(), 70, colorsubsampling=sampling)
    syntax = TransferSyntax.JPEG_XL_RECOMPRESSION
    small = jpegxl.recompress(stream)

    full = decode(small, syntax, RGB_8, rows=48, columns=64)
    half = half_decode(small, syntax, RGB_8, rows=48, columns=64)

    assert np.array_equal(full, decoded(stream))
    assert np.array_equal(half, half_decode(stream, JPEG, RGB_8, rows=48, columns=64))


def test_recompression_syntax_takes_jpeg_xl_that_was_no_jpeg():
    stream = encoder(Codec.JPEG_XL, RGB_8, None).encode(colors())
    syntax = TransferSyntax.JPEG_XL_RECOMPRESSION

    assert np.array_equal(decode(stream, syntax, RGB_8, rows=48, columns=64), colors())
    assert np.array_equal(half_decode(stream, syntax, RGB_8, rows=48, columns=64), halve(colors()))


def test_lossy_htj2k_does_not_wrap_around_at_black_and_white():
    pixels = np.zeros((64, 64, 1), np.uint8)
    pixels[:, ::6] = 255
    made = encoder(Codec.HTJ2K, GREY_8, 60)

    back = decode(made.encode(pixels), made.transfer_syntax, GREY_8, rows=64, columns=64)

    assert np.abs(back.astype(int) - pixels).max() < 128


@pytest.mark.parametrize("codec", CODECS)
def test_cut_off_streams_are_errors(codec):
    made = encoder(codec, RGB_8, None)
    stream = made.encode(colors())

    for length in (0, 1, 2, 10, len(stream) // 2, len(stream) - 40, len(stream) - 3):
        with pytest.raises(CodecError):
            decode(stream[:length], made.transfer_syntax, RGB_8, rows=48, columns=64)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    ("pixel_format", "rows", "columns"),
    [(RGB_8, 47, 64), (RGB_8, 48, 65), (GREY_8, 48, 64), (GREY_16, 48, 64)],
)
def test_frames_of_another_size_or_format_are_errors(codec, pixel_format, rows, columns):
    made = encoder(codec, RGB_8, None)
    stream = made.encode(colors())

    for function in (decode, half_decode):
        with pytest.raises(CodecError, match="expected"):
            function(stream, made.transfer_syntax, pixel_format, rows=rows, columns=columns)


def test_a_size_that_would_fill_memory_is_refused_before_decoding():
    stream = bytearray(from_pillow())
    frame = stream.index(b"\xff\xc0")
    stream[frame + 5 : frame + 9] = b"\xff\x00\xff\x00"

    with pytest.raises(CodecError, match="found 65280 rows, 65280 columns"):
        decoded(bytes(stream))


def test_four_components_are_refused():
    made = io.BytesIO()
    Image.fromarray(colors()).convert("CMYK").save(made, "JPEG")

    with pytest.raises(CodecError, match=r"4 samples of 8 bits, expected .* 3 samples"):
        decoded(made.getvalue())


def test_damaged_entropy_coded_data_is_an_error_and_no_grey():
    stream = from_pillow()
    scan = jpeg.read_header(stream).length
    damaged = stream[: scan + 100] + b"\xff\xd3" + stream[scan + 102 :]

    with pytest.raises(CodecError, match="cannot be decoded"):
        decoded(damaged)


def mutants(stream: bytes, count: int, seed: int) -> list[bytes]:
    """Return streams with bits flipped, bytes lost, added or set to extremes, mostly in front."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        data = bytearray(stream)
        reach = len(data) if chance.random() < 0.4 else min(len(data), 150)
        place = chance.randrange(reach)
        match number % 5:
            case 0:
                data[place] ^= 1 << chance.randrange(8)
            case 1:
                del data[chance.randrange(len(data)) :]
            case 2:
                data[place : place + 4] = chance.choice((b"\0\0\0\0", b"\xff\xff\xff\xff"))
            case 3:
                del data[place : place + chance.randrange(1, 9)]
            case _:
                data[place:place] = chance.randbytes(chance.randrange(1, 9))
        made.append(bytes(data))
    return made


@pytest.mark.timeout(60)
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("pixel_format", [RGB_8, GREY_16])
@pytest.mark.parametrize("quality", [None, 70])
def test_mutated_streams_give_a_frame_or_a_codec_error(codec, pixel_format, quality):
    if codec is Codec.JPEG and pixel_format is GREY_16:
        return
    made = encoder(codec, pixel_format, quality)
    pixels = colors() if pixel_format is RGB_8 else grey().astype(np.uint16) * 257

    for stream in mutants(made.encode(pixels), 300, seed=3):
        try:
            frame = decode(stream, made.transfer_syntax, pixel_format, rows=48, columns=64)
        except CodecError:
            continue
        assert frame.shape == (48, 64, pixel_format.samples)


@pytest.mark.timeout(60)
def test_mutated_recompressed_streams_give_a_frame_or_a_codec_error():
    syntax = TransferSyntax.JPEG_XL_RECOMPRESSION
    small = jpegxl.recompress(from_pillow())

    for stream in mutants(small, 300, seed=4):
        try:
            frame = decode(stream, syntax, RGB_8, rows=48, columns=64)
        except CodecError:
            continue
        assert frame.shape == (48, 64, 3)


@pytest.mark.timeout(10)
def test_jpeg_ls_that_just_ends_is_refused_at_once():
    made = encoder(Codec.JPEG_LS, RGB_8, None)
    stream = made.encode(colors())

    for length in range(len(stream) - 60, len(stream)):
        with pytest.raises(CodecError):
            decode(stream[:length], made.transfer_syntax, RGB_8, rows=48, columns=64)
