# SPDX-License-Identifier: Apache-2.0
"""RLE frames against those of the standard and of pydicom."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.pixels.decoders.rle import _rle_decode_frame

from dicomizer.pixels.codecs import rle
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.codecs.frame_shape import FrameShape
from dicomizer.pixels.format import GREY_8, GREY_16, RGB_8


def header(*offsets: int) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in (len(offsets), *offsets)).ljust(
        64, b"\0"
    )


def test_rows_are_coded_apart_and_segments_have_even_lengths():
    pixels = np.array([[[7], [7], [7]], [[7], [7], [7]]], np.uint8)

    stream = rle.encode(pixels)

    assert stream == header(64) + b"\xfe\x07" + b"\xfe\x07"


def test_more_significant_bytes_come_first():
    pixels = np.array([[[0x0102], [0x0304]]], np.uint16)

    stream = rle.encode(pixels)

    assert stream == header(64, 68) + b"\x01\x01\x03\x00" + b"\x01\x02\x04\x00"


def test_pydicom_decodes_the_same_pixels():
    pixels = np.random.default_rng(1).integers(0, 4, (31, 45, 3)).astype(np.uint8)

    planes = np.frombuffer(_rle_decode_frame(rle.encode(pixels), 31, 45, 3, 8), np.uint8)

    assert np.array_equal(np.moveaxis(planes.reshape(3, 31, 45), 0, -1), pixels)


def test_a_single_pixel_is_coded():
    pixels = np.array([[[1, 2, 3]]], np.uint8)

    assert rle.decode(rle.encode(pixels), FrameShape(1, 1, RGB_8)).tolist() == [[[1, 2, 3]]]


@pytest.mark.parametrize(
    ("stream", "shape", "message"),
    [
        (b"\0" * 63, FrameShape(1, 2, GREY_8), "expected an RLE header of 64"),
        (header(64, 66) + b"\x01ab", FrameShape(1, 2, GREY_8), "2 RLE segments, expected 1"),
        (header(66, 64) + b"\x01ab", FrameShape(1, 1, GREY_16), "out of order"),
        (header(60) + b"\x01ab", FrameShape(1, 2, GREY_8), "out of order"),
        (header(900) + b"\x01ab", FrameShape(1, 2, GREY_8), "out of order"),
        (header(64) + b"\x01ab", FrameShape(1, 3, GREY_8), "found 2 bytes .* expected 3"),
        (header(64) + b"\x81a", FrameShape(1, 2, GREY_8), "broken RLE segment, expected 2 bytes"),
        (header(64) + b"\x05ab", FrameShape(1, 6, GREY_8), "broken RLE segment"),
    ],
)
def test_frames_that_contradict_themselves_are_refused(stream, shape, message):
    with pytest.raises(CodecError, match=message):
        rle.decode(stream, shape)
