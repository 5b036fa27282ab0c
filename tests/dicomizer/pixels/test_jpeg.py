# SPDX-License-Identifier: Apache-2.0
"""JPEG headers read, completed and joined; the reference decoder is libjpeg-turbo."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
import simplejpeg
import slides
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dicomizer.pixels.codecs import jpeg


def decoded(stream: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(stream)).convert("RGB"))


def test_header_tells_size_process_and_sampling():
    stream = slides.encoded(slides.picture(48, 40), "ycbcr420")

    header = jpeg.read_header(stream)

    assert header.frame == jpeg.JpegFrame(0xC0, 8, 40, 48, ((1, 2, 2), (2, 1, 1), (3, 1, 1)))
    assert header.frame.is_baseline
    assert header.frame.mcu_size == (16, 16)
    assert stream[header.length :] == slides.scan(stream) + b"\xff\xd9"


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (b"", "expected SOI"),
        (b"\x89PNG", "found 8950, expected SOI"),
        (b"\xff\xd8\xff\xd9", "found no scan"),
        (b"\xff\xd8\x00\x00", "found no marker at byte 2"),
        (b"\xff\xd8\xff\xdb\x00\xff", "no valid length"),
        (b"\xff\xd8\xff\xd0\x00\x02", "before the scan"),
        (b"\xff\xd8\xff\xda\x00\x02", "found 0 frame headers"),
    ],
)
def test_what_is_no_stream_is_refused_with_the_place(broken, message):
    with pytest.raises(jpeg.JpegError, match=message):
        jpeg.read_header(broken)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_header_or_a_jpeg_error(data):
    try:
        jpeg.read_header(b"\xff\xd8" + data)
    except jpeg.JpegError:
        return
    assert b"\xff\xda" in data


def test_completed_rgb_header_decodes_to_the_right_colours():
    pixels = slides.picture(64, 64)
    tables, image = slides.split(slides.encoded(pixels, "rgb"), plain_ids=True)
    header = jpeg.read_header(image)

    stream = (
        jpeg.complete_header(jpeg.read_tables(tables), header, ycbcr=False) + image[header.length :]
    )

    assert stream[2:16] == bytes.fromhex("ffee000e41646f626500640000000000")[:14]
    assert slides.scan(stream) == slides.scan(image)
    assert np.abs(decoded(stream).astype(int) - pixels).max() <= 8


def test_usual_ycbcr_header_gets_no_marker():
    tables, image = slides.split(slides.encoded(slides.picture(64, 64), "ycbcr420"))
    header = jpeg.read_header(image)

    head = jpeg.complete_header(jpeg.read_tables(tables), header, ycbcr=True)

    assert head == tables[:-2] + image[2 : header.length]


@pytest.mark.parametrize(("marker", "name"), [(0xDB, "quantisation"), (0xC4, "Huffman")])
def test_scan_without_its_tables_is_refused(marker, name):
    header = jpeg.read_header(slides.encoded(slides.picture(64, 64), "ycbcr420"))
    kept = tuple(item for item in header.segments if item.marker != marker)

    with pytest.raises(jpeg.JpegError, match=f"found no {name} tables"):
        jpeg.complete_header((), dataclasses.replace(header, segments=kept), ycbcr=True)


def test_marker_that_contradicts_the_slide_is_replaced():
    pixels = slides.picture(64, 64)
    stream = slides.encoded(pixels, "ycbcr444")
    lying = stream[:2] + jpeg.adobe_marker(ycbcr=False).data + stream[2:]
    header = jpeg.read_header(lying)

    mended = jpeg.complete_header((), header, ycbcr=True) + lying[header.length :]

    assert mended.count(b"Adobe") == 1
    assert np.array_equal(decoded(mended), decoded(stream))


def test_unusual_component_identifiers_get_a_marker_for_ycbcr_too():
    stream = bytearray(slides.encoded(slides.picture(64, 64), "ycbcr420"))
    frame, scan = stream.index(b"\xff\xc0"), stream.index(b"\xff\xda")
    stream[frame + 10 : frame + 19 : 3] = stream[scan + 5 : scan + 11 : 2] = bytes((0, 1, 2))

    head = jpeg.complete_header((), jpeg.read_header(bytes(stream)), ycbcr=True)

    assert jpeg.adobe_marker(ycbcr=True).data in head


def test_bytes_behind_the_end_of_image_are_found():
    stream = slides.encoded(slides.picture(32, 32), "ycbcr420")
    start = jpeg.read_header(stream).length

    assert jpeg.end_of_image(stream, start) == len(stream)
    assert jpeg.end_of_image(stream + bytes(7), start) == len(stream)
    assert jpeg.end_of_image(stream[:-2], start) is None


@pytest.mark.parametrize("sampling", ["444", "422", "420", "440"])
@given(rows=st.integers(1, 70), strip=st.sampled_from([16, 32]), width=st.integers(1, 70))
def test_joined_strips_hold_the_identical_scans(sampling, rows, strip, width):
    pixels = slides.picture(width, rows)
    strips = [
        simplejpeg.encode_jpeg(
            np.ascontiguousarray(pixels[y : y + strip]), 85, colorsubsampling=sampling
        )
        for y in range(0, rows, strip)
    ]

    stream = jpeg.join_strips(strips, (), ycbcr=True)

    frame = jpeg.read_header(stream).frame
    assert (frame.height, frame.width) == (rows, width)
    body = slides.scan(stream)
    for number, item in enumerate(strips):
        part = slides.scan(item)
        assert body.startswith(part)
        body = body[len(part) :].removeprefix(bytes((0xFF, 0xD0 + number % 8)))
    assert body == b""


def test_joined_strips_decode_to_the_strips():
    pixels = slides.picture(60, 75)
    strips = [
        simplejpeg.encode_jpeg(np.ascontiguousarray(pixels[y : y + 16]), 90, colorsubsampling="444")
        for y in range(0, 75, 16)
    ]

    stream = jpeg.join_strips(strips, (), ycbcr=True)

    assert np.array_equal(decoded(stream), np.concatenate([decoded(item) for item in strips]))


def test_strips_that_end_within_an_mcu_are_not_joined():
    strips = [
        simplejpeg.encode_jpeg(slides.picture(32, 7), 85, colorsubsampling="444") for _ in range(3)
    ]

    with pytest.raises(jpeg.JpegError, match="strips of 7 rows"):
        jpeg.join_strips(strips, (), ycbcr=True)


def test_strips_of_different_quality_are_not_joined():
    strips = [simplejpeg.encode_jpeg(slides.picture(32, 16), quality) for quality in (80, 70)]

    with pytest.raises(jpeg.JpegError, match="strip 1 differs"):
        jpeg.join_strips(strips, (), ycbcr=True)
