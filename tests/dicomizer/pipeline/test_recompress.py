# SPDX-License-Identifier: Apache-2.0
"""Frames recompressed without their pixels: what cannot be is told with its place."""

from __future__ import annotations

import build_instance as build
import pytest
import slides

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pipeline.recompress import recompressed
from dicomizer.pixels.codecs import jpegxl
from dicomizer.pixels.codecs.errors import CodecError

JPEG = slides.encoded(slides.picture(64, 64), "ycbcr420")
SYNTAX = TransferSyntax.JPEG_XL_RECOMPRESSION


def test_frames_come_in_order_and_missing_ones_stay_missing():
    instance = build.instance(build.image(), SYNTAX)

    found = recompressed([[(JPEG,), ()], [(JPEG[:100], JPEG[100:])]], instance, threads=2)

    frames = [frame for batch in found for frame in batch]
    assert [jpegxl.restore(frame[0]) if frame else None for frame in frames] == [JPEG, None, JPEG]


def test_a_stream_that_cannot_be_recompressed_is_told_by_file_and_frame():
    instance = build.instance(build.image(), SYNTAX)
    batches = [[(JPEG,)] * 40, [(b"\xff\xd8 none",)]]

    with pytest.raises(CodecError, match=r"\.dcm, frame 41: JPEG XL cannot hold .*--codec keep"):
        list(recompressed(batches, instance, threads=2))
