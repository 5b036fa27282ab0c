# SPDX-License-Identifier: Apache-2.0
"""Frames of background: white glass or no light, coded as the frames beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import build_instance as build
import numpy as np
import pydicom
import pytest
import slides

from dicomizer.convert import convert
from dicomizer.dicom.transfer_syntax import TransferSyntax as Syntax
from dicomizer.options import ConvertOptions, Levels
from dicomizer.pipeline.blank import Blanks, background
from dicomizer.pixels.codecs import jpeg, jpeg2000, jpegxl
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.decode import decode
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.format import GREY_8, GREY_16, RGB_8, PixelFormat
from dicomizer.slide import Illumination, OpticalPath, Scan, SlideImage

BRIGHT = OpticalPath()
DARK = OpticalPath(illumination=Illumination.FLUORESCENCE)
RGB_16 = PixelFormat(3, 16)

KEPT = [
    (Syntax.JPEG_BASELINE, "YBR_FULL_422", RGB_8),
    (Syntax.JPEG_BASELINE, "RGB", RGB_8),
    (Syntax.JPEG_BASELINE, "MONOCHROME2", GREY_8),
    (Syntax.JPEG_XL_RECOMPRESSION, "YBR_FULL_422", RGB_8),
    (Syntax.JPEG_XL_RECOMPRESSION, "RGB", RGB_8),
    (Syntax.JPEG_XL_RECOMPRESSION, "MONOCHROME2", GREY_8),
    (Syntax.JPEG_2000_LOSSLESS, "YBR_RCT", RGB_8),
    (Syntax.JPEG_2000_LOSSLESS, "RGB", RGB_8),
    (Syntax.JPEG_2000_LOSSLESS, "RGB", RGB_16),
    (Syntax.JPEG_2000_LOSSLESS, "MONOCHROME2", GREY_16),
    (Syntax.JPEG_2000, "YBR_ICT", RGB_8),
    (Syntax.JPEG_2000, "YBR_RCT", RGB_8),
    (Syntax.JPEG_2000, "RGB", RGB_8),
    (Syntax.JPEG_2000, "MONOCHROME2", GREY_16),
    (Syntax.HTJ2K_LOSSLESS, "YBR_RCT", RGB_8),
    (Syntax.HTJ2K_LOSSLESS, "RGB", RGB_8),
    (Syntax.HTJ2K, "YBR_ICT", RGB_8),
    (Syntax.HTJ2K, "RGB", RGB_8),
    (Syntax.HTJ2K, "MONOCHROME2", GREY_16),
    (Syntax.JPEG_LS_LOSSLESS, "RGB", RGB_8),
    (Syntax.JPEG_LS_NEAR_LOSSLESS, "RGB", RGB_8),
    (Syntax.JPEG_LS_NEAR_LOSSLESS, "MONOCHROME2", GREY_16),
    (Syntax.JPEG_XL_LOSSLESS, "RGB", RGB_8),
    (Syntax.JPEG_XL_LOSSLESS, "MONOCHROME2", GREY_16),
    (Syntax.JPEG_XL, "XYB", RGB_8),
    (Syntax.JPEG_XL, "RGB", RGB_8),
    (Syntax.JPEG_XL, "YBR_FULL_422", RGB_8),
    (Syntax.RLE_LOSSLESS, "RGB", RGB_8),
    (Syntax.RLE_LOSSLESS, "MONOCHROME2", GREY_16),
    (Syntax.EXPLICIT_VR_LITTLE_ENDIAN, "RGB", RGB_16),
    (Syntax.EXPLICIT_VR_LITTLE_ENDIAN, "MONOCHROME2", GREY_8),
]


def blanks(syntax: Syntax, photometric: str, of: SlideImage, *paths: OpticalPath) -> Blanks:
    plan = build.instance(of, syntax, photometric_interpretation=photometric)
    return Blanks(replace(plan, scan=Scan((of,), paths or (BRIGHT,) * of.paths)))


@pytest.mark.parametrize(("path", "is_white"), [(BRIGHT, True), (DARK, False)])
@pytest.mark.parametrize(("syntax", "photometric", "kind"), KEPT)
def test_background_is_glass_or_darkness_in_any_codec_and_colour_space(
    syntax, photometric, kind, path, is_white
):
    frame = blanks(syntax, photometric, build.image(pixel_format=kind), path).frame(0)

    found = decode(frame, syntax, kind, rows=64, columns=64).astype(int)
    expected = (1 << kind.bits) - 1 if is_white else 0
    assert np.abs(found - expected).max() <= expected // 255
    assert _colors_of(frame, syntax) in (None, photometric)


def _colors_of(frame: bytes, syntax: Syntax) -> str | None:
    """Return what the stream itself says of its colours, or ``None`` if it says nothing."""
    if syntax is Syntax.JPEG_XL_RECOMPRESSION:
        frame, syntax = jpegxl.restore(frame), Syntax.JPEG_BASELINE
    if syntax is Syntax.JPEG_BASELINE:
        return _colors_of_jpeg(frame)
    if syntax.name.startswith(("JPEG_2000", "HTJ2K")):
        return _colors_of_jpeg_2000(frame)
    return "XYB" if syntax is Syntax.JPEG_XL and jpegxl.read_header(frame).xyb else None


def _colors_of_jpeg(frame: bytes) -> str:
    header = jpeg.read_header(frame)
    if len(header.frame.sampling) == 1:
        return "MONOCHROME2"
    is_ycbcr = jpeg.decoder_takes_for_ycbcr(header.segments, header.frame)
    return "YBR_FULL_422" if is_ycbcr else "RGB"


def _colors_of_jpeg_2000(frame: bytes) -> str:
    found = jpeg2000.read_codestream_header(frame)
    if len(found.components) == 1:
        return "MONOCHROME2"
    if not found.component_transform:
        return "RGB"
    return "YBR_RCT" if found.reversible else "YBR_ICT"


def test_optical_paths_have_the_background_of_their_own_light():
    of = build.image(pixel_format=GREY_8, planes=2, paths=2)
    scan = Scan((of,), (DARK, BRIGHT))

    assert [background(of, scan, layer) for layer in range(4)] == [0, 0, 255, 255]
    found = blanks(Syntax.EXPLICIT_VR_LITTLE_ENDIAN, "MONOCHROME2", of, DARK, BRIGHT)
    filled = [
        frame for batch in found.fill([[()] * 30, [(b"kept",)], [()] * 49]) for frame in batch
    ]
    assert [frame[0][:1] for frame in filled] == [b"\0"] * 30 + [b"k"] + [b"\0"] * 9 + [
        b"\xff"
    ] * 40


def test_what_no_encoder_writes_is_refused_with_what_to_do():
    of = build.image()

    with pytest.raises(
        CodecError,
        match=r"level-0\.dcm: no frames can be made as YBR_FULL_422 in jpegls; "
        "leave out --fill-missing",
    ):
        blanks(Syntax.JPEG_LS_LOSSLESS, "YBR_FULL_422", of)


def sparse_slide(path: Path, kind: str) -> Path:
    """Write 4 x 2 tiles of 64 pixels, of which the fourth and fifth are not stored."""
    pixels = slides.picture(256, 128)
    mode = {"photometric": "rgb"}
    if kind == "grey":
        streams = [tile[..., 0].tobytes() for tile in slides.tiles_of(pixels, 64)]
        mode = {"photometric": "minisblack"}
    else:
        transform = kind == "transform"
        streams = slides.jpeg_2000_tiles(pixels, 64, reversible=True, transform=transform)
        mode["compression"] = "aperio_jp2000_rgb"
    streams[3] = streams[4] = b""
    shape = (128, 256) if kind == "grey" else (128, 256, 3)
    return slides.write_tile_streams(
        path, shape, 64, streams, resolution=(40_000,) * 2, resolutionunit="CENTIMETER", **mode
    )


@pytest.mark.parametrize("kind", ["plain", "transform", "grey"])
def test_a_slide_without_some_tiles_is_written_whole(tmp_path, kind):
    path = sparse_slide(tmp_path / "a.tif", kind)

    options = ConvertOptions(fill_missing=True, levels=Levels.DYADIC)
    convert(path, tmp_path / "out", options)

    found = pydicom.dcmread(tmp_path / "out" / "level-0.dcm")
    frames = found.pixel_array.reshape(8, 64, 64, -1)
    expected = list(slides.tiles_of(slides.picture(256, 128), 64))
    samples = 1 if kind == "grey" else 3
    assert found.DimensionOrganizationType == "TILED_FULL"
    assert (
        found.get("PhotometricInterpretation")
        == {
            "plain": "RGB",
            "transform": "YBR_RCT",
            "grey": "MONOCHROME2",
        }[kind]
    )
    for index in range(8):
        tile = expected[index][..., :samples]
        assert (frames[index] == (255 if index in (3, 4) else tile)).all()
    half = pydicom.dcmread(tmp_path / "out" / "level-1.dcm").pixel_array.reshape(2, 64, 64, -1)
    assert (half[1, :32, 32:] == 255).all()


@pytest.mark.parametrize("codec", [item for item in Codec if item is not Codec.KEEP])
def test_every_codec_that_can_be_asked_for_is_filled(tmp_path, codec):
    path = sparse_slide(tmp_path / "a.tif", "plain")

    convert(path, tmp_path / "out", ConvertOptions(fill_missing=True, codec=codec))

    found = pydicom.dcmread(tmp_path / "out" / "level-0.dcm")
    assert found.NumberOfFrames == 8
    syntax = Syntax(str(found.file_meta.TransferSyntaxUID))
    if syntax is Syntax.EXPLICIT_VR_LITTLE_ENDIAN:
        fourth = found.PixelData[3 * 64 * 64 * 3 : 4 * 64 * 64 * 3]
    else:
        stored = pydicom.encaps.generate_frames(found.PixelData, number_of_frames=8)
        fourth = list(stored)[3]
    assert (decode(fourth, syntax, RGB_8, rows=64, columns=64) >= 254).all()


def test_background_is_the_colour_that_the_slide_tells():
    stored = build.image(pixel_format=RGB_8)
    scan = Scan((stored,), (BRIGHT,), background=(243, 242, 241))
    grey = build.image(pixel_format=GREY_8)

    assert background(stored, scan, 0) == (243, 242, 241)
    assert background(grey, scan, 0) == 255
    planned = replace(
        build.instance(stored),
        scan=scan,
        transfer_syntax=Syntax.EXPLICIT_VR_LITTLE_ENDIAN,
        photometric_interpretation="RGB",
    )
    assert Blanks(planned).frame(0)[:6] == bytes((243, 242, 241) * 2)
