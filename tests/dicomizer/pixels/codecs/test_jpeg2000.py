# SPDX-License-Identifier: Apache-2.0
"""Main headers of JPEG 2000 and HTJ2K read, and the component transform declared."""

from __future__ import annotations

import struct

import imagecodecs
import numpy as np
import pytest
import slides
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.codecs import jpeg2000
from dicomizer.pixels.codecs.decode import decode
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.format import RGB_8

PICTURE = slides.picture(80, 64)
FULL_8 = jpeg2000.Component(bits=8, signed=False, step_x=1, step_y=1)


def coded(pixels: np.ndarray = PICTURE, **how: object) -> bytes:
    settings = {"level": 0, "codecformat": "j2k", "reversible": True, "mct": True}
    return bytes(imagecodecs.jpeg2k_encode(pixels, **{**settings, **how}))


def ycbcr(rgb: np.ndarray) -> np.ndarray:
    """Return Y, Cb and Cr of JFIF, rounded to 8 bits."""
    red, green, blue = np.moveaxis(rgb.astype(float), -1, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = (luma, 128 + (blue - luma) / 1.772, 128 + (red - luma) / 1.402)
    return np.clip(np.rint(np.stack(planes, axis=-1)), 0, 255).astype(np.uint8)


def rgb(ycbcr: np.ndarray) -> np.ndarray:
    luma, blue, red = np.moveaxis(ycbcr.astype(float), -1, 0)
    blue, red = blue - 128, red - 128
    planes = (luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue)
    return np.clip(np.rint(np.stack(planes, axis=-1)), 0, 255)


def marker_segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(payload)) + payload


def image_size(
    *, right=10, bottom=20, left=0, top=0, tile=(10, 20), components=((7, 1, 1),)
) -> bytes:
    payload = struct.pack(">H8I", 0, right, bottom, left, top, *tile, 0, 0)
    payload += struct.pack(">H", len(components)) + b"".join(bytes(item) for item in components)
    return marker_segment(0x51, payload)


CODING_STYLE = marker_segment(0x52, bytes([0, 0, 0, 1, 0, 5, 4, 4, 0, 1]))


def test_lossless_codestream_is_described():
    assert jpeg2000.read_codestream_header(coded()) == jpeg2000.CodestreamHeader(
        width=80,
        height=64,
        tile_width=80,
        tile_height=64,
        tiles=1,
        components=(FULL_8, FULL_8, FULL_8),
        component_transform=True,
        reversible=True,
        high_throughput=False,
        progression=jpeg2000.Progression.LRCP,
        layers=1,
        resolutions=4,
    )


def test_lossy_codestream_is_irreversible():
    header = jpeg2000.read_codestream_header(coded(level=35, reversible=False))

    assert not header.reversible
    assert header.component_transform


def test_codestream_without_component_transform_is_told():
    assert not jpeg2000.read_codestream_header(coded(mct=False)).component_transform


def test_grey_of_twelve_bits_is_told():
    pixels = PICTURE[..., 0].astype(np.uint16) * 16

    header = jpeg2000.read_codestream_header(coded(pixels, bitspersample=12))

    assert header.components == (jpeg2000.Component(12, False, 1, 1),)
    assert not header.component_transform


def test_tiles_are_counted():
    stream = imagecodecs.htj2k_encode(PICTURE, reversible=True, tile=(32, 32))

    header = jpeg2000.read_codestream_header(stream)

    assert (header.tile_width, header.tile_height, header.tiles) == (32, 32, 6)


def test_high_throughput_is_told():
    stream = imagecodecs.htj2k_encode(PICTURE, reversible=True)

    header = jpeg2000.read_codestream_header(stream)

    assert header.high_throughput
    assert header.reversible
    assert header.progression is jpeg2000.Progression.RPCL


def test_codestream_in_a_jp2_file_is_found():
    boxed = bytes(imagecodecs.jpeg2k_encode(PICTURE, level=0, codecformat="jp2"))

    stream = jpeg2000.codestream(boxed)

    assert stream[:4] == b"\xff\x4f\xff\x51"
    assert stream[-2:] == b"\xff\xd9"
    assert jpeg2000.read_codestream_header(boxed).width == 80
    back = decode(boxed, TransferSyntax.JPEG_2000_LOSSLESS, RGB_8, rows=64, columns=80)
    assert np.array_equal(back, PICTURE)


def test_offsets_of_image_and_signs_of_components_are_read():
    size = image_size(left=2, top=5, tile=(4, 8), components=((0x8B, 1, 1), (7, 2, 2)))

    header = jpeg2000.read_codestream_header(b"\xff\x4f" + size + CODING_STYLE)

    assert (header.width, header.height, header.tiles) == (8, 15, 9)
    assert header.components == (
        jpeg2000.Component(12, True, 1, 1),
        jpeg2000.Component(8, False, 2, 2),
    )


