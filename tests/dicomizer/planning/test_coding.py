# SPDX-License-Identifier: Apache-2.0
"""Codings: what is kept, what is coded anew, and as what."""

from __future__ import annotations

from dataclasses import replace

import build_instance as build
import pytest

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.options import ConvertOptions
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.format import GREY_16, PixelFormat
from dicomizer.planning import Route
from dicomizer.planning.coding import coding_notes, level_coding, size_notes
from dicomizer.planning.levels import Level, retiled
from dicomizer.slide import Coding, ColorSpace, Compression, Flavor, SizePx, SlideImage


def image(compression: Compression, color: ColorSpace, *, lossy: bool = True, **changes):
    values = {"coded_bytes": 1000, **changes}
    coding = Coding(compression, color, lossy, values.pop("coded_bytes"))
    return SlideImage("0", Flavor.VOLUME, SizePx(512, 512), SizePx(256, 256), coding, **values)


def coded(stored: SlideImage, options: ConvertOptions, halvings: int = 0) -> tuple:
    found = level_coding(Level(stored, stored, halvings), stored, options)
    return found.route, found.transfer_syntax, found.photometric_interpretation


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (image(Compression.JPEG, ColorSpace.RGB), (TransferSyntax.JPEG_BASELINE, "RGB")),
        (
            image(Compression.JPEG, ColorSpace.YCBCR),
            (TransferSyntax.JPEG_BASELINE, "YBR_FULL_422"),
        ),
        (image(Compression.JPEG_2000, ColorSpace.ICT), (TransferSyntax.JPEG_2000, "YBR_ICT")),
        (
            image(Compression.JPEG_2000, ColorSpace.RCT, lossy=False),
            (TransferSyntax.JPEG_2000_LOSSLESS, "YBR_RCT"),
        ),
        (
            image(Compression.JPEG_XL_OF_JPEG, ColorSpace.YCBCR),
            (TransferSyntax.JPEG_XL_RECOMPRESSION, "YBR_FULL_422"),
        ),
    ],
)
def test_what_dicom_knows_is_kept(stored, expected):
    assert coded(stored, ConvertOptions()) == (Route.PASSTHROUGH, *expected)


def test_the_codec_in_use_is_kept_unless_a_quality_is_given():
    stored = image(Compression.JPEG, ColorSpace.RGB)

    assert coded(stored, ConvertOptions(codec=Codec.JPEG))[0] is Route.PASSTHROUGH
    assert coded(stored, ConvertOptions(codec=Codec.JPEG, quality=70)) == (
        Route.TRANSCODE,
        TransferSyntax.JPEG_BASELINE,
        "YBR_FULL_422",
    )


def test_jpeg_becomes_jpeg_xl_without_being_decoded_and_comes_back():
    stored = image(Compression.JPEG, ColorSpace.YCBCR)
    recompressed = image(Compression.JPEG_XL_OF_JPEG, ColorSpace.YCBCR)

    assert coded(stored, ConvertOptions(codec=Codec.JPEG_XL)) == (
        Route.RECOMPRESS,
        TransferSyntax.JPEG_XL_RECOMPRESSION,
        "YBR_FULL_422",
    )
    assert coded(recompressed, ConvertOptions(codec=Codec.JPEG)) == (
        Route.RECOMPRESS,
        TransferSyntax.JPEG_BASELINE,
        "YBR_FULL_422",
    )


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (image(Compression.NONE, ColorSpace.RGB, lossy=True), TransferSyntax.JPEG_BASELINE),
        (image(Compression.NONE, ColorSpace.RGB, lossy=False), TransferSyntax.JPEG_2000_LOSSLESS),
    ],
)
def test_what_dicom_does_not_know_is_coded_anew_and_stays_lossless_if_it_was(stored, expected):
    assert coded(stored, ConvertOptions())[:2] == (Route.TRANSCODE, expected)


def test_pixels_stored_without_compression_stay_so():
    stored = image(Compression.NONE, ColorSpace.RGB, lossy=False, coded_bytes=512 * 512 * 3)

    assert coded(stored, ConvertOptions()) == (
        Route.PASSTHROUGH,
        TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN,
        "RGB",
    )


def test_other_tiles_are_coded_anew():
    stored = image(Compression.JPEG, ColorSpace.YCBCR)
    level = Level(retiled(stored, SizePx(512, 512)), stored)

    assert level_coding(level, stored, ConvertOptions()).route is Route.TRANSCODE


