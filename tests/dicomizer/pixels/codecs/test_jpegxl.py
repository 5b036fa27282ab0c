# SPDX-License-Identifier: Apache-2.0
"""JPEG streams recompressed as JPEG XL and restored; headers of JPEG XL read."""

from __future__ import annotations

import io

import imagecodecs
import numpy as np
import pytest
import simplejpeg
import slides
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dicomizer.pixels.codecs import jpeg, jpegxl
from dicomizer.pixels.codecs.errors import CodecError, EncodingError

PICTURE = slides.picture(64, 48)


def from_pillow(**how: object) -> bytes:
    made = io.BytesIO()
    Image.fromarray(PICTURE).save(made, "JPEG", **how)
    return made.getvalue()


def quantised(mode: str, step: int) -> bytes:
    """Return a JPEG stream with the given quantiser of the mean of each block."""
    made = io.BytesIO()
    tables = [[step] + [4] * 63] * 2
    colors = {"keep_rgb": mode == "RGB", "subsampling": 0} if mode != "L" else {}
    pixels = Image.fromarray(PICTURE).convert("L" if mode == "L" else "RGB")
    pixels.save(made, "JPEG", qtables=tables[: 1 if mode == "L" else 2], **colors)
    return made.getvalue()


def completed() -> bytes:
    """Return a stream as a reader yields it: with the markers that tell its colours."""
    stream = slides.encoded(PICTURE, "ycbcr420")
    header = jpeg.read_header(stream)
    return jpeg.complete_header((), header, ycbcr=True) + stream[header.length :]


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(completed(), id="4:2:0"),
        pytest.param(quantised("RGB", 8), id="RGB"),
        *(
            pytest.param(simplejpeg.encode_jpeg(PICTURE, 70, colorsubsampling=name), id=name)
            for name in ("444", "422", "440")
        ),
        pytest.param(from_pillow(progressive=True), id="progressive"),
        pytest.param(from_pillow(restart_marker_rows=1), id="restart markers"),
        pytest.param(from_pillow(comment=b"scanned"), id="comment"),
        pytest.param(from_pillow() + b"\0\0tail", id="bytes behind EOI"),
        pytest.param(from_pillow()[:-2] + b"\0\0\xff\xd9", id="zeros before EOI"),
    ],
)
def test_restored_streams_are_identical(stream):
    small = jpegxl.recompress(stream)

    assert small.startswith(b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ")
    assert jpegxl.is_recompressed(small)
    assert jpegxl.restore(small) == stream
    assert jpegxl.read_header(small) == jpegxl.JpegXlHeader(48, 64, 8, xyb=False)


@pytest.mark.parametrize("step", [1, 2, 3, 8, 11, 16, 31])
@pytest.mark.parametrize("mode", ["RGB", "YCbCr", "L"])
def test_jpeg_xl_decoders_show_recompressed_streams_as_bright_as_the_jpeg(mode, step):
    stream = quantised(mode, step)

    shown = imagecodecs.jpegxl_decode(jpegxl.recompress(stream)).astype(float)

    shift = (shown - imagecodecs.jpeg8_decode(stream)).mean(axis=(0, 1))
    assert np.abs(shift).max() < 0.75


@pytest.mark.parametrize(("step", "darker"), [(24, "2.0"), (40, "3.0"), (10, "0.5")])
def test_rgb_that_jpeg_xl_decoders_show_darker_is_refused(step, darker):
    stream = quantised("RGB", step)
    shown = imagecodecs.jpegxl_decode(imagecodecs.jpegxl_encode_jpeg(stream)).astype(float)
    assert (shown - imagecodecs.jpeg8_decode(stream)).mean() == pytest.approx(
        -float(darker), abs=0.5
    )

    with pytest.raises(EncodingError, match=f"{darker} levels darker; choose --codec keep"):
        jpegxl.recompress(stream)
    jpegxl.recompress(quantised("YCbCr", step))


@settings(max_examples=40)
@given(
    rows=st.integers(1, 50),
    columns=st.integers(1, 50),
    quality=st.integers(1, 100),
    sampling=st.sampled_from(["444", "422", "420", "440"]),
)
def test_streams_of_every_size_and_quality_are_restored(rows, columns, quality, sampling):
    pixels = np.ascontiguousarray(PICTURE[:rows, :columns])
    stream = simplejpeg.encode_jpeg(pixels, quality, colorsubsampling=sampling)

    assert jpegxl.restore(jpegxl.recompress(stream)) == stream


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(simplejpeg.encode_jpeg(PICTURE, 70, colorsubsampling="411"), id="4:1:1"),
        pytest.param(imagecodecs.jpeg8_encode(PICTURE, lossless=True), id="lossless"),
        pytest.param(
            imagecodecs.jpeg8_encode(PICTURE[..., 0].astype("u2"), 90, bitspersample=12),
            id="12 bits",
        ),
        pytest.param(from_pillow()[:-400], id="cut off"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x89PNG\r\n", id="no JPEG"),
    ],
)
def test_what_jpeg_xl_cannot_hold_is_refused(stream):
    with pytest.raises(CodecError, match=r"JPEG XL cannot hold .*; choose --codec keep"):
        jpegxl.recompress(stream)


def test_jpeg_xl_that_was_no_jpeg_cannot_be_restored():
    stream = imagecodecs.jpegxl_encode(PICTURE, lossless=True)

    with pytest.raises(CodecError, match="no jbrd box"):
        jpegxl.restore(stream)


def test_broken_recompressed_streams_cannot_be_restored():
    small = jpegxl.recompress(from_pillow())

    with pytest.raises(CodecError):
        jpegxl.restore(small[:-10])


@settings(max_examples=50)
@given(rows=st.integers(1, 300), columns=st.integers(1, 300))
def test_sizes_are_read_from_every_header(rows, columns):
    stream = imagecodecs.jpegxl_encode(np.zeros((rows, columns), np.uint8), lossless=True, effort=1)

    header = jpegxl.read_header(stream)

    assert (header.rows, header.columns, header.bits) == (rows, columns, 8)


@pytest.mark.parametrize("shape", [(64, 64), (64, 128), (120, 160), (120, 180), (90, 160)])
def test_sizes_told_as_ratios_are_read(shape):
    stream = imagecodecs.jpegxl_encode(np.zeros(shape, np.uint8), distance=1.0)

    header = jpegxl.read_header(stream)

    assert (header.rows, header.columns) == shape


@pytest.mark.parametrize(
    "stream", [b"", b"\xff", b"\xff\x0a", b"\xff\x0a\xff", b"\0\0\0\x0cJXL \r\n\x87\n", b"abcdefgh"]
)
def test_what_is_no_jpeg_xl_is_refused(stream):
    with pytest.raises(CodecError):
        jpegxl.read_header(stream)


def test_boxes_that_go_backwards_are_refused():
    stream = b"\0\0\0\x0cJXL \r\n\x87\n" + b"\0\0\0\x04jbrd"

    with pytest.raises(CodecError, match="box at byte 12 has no valid length"):
        jpegxl.read_header(stream)


@given(st.binary(max_size=80))
def test_any_bytes_give_a_header_or_a_codec_error(data):
    for start in (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"):
        try:
            header = jpegxl.read_header(start + data)
        except CodecError:
            continue
        assert header.rows > 0


def test_extra_channels_are_refused():
    pixels = np.dstack([PICTURE, PICTURE[..., :1]])

    with pytest.raises(CodecError, match="extra channels"):
        jpegxl.read_header(imagecodecs.jpegxl_encode(pixels, lossless=True))
