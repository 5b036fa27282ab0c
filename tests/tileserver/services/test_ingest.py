# SPDX-License-Identifier: Apache-2.0
"""The one way in: any instance is stored as received, and no file, however broken, gets past."""

from __future__ import annotations

import io

import instances
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from tileserver.app import open_services
from tileserver.errors import ConflictError, InvalidInstanceError, WrongStudyError
from tileserver.index import Search
from tileserver.index.search import Level
from tileserver.services.records import read_record
from tileserver.settings import Settings

EVERYTHING = Search(Level.INSTANCE, (), 100)


@pytest.fixture
def opened(tmp_path):
    services, index = open_services(Settings(data=tmp_path))
    yield services, index
    services.close()
    index.close()


def stored_frames(services, found) -> list[bytes]:
    file = instances.written(found)
    services.ingest.add_file(io.BytesIO(file))
    place = services.retrieve.instance(
        found.StudyInstanceUID, found.SeriesInstanceUID, found.SOPInstanceUID
    )
    numbers = range(1, int(found.NumberOfFrames) + 1)
    frames = list(services.retrieve.frames(place, numbers))
    assert services.retrieve.frame_lengths(place, numbers) == list(map(len, frames))
    assert b"".join(services.retrieve.file(place).pieces()) == file
    return frames


def record_of(file: bytes):
    record, _ = read_record(io.BytesIO(file), b"", len(file))
    return record


def test_frames_are_those_that_went_in(opened):
    frames = [instances.jpeg(1), instances.jpeg(2, odd=True), instances.jpeg(3)]

    assert stored_frames(opened[0], instances.slide(frames)) == frames


def test_frames_of_several_fragments_are_put_together(opened):
    from pydicom.encaps import encapsulate

    frames = [instances.jpeg(1), instances.jpeg(2, odd=True), instances.jpeg(3)]
    found = instances.slide(frames)
    found.PixelData = encapsulate(frames, fragments_per_frame=3)

    assert stored_frames(opened[0], found) == frames


def test_frames_behind_an_extended_offset_table_are_read(opened):
    from pydicom.encaps import encapsulate_extended

    frames = [instances.jpeg(1), instances.jpeg(2, odd=True)]
    found = instances.slide(frames)
    found.PixelData, found.ExtendedOffsetTable, found.ExtendedOffsetTableLengths = (
        encapsulate_extended(frames)
    )

    assert stored_frames(opened[0], found) == frames


def test_only_what_ends_with_a_marker_loses_its_padding(opened):
    frames = [b"\x01\x02\xff\xd9", b"\x01\xff\xd9\x00"]

    assert stored_frames(opened[0], instances.slide(frames, RLELossless)) == frames


def test_native_frames_are_divided_by_arithmetic(opened):
    frames = [bytes([number]) * 768 for number in range(3)]

    assert stored_frames(opened[0], instances.native(b"".join(frames), 3)) == frames


def test_frames_of_single_bits_may_begin_within_a_byte():
    found = instances.native(bytes(6), 3)
    found.Rows, found.Columns, found.SamplesPerPixel, found.BitsAllocated = 3, 5, 1, 1

    file = instances.written(found)
    frames = record_of(file).frames
    assert frames is not None
    index = frames.unpack()
    assert (index.offsets - (len(file) - 6)).tolist() == [0, 1, 3]
    assert index.lengths.tolist() == [2, 3, 3]
    assert index.bits == 15


def test_frames_of_single_bits_that_fill_bytes_are():
    found = instances.native(b"\x01\x02\x03\x04", 2)
    found.Rows, found.Columns, found.SamplesPerPixel, found.BitsAllocated = 2, 8, 1, 1

    frames = record_of(instances.written(found)).frames
    assert frames is not None
    assert frames.unpack().lengths.tolist() == [2, 2]


def test_a_deflated_instance_is_stored_without_frames():
    found = instances.native(bytes(768), 1)
    found.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian

    record = record_of(instances.written(found))

    assert record.transfer_syntax_uid == "1.2.840.10008.1.2.1.99"
    assert record.frames is None