def test_derived_levels_of_a_jpeg_are_jpeg():
    stored = image(Compression.JPEG, ColorSpace.RGB)

    assert coded(stored, ConvertOptions(), halvings=1)[:2] == (
        Route.DERIVE,
        TransferSyntax.JPEG_BASELINE,
    )


def test_sixteen_bits_cannot_be_jpeg():
    stored = image(Compression.NONE, ColorSpace.MONOCHROME, pixel_format=GREY_16)

    with pytest.raises(CodecError, match="16; choose --codec jpeg2000"):
        coded(stored, ConvertOptions(codec=Codec.JPEG))


@pytest.mark.parametrize("halvings", [0, 1])
def test_jpeg_stored_as_rgb_stays_jpeg_where_jpeg_xl_would_show_other_colours(halvings):
    stored, options = image(Compression.JPEG, ColorSpace.RGB), ConvertOptions(codec=Codec.JPEG_XL)

    assert coded(stored, options, halvings)[1] is TransferSyntax.JPEG_BASELINE
    (note,) = coding_notes(stored, options)
    assert note.startswith("JPEG stored as RGB is kept as JPEG")


def test_jpeg_stored_as_rgb_is_coded_anew_with_a_quality():
    stored = image(Compression.JPEG, ColorSpace.RGB)
    options = ConvertOptions(codec=Codec.JPEG_XL, quality=80)

    assert coded(stored, options) == (Route.TRANSCODE, TransferSyntax.JPEG_XL, "XYB")
    assert not list(coding_notes(stored, options))


def test_recompressed_jpeg_is_jpeg_xl_already():
    stored = image(Compression.JPEG_XL_OF_JPEG, ColorSpace.YCBCR)

    assert coded(stored, ConvertOptions(codec=Codec.JPEG_XL))[0] is Route.PASSTHROUGH


@pytest.mark.parametrize(
    "compression", [Compression.JPEG_2000, Compression.HTJ2K, Compression.JPEG_LS]
)
@pytest.mark.parametrize("codec", [Codec.KEEP, Codec.JPEG_2000])
def test_streams_that_declare_other_than_bits_stored_are_coded_anew_without_loss(
    compression, codec
):
    twelve = PixelFormat(samples=1, bits=12)
    stored = image(compression, ColorSpace.MONOCHROME, lossy=False, pixel_format=twelve)
    options = ConvertOptions(codec=codec)

    assert coded(stored, options)[:2] == (Route.TRANSCODE, TransferSyntax.JPEG_2000_LOSSLESS)
    (note,) = coding_notes(stored, options)
    assert note.startswith("frames are stored with 12 bits for a sample: coded anew with 16")


@pytest.mark.parametrize("compression", [Compression.NONE, Compression.RLE])
def test_frames_that_declare_no_bits_are_kept(compression):
    stored = image(
        compression,
        ColorSpace.MONOCHROME,
        lossy=False,
        coded_bytes=512 * 512 * 2,
        pixel_format=PixelFormat(samples=1, bits=12),
    )

    assert coded(stored, ConvertOptions())[0] is Route.PASSTHROUGH
    assert not list(coding_notes(stored, ConvertOptions()))


@pytest.mark.parametrize(
    ("options", "edge"),
    [
        (ConvertOptions(codec=Codec.JPEG_2000), 2048),
        (ConvertOptions(codec=Codec.JPEG_XL, quality=80), 1024),
    ],
)
def test_a_tile_size_beyond_the_memory_is_refused_and_the_largest_that_fits_is_told(options, edge):
    stored = image(Compression.JPEG, ColorSpace.YCBCR)

    def at(side: int) -> tuple:
        size = SizePx(side, side)
        level = Level(retiled(stored, size), stored)
        return level_coding(level, stored, replace(options, tile_size=size)).route

    assert at(edge) is Route.TRANSCODE
    with pytest.raises(CodecError, match=f"expected at most {edge} x {edge}; .*size {edge},"):
        at(2 * edge)


def test_large_tiles_of_the_file_are_coded_with_a_note():
    size = SizePx(4096, 4096)
    stored = image(Compression.NONE, ColorSpace.RGB, lossy=False)
    stored = replace(stored, size=size, tile_size=size)

    coding = level_coding(Level(stored, stored), stored, ConvertOptions(codec=Codec.JPEG_2000))

    planned = replace(
        build.instance(stored), route=coding.route, codec=coding.codec, lossy_method=None
    )
    assert list(size_notes(planned)) == [
        "frames of 4096 x 4096 pixels take much memory to code as jpeg2000: --tile-size 2048 "
        "takes less"
    ]
