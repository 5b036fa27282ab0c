# SPDX-License-Identifier: Apache-2.0
"""DICOM that contradicts itself."""

from __future__ import annotations

import dataclasses

import build_dicom
import numpy as np
import pydicom
import pytest
import slides
from build_dicom import (
    CODED,
    Coded,
    picture,
    position,
    write,
    write_level,
    write_series,
)

from dicomizer.errors import CorruptSourceError, SourceError
from dicomizer.slide import (
    Flavor,
)
from dicomizer.sources.dicom_wsi import DicomWsiSource


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"NumberOfFrames": 7}, "found 18432 bytes, expected 7 frames of 3072"),
        ({"NumberOfFrames": 0}, "found 0, expected a number of frames"),
        ({"Rows": 0}, "found frames of 32 x 0"),
        ({"TotalPixelMatrixRows": 32}, "expected 3 frames: 3 tiles, 1 focal planes"),
        ({"TotalPixelMatrixRows": 2**31}, "found an image of 96 x 2147483648"),
        ({"TotalPixelMatrixRows": 2**31 - 1}, "expected 201326592 in each of 1 focal planes"),
        ({"Rows": 65535, "Columns": 65535}, "found frames of 65535 x 65535 pixels"),
        ({"PixelRepresentation": 1}, "signed or shifted"),
        ({"BitsStored": 9}, "found 9 bits of 8"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "found 3 samples of PALETTE COLOR"),
    ],
)
def test_contradiction_is_named_with_the_file(tmp_path, change, message):
    write_level(tmp_path / "a.dcm", slides.picture(96, 64))
    found = pydicom.dcmread(tmp_path / "a.dcm")
    for keyword, value in change.items():
        setattr(found, keyword, value)
    found.save_as(tmp_path / "a.dcm")

    with pytest.raises(SourceError, match=message) as caught:
        DicomWsiSource(tmp_path / "a.dcm")

    assert caught.value.file == str(tmp_path / "a.dcm")


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ([(0, 0), (16, 0)], "frame 2 is at column 17, row 1, which is no multiple of its size"),
        ([(0, 0), (96, 0)], "frame 2 is at column 97, row 1: outside the image"),
        ([(0, 0), (-32, 0)], "frame 2 is at column -31, row 1: outside the image"),
        ([(0, 0)], "found positions of 1 frames, expected 2"),
    ],
)
def test_frame_that_lies_off_the_grid_is_named(tmp_path, places, message):
    pixels = slides.picture(96, 64)
    found = build_dicom.dataset((96, 64), 32, pixels, CODED["native"])
    found.DimensionOrganizationType = "TILED_SPARSE"
    found.PerFrameFunctionalGroupsSequence = [position(*place) for place in places]
    write(tmp_path / "a.dcm", found, [bytes(3072)] * 2)

    with pytest.raises(CorruptSourceError, match=message):
        DicomWsiSource(tmp_path / "a.dcm")


def test_frame_of_another_size_is_named(tmp_path):
    pixels = slides.picture(64, 32)
    for name, coded in (("a", "jpeg"), ("b", "jpeg-2000-lossless")):
        found = build_dicom.dataset((64, 32), 32, pixels, CODED[coded])
        sizes = pixels[:, :32], pixels[:16, 32:]
        write(tmp_path / name / "a.dcm", found, [CODED[coded].encode(part) for part in sizes])

    with pytest.raises(CorruptSourceError, match="frame 2: found JPEG process 0 of 32 x 16 pix"):
        picture(tmp_path / "a" / "a.dcm")
    with pytest.raises(CorruptSourceError, match="frame 2: found 16 rows, 32 columns"):
        picture(tmp_path / "b" / "a.dcm")


def test_file_that_is_cut_short_is_named(tmp_path):
    write_level(tmp_path / "a.dcm", slides.picture(96, 64), "jpeg-ls")
    data = (tmp_path / "a.dcm").read_bytes()
    (tmp_path / "a.dcm").write_bytes(data[:-40])

    with pytest.raises(CorruptSourceError, match=r"a\.dcm: PixelData at byte \d+: found"):
        DicomWsiSource(tmp_path / "a.dcm")


def test_damaged_label_is_left_out_and_said(tmp_path):
    write_series(tmp_path)
    write_level(
        tmp_path / "label.dcm",
        slides.picture(64, 32)[:, :32],
        Coded(build_dicom.JPEG, "RGB", lambda pixels: slides.encoded(pixels[:16], "rgb")),
        ImageType=["ORIGINAL", "PRIMARY", "LABEL", "NONE"],
    )

    slide = DicomWsiSource(tmp_path / "level-0.dcm").slide

    assert [image.flavor for image in slide.associated] == [Flavor.OVERVIEW]
    assert slide.notes == (
        "label.dcm (LABEL) left out: its stream is 32 x 16 pixels, expected 32 x 32",
    )


def test_damaged_frame_that_must_be_decoded_is_named(tmp_path):
    coded = dataclasses.replace(CODED["rle"], encode=lambda _: bytes(70))
    write_level(
        tmp_path / "a.dcm",
        np.zeros((32, 32, 1), np.uint8),
        coded,
        PhotometricInterpretation="MONOCHROME1",
    )

    with pytest.raises(CorruptSourceError, match=r"a\.dcm: frame 1: found 0 RLE segments"):
        picture(tmp_path / "a.dcm")
