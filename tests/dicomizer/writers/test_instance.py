# SPDX-License-Identifier: Apache-2.0
"""Instances as files: offset tables, padding, counts, and what is known only at the end."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path

import build_instance as build
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.encaps import generate_frames, parse_basic_offsets

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.errors import TargetError
from dicomizer.pixels.format import GREY_16
from dicomizer.planning import InstancePlan, Route
from dicomizer.slide import LossyStep, SizePx
from dicomizer.writers import pixel_data
from dicomizer.writers.instance import InstanceWriter

NATIVE = TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN


def planned(frames: int, syntax: TransferSyntax = TransferSyntax.JPEG_BASELINE, **changes):
    of = build.image(
        SizePx(frames * 5, 3),
        tile_size=SizePx(5, 3),
        coded_bytes=changes.pop("coded_bytes", 1000),
        pixel_format=changes.pop("pixel_format", build.RGB_8),
    )
    return build.instance(of, syntax, **changes)


def written(plan: InstancePlan, batches: list[list[tuple[bytes, ...]]]):
    with tempfile.TemporaryDirectory() as folder:
        target = build.Folder(Path(folder))
        with contextlib.closing(
            InstanceWriter(target.create, build.conversion(plan), plan)
        ) as writer:
            for batch in batches:
                writer.write(batch)
            (file,) = writer.finish()
        path = Path(folder) / file.name
        assert file.file_bytes == path.stat().st_size
        assert file.sop_instance_uid == plan.sop_instance_uid
        return build.read(path)


@given(st.lists(st.lists(st.binary(min_size=1, max_size=40), min_size=1), min_size=1, max_size=8))
def test_frames_are_read_back_padded_to_even_length(batches):
    frames = [frame for batch in batches for frame in batch]

    found = written(planned(len(frames)), [[(item,) for item in b] for b in batches])

    padded = [item + b"\0" * (len(item) % 2) for item in frames]
    assert list(generate_frames(found.PixelData, number_of_frames=len(frames))) == padded
    expected, position = [], 0
    for item in padded:
        expected.append(position)
        position += 8 + len(item)
    assert parse_basic_offsets(found.PixelData) == expected


def check_extended(found) -> None:
    assert np.frombuffer(found.ExtendedOffsetTable, "<u8").tolist() == [0, 12, 22]
    assert np.frombuffer(found.ExtendedOffsetTableLengths, "<u8").tolist() == [4, 2, 4]
    assert parse_basic_offsets(found.PixelData) == []
    frames = generate_frames(
        found.PixelData,
        number_of_frames=3,
        extended_offsets=(found.ExtendedOffsetTable, found.ExtendedOffsetTableLengths),
    )
    assert list(frames) == [b"abc\0", b"de", b"fghi"]


def test_large_pixel_data_gets_the_extended_table_and_an_empty_basic_one():
    plan = planned(3, coded_bytes=5 << 30)

    check_extended(written(plan, [[(b"abc",), (b"de",)], [(b"f", b"ghi")]]))


def test_more_than_was_thought_moves_to_make_room_for_the_extended_table(monkeypatch):
    monkeypatch.setattr(pixel_data.encapsulation, "BASIC_OFFSET_LIMIT", 20)

    check_extended(written(planned(3), [[(b"abc",), (b"de",)], [(b"f", b"ghi")]]))


@pytest.mark.parametrize(
    ("lossy_method", "is_extended"), [("ISO_10918_1", False), (None, True)], ids=["lossy", "exact"]
)
def test_frames_coded_now_get_the_table_that_they_may_need(lossy_method, is_extended):
    of = build.image(SizePx(30_000, 60_000), tile_size=SizePx(512, 512))
    plan = build.instance(of, route=Route.TRANSCODE, lossy_method=lossy_method)

    layout = pixel_data.layout_of(plan)

    assert layout.is_extended is is_extended


def test_uncompressed_frames_are_padded_once_at_the_end():
    found = written(planned(1, NATIVE), [[(bytes(range(45)),)]])

    assert found["PixelData"].VR == "OB"
    assert found.PixelData == bytes(range(45)) + b"\0"


def test_uncompressed_samples_of_16_bits_are_words():
    plan = planned(2, NATIVE, pixel_format=GREY_16)
    samples = np.arange(30, dtype="<u2").tobytes()

    found = written(plan, [[(samples[:30],), (samples[30:],)]])

    assert found["PixelData"].VR == "OW"
    assert found.pixel_array.ravel().tolist() == list(range(30))


def test_more_uncompressed_bytes_than_a_length_can_tell_are_refused_before_there_is_a_file(
    tmp_path,
):
    plan = build.instance(build.image(SizePx(40_000, 40_000)), NATIVE)

    with pytest.raises(TargetError, match=r"4,8\d\d,\d{3},\d{3} bytes.*choose a codec"):
        InstanceWriter(build.Folder(tmp_path).create, build.conversion(plan), plan)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("batches", [[], [[(b"a",)]], [[(b"a",), (b"b",), (b"c",)]]])
def test_another_number_of_frames_than_planned_is_an_error(batches):
    with pytest.raises(ValueError, match=r"got \d frames, expected 2"):
        written(planned(2), batches)


def test_uncompressed_frame_of_another_size_is_an_error():
    with pytest.raises(ValueError, match="frame 1 has 44 bytes, not 45"):
        written(planned(2, NATIVE), [[(bytes(45),), (bytes(44),)]])


def test_the_ratio_of_compressing_now_is_that_of_the_frames_written():
    plan = planned(
        2,
        route=Route.TRANSCODE,
        lossy=(LossyStep("ISO_15444_1", 12.0),),
        lossy_method="ISO_10918_1",
    )

    found = written(plan, [[(b"123",), (b"4567",)]])

    assert found.LossyImageCompression == "01"
    assert found.LossyImageCompressionMethod == ["ISO_15444_1", "ISO_10918_1"]
    assert [float(ratio) for ratio in found.LossyImageCompressionRatio] == [12.0, 12.857142]


@pytest.mark.parametrize(
    ("lossy", "methods"),
    [
        ((LossyStep(None, 7.0),), "UNKNOWN"),
        ((LossyStep(None, 7.0), LossyStep("ISO_10918_1", 9.5)), ["", "ISO_10918_1"]),
    ],
)
def test_each_ratio_has_its_method_or_an_empty_one(lossy, methods):
    found = written(planned(1, lossy=lossy), [[(b"ab",)]])

    assert found.LossyImageCompressionMethod == methods
    assert np.atleast_1d(found.LossyImageCompressionRatio).tolist() == [
        step.ratio for step in lossy
    ]


def test_nothing_lost_is_said_so():
    found = written(planned(1, NATIVE), [[(bytes(45),)]])

    assert found.LossyImageCompression == "00"
    assert "LossyImageCompressionRatio" not in found
    assert "LossyImageCompressionMethod" not in found


class Full(io.BytesIO):
    """A file on a disk that is full."""

    def write(self, data):
        if self.tell() > 100:
            raise OSError(28, "No space left on device")
        return super().write(data)

    writelines = io.IOBase.writelines


def test_errors_of_a_file_become_those_of_the_target():
    @contextlib.contextmanager
    def create(name):
        try:
            with Full() as file:
                yield file
        except OSError as error:
            raise TargetError(f"{name} cannot be written") from error

    plan = planned(2)
    with pytest.raises(TargetError, match=r"level-0\.dcm cannot be written"):
        InstanceWriter(create, build.conversion(plan), plan).write([(b"ab",)])


def test_a_writer_that_is_given_up_closes_its_file_without_completing_it(tmp_path):
    target, plan = build.Folder(tmp_path), planned(2)
    completed = []

    @contextlib.contextmanager
    def create(name):
        with target.create(name) as file:
            yield file
            completed.append(name)

    writer = InstanceWriter(create, build.conversion(plan), plan)
    writer.write([(b"ab",)])
    writer.close()
    writer.close()

    assert completed == []
    assert [file.closed for file in target.opened] == [True]
