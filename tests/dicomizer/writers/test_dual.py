# SPDX-License-Identifier: Apache-2.0
"""Instances that are TIFF as well: which can be, and what their directories say."""

from __future__ import annotations

from dataclasses import replace

import build_instance as build
import pytest
import tifffile

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.errors import TargetError
from dicomizer.pixels.format import GREY_8, GREY_16
from dicomizer.planning import Tiling
from dicomizer.slide import Flavor, SizePx
from dicomizer.writers import tiff
from dicomizer.writers.dual import TiffTrailer

JPEG_2000 = TransferSyntax.JPEG_2000_LOSSLESS


def tags(folder, of, frame=build.jpeg, syntax=TransferSyntax.JPEG_BASELINE, **changes):
    plan = build.instance(of, syntax, dual=True, **changes)
    (file,) = build.write(plan, folder, lambda index: frame(index, of))
    with tifffile.TiffFile(folder / file.name) as found:
        return [{tag.name: tag.value for tag in page.tags} for page in found.pages]


@pytest.mark.parametrize(
    ("subsampling", "expected"), [("420", (2, 2)), ("422", (2, 1)), ("444", (1, 1))]
)
def test_subsampling_is_that_of_the_stream(tmp_path, subsampling, expected):
    def frame(index, of):
        return build.jpeg(index, of, subsampling=subsampling)

    (found,) = tags(tmp_path, build.image(), frame)

    assert (found["Compression"], found["PhotometricInterpretation"]) == (7, 6)
    assert found["YCbCrSubSampling"] == expected


@pytest.mark.parametrize(
    ("syntax", "photometric", "compression"),
    [
        (TransferSyntax.JPEG_BASELINE, "RGB", 7),
        (JPEG_2000, "YBR_RCT", 34712),
        (TransferSyntax.HTJ2K, "YBR_ICT", 34712),
        (TransferSyntax.JPEG_XL_RECOMPRESSION, "YBR_FULL_422", 50002),
        (TransferSyntax.JPEG_XL, "XYB", 50002),
    ],
)
def test_what_decodes_to_rgb_is_rgb(tmp_path, syntax, photometric, compression):
    (found,) = tags(tmp_path, build.image(), syntax=syntax, photometric_interpretation=photometric)

    assert (found["Compression"], found["PhotometricInterpretation"]) == (compression, 2)
    assert "YCbCrSubSampling" not in found


def test_size_resolution_profile_and_nothing_of_the_patient(tmp_path):
    (found,) = tags(tmp_path, build.image())

    assert (found["ImageWidth"], found["ImageLength"]) == (300, 200)
    assert (found["TileWidth"], found["TileLength"]) == (64, 64)
    assert found["BitsPerSample"] == (8, 8, 8)
    assert found["SamplesPerPixel"] == 3
    # 0.25 and 0.5 micrometres
    assert (found["XResolution"], found["YResolution"]) == ((40_000, 1), (20_000, 1))
    assert found["ResolutionUnit"] == 3
    assert found["InterColorProfile"] == build.srgb_profile()
    assert found["ImageDescription"].startswith("Coverslip dicomizer")


@pytest.mark.parametrize(
    ("mpp", "expected"),
    [(1 / 3, (30_000, 1)), (0.2272, (2_816_901, 64)), (1e-9, (0xFFFFFFFF, 1)), (1000.0, (10, 1))],
)
def test_any_spacing_has_a_resolution(tmp_path, mpp, expected):
    of = replace(build.image(), spacing=build.SpacingMm.from_mpp(mpp, mpp))

    (found,) = tags(tmp_path, of)

    numerator, denominator = found["XResolution"]
    assert numerator / denominator == pytest.approx(expected[0] / expected[1], rel=1e-6)


def test_tiles_point_at_the_frames(tmp_path):
    of = build.image()
    (found,) = tags(tmp_path, of)
    data = (tmp_path / "level-0.dcm").read_bytes()

    frames = [
        data[offset : offset + length]
        for offset, length in zip(found["TileOffsets"], found["TileByteCounts"], strict=True)
    ]

    assert frames == [build.jpeg(index, of) for index in range(20)]


def test_missing_tiles_have_no_bytes(tmp_path):
    (found,) = tags(tmp_path, build.image(missing=(0, 6)))

    empty = [index for index, length in enumerate(found["TileByteCounts"]) if length == 0]
    assert empty == [0, 6]
    assert [index for index, offset in enumerate(found["TileOffsets"]) if offset == 0] == [0, 6]


def test_each_plane_of_each_path_has_a_directory(tmp_path):
    of = build.image(pixel_format=GREY_16, planes=2, paths=3)

    pages = tags(tmp_path, of, build.jpeg2000, JPEG_2000)

    assert len(pages) == 6
    assert {page["BitsPerSample"] for page in pages} == {16}
    assert {page["PhotometricInterpretation"] for page in pages} == {1}
    assert len({offset for page in pages for offset in page["TileOffsets"]}) == 120


def test_an_image_of_one_frame_is_a_strip_of_any_size(tmp_path):
    size = SizePx(33, 21)
    of = build.image(size, tile_size=size, flavor=Flavor.LABEL, pixel_format=GREY_8)

    (found,) = tags(tmp_path, of)

    assert found["RowsPerStrip"] == 21
    assert "TileWidth" not in found
    assert "XResolution" not in found
    assert "InterColorProfile" not in found


def test_a_file_past_4_gib_is_a_bigtiff(tmp_path, monkeypatch):
    monkeypatch.setattr(tiff, "_CLASSIC_LIMIT", 1000)
    of = build.image()

    (found,) = tags(tmp_path, of)

    assert (tmp_path / "level-0.dcm").read_bytes()[:4] == b"II+\0"
    assert len(found["TileOffsets"]) == 20


@pytest.mark.parametrize("tiling", Tiling)
def test_the_size_is_never_underestimated(tmp_path, tiling):
    of = build.image(pixel_format=GREY_8, planes=3)
    plan = build.instance(of, dual=True, tiling=tiling)
    build.write(plan, tmp_path, lambda index: build.jpeg(index, of))

    found = build.read(tmp_path / "level-0.dcm")

    assert len(found.DataSetTrailingPadding) + 12 <= TiffTrailer(plan).largest_size()


@pytest.mark.parametrize("syntax", [TransferSyntax.JPEG_LS_LOSSLESS, TransferSyntax.RLE_LOSSLESS])
def test_codecs_that_tiff_does_not_know_are_refused(syntax):
    with pytest.raises(
        TargetError,
        match=r"level-0\.dcm: cannot be a TIFF as well: TIFF has no such compression; "
        r"leave out --dual, or choose --codec jpeg, jpeg2000 or none",
    ):
        TiffTrailer(build.instance(build.image(), syntax))


def test_tiles_of_other_sizes_than_multiples_of_16_are_refused():
    of = build.image(tile_size=SizePx(100, 64))

    with pytest.raises(TargetError, match="100 x 64 pixels are no multiple of 16; leave out"):
        TiffTrailer(build.instance(of))
