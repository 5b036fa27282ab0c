# SPDX-License-Identifier: Apache-2.0
"""What of a coded frame may differ, and what may not."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
import simplejpeg
import slides
from jpeg_bits import with_changed_coefficient

from dicomizer.pixels.codecs import jpegxl
from dicomizer.slide import Compression
from dicomizer.verify.coding import Sameness, compare_coded

JPEG, JXL = Compression.JPEG, Compression.JPEG_XL_OF_JPEG
PIXELS = slides.picture(64, 64)
FRAME = simplejpeg.encode_jpeg(PIXELS, quality=85)


def compared(stored: bytes, source: bytes = FRAME) -> Sameness:
    return compare_coded(source, stored, JPEG, JPEG)


def without_jfif(stream: bytes) -> bytes:
    assert stream[2:4] == b"\xff\xe0"
    return stream[:2] + stream[4 + int.from_bytes(stream[4:6], "big") :]


@pytest.mark.parametrize(
    "stored",
    [
        FRAME,
        FRAME + b"\0" * (1 + len(FRAME) % 2),
        FRAME[:2] + b"\xff\xfe\0\x06text" + FRAME[2:],
        without_jfif(FRAME),
    ],
    ids=["itself", "padded", "with a comment", "without a marker that says the usual"],
)
def test_the_same_scan_with_other_headers_is_the_same(stored):
    assert compared(stored) is Sameness.SAME


def test_tables_in_one_segment_are_those_of_several():
    tables, image = slides.split(FRAME)
    segments, position = [], 2
    while tables[position + 1] == 0xDB:
        end = position + 2 + int.from_bytes(tables[position + 2 : position + 4], "big")
        segments.append(tables[position + 4 : end])
        position = end
    assert len(segments) == 2
    joined = b"".join(segments)
    head = b"\xff\xd8\xff\xdb" + (len(joined) + 2).to_bytes(2, "big") + joined

    assert compared(head + tables[position:-2] + image[2:]) is Sameness.SAME


def changed(stream: bytes, marker: bytes, offset: int) -> bytes:
    place = stream.index(marker) + offset
    return stream[:place] + bytes([stream[place] ^ 1]) + stream[place + 1 :]


@pytest.mark.parametrize(
    "stored",
    [
        with_changed_coefficient(FRAME),
        changed(FRAME, b"\xff\xdb", 12),
        changed(FRAME, b"\xff\xc0", 12),
        FRAME[:-40] + b"\xff\xd9",
        FRAME[: len(FRAME) // 3],
        b"",
        without_jfif(FRAME)[:2] + b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0" + without_jfif(FRAME)[2:],
    ],
    ids=["coefficient", "quantiser", "table", "cut", "cut more", "empty", "colours"],
)
def test_what_decides_on_pixels_must_be_the_same(stored):
    assert compared(stored) is Sameness.OTHER


def test_recompressed_frames_are_compared_by_the_jpeg_within():
    stored = jpegxl.recompress(FRAME)

    assert compare_coded(FRAME, stored + b"\0", JPEG, JXL) is Sameness.RESTORED
    assert compare_coded(stored, FRAME, JXL, JPEG) is Sameness.RESTORED
    assert compare_coded(FRAME, stored[:-9], JPEG, JXL) is Sameness.OTHER
    other = jpegxl.recompress(with_changed_coefficient(FRAME))
    assert compare_coded(FRAME, other, JPEG, JXL) is Sameness.OTHER


def test_a_codestream_is_compared_without_its_boxes():
    boxed = imagecodecs.jpeg2k_encode(PIXELS, codecformat="jp2")
    bare = boxed[boxed.index(b"\xff\x4f\xff\x51") :]
    other = imagecodecs.jpeg2k_encode(np.ascontiguousarray(PIXELS[::-1]), codecformat="j2k")

    assert compare_coded(boxed, bare, *[Compression.JPEG_2000] * 2) is Sameness.SAME
    assert compare_coded(boxed, other, *[Compression.JPEG_2000] * 2) is Sameness.OTHER


def test_uncompressed_frames_are_compared_by_their_bytes():
    none = Compression.NONE

    assert compare_coded(b"\1\2\3", b"\1\2\3\0", none, none) is Sameness.SAME
    assert compare_coded(b"\1\2\3", b"\1\2\3\1", none, none) is Sameness.OTHER
    assert compare_coded(b"\1\2", b"\1\2\0", none, none) is Sameness.OTHER