def test_a_component_with_a_wavelet_of_its_own_decides_over_reversible():
    irreversible = marker_segment(0x53, bytes([0, 0, 5, 4, 4, 0, 0]))
    size = image_size()

    header = jpeg2000.read_codestream_header(b"\xff\x4f" + size + CODING_STYLE + irreversible)

    assert not header.reversible


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (b"", "found nothing, expected SOC"),
        (b"\xff\xd8\xff\xe0", "found ffd8ffe0, expected SOC"),
        (b"\xff\x4f", "no SIZ"),
        (b"\xff\x4f" + marker_segment(0x51, b"\0" * 10) + CODING_STYLE, "SIZ. is too short"),
        (b"\xff\x4f" + image_size(), "no COD"),
        (b"\xff\x4f" + image_size(right=0) + CODING_STYLE, "out of range"),
        (b"\xff\x4f" + image_size(tile=(0, 8)) + CODING_STYLE, "out of range"),
        (b"\xff\x4f" + image_size(components=()) + CODING_STYLE, "for 0 components"),
        (b"\xff\x4f" + image_size(components=((7, 0, 1),)) + CODING_STYLE, "without samples"),
        (b"\xff\x4f" + image_size() + marker_segment(0x52, b"\0\0"), "COD. is too short"),
        (
            b"\xff\x4f" + image_size() + marker_segment(0x52, b"\0\x07" + b"\0" * 9),
            "found progression 7",
        ),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "holds no codestream"),
        (b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x03jp2c", r"box at byte 12 has no valid length"),
    ],
)
def test_what_is_no_codestream_is_refused_with_the_reason(stream, message):
    with pytest.raises(CodecError, match=message):
        jpeg2000.read_codestream_header(stream)


@given(st.binary(max_size=120))
def test_any_bytes_give_a_header_or_a_codec_error(data):
    for start in (b"\xff\x4f", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n"):
        try:
            header = jpeg2000.read_codestream_header(start + data)
        except CodecError:
            continue
        assert header.tiles > 0


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(
            b"\xff\x4f"
            + image_size(right=80, bottom=64, tile=(1, 1), components=((7, 1, 1),) * 3)
            + CODING_STYLE,
            id="many tiles",
        ),
        pytest.param(
            b"\xff\x4f"
            + image_size(right=80, bottom=64, components=((0x87, 1, 1),) * 3)
            + CODING_STYLE,
            id="signed",
        ),
        pytest.param(
            b"\xff\x4f"
            + image_size(right=80, bottom=64, components=((7, 1, 1), (7, 2, 2), (7, 2, 2)))
            + CODING_STYLE,
            id="subsampled",
        ),
    ],
)
def test_codestreams_of_another_kind_than_frames_are_refused_before_decoding(stream):
    with pytest.raises(CodecError, match=r"tiles in a frame|signed or differ"):
        decode(stream, TransferSyntax.JPEG_2000, RGB_8, rows=64, columns=80)


@settings(max_examples=20)
@given(level=st.integers(28, 50))
def test_declared_component_transform_shows_the_colors_of_ycbcr_components(level):
    stored = coded(ycbcr(PICTURE), level=level, reversible=False, mct=False)

    declared = jpeg2000.with_component_transform(stored)

    assert jpeg2000.read_codestream_header(declared).component_transform
    assert sum(a != b for a, b in zip(stored, declared, strict=True)) == 1
    shown = decode(declared, TransferSyntax.JPEG_2000, RGB_8, rows=64, columns=80)
    expected = rgb(imagecodecs.jpeg2k_decode(stored))
    assert np.abs(shown - expected).mean() < 0.6


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(coded(mct=False), id="5/3 wavelet"),
        pytest.param(coded(PICTURE[..., 0], level=35, reversible=False), id="grey"),
        pytest.param(
            b"\xff\x4f"
            + image_size(components=((7, 1, 1), (7, 2, 1), (7, 2, 1)))
            + CODING_STYLE[:-1]
            + b"\0",
            id="subsampled",
        ),
    ],
)
def test_other_components_cannot_be_declared_transformed(stream):
    with pytest.raises(CodecError, match="not what an irreversible component transform gives"):
        jpeg2000.with_component_transform(stream)


def test_tiles_with_a_coding_style_of_their_own_cannot_be_declared_transformed():
    stored = coded(level=35, reversible=False, mct=False)
    tile = stored.index(b"\xff\x90")
    style = marker_segment(0x52, bytes([0, 0, 0, 1, 0, 5, 4, 4, 0, 0]))
    (length,) = struct.unpack_from(">I", stored, tile + 6)
    stream = (
        stored[: tile + 6]
        + struct.pack(">I", length + len(style))
        + stored[tile + 10 : tile + 12]
        + style
        + stored[tile + 12 :]
    )

    with pytest.raises(CodecError, match="coding style"):
        jpeg2000.with_component_transform(stream)
