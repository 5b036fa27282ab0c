# SPDX-License-Identifier: Apache-2.0
"""TIFF: stored scans in its tiles, a pyramid to OpenSlide and tifffile, pixels of the source."""

from __future__ import annotations

from pathlib import Path

import build_dicom
import numpy as np
import openslide
import pytest
import slides
import tifffile

from dicomizer.convert import convert
from dicomizer.export import Box, ExportCodec, ExportOptions, export
from dicomizer.options import ConvertOptions
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.color import srgb_profile

COLORS = ["ycbcr420", "ycbcr422", "ycbcr444", "rgb"]
SUBSAMPLING = {"ycbcr420": (2, 2), "ycbcr422": (2, 1), "ycbcr444": (1, 1), "rgb": None}


def tiles(page: tifffile.TiffPage) -> list[bytes]:
    file = page.parent.filehandle
    found = []
    for offset, length in zip(page.dataoffsets, page.databytecounts, strict=True):
        file.seek(offset)
        found.append(file.read(length))
    return found


def converted(tmp_path: Path, *, color="ycbcr420", codec=Codec.KEEP, **slide) -> slides.BuiltSlide:
    built = slides.write_svs(tmp_path / "case.svs", color=color, factors=(1, 2, 4), **slide)
    convert(built.path, tmp_path / "dicom", ConvertOptions(codec=codec))
    return built


@pytest.mark.parametrize("color", COLORS)
def test_passed_through_svs_has_identical_scans_and_pixels(tmp_path, color):
    built = converted(tmp_path, color=color, icc_profile=srgb_profile())
    out = tmp_path / "out.tif"

    done = export(tmp_path / "dicom", out)

    assert done.notes == ("thumbnail left out: readers take it for a level; .ome.tif has it",)
    with tifffile.TiffFile(built.path) as before, tifffile.TiffFile(out) as after:
        levels = after.series[0].levels
        assert [level.shape for level in levels] == [(200, 300, 3), (100, 150, 3), (50, 75, 3)]
        for number, level in enumerate(levels):
            page = level.pages[0]
            stored = [slides.scan(item) for item in built.streams[number]]
            assert [slides.scan(item) for item in tiles(page)] == stored
            assert page.photometric.name == ("RGB" if color == "rgb" else "YCBCR")
            if SUBSAMPLING[color]:
                assert page.subsampling == SUBSAMPLING[color]
            assert page.tags["NewSubfileType"].value == int(number > 0)
            assert page.iccprofile == srgb_profile()
            assert np.array_equal(level.asarray(), before.series[0].levels[number].asarray())
    with openslide.OpenSlide(built.path) as before, openslide.OpenSlide(out) as after:
        assert after.properties["openslide.vendor"] == "generic-tiff"
        assert float(after.properties["openslide.mpp-x"]) == pytest.approx(0.5)
        assert float(after.properties["openslide.mpp-y"]) == pytest.approx(0.5)
        assert after.level_dimensions == before.level_dimensions
        for number, size in enumerate(before.level_dimensions):
            regions = [slide.read_region((0, 0), number, size) for slide in (before, after)]
            assert regions[0].tobytes() == regions[1].tobytes()


@pytest.mark.parametrize("suffix", [".tif", ".ome.tif"])
def test_label_and_macro_are_kept(tmp_path, suffix):
    built = converted(tmp_path)
    out = tmp_path / f"out{suffix}"

    export(tmp_path / "dicom", out)

    with tifffile.TiffFile(out) as after, tifffile.TiffFile(built.path) as before:
        shapes = {series.shape: series for series in after.series}
        assert np.array_equal(shapes[63, 87, 3].asarray(), slides.picture(87, 63))
        macro = next(item for item in before.series if item.shape == (54, 160, 3))
        # Its strips are joined, so that chroma is interpolated across their edges.
        error = np.abs(shapes[54, 160, 3].asarray().astype(int) - macro.asarray())
        assert error.max() < 24
        assert np.median(error) == 0
        if suffix == ".tif":
            told = [series.pages[0].description for series in after.series[1:]]
            assert told == ["label", "macro"]


@pytest.mark.parametrize("color", COLORS[:3])
def test_recompressed_jpeg_xl_gives_the_identical_jpeg(tmp_path, color):
    converted(tmp_path, color=color)
    convert(tmp_path / "case.svs", tmp_path / "jxl", ConvertOptions(codec=Codec.JPEG_XL))

    export(tmp_path / "dicom", tmp_path / "jpeg.tif")
    export(tmp_path / "jxl", tmp_path / "jxl.tif")

    with (
        tifffile.TiffFile(tmp_path / "jpeg.tif") as one,
        tifffile.TiffFile(tmp_path / "jxl.tif") as other,
    ):
        assert len(one.pages) == len(other.pages)
        for level in range(3):
            first, second = one.pages[level], other.pages[level]
            assert tiles(first) == tiles(second)
            assert first.subsampling == second.subsampling


