# SPDX-License-Identifier: Apache-2.0
"""Stored frames of every kind come out as grey values or RGB; damaged ones as errors."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
import simplejpeg
from coded_frames import (
    BASELINE,
    BIG_ENDIAN,
    CASES,
    JPEG_LS,
    LOSSLESS_JPEG,
    NATIVE,
    PLAIN,
    RGB,
    RLE,
    color,
    without_markers,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.stored_frames import (
    PixelDescription,
    decode_stored,
    is_known,
    is_simple,
)


@pytest.mark.parametrize("name", CASES)
def test_pixels_come_out_as_they_were(name):
    stream, description, expected = CASES[name]

    pixels = decode_stored(stream, description)

    assert pixels.shape == expected.shape
    assert np.array_equal(pixels, expected)
    assert (pixels.dtype.kind, pixels.dtype.itemsize) == (
        expected.dtype.kind,
        expected.dtype.itemsize,
    )


def test_single_bits_begin_with_the_least_significant():
    description = PixelDescription(NATIVE, 1, 8, 1, "MONOCHROME2", 1, 1, 0)

    assert decode_stored(b"\x05", description)[0, :, 0].tolist() == [1, 0, 1, 0, 0, 0, 0, 0]


def test_palette_values_come_out_as_stored():
    stream = bytes(range(24)) * 32
    description = PixelDescription(NATIVE, 24, 32, 1, "PALETTE COLOR", 8, 8, 7)

    assert decode_stored(stream, description).tobytes() == stream


def test_native_luminance_and_chrominance_become_rgb():
    ybr = np.broadcast_to(np.array([76, 85, 255], np.uint8), (24, 32, 3))

    pixels = decode_stored(ybr.tobytes(), color(NATIVE, "YBR_FULL"))

    assert pixels[0, 0].tolist() == [254, 0, 0]


def test_native_chrominance_of_half_the_columns_is_spread():
    stream = bytes((76, 149, 85, 255)) * (24 * 16)

    pixels = decode_stored(stream, color(NATIVE, "YBR_FULL_422"))

    assert pixels[3, 4].tolist() == [254, 0, 0]
    assert pixels[3, 5].tolist() == [255, 73, 73]


@pytest.mark.parametrize(("photometric", "is_rgb"), [("RGB", True), ("YBR_FULL_422", False)])
def test_attributes_tell_the_colours_of_jpeg_without_markers(photometric, is_rgb):
    kind = "RGB" if is_rgb else "YCBCR"
    stream = bytes(imagecodecs.jpeg8_encode(PLAIN, level=95, outcolorspace=kind))

    pixels = decode_stored(without_markers(stream), color(BASELINE, photometric))

    assert abs(pixels.astype(int) - PLAIN).max() <= 3


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL_422"])
def test_markers_of_jpeg_are_believed_against_attributes(photometric):
    stream = simplejpeg.encode_jpeg(PLAIN, quality=95)

    pixels = decode_stored(stream, color(BASELINE, photometric))

    assert abs(pixels.astype(int) - PLAIN).max() <= 3


@pytest.mark.parametrize(
    "description",
    [
        color("1.2.840.10008.1.2.4.100"),
        color(NATIVE, "YBR_PARTIAL_420"),
        color(NATIVE, "MONOCHROME2"),
        color(NATIVE, bits_allocated=12),
        color(NATIVE, bits_stored=9),
        color(NATIVE, high_bit=8),
        color(NATIVE, rows=0),
        color(NATIVE, rows=65535, columns=65535),
        color(NATIVE, rows=25),
        color(RLE, rows=25),
        color(BASELINE, rows=25),
        color(JPEG_LS, columns=33),
    ],
)
def test_what_cannot_be_or_is_not_decoded_is_an_error_of_ours(description):
    streams = {syntax: stream for stream, _, _ in CASES.values() for syntax in (NATIVE,)}
    stream = {
        RLE: CASES["RLE"][0],
        BASELINE: simplejpeg.encode_jpeg(RGB),
        JPEG_LS: CASES["JPEG-LS"][0],
    }.get(description.transfer_syntax_uid, streams[NATIVE])

    with pytest.raises(CodecError):
        decode_stored(stream, description)


BASELINE_STREAM = simplejpeg.encode_jpeg(RGB)


def with_process(stream: bytes, marker: int) -> bytes:
    """Return a JPEG stream whose frame header is that of another process."""
    return stream.replace(b"\xff\xc0", bytes((0xFF, marker)), 1)


def in_three_scans(stream: bytes) -> bytes:
    """Return a JPEG stream whose first scan says that it has one component of three."""
    at = stream.index(b"\xff\xda")
    return stream[:at] + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" + stream[at + 14 :]


@pytest.mark.parametrize(
    ("stream", "description", "expected"),
    [
        (b"anything", color(NATIVE), True),
        (BASELINE_STREAM, color(BASELINE), True),
        (BASELINE_STREAM, color(BASELINE, rows=25), False),
        (BASELINE_STREAM, color(BASELINE, samples=1), False),
        (BASELINE_STREAM[:100], color(BASELINE), False),
        (with_process(BASELINE_STREAM, 0xC1), color(BASELINE), False),
        (with_process(BASELINE_STREAM, 0xC2), color(BASELINE), False),
        (in_three_scans(BASELINE_STREAM), color(BASELINE), False),
        (BASELINE_STREAM, color(LOSSLESS_JPEG), False),
        (b"", color(BASELINE), False),
        *((stream, told, told.transfer_syntax_uid in (NATIVE, BIG_ENDIAN))
          for stream, told, _ in CASES.values()),
    ],
)  # fmt: skip
def test_simple_frames_are_bare_samples_and_baseline_of_the_size_told(
    stream, description, expected
):
    assert is_simple(stream, description) is expected


def test_which_transfer_syntaxes_are_known():
    assert is_known(NATIVE)
    assert is_known("1.2.840.10008.1.2.4.203")
    assert not is_known("1.2.840.10008.1.2.4.100")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(CASES)), st.data())
def test_a_damaged_stream_is_pixels_of_that_shape_or_an_error_of_ours(name, data):
    stream, description, expected = CASES[name]
    damaged = bytearray(stream)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(0, len(damaged)))]

    try:
        pixels = decode_stored(bytes(damaged), description)
    except CodecError:
        return

    assert pixels.shape == expected.shape
