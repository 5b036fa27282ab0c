# SPDX-License-Identifier: Apache-2.0
"""PNG and JPEG: the decoded pixels of a region, the spacing and the profile."""

from __future__ import annotations

import io

import imagecodecs
import numpy as np
import pytest
import simplejpeg
import slides
import tifffile
from PIL import Image

from dicomizer.convert import convert
from dicomizer.errors import TargetError
from dicomizer.export import Box, ExportCodec, ExportOptions, export, jpeg_file, png
from dicomizer.pixels.color import srgb_profile
from dicomizer.pixels.format import GREY_8, GREY_16, RGB_8
from dicomizer.slide import SizePx


@pytest.fixture
def slide(tmp_path):
    """Give the folder of a slide, and the pixels of its levels."""
    built = slides.write_svs(
        tmp_path / "case.svs", size=(900, 700), factors=(1, 4), icc_profile=srgb_profile()
    )
    convert(built.path, tmp_path / "dicom")
    with tifffile.TiffFile(built.path) as tiff:
        levels = [level.asarray() for level in tiff.series[0].levels]
    return tmp_path / "dicom", levels


@pytest.mark.parametrize(
    "box", [(0, 0, 900, 700), (101, 203, 501, 303), (899, 699, 1, 1), (64, 128, 64, 64)]
)
def test_region_equals_the_decoded_pixels(tmp_path, slide, box):
    dicom, (base, _) = slide
    x, y, width, height = box

    export(dicom, tmp_path / "out.png", ExportOptions(region=Box(*box)))

    with Image.open(tmp_path / "out.png") as found:
        found.load()
        assert np.array_equal(np.asarray(found), base[y : y + height, x : x + width])
        assert found.info["icc_profile"] == srgb_profile()
        # 0.5 micrometres are 2,000,000 pixels per metre, and a Pillow inch 0.0254 metres.
        assert found.info["dpi"] == pytest.approx((50_800, 50_800))


def test_level_and_its_region_in_pixels_of_level_0(tmp_path, slide):
    dicom, (_, quarter) = slide

    export(dicom, tmp_path / "a.png", ExportOptions(level=1))
    export(dicom, tmp_path / "b.png", ExportOptions(level=1, region=Box(400, 200, 240, 120)))

    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), quarter)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "b.png")), quarter[50:80, 100:160])


def test_jpeg_is_that_of_the_whole_picture(tmp_path, slide):
    dicom, (base, _) = slide

    export(dicom, tmp_path / "out.jpg", ExportOptions(region=Box(3, 5, 801, 601), quality=95))

    with Image.open(tmp_path / "out.jpg") as found:
        whole = np.ascontiguousarray(base[5:606, 3:804])
        expected = simplejpeg.encode_jpeg(whole, quality=95, colorsubsampling="444")
        assert found.info["icc_profile"] == srgb_profile()
        assert (found.info["jfif_unit"], found.info["jfif_density"]) == (2, (20_000, 20_000))
        assert np.array_equal(np.asarray(found), np.asarray(Image.open(io.BytesIO(expected))))


def test_mpp_is_the_mean_of_the_area_that_each_pixel_covers(tmp_path, slide):
    dicom, (base, quarter) = slide

    export(dicom, tmp_path / "one.png", ExportOptions(mpp=1.0))
    export(dicom, tmp_path / "odd.png", ExportOptions(mpp=0.8, region=Box(8, 16, 800, 640)))
    export(dicom, tmp_path / "same.png", ExportOptions(mpp=2.0))

    mean = base.reshape(350, 2, 450, 2, 3).mean(axis=(1, 3))
    one = np.asarray(Image.open(tmp_path / "one.png"))
    assert np.array_equal(one, np.floor(mean + 0.5))
    # 8 pixels become 5: of 8 equal parts each, 5 of the one and 8 of the other scale are whole.
    parts = np.repeat(np.repeat(base[16:656, 8:808], 5, axis=0), 5, axis=1)
    mean = parts.reshape(400, 8, 500, 8, 3).mean(axis=(1, 3))
    assert np.abs(np.asarray(Image.open(tmp_path / "odd.png")) - np.floor(mean + 0.5)).max() <= 1
    assert np.array_equal(np.asarray(Image.open(tmp_path / "same.png")), quarter)
    with Image.open(tmp_path / "odd.png") as found:
        assert found.info["dpi"] == pytest.approx((31_750, 31_750), rel=1e-4)


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("a.png", {"region": Box(800, 0, 101, 10)}, "region of 101 x 10 at 800, 0 is not"),
        ("a.png", {"region": Box(0, 0, 0, 10)}, "is not within"),
        ("a.png", {"level": 2}, "has no level 2, but 2 levels; choose another --level"),
        ("a.png", {"mpp": 0.25}, "has 0.5 micrometres per pixel, 0.25 is finer"),
        ("a.tif", {"mpp": 1.0}, "has no level of 1 .* those of its levels: 0.5, 2"),
        ("a.tif", {"scan": 2}, "has 1 scan; choose another --scan"),
        ("a.dzi", {"plane": 2}, "has 1 focal plane; choose another --plane"),
        ("a.png", {"quality": 20}, r"\.png loses nothing; leave out --quality"),
        ("a.jpg", {"codec": ExportCodec.DEFLATE}, r"\.jpg has a coding of its own"),
        ("a.dzi", {"codec": ExportCodec.JPEG_2000}, "Deep Zoom has no jpeg2000; choose --codec"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do_and_leave_nothing(tmp_path, slide, name, options, problem):
    with pytest.raises(TargetError, match=problem):
        export(slide[0], tmp_path / name, ExportOptions(**options))

    assert {path.name for path in tmp_path.iterdir()} == {"case.svs", "dicom"}


def test_picture_that_programs_do_not_read_is_refused(tmp_path, slide, monkeypatch):
    monkeypatch.setattr(jpeg_file, "LARGEST_SIDE", 800)
    monkeypatch.setattr(png, "LARGEST_SIDE", 800)

    for name in ("a.jpg", "a.png"):
        with pytest.raises(TargetError, match="900 x 700 pixels are more than the 800 a side"):
            export(slide[0], tmp_path / name)


@pytest.mark.parametrize("pixel_format", [GREY_8, GREY_16, RGB_8])
def test_png_of_any_bands(pixel_format):
    pixels = slides.picture(101, 67)[..., : pixel_format.samples].astype(pixel_format.dtype)
    pixels *= 1 if pixel_format.bits == 8 else 257
    bands = [pixels[:1], pixels[1:30], pixels[30:]]
    file = io.BytesIO()

    png.write_png(file, SizePx(101, 67), pixel_format, bands, spacing=None, icc_profile=None)

    found = imagecodecs.png_decode(file.getvalue())
    assert np.array_equal(found.reshape(pixels.shape), pixels)


def test_sixteen_bits_are_no_jpeg(tmp_path):
    import build_dicom

    pixels = slides.grey(96, 64, "uint16")[..., None]
    build_dicom.write_level(tmp_path / "dicom" / "a.dcm", pixels, "native")

    export(tmp_path / "dicom", tmp_path / "a.png")
    with pytest.raises(
        TargetError, match=r"a JPEG has 8 bits for a sample, the pixels have 16; write \.png"
    ):
        export(tmp_path / "dicom", tmp_path / "a.jpg")

    found = imagecodecs.png_decode((tmp_path / "a.png").read_bytes())
    assert np.array_equal(found, pixels[..., 0])
