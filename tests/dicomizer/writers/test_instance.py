# SPDX-License-Identifier: Apache-2.0
"""Instances as files: offset tables, padding, counts."""

from __future__ import annotations

import io

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.encaps import generate_frames, parse_basic_offsets

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.planning import InstancePlan, Route, Tiling
from dicomizer.slide import Coding, ColorSpace, Compression, Flavor, Scan, SizePx, SlideImage
from dicomizer.writers.instance import write_instance


def planned(frames: int, *, coded_bytes: int = 1000, jpeg: bool = True) -> InstancePlan:
    coding = Coding(
        Compression.JPEG if jpeg else Compression.NONE, ColorSpace.RGB, jpeg, coded_bytes
    )
    image = SlideImage("0", Flavor.VOLUME, SizePx(frames * 5, 3), SizePx(5, 3), coding)
    return InstancePlan(
        file_name="level-0.dcm",
        image=image,
        scan=Scan((image,)),
        tiling=Tiling.FULL,
        route=Route.PASSTHROUGH,
        transfer_syntax=(
            TransferSyntax.JPEG_BASELINE if jpeg else TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN
        ),
        photometric_interpretation="RGB",
        image_type=("ORIGINAL", "PRIMARY", "VOLUME", "NONE"),
        sop_instance_uid="1.2.3",
        instance_number=1,
        series_uid="1.2.4",
        pyramid_uid="1.2.5",
        lossy=(),
        lossy_method=None,
        icc_profile=b"",
    )


def dataset(frames: int) -> pydicom.Dataset:
    found = pydicom.Dataset()
    found.SOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.6"
    found.SOPInstanceUID = "1.2.3"
    found.NumberOfFrames = frames
    found.Rows, found.Columns = 3, 5
    return found


def written(plan: InstancePlan, batches: list[list[tuple[bytes, ...]]]) -> bytes:
    file = io.BytesIO()
    for _ in write_instance(file, dataset(plan.number_of_frames), plan, batches):
        pass
    return file.getvalue()


def read(data: bytes) -> pydicom.FileDataset:
    return pydicom.dcmread(io.BytesIO(data))


@given(st.lists(st.lists(st.binary(min_size=1, max_size=40), min_size=1), min_size=1, max_size=8))
def test_frames_are_read_back_padded_to_even_length(batches):
    frames = [frame for batch in batches for frame in batch]

    found = read(written(planned(len(frames)), [[(item,) for item in b] for b in batches]))

    padded = [item + b"\0" * (len(item) % 2) for item in frames]
    assert list(generate_frames(found.PixelData, number_of_frames=len(frames))) == padded
    expected, position = [], 0
    for item in padded:
        expected.append(position)
        position += 8 + len(item)
    assert parse_basic_offsets(found.PixelData) == expected


def test_large_pixel_data_gets_the_extended_table_and_an_empty_basic_one():
    plan = planned(3, coded_bytes=5 << 30)

    found = read(written(plan, [[(b"abc",), (b"de",)], [(b"f", b"ghi")]]))

    assert np.frombuffer(found.ExtendedOffsetTable, "<u8").tolist() == [0, 12, 22]
    assert np.frombuffer(found.ExtendedOffsetTableLengths, "<u8").tolist() == [4, 2, 4]
    assert parse_basic_offsets(found.PixelData) == []
    frames = generate_frames(
        found.PixelData,
        number_of_frames=3,
        extended_offsets=(found.ExtendedOffsetTable, found.ExtendedOffsetTableLengths),
    )
    assert list(frames) == [b"abc\0", b"de", b"fghi"]


def test_uncompressed_frames_are_padded_once_at_the_end():
    plan = planned(1, jpeg=False)

    found = read(written(plan, [[(bytes(range(45)),)]]))

    assert found["PixelData"].VR == "OB"
    assert found.PixelData == bytes(range(45)) + b"\0"


@pytest.mark.parametrize("batches", [[], [[(b"a",)]], [[(b"a",), (b"b",), (b"c",)]]])
def test_another_number_of_frames_than_planned_is_an_error(batches):
    with pytest.raises(ValueError, match=r"got \d frames, expected 2"):
        written(planned(2), batches)


def test_uncompressed_frame_of_another_size_is_an_error():
    with pytest.raises(ValueError, match="frame 0 has 44 bytes, not 45"):
        written(planned(1, jpeg=False), [[(bytes(44),)]])