@pytest.mark.parametrize("suffix", [".tif", ".ome.tif"])
def test_jpeg_2000_codestreams_stay(tmp_path, suffix):
    converted(tmp_path, codec=Codec.JPEG_2000)
    convert(tmp_path / "dicom", tmp_path / "none", ConvertOptions(codec=Codec.NONE))

    done = export(tmp_path / "dicom", tmp_path / f"out{suffix}")
    assert any("OpenSlide reads no JPEG 2000" in note for note in done.notes) == (suffix == ".tif")
    export(tmp_path / "none", tmp_path / f"none{suffix}")

    with (
        tifffile.TiffFile(tmp_path / f"out{suffix}") as coded,
        tifffile.TiffFile(tmp_path / f"none{suffix}") as plain,
    ):
        assert coded.pages[0].compression == 33005
        assert plain.pages[0].compression == 1
        assert all(item.startswith(b"\xff\x4f") for item in tiles(coded.pages[0]))
        for one, other in zip(coded.series[0].levels, plain.series[0].levels, strict=True):
            assert np.array_equal(one.asarray(), other.asarray())


@pytest.mark.parametrize("codec", [Codec.HTJ2K, Codec.JPEG_LS, Codec.RLE])
def test_what_tiff_does_not_know_is_deflated_without_loss_and_said(tmp_path, codec):
    converted(tmp_path, codec=codec)
    convert(tmp_path / "case.svs", tmp_path / "none", ConvertOptions(codec=Codec.NONE))

    done = export(tmp_path / "dicom", tmp_path / "out.tif")

    assert done.notes[0].startswith("level 0: TIFF has no ")
    assert done.notes[0].endswith("its pixels are coded as Deflate, which loses nothing")
    export(tmp_path / "none", tmp_path / "none.tif")
    with openslide.OpenSlide(tmp_path / "out.tif") as one:
        shown = np.asarray(one.read_region((0, 0), 0, (300, 200)))[..., :3]
    with (
        tifffile.TiffFile(tmp_path / "out.tif") as one,
        tifffile.TiffFile(tmp_path / "none.tif") as two,
    ):
        assert one.pages[0].compression.name == "ADOBE_DEFLATE"
        for first, second in zip(one.series[0].levels, two.series[0].levels, strict=True):
            assert np.array_equal(first.asarray(), second.asarray())
        assert np.array_equal(shown, two.asarray())


@pytest.mark.parametrize(
    ("codec", "compression"),
    [(ExportCodec.JPEG, 7), (ExportCodec.JPEG_2000, 33005), (ExportCodec.NONE, 1)],
)
def test_a_codec_can_be_chosen(tmp_path, codec, compression):
    converted(tmp_path, codec=Codec.JPEG_LS)

    export(tmp_path / "dicom", tmp_path / "out.tif", ExportOptions(codec=codec, quality=90))
    export(tmp_path / "dicom", tmp_path / "exact.tif")

    with (
        tifffile.TiffFile(tmp_path / "out.tif") as one,
        tifffile.TiffFile(tmp_path / "exact.tif") as two,
    ):
        assert one.pages[0].compression == compression
        error = np.abs(one.asarray().astype(int) - two.asarray()).mean()
        assert error < 4


def test_missing_frames_are_white_and_written_once(tmp_path):
    stored = [
        slides.encoded(item, "ycbcr422") for item in slides.tiles_of(slides.picture(300, 200), 64)
    ]
    sparse = [b"" if number in {0, 6, 7} else item for number, item in enumerate(stored)]
    slides.write_tile_streams(
        tmp_path / "a.tif",
        (200, 300, 3),
        64,
        sparse,
        photometric="ycbcr",
        subsampling=(2, 1),
        compression="jpeg",
        compressionargs={"outcolorspace": "ycbcr"},
        resolution=(20_000, 20_000),
        resolutionunit="CENTIMETER",
    )
    convert(tmp_path / "a.tif", tmp_path / "sparse")
    convert(tmp_path / "a.tif", tmp_path / "filled", ConvertOptions(fill_missing=True))

    for name in ("sparse", "filled"):
        done = export(tmp_path / name, tmp_path / f"{name}.tif")
        assert done.notes == ()
        with tifffile.TiffFile(tmp_path / f"{name}.tif") as tiff:
            offsets = tiff.pages[0].dataoffsets
            assert offsets[0] == offsets[6] == offsets[7]
            assert len(set(offsets)) == 18
            pixels = tiff.pages[0].asarray()
        assert (pixels[:64, :64] == 255).all()
        with openslide.OpenSlide(tmp_path / f"{name}.tif") as slide:
            assert slide.read_region((10, 10), 0, (1, 1)).getpixel((0, 0)) == (255, 255, 255, 255)