def test_the_same_bytes_are_stored_once_and_other_bytes_not_at_all(opened):
    services, index = opened
    found = instances.dataset()
    first = services.ingest.add_file(io.BytesIO(instances.written(found)))
    again = services.ingest.add_file(io.BytesIO(instances.written(found)))
    found.PatientID = "other"

    assert (first.is_new, again.is_new) == (True, False)
    with pytest.raises(ConflictError) as caught:
        services.ingest.add_file(io.BytesIO(instances.written(found)))
    assert caught.value.uids == (found.SOPClassUID, found.SOPInstanceUID)
    assert len(index.search(EVERYTHING).rows) == 1


def test_a_blob_that_a_crash_left_without_index_is_taken_up(opened):
    services, index = opened
    file = instances.written(instances.dataset())
    services.ingest.add_file(io.BytesIO(file))
    index.replace_all(iter(()))

    assert services.ingest.add_file(io.BytesIO(file)).is_new
    assert len(index.search(EVERYTHING).rows) == 1


def test_the_study_must_be_the_one_that_was_named(opened):
    services, index = opened
    found = instances.dataset()
    with services.ingest.receive() as incoming:
        incoming.write(instances.written(found))
        with pytest.raises(WrongStudyError) as caught:
            services.ingest.accept(incoming, "1.2.3")

    assert caught.value.uids == (found.SOPClassUID, found.SOPInstanceUID)
    assert index.search(EVERYTHING).rows == []


@pytest.mark.parametrize(
    "keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"]
)
def test_an_instance_must_have_its_uids(keyword):
    file = instances.written(instances.dataset())
    found = instances.dataset()
    uid = found[keyword].value
    changed = instances.written(found).replace(uid.encode(), b" " * len(uid))

    assert record_of(file)
    with pytest.raises(InvalidInstanceError, match=f"{keyword}: found no valid UID"):
        record_of(changed)


def test_pixel_data_that_is_too_short_is_refused():
    short = instances.native(bytes(768), 2)

    with pytest.raises(InvalidInstanceError, match="found 768 bytes, expected 2 frames of 768"):
        record_of(instances.written(short))
    with pytest.raises(InvalidInstanceError, match="the file is cut short"):
        record_of(instances.written(instances.native(bytes(768), 1))[:-10])


FILES = [
    instances.written(found)
    for found in (
        instances.slide(
            [instances.jpeg(1), instances.jpeg(2)],
            PatientName="Müller^Änne",
            OpticalPathSequence=[instances.item(ICCProfile=bytes(300))],
        ),
        instances.native(bytes(1536), 2),
    )
]


# pydicom warns of odd values; what matters here is that nothing but our error comes out.
@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.integers(132, 900), st.integers(0, 255)), max_size=5),
    st.integers(0, 2000),
)
def test_damaged_files_are_read_or_refused(file, changes, kept):
    damaged = bytearray(file)
    for place, value in changes:
        damaged[place % len(damaged)] = value

    try:
        record = record_of(bytes(damaged[: 132 + kept] if kept < 1000 else damaged))
    except InvalidInstanceError as error:
        assert "\n" not in str(error)
    else:
        record.metadata.whole().encode()


def test_a_blob_that_was_lost_is_put_back_when_its_instance_comes_again(opened, tmp_path):
    services, _ = opened
    file = instances.written(instances.slide([instances.jpeg(1)]))
    services.ingest.add_file(io.BytesIO(file))
    (blob,) = tmp_path.glob("blobs/*/*.dcm")
    blob.unlink()

    again = services.ingest.add_file(io.BytesIO(file))

    assert not again.is_new
    assert blob.read_bytes() == file


@pytest.mark.parametrize("count", [1, 3])
def test_what_is_deleted_as_soon_as_it_is_named_does_not_come_back(
    opened, monkeypatch, tmp_path, count
):
    services, index = opened
    study = "1.2.826.0.1.77"
    add = index.add

    def add_and_delete(*records):
        add(*records)
        services.delete.delete(study)

    monkeypatch.setattr(index, "add", add_and_delete)
    incoming = []
    for _ in range(count):
        incoming.append(services.ingest.receive())
        found = instances.slide([instances.jpeg(5)], StudyInstanceUID=study)
        incoming[-1].write(instances.written(found))

    services.ingest.accept_all(incoming)
    for each in incoming:
        each.__exit__(None, None, None)

    assert index.find(record_of(instances.written(found)).sop_instance_uid) is None
    assert [path for path in tmp_path.rglob("*") if path.suffix == ".dcm"] == []
