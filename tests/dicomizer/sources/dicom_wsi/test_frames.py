# SPDX-License-Identifier: Apache-2.0
"""Stored frames passed through, or decoded where DICOM could not pass them on."""

from __future__ import annotations

import io

import build_dicom
import imagecodecs
import numpy as np
import pytest
import slides
from build_dicom import (
    Coded,
    as_pixels,
    joined,
    picture,
    write_level,
)
from PIL import Image

from dicomizer.slide import (
    ColorSpace,
    Compression,
)
from dicomizer.sources.dicom_wsi import DicomWsiSource

_STORED_AS = {
    "native": (Compression.NONE, ColorSpace.RGB, False, None),
    "implicit": (Compression.NONE, ColorSpace.RGB, False, None),
    "jpeg-ls": (Compression.JPEG_LS, ColorSpace.RGB, False, None),
    "jpeg-2000-lossless": (Compression.JPEG_2000, ColorSpace.RCT, False, None),
    "jpeg-2000": (Compression.JPEG_2000, ColorSpace.ICT, True, "ISO_15444_1"),
    "htj2k": (Compression.HTJ2K, ColorSpace.RCT, False, None),
    "jpeg-xl": (Compression.JPEG_XL, ColorSpace.RGB, False, None),
    "rle": (Compression.RLE, ColorSpace.RGB, False, None),
}


@pytest.mark.parametrize("coded", _STORED_AS)
def test_frames_are_the_stored_ones(tmp_path, coded):
    stored = write_level(tmp_path / "a.dcm", slides.picture(100, 70), coded)

    source, frames = picture(tmp_path / "a.dcm")

    coding = source.slide.levels[0].coding
    assert [frame.ljust(len(frame) + len(frame) % 2, b"\0") for frame in frames] == [
        frame.ljust(len(frame) + len(frame) % 2, b"\0") for frame in stored
    ]
    assert (coding.compression, coding.color_space, coding.lossy, coding.method) == (
        _STORED_AS[coded]
    )
    assert sum(map(len, stored)) <= coding.coded_bytes <= sum(len(frame) + 1 for frame in stored)


@pytest.mark.parametrize("coded", ["jpeg", "jpeg-rgb"])
@pytest.mark.parametrize(("table", "parts"), [("basic", 1), ("basic", 3), ("extended", 1)])
def test_jpeg_scans_are_the_stored_ones_and_tell_their_colours(tmp_path, coded, table, parts):
    stored = write_level(
        tmp_path / "a.dcm", slides.picture(100, 70), coded, table=table, parts=parts
    )

    source, frames = picture(tmp_path / "a.dcm")

    is_rgb = coded == "jpeg-rgb"
    coding = source.slide.levels[0].coding
    assert [slides.scan(frame) for frame in frames] == [slides.scan(frame) for frame in stored]
    assert coding.color_space is (ColorSpace.RGB if is_rgb else ColorSpace.YCBCR)
    assert (coding.lossy, coding.method) == (True, "ISO_10918_1")
    seen = np.asarray(Image.open(io.BytesIO(frames[0])).convert("RGB")).astype(int)
    assert np.abs(seen - slides.picture(100, 70)[:32, :32]).mean() < 8


def test_grey_jpeg_passes_too(tmp_path):
    pixels = slides.picture(64, 64)[..., :1]
    coded = Coded(build_dicom.JPEG, "", lambda tile: imagecodecs.jpeg8_encode(tile[..., 0], 85))
    stored = write_level(tmp_path / "a.dcm", pixels, coded)

    source, frames = picture(tmp_path / "a.dcm")

    coding = source.slide.levels[0].coding
    assert (coding.compression, coding.color_space) == (Compression.JPEG, ColorSpace.MONOCHROME)
    assert [slides.scan(frame) for frame in frames] == [slides.scan(frame) for frame in stored]


def test_one_fragment_each_needs_no_offset_table(tmp_path):
    stored = write_level(tmp_path / "a.dcm", slides.picture(100, 70), "rle", table="none")

    assert picture(tmp_path / "a.dcm")[1] == stored


def _marked(marker: bytes, color: str):
    def encode(pixels):
        stream = slides.encoded(pixels, color)
        return stream[:2] + marker + stream[2:]

    return encode


_JFIF = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
_ADOBE_RGB = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0"


@pytest.mark.parametrize(
    ("coded", "expected"),
    [
        (Coded(build_dicom.JPEG, "RGB", _marked(_JFIF, "ycbcr420")), ColorSpace.YCBCR),
        (Coded(build_dicom.JPEG, "YBR_FULL", _marked(_ADOBE_RGB, "rgb")), ColorSpace.RGB),
    ],
)
def test_markers_of_the_stream_are_believed_before_the_attribute(tmp_path, coded, expected):
    write_level(tmp_path / "a.dcm", slides.picture(64, 64), coded)

    source, _ = picture(tmp_path / "a.dcm")

    assert source.slide.levels[0].coding.color_space is expected
    assert source.slide.notes == (
        f"Photometric Interpretation is {coded.photometric}, but markers in the JPEG streams say "
        f"{expected.value}: the markers are believed",
    )


