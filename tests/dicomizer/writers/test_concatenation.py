# SPDX-License-Identifier: Apache-2.0
"""Instances in several files: none too large, no frame lost, each told what it is part of."""

from __future__ import annotations

import build_instance as build
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.encaps import generate_frames, parse_basic_offsets

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.errors import TargetError
from dicomizer.pixels.format import GREY_16
from dicomizer.planning import Route
from dicomizer.writers import concatenation, pixel_data
from dicomizer.writers.concatenation import divide

NATIVE = TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN


@given(st.lists(st.integers(1, 100), min_size=1), st.integers(100, 300))
def test_files_are_as_full_as_they_can_be(costs, room):
    bounds = divide(np.array(costs), room)

    assert [first for first, _ in bounds] == [0, *(stop for _, stop in bounds[:-1])]
    assert bounds[-1][1] == len(costs)
    for first, stop in bounds:
        assert sum(costs[first:stop]) <= room
        assert stop == len(costs) or sum(costs[first : stop + 1]) > room


def coded(index: int) -> bytes:
    return bytes([index]) * (1000 + 37 * index)


def parts_of(plan, folder, frame=coded):
    files = build.write(plan, folder, frame)
    assert sorted(path.name for path in folder.iterdir()) == sorted(file.name for file in files)
    for file in files:
        assert file.file_bytes == (folder / file.name).stat().st_size
    return files, [build.read(folder / file.name) for file in files]


def test_no_file_is_larger_than_allowed_and_each_tells_its_frames(tmp_path):
    plan = build.instance(build.image(), max_bytes=14_000)

    files, parts = parts_of(plan, tmp_path)

    assert [file.name for file in files] == [f"level-0-part-{n}.dcm" for n in (1, 2, 3, 4)]
    assert max(file.file_bytes for file in files) <= 14_000
    assert [part.NumberOfFrames for part in parts] == [file.number_of_frames for file in files]
    offsets = [part.ConcatenationFrameOffsetNumber for part in parts]
    assert offsets == np.cumsum([0, *(file.number_of_frames for file in files[:-1])]).tolist()
    assert [part.InConcatenationNumber for part in parts] == [1, 2, 3, 4]
    assert {part.InConcatenationTotalNumber for part in parts} == {4}
    assert len({part.ConcatenationUID for part in parts}) == 1
    assert len({part.SOPInstanceUID for part in parts} | {plan.sop_instance_uid}) == 5
    assert [part.SOPInstanceUID for part in parts] == [file.sop_instance_uid for file in files]
    assert {part.SOPInstanceUIDOfConcatenationSource for part in parts} == {plan.sop_instance_uid}
    found = [
        frame
        for part in parts
        for frame in generate_frames(part.PixelData, number_of_frames=part.NumberOfFrames)
    ]
    assert found == [coded(index) + b"\0" * (index % 2) for index in range(20)]
    assert all(len(parse_basic_offsets(part.PixelData)) == part.NumberOfFrames for part in parts)


def test_each_frame_tells_its_place(tmp_path):
    _, parts = parts_of(build.instance(build.image(), max_bytes=14_000), tmp_path)

    assert {part.DimensionOrganizationType for part in parts} == {"TILED_SPARSE"}
    places = [
        group.PlanePositionSlideSequence[0]
        for part in parts
        for group in part.PerFrameFunctionalGroupsSequence
    ]
    assert [
        (place.ColumnPositionInTotalImagePixelMatrix, place.RowPositionInTotalImagePixelMatrix)
        for place in places
    ] == [(column * 64 + 1, row * 64 + 1) for row in range(4) for column in range(5)]


def test_a_sparse_instance_is_divided_without_the_missing(tmp_path):
    plan = build.instance(build.image(missing=(0, 7)), max_bytes=14_000)

    _, parts = parts_of(plan, tmp_path)

    first = parts[0].PerFrameFunctionalGroupsSequence[0].PlanePositionSlideSequence[0]
    assert first.ColumnPositionInTotalImagePixelMatrix == 65
    assert sum(part.NumberOfFrames for part in parts) == 18


def test_what_fits_into_one_file_is_no_concatenation(tmp_path):
    plan = build.instance(build.image(), max_bytes=50_000)

    (file,), (found,) = parts_of(plan, tmp_path)

    assert file.name == "level-0.dcm"
    assert file.sop_instance_uid == found.SOPInstanceUID == plan.sop_instance_uid
    assert found.DimensionOrganizationType == "TILED_FULL"
    assert "ConcatenationUID" not in found


