# SPDX-License-Identifier: Apache-2.0
"""Stored frames of every kind come out as grey values or RGB; damaged ones as errors."""

from __future__ import annotations

from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomizer.pixels.codecs import rle
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.stored_frames import PixelDescription, decode_stored, is_known

NATIVE, BIG_ENDIAN, RLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5"
BASELINE, LOSSLESS_JPEG = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.70"
JPEG_LS, JPEG_2000, HTJ2K = (
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.201",
)
JPEG_XL = "1.2.840.10008.1.2.4.110"
RGB = np.random.default_rng(1).integers(0, 256, (24, 32, 3), dtype=np.uint8)
PLAIN = np.broadcast_to(np.array([200, 60, 90], np.uint8), (24, 32, 3)).copy()
DEEP = np.random.default_rng(2).integers(0, 4096, (24, 32, 1), dtype=np.uint16)
SIGNED = (DEEP.astype(np.int32) - 2048).astype(np.int16)


def color(syntax: str, photometric: str = "RGB", **changes: object) -> PixelDescription:
    base = PixelDescription(syntax, 24, 32, 3, photometric, 8, 8, 7)
    return replace(base, **changes)


def grey(syntax: str, **changes: object) -> PixelDescription:
    base = PixelDescription(syntax, 24, 32, 1, "MONOCHROME2", 16, 12, 11)
    return replace(base, **changes)


def without_markers(stream: bytes) -> bytes:
    """Leave out JFIF and Adobe markers."""
    found, position = stream[:2], 2
    while stream[position + 1] != 0xDA:
        length = 2 + int.from_bytes(stream[position + 2 : position + 4], "big")
        if stream[position + 1] not in (0xE0, 0xEE):
            found += stream[position : position + length]
        position += length
    return found + stream[position:]


CASES = {
    "native": (RGB.tobytes(), color(NATIVE), RGB),
    "native, planes": (RGB.transpose(2, 0, 1).tobytes(), color(NATIVE, is_planar=True), RGB),
    "native, 12 bits": (DEEP.tobytes(), grey(NATIVE), DEEP),
    "native, big endian": (DEEP.astype(">u2").tobytes(), grey(BIG_ENDIAN), DEEP),
    "native, signed": (SIGNED.tobytes(), grey(NATIVE, is_signed=True), SIGNED),
    "native, high bits": ((DEEP << 4).tobytes(), grey(NATIVE, high_bit=15), DEEP),
    "native, overlay above": ((DEEP | 0xF000).tobytes(), grey(NATIVE), DEEP),
    "native, 32 bits": (
        (SIGNED.astype(np.int32) * 70_000).tobytes(),
        grey(NATIVE, bits_allocated=32, bits_stored=32, high_bit=31, is_signed=True),
        SIGNED.astype(np.int32) * 70_000,
    ),
    "RLE": (rle.encode(RGB), color(RLE), RGB),
    "RLE, signed": (rle.encode(SIGNED.view(np.uint16)), grey(RLE, is_signed=True), SIGNED),
    "JPEG-LS": (bytes(imagecodecs.jpegls_encode(RGB)), color(JPEG_LS), RGB),
    "JPEG-LS, signed": (
        bytes(imagecodecs.jpegls_encode(SIGNED[..., 0].view(np.uint16))),
        grey(JPEG_LS, is_signed=True, bits_stored=16, high_bit=15),
        SIGNED,
    ),
    "JPEG 2000": (
        bytes(imagecodecs.jpeg2k_encode(RGB, level=0, codecformat="j2k", reversible=True)),
        color(JPEG_2000, "YBR_RCT"),
        RGB,
    ),
    "JPEG 2000, signed": (
        bytes(
            imagecodecs.jpeg2k_encode(SIGNED[..., 0], level=0, codecformat="j2k", reversible=True)
        ),
        grey(JPEG_2000, is_signed=True, bits_stored=16, high_bit=15),
        SIGNED,
    ),
    "HTJ2K": (bytes(imagecodecs.htj2k_encode(RGB, reversible=True)), color(HTJ2K), RGB),
    "JPEG XL": (bytes(imagecodecs.jpegxl_encode(RGB, lossless=True)), color(JPEG_XL), RGB),
    "lossless JPEG": (
        bytes(imagecodecs.jpeg8_encode(DEEP[..., 0], lossless=True, bitspersample=16)),
        grey(LOSSLESS_JPEG),
        DEEP,
    ),
}


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