def test_a_region_on_tile_corners_keeps_scans_and_derives_what_is_between_pixels(tmp_path):
    built = converted(tmp_path, size=(900, 700))
    region = Box(64, 192, 500, 300)

    export(tmp_path / "dicom", tmp_path / "out.tif", ExportOptions(region=region))

    with tifffile.TiffFile(tmp_path / "out.tif") as tiff, tifffile.TiffFile(built.path) as before:
        page = tiff.pages[0]
        assert page.shape == (300, 500, 3)
        whole = before.series[0].levels[0].asarray()
        assert np.array_equal(page.asarray(), whole[192:492, 64:564])
        across = -(-900 // 64)
        kept = [
            built.streams[0][(3 + row) * across + 1 + column]
            for row in range(5)
            for column in range(8)
        ]
        assert [slides.scan(item) for item in tiles(page)] == [slides.scan(item) for item in kept]
        half = before.series[0].levels[1].asarray()[96:246, 32:282]
        assert np.array_equal(tiff.series[0].levels[1].asarray(), half)


def test_a_region_between_tiles_has_the_decoded_pixels(tmp_path):
    built = converted(tmp_path, size=(900, 700))

    region = Box(101, 203, 501, 303)
    done = export(tmp_path / "dicom", tmp_path / "out.tif", ExportOptions(region=region))
    exact = ExportOptions(region=region, codec=ExportCodec.DEFLATE)
    export(tmp_path / "dicom", tmp_path / "exact.tif", exact)

    assert done.notes == (
        "level 0: the region cuts its tiles; its pixels are coded as Deflate, which loses nothing",
    )
    with tifffile.TiffFile(built.path) as before:
        expected = before.series[0].levels[0].asarray()[203:506, 101:602]
    with tifffile.TiffFile(tmp_path / "out.tif") as tiff:
        assert np.array_equal(tiff.series[0].levels[0].asarray(), expected)
        assert tiff.pages[1].compression.name == "JPEG"
    with tifffile.TiffFile(tmp_path / "exact.tif") as tiff:
        # Its lower levels begin between stored pixels, so that they are made of the finest.
        shapes = [(303, 501), (152, 251), (76, 126)]
        assert [level.shape[:2] for level in tiff.series[0].levels] == shapes
        for level in tiff.series[0].levels[1:]:
            height, width = level.shape[:2]
            even = np.pad(
                expected,
                ((0, expected.shape[0] % 2), (0, expected.shape[1] % 2), (0, 0)),
                "edge",
            )
            mean = even.reshape(height, 2, width, 2, 3).mean(axis=(1, 3))
            expected = np.floor(mean + 0.5).astype(np.uint8)
            assert np.array_equal(level.asarray(), expected)


def test_tiles_that_tiff_does_not_allow_are_made_anew(tmp_path):
    pixels = slides.picture(150, 100)
    build_dicom.write_level(tmp_path / "dicom" / "a.dcm", pixels, "native", tile=40)

    done = export(tmp_path / "dicom", tmp_path / "out.tif")

    assert "its tiles of 40 x 40 pixels are no multiple of 16" in done.notes[0]
    with tifffile.TiffFile(tmp_path / "out.tif") as tiff:
        assert np.array_equal(tiff.asarray(), pixels)


def test_a_quality_is_that_of_what_is_coded_anew_only(tmp_path):
    built = converted(tmp_path)

    export(tmp_path / "dicom", tmp_path / "out.tif", ExportOptions(quality=50))

    with tifffile.TiffFile(tmp_path / "out.tif") as tiff:
        scans = [slides.scan(item) for item in tiles(tiff.pages[0])]
    assert scans == [slides.scan(item) for item in built.streams[0]]


def test_real_slide_gives_back_its_scans(tmp_path, real_slide):
    source = real_slide("aperio/CMU-1-Small-Region.svs")
    convert(source, tmp_path / "dicom")

    export(tmp_path / "dicom", tmp_path / "out.tif")

    with tifffile.TiffFile(source) as before, tifffile.TiffFile(tmp_path / "out.tif") as after:
        stored = [slides.scan(item) for item in tiles(before.pages[0])]
        assert [slides.scan(item) for item in tiles(after.pages[0])] == stored
    with openslide.OpenSlide(source) as one, openslide.OpenSlide(tmp_path / "out.tif") as other:
        assert one.properties["openslide.mpp-x"] == other.properties["openslide.mpp-x"]
        shown = [item.read_region((0, 0), 0, (2220, 2967)).tobytes() for item in (one, other)]
        assert shown[0] == shown[1]