def test_chosen_frames_come_in_the_order_asked_for(tmp_path):
    stored = write_level(tmp_path / "a.dcm", slides.picture(100, 70))
    source = DicomWsiSource(tmp_path / "a.dcm")

    assert joined(source, source.slide.levels[0], [5, 0, 5]) == [stored[5], stored[0], stored[5]]


def _ybr(pixels):
    return np.asarray(Image.fromarray(pixels).convert("YCbCr"))


@pytest.mark.parametrize(
    ("coded", "attributes", "most"),
    [
        (
            Coded(build_dicom.NATIVE, "RGB", build_dicom.plane_by_plane),
            {"PlanarConfiguration": 1},
            0,
        ),
        (Coded(build_dicom.NATIVE, "YBR_FULL", lambda p: _ybr(p).tobytes()), {}, 3),
        (Coded(build_dicom.RLE, "YBR_FULL", lambda p: build_dicom.run_lengths(_ybr(p))), {}, 3),
        (
            Coded(build_dicom.JPEG_LS, "YBR_FULL", lambda p: imagecodecs.jpegls_encode(_ybr(p))),
            {},
            3,
        ),
    ],
    ids=["planar", "ybr", "rle-ybr", "jpeg-ls-ybr"],
)
def test_what_dicom_cannot_pass_on_is_decoded_to_rgb(tmp_path, coded, attributes, most):
    pixels = slides.picture(64, 64)
    write_level(tmp_path / "a.dcm", pixels, coded, **attributes)

    source, frames = picture(tmp_path / "a.dcm")

    coding = source.slide.levels[0].coding
    assert (coding.compression, coding.color_space) == (Compression.NONE, ColorSpace.RGB)
    assert np.abs(as_pixels(frames[3]).astype(int) - pixels[32:, 32:]).max() <= most


@pytest.mark.parametrize(
    ("syntax", "encode", "attributes", "dtype", "expected"),
    [
        (build_dicom.BIG_ENDIAN, lambda p: p.astype(">u2").tobytes(), {}, "<u2", 1000),
        (build_dicom.NATIVE, build_dicom.plain, {"BitsStored": 8, "HighBit": 7}, "<u1", 1000 & 255),
        (build_dicom.NATIVE, build_dicom.plain, {"BitsStored": 12, "HighBit": 11}, "<u2", 1000),
        (
            build_dicom.RLE,
            build_dicom.run_lengths,
            {"PhotometricInterpretation": "MONOCHROME1"},
            "<u2",
            65535 - 1000,
        ),
    ],
    ids=["big-endian", "8-of-16", "12-of-16", "inverted"],
)
def test_grey_of_any_layout_is_grey_with_black_at_0(
    tmp_path, syntax, encode, attributes, dtype, expected
):
    value = expected if attributes.get("BitsStored") == 8 else 1000
    pixels = np.full((32, 32, 1), value, np.uint16)
    write_level(tmp_path / "a.dcm", pixels, Coded(syntax, "MONOCHROME2", encode), **attributes)

    source, frames = picture(tmp_path / "a.dcm")

    image = source.slide.levels[0]
    assert (image.coding.compression, image.coding.color_space) == (
        Compression.NONE,
        ColorSpace.MONOCHROME,
    )
    assert image.pixel_format.bits == attributes.get("BitsStored", 16)
    assert np.all(as_pixels(frames[0], samples=1, dtype=dtype) == expected)


def test_sixteen_bits_pass_in_a_codec(tmp_path):
    pixels = slides.picture(64, 64)[..., :1].astype(np.uint16) * 257
    coded = Coded(
        build_dicom.JPEG_LS, "MONOCHROME2", lambda p: imagecodecs.jpegls_encode(p[..., 0])
    )
    stored = write_level(tmp_path / "a.dcm", pixels, coded)

    source, frames = picture(tmp_path / "a.dcm")

    assert source.slide.levels[0].pixel_format.bits == 16
    assert [frame[: len(own)] for frame, own in zip(frames, stored, strict=True)] == stored


def test_jp2_boxes_around_a_codestream_are_taken_off(tmp_path):
    boxed = lambda p: imagecodecs.jpeg2k_encode(p, codecformat="jp2", reversible=True)  # noqa: E731
    write_level(
        tmp_path / "a.dcm",
        slides.picture(64, 64),
        Coded(build_dicom.JPEG_2000_LOSSLESS, "YBR_RCT", boxed),
    )

    assert all(frame.startswith(b"\xff\x4f") for frame in picture(tmp_path / "a.dcm")[1])
