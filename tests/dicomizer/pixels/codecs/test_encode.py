# SPDX-License-Identifier: Apache-2.0
"""Encoders write the coding that their transfer syntax claims, and the decoder gives it back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.codecs import jpeg, jpeg2000, jpegls, jpegxl
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.decode import decode, half_decode
from dicomizer.pixels.codecs.encode import encoder, placed
from dicomizer.pixels.codecs.errors import CodecError, EncodingError
from dicomizer.pixels.format import GREY_8, GREY_16, RGB_8, PixelFormat
from dicomizer.pixels.resample import halve

LOSSLESS = {
    Codec.JPEG_2000: ("1.2.840.10008.1.2.4.90", "YBR_RCT"),
    Codec.HTJ2K: ("1.2.840.10008.1.2.4.201", "YBR_RCT"),
    Codec.JPEG_LS: ("1.2.840.10008.1.2.4.80", "RGB"),
    Codec.JPEG_XL: ("1.2.840.10008.1.2.4.110", "RGB"),
    Codec.RLE: ("1.2.840.10008.1.2.5", "RGB"),
    Codec.NONE: ("1.2.840.10008.1.2.1", "RGB"),
}
LOSSY = {
    Codec.JPEG: ("1.2.840.10008.1.2.4.50", "YBR_FULL_422", "ISO_10918_1"),
    Codec.JPEG_2000: ("1.2.840.10008.1.2.4.91", "YBR_ICT", "ISO_15444_1"),
    Codec.HTJ2K: ("1.2.840.10008.1.2.4.203", "YBR_ICT", "ISO_15444_15"),
    Codec.JPEG_LS: ("1.2.840.10008.1.2.4.81", "RGB", "ISO_14495_1"),
    Codec.JPEG_XL: ("1.2.840.10008.1.2.4.112", "XYB", "ISO_18181_1"),
}
FORMATS = (RGB_8, GREY_8, GREY_16)
sizes = st.integers(1, 70)


def scene(pixel_format: PixelFormat, rows: int = 64, columns: int = 80) -> np.ndarray:
    """Waves of several lengths with a little noise, as tissue has them."""
    y, x, sample = np.mgrid[:rows, :columns, : pixel_format.samples]
    waves = np.sin(x / 5 + sample) + np.sin(y / 7 + x / 11) + np.sin((x + y) / 3)
    noise = np.random.default_rng(rows * 100 + columns).normal(0, 0.1, waves.shape)
    level = np.clip(0.5 + (waves + noise) / 7, 0, 1)
    return np.rint(level * ((1 << pixel_format.bits) - 1)).astype(pixel_format.dtype)


def signal_to_noise(pixels: np.ndarray, decoded: np.ndarray, bits: int) -> float:
    error = np.mean((pixels.astype(float) - decoded) ** 2)
    return float(10 * np.log10(((1 << bits) - 1) ** 2 / max(error, 1e-9)))


@pytest.mark.parametrize("codec", LOSSLESS)
@pytest.mark.parametrize("pixel_format", FORMATS)
@settings(max_examples=25)
@given(rows=sizes, columns=sizes)
def test_lossless_codecs_give_back_every_pixel(codec, pixel_format, rows, columns):
    pixels = scene(pixel_format, rows, columns)
    made = encoder(codec, pixel_format, None)

    stream = made.encode(pixels)

    back = decode(stream, made.transfer_syntax, pixel_format, rows=rows, columns=columns)
    assert back.dtype == pixels.dtype
    assert np.array_equal(back, pixels)


@pytest.mark.parametrize(("codec", "claims"), LOSSLESS.items())
def test_lossless_codecs_say_what_they_write(codec, claims):
    color, grey = encoder(codec, RGB_8, None), encoder(codec, GREY_16, None)

    assert (color.transfer_syntax.value, color.photometric_interpretation) == claims
    assert grey.photometric_interpretation == "MONOCHROME2"
    assert color.lossy_method is None


@pytest.mark.parametrize(("codec", "claims"), LOSSY.items())
def test_lossy_codecs_say_what_they_write(codec, claims):
    color, grey = encoder(codec, RGB_8, 80), encoder(codec, GREY_8, 80)

    assert (
        color.transfer_syntax.value,
        color.photometric_interpretation,
        color.lossy_method,
    ) == claims
    assert (grey.photometric_interpretation, grey.lossy_method) == ("MONOCHROME2", claims[2])


@pytest.mark.parametrize("codec", LOSSY)
@pytest.mark.parametrize("pixel_format", FORMATS)
@settings(max_examples=15)
@given(rows=sizes, columns=sizes, quality=st.integers(1, 100))
def test_lossy_codecs_take_every_size_and_quality(codec, pixel_format, rows, columns, quality):
    if codec is Codec.JPEG and pixel_format is GREY_16:
        return
    made = encoder(codec, pixel_format, quality)

    stream = made.encode(scene(pixel_format, rows, columns))

    back = decode(stream, made.transfer_syntax, pixel_format, rows=rows, columns=columns)
    assert back.shape == (rows, columns, pixel_format.samples)


@pytest.mark.parametrize("codec", LOSSY)
@pytest.mark.parametrize("pixel_format", [RGB_8, GREY_8])
def test_higher_quality_is_nearer_and_larger(codec, pixel_format):
    pixels = scene(pixel_format, 128, 128)
    found = []
    for quality in (20, 60, 95):
        made = encoder(codec, pixel_format, quality)
        stream = made.encode(pixels)
        back = decode(stream, made.transfer_syntax, pixel_format, rows=128, columns=128)
        found.append((signal_to_noise(pixels, back, pixel_format.bits), len(stream)))

    assert found == sorted(found)
    assert found[0][0] > 22
    assert found[2][0] > 36


@pytest.mark.parametrize("codec", [Codec.JPEG_2000, Codec.HTJ2K, Codec.JPEG_LS, Codec.JPEG_XL])
def test_lossy_coding_of_sixteen_bits_keeps_the_range(codec):
    pixels = scene(GREY_16, 128, 128)
    made = encoder(codec, GREY_16, 90)

    back = decode(made.encode(pixels), made.transfer_syntax, GREY_16, rows=128, columns=128)

    assert signal_to_noise(pixels, back, 16) > 35


def test_jpeg_frames_are_baseline_with_halved_color_below_quality_90():
    sampling = {
        quality: jpeg.read_header(encoder(Codec.JPEG, RGB_8, quality).encode(scene(RGB_8)))
        for quality in (None, 89, 90)
    }

    assert all(header.frame.is_baseline for header in sampling.values())
    assert sampling[None].frame.sampling == ((1, 2, 2), (2, 1, 1), (3, 1, 1))
    assert sampling[89].frame.sampling == ((1, 2, 2), (2, 1, 1), (3, 1, 1))
    assert sampling[90].frame.sampling == ((1, 1, 1), (2, 1, 1), (3, 1, 1))


def test_jpeg_of_grey_has_one_component():
    header = jpeg.read_header(encoder(Codec.JPEG, GREY_8, None).encode(scene(GREY_8)))

    assert header.frame.is_baseline
    assert len(header.frame.sampling) == 1


@pytest.mark.parametrize("codec", [Codec.JPEG_2000, Codec.HTJ2K])
@pytest.mark.parametrize("quality", [None, 70])
@pytest.mark.parametrize("pixel_format", FORMATS)
def test_codestreams_are_of_the_kind_they_claim(codec, quality, pixel_format):
    stream = encoder(codec, pixel_format, quality).encode(scene(pixel_format))

    assert stream[:4] == b"\xff\x4f\xff\x51"
    assert stream[-2:] == b"\xff\xd9"
    header = jpeg2000.read_codestream_header(stream)
    assert (header.height, header.width, header.tiles) == (64, 80, 1)
    assert (
        header.components
        == (jpeg2000.Component(pixel_format.bits, False, 1, 1),) * pixel_format.samples
    )
    assert header.high_throughput is (codec is Codec.HTJ2K)
    assert header.reversible is (quality is None)
    assert header.component_transform is (pixel_format is RGB_8)


def test_high_throughput_is_told_by_capabilities_and_block_style():
    stream = encoder(Codec.HTJ2K, RGB_8, None).encode(scene(RGB_8))

    capabilities = stream.index(b"\xff\x50")
    style = stream.index(b"\xff\x52")
    assert stream[capabilities + 4 : capabilities + 8] == b"\x00\x02\x00\x00"
    assert stream[style + 12] & 0x40
    assert int.from_bytes(stream[6:8], "big") & 0x4000


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("quality", [None, 70])
def test_jpeg_ls_frames_begin_with_their_frame_header(pixel_format, quality):
    made = encoder(Codec.JPEG_LS, pixel_format, quality)
    stream = made.encode(scene(pixel_format))

    assert stream[:4] == b"\xff\xd8\xff\xf7"
    assert b"mrfx" not in stream
    header = jpegls.read_header(stream)
    assert (header.rows, header.columns, header.bits) == (64, 80, pixel_format.bits)
    assert header.samples == pixel_format.samples
    assert (header.near == 0) is (quality is None)
    assert header.interleave == (2 if pixel_format is RGB_8 else 0)


def test_near_lossless_errors_stay_within_near():
    pixels = scene(RGB_8)
    made = encoder(Codec.JPEG_LS, RGB_8, 70)

    stream = made.encode(pixels)

    back = decode(stream, made.transfer_syntax, RGB_8, rows=64, columns=80)
    assert jpegls.read_header(stream).near == 8
    assert np.abs(back.astype(int) - pixels).max() == 8


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("quality", [None, 70])
def test_jpeg_xl_frames_say_size_depth_and_color_space(pixel_format, quality):
    stream = encoder(Codec.JPEG_XL, pixel_format, quality).encode(scene(pixel_format))

    assert stream.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"))
    assert jpegxl.read_header(stream) == jpegxl.JpegXlHeader(
        64, 80, pixel_format.bits, xyb=quality is not None
    )


@pytest.mark.parametrize("codec", LOSSLESS)
@pytest.mark.parametrize("bits", [9, 12, 15])
def test_fewer_used_bits_are_declared_as_sixteen_as_bits_stored_is(codec, bits):
    pixel_format = PixelFormat(samples=1, bits=bits)
    pixels = scene(pixel_format)
    made = encoder(codec, pixel_format, None)

    stream = made.encode(pixels)

    back = decode(stream, made.transfer_syntax, GREY_16, rows=64, columns=80)
    assert np.array_equal(back, pixels)


@pytest.mark.parametrize("codec", [Codec.JPEG_2000, Codec.HTJ2K, Codec.JPEG_LS, Codec.JPEG_XL])
@pytest.mark.parametrize("quality", [80, 95])
def test_lossy_coding_keeps_the_range_of_fewer_used_bits(codec, quality):
    pixel_format = PixelFormat(samples=1, bits=12)
    pixels = scene(pixel_format, 128, 128)
    made = encoder(codec, pixel_format, quality)

    back = decode(made.encode(pixels), made.transfer_syntax, GREY_16, rows=128, columns=128)

    assert signal_to_noise(pixels, back, 12) > {80: 33, 95: 40}[quality]


@pytest.mark.parametrize(
    ("codec", "quality", "columns"),
    [(Codec.JPEG, None, 70000), (Codec.JPEG_LS, None, 0), (Codec.JPEG_2000, None, 0)],
)
def test_what_a_library_refuses_is_an_error_of_encoding_and_tells_the_remedy(
    codec, quality, columns
):
    made = encoder(codec, RGB_8, quality)

    with pytest.raises(EncodingError) as raised:
        placed(made.encode, "level-0.dcm")(np.zeros((1, columns, 3), np.uint8))

    told = str(raised.value)
    assert told.startswith(
        f"level-0.dcm: {codec.value} cannot code a frame of 1 rows and {columns} columns: "
    )
    assert told.endswith("; choose another --codec, or another --tile-size")


def test_jpeg_refuses_sixteen_bits_and_names_what_takes_them():
    with pytest.raises(
        CodecError, match="choose --codec jpeg2000, htj2k, jpegls, jxl, rle or none"
    ):
        encoder(Codec.JPEG, GREY_16, None)


@pytest.mark.parametrize("quality", [0, 101, -1])
def test_quality_out_of_range_is_refused(quality):
    with pytest.raises(CodecError, match=f"found quality {quality}, expected 1 to 100"):
        encoder(Codec.JPEG, RGB_8, quality)


def test_keeping_frames_takes_no_encoder():
    with pytest.raises(CodecError, match="takes no encoder"):
        encoder(Codec.KEEP, RGB_8, None)


@pytest.mark.parametrize("codec", [codec for codec in Codec if codec is not Codec.KEEP])
def test_views_are_coded_like_their_copies(codec):
    wide = scene(RGB_8, 64, 160)
    view = wide[:, ::2]
    made = encoder(codec, RGB_8, None)

    assert made.encode(view) == made.encode(view.copy())


def test_uncompressed_frames_are_little_endian():
    made = encoder(Codec.NONE, GREY_16, None)

    assert made.encode(np.array([[[0x0102], [0x0304]]], np.uint16)) == b"\x02\x01\x04\x03"


@pytest.mark.parametrize("codec", [codec for codec in Codec if codec is not Codec.KEEP])
def test_half_scale_is_near_the_exact_mean(codec):
    pixels = scene(RGB_8, 63, 81)
    made = encoder(codec, RGB_8, 90)
    stream = made.encode(pixels)
    full = decode(stream, made.transfer_syntax, RGB_8, rows=63, columns=81)

    half = half_decode(stream, made.transfer_syntax, RGB_8, rows=63, columns=81)

    assert half.shape == (32, 41, 3)
    if made.transfer_syntax is TransferSyntax.JPEG_BASELINE:
        assert signal_to_noise(halve(full), half, 8) > 35
    else:
        assert np.array_equal(half, halve(full))