def test_a_limit_is_that_of_the_whole_file(tmp_path):
    (file,) = build.write(build.instance(build.image()), tmp_path, coded)
    spare = 200  # UIDs are not all of one length

    for limit, count in ((file.file_bytes + spare, 1), (file.file_bytes - spare, 2)):
        (tmp_path / str(limit)).mkdir()
        plan = build.instance(build.image(), max_bytes=limit)

        assert len(build.write(plan, tmp_path / str(limit), coded)) == count


@pytest.mark.parametrize("syntax", [NATIVE, TransferSyntax.JPEG_2000_LOSSLESS])
def test_any_limit_is_kept_and_used(tmp_path, syntax):
    of = build.image(pixel_format=GREY_16)

    def frame(index):
        return build.native(index, of)

    for limit in range(17_000, 60_000, 3_333):
        (tmp_path / str(limit)).mkdir()
        files = build.write(
            build.instance(of, syntax, max_bytes=limit), tmp_path / str(limit), frame
        )

        assert all(file.file_bytes <= limit for file in files)
        frame_with_its_entries = 8192 + 300
        assert all(file.file_bytes + frame_with_its_entries > limit for file in files[:-1])


def test_uncompressed_frames_are_divided(tmp_path):
    of = build.image(pixel_format=GREY_16)
    plan = build.instance(of, NATIVE, max_bytes=40_000)

    _, parts = parts_of(plan, tmp_path, lambda index: build.native(index, of))

    found = np.concatenate([part.pixel_array.reshape(-1, 64, 64) for part in parts])
    assert len(parts) > 1
    assert np.array_equal(found, [build.pixels(index, of) for index in range(20)])


def test_uncompressed_pixels_past_4_gib_are_divided_whatever_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(pixel_data, "LARGEST_NATIVE", 50_000)
    monkeypatch.setattr(concatenation, "LARGEST_NATIVE", 50_000)
    of = build.image(pixel_format=GREY_16)
    plan = build.instance(of, NATIVE, max_bytes=1_000_000)

    _, parts = parts_of(plan, tmp_path, lambda index: build.native(index, of))

    assert [len(part.PixelData) for part in parts] == [5 * 8192] * 4


def test_parts_have_the_ratio_of_the_whole(tmp_path):
    plan = build.instance(
        build.image(),
        max_bytes=14_000,
        route=Route.TRANSCODE,
        lossy=(),
        lossy_method="ISO_10918_1",
    )

    _, parts = parts_of(plan, tmp_path)

    expected = 20 * 64 * 64 * 3 / sum(len(coded(index)) for index in range(20))
    assert [part.LossyImageCompressionRatio for part in parts] == pytest.approx(
        [expected] * len(parts)
    )


def test_a_limit_below_one_frame_is_refused_with_what_it_needs(tmp_path):
    plan = build.instance(build.image(), max_bytes=5_000)

    with pytest.raises(
        TargetError,
        match=r"level-0\.dcm: a file of one frame has \d,\d{3} bytes, 5,000 are allowed; "
        r"give a larger --max-instance-size",
    ):
        build.write(plan, tmp_path, coded)

    assert list(tmp_path.iterdir()) == []


def test_more_files_than_a_concatenation_may_have_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(concatenation, "_LARGEST_TOTAL", 3)
    plan = build.instance(build.image(), max_bytes=14_000)

    with pytest.raises(TargetError, match="4 files would be needed, a concatenation may have 3"):
        build.write(plan, tmp_path, coded)


def test_files_larger_than_4_gib_get_the_extended_table(tmp_path, monkeypatch):
    monkeypatch.setattr(concatenation, "BASIC_OFFSET_LIMIT", 10_000)
    plan = build.instance(build.image(), max_bytes=20_000)

    _, parts = parts_of(plan, tmp_path)

    assert all(len(part.ExtendedOffsetTableLengths) == 8 * part.NumberOfFrames for part in parts)
    found = [
        frame
        for part in parts
        for frame in generate_frames(
            part.PixelData,
            number_of_frames=part.NumberOfFrames,
            extended_offsets=(part.ExtendedOffsetTable, part.ExtendedOffsetTableLengths),
        )
    ]
    assert [len(frame) for frame in found] == [1000 + 37 * n + n % 2 for n in range(20)]


def test_a_tiff_cannot_be_divided(tmp_path):
    of = build.image()
    plan = build.instance(of, max_bytes=14_000, dual=True)

    with pytest.raises(TargetError, match="a TIFF cannot be divided; leave out --dual or"):
        build.write(plan, tmp_path, lambda index: build.jpeg(index, of, subsampling="444"))


def test_a_tiff_that_fits_is_one(tmp_path):
    of = build.image()
    plan = build.instance(of, max_bytes=100_000, dual=True)

    (file,) = build.write(plan, tmp_path, lambda index: build.jpeg(index, of))

    assert (tmp_path / file.name).read_bytes()[:4] == b"II*\0"
