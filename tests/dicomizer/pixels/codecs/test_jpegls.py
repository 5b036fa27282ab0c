# SPDX-License-Identifier: Apache-2.0
"""Headers of JPEG-LS read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomizer.pixels.codecs import jpegls
from dicomizer.pixels.codecs.errors import CodecError

FRAME = b"\xff\xf7\x00\x0b\x08\x00\x02\x00\x03\x01\x01\x11\x00"
SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x05\x00\x00"


def test_size_depth_and_near_are_read():
    assert jpegls.read_header(b"\xff\xd8" + FRAME + SCAN) == jpegls.JpegLsHeader(
        rows=2, columns=3, bits=8, samples=1, near=5, interleave=0
    )


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8" + SCAN,
        b"\xff\xd8" + FRAME,
        FRAME + SCAN,
        b"\xff\xd8\xff\xf7\0",
    ],
)
def test_what_has_no_frame_and_scan_header_is_refused(stream):
    with pytest.raises(CodecError, match="SOF55"):
        jpegls.read_header(stream)


@given(st.binary(max_size=60))
def test_any_bytes_give_a_header_or_a_codec_error(data):
    try:
        header = jpegls.read_header(b"\xff\xd8" + FRAME + data)
    except CodecError:
        return
    assert header.rows == 2 or b"\xff\xf7" in data
