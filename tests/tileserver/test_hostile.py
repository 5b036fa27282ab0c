# SPDX-License-Identifier: Apache-2.0
"""Hostile instances and requests are refused within limits, and the server goes on."""

from __future__ import annotations

import struct
from urllib.parse import quote

import bombs
import instances
import pytest
from bounds import within_bounds
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import generate_uid


def refused(server, file: bytes) -> None:
    """Assert that the server refuses a file within bounds."""
    server.store(instances.written(instances.dataset()))

    with within_bounds(server):
        answer = server.store(file)

    assert answer.status_code == 409, answer.text


@pytest.mark.parametrize("depth", [50, 500, 100_000])
def test_nested_sequences(server, depth):
    refused(server, instances.nested(depth))


@pytest.mark.parametrize("depth", [50, 500, 5_000])
def test_nested_sequences_of_known_length(server, depth):
    refused(server, instances.nested_of_known_length(depth))


def test_sequences_as_deep_as_reports_have_them_are_stored(server):
    assert server.store(instances.nested(16)).status_code == 200


@pytest.mark.parametrize("vr", [b"OB", b"UN", b"SQ", b"UT"])
@pytest.mark.parametrize("length", [0xFFFFFFFE, 0x7FFFFFFF])
def test_an_element_that_claims_gigabytes(server, vr, length):
    element = b"\x40\x00\x30\xa7" + vr + b"\0\0" + struct.pack("<I", length) + b"abc"

    refused(server, instances.written(instances.dataset()) + element)


@pytest.mark.parametrize("length", [b"\xff\xff\xff\x7f", b"\xfe\xff\xff\xff", bytes(4)])
def test_a_meta_header_of_another_length_than_it_says(server, length):
    file = instances.written(instances.dataset())

    with within_bounds(server):
        answer = server.store(file[:140] + length + file[144:])

    # Reading is tolerant: the elements of the meta header tell where it ends.
    assert answer.status_code == 200


def test_pixel_data_that_claims_gigabytes(server):
    file = instances.written(instances.native(bytes(768), 1))
    place = file.index(b"\xe0\x7f\x10\x00") + 8

    refused(server, file[:place] + b"\xfe\xff\xff\xff" + file[place + 4 :])


@pytest.mark.parametrize("frames", ["2147483647", "999999999999", "-5", "0"])
def test_a_number_of_frames_that_is_none(server, frames):
    file = instances.written(instances.slide([instances.jpeg(1)], NumberOfFrames="1"))
    padded = frames + " " * (len(frames) % 2)
    element = b"\x28\x00\x08\x00IS" + struct.pack("<H", len(padded)) + padded.encode()

    refused(server, file.replace(b"\x28\x00\x08\x00IS\x02\x001 ", element))


def deflated(content: bytes, zeros: int = 0) -> bytes:
    """Return a Part 10 file of a deflated dataset: an instance, what is given, and zeros."""
    head = instances.written(instances.dataset())
    dataset_offset = 144 + struct.unpack_from("<I", head, 140)[0]
    meta = head[:dataset_offset].replace(
        b"UI\x14\x001.2.840.10008.1.2.1\0", b"UI\x16\x001.2.840.10008.1.2.1.99"
    )
    meta = meta[:140] + struct.pack("<I", len(meta) - 144) + meta[144:]
    return meta + bombs.deflated(head[dataset_offset:] + content, zeros)


def test_a_deflated_bomb(server):
    bomb = deflated(b"\xff\xff\x10\x00OB\0\0" + struct.pack("<I", 1 << 30), 1 << 30)

    assert len(bomb) < 1_100_000
    refused(server, bomb)


def test_a_deflated_bomb_of_items(server):
    items = b"\xfe\xff\x00\xe0\0\0\0\0" * 2_100_000

    refused(server, deflated(b"\x40\x00\x30\xa7SQ\0\0" + struct.pack("<I", len(items)) + items))


def test_wildcards_do_not_take_time(server):
    found = instances.dataset(
        PatientID="a" * 60, PatientName="a" * 60, StudyInstanceUID=generate_uid()
    )
    assert server.store(instances.written(found)).status_code == 200

    for keyword in ("PatientID", "PatientName"):
        with within_bounds(server):
            answer = server.get(f"/studies?{keyword}={'*a' * 100}b")

        assert answer.status_code == 204


NAMES = st.one_of(
    st.sampled_from(["PatientName", "PatientID", "StudyDate", "StudyTime", "StudyInstanceUID"]),
    st.sampled_from(["ModalitiesInStudy", "Rows", "NumberOfFrames", "00400560.00400551"]),
    st.sampled_from(["limit", "offset", "includefield", "fuzzymatching", "accept"]),
    st.text(max_size=20),
)
VALUES = st.one_of(
    st.sampled_from(["*", "?", "-", "2024-", "-2024", "[", "\\", ",", "true", "1", "all", "\0"]),
    st.text(max_size=30),
)
ACCEPTS = st.one_of(
    st.just("*/*"),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60).map(str.strip),
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["/studies", "/series", "/studies/1.2.3.1/instances"]),
    st.lists(st.tuples(NAMES, VALUES), max_size=4),
    ACCEPTS,
)
def test_no_query_is_an_error_of_the_server(archive, path, parameters, accept):
    answer = archive.server.http.get(
        f"/dicomweb{path}", params=parameters, headers={"Accept": accept}
    )

    assert answer.status_code in (200, 204, 400, 406), answer.text


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from(["1.2.3.1", "frames", "1"]), VALUES), max_size=4), ACCEPTS
)
def test_no_path_is_an_error_of_the_server(archive, steps, accept):
    path = "/".join(quote(step, safe="") for step in ("studies", *steps))

    answer = archive.server.http.get(f"/dicomweb/{path}", headers={"Accept": accept})

    assert answer.status_code in (200, 400, 404, 406), answer.text


def with_vr(file: bytes, tag: bytes, old: bytes, new: bytes) -> bytes:
    """Return a file whose element says that it is of another VR."""
    assert file.count(tag + old) == 1
    return file.replace(tag + old, tag + new)


def test_a_transfer_syntax_that_is_no_uid_is_refused(server):
    file = instances.written(instances.dataset())

    for wrong in (b"1.2.8\r\n10008.1.2.11", b"1.2.8\0\0\0\x000008.1.2.1", b"1.2.840.10008.1.2%b"):
        assert len(wrong) == 19
        refused(server, file.replace(b"1.2.840.10008.1.2.1\0", wrong + b"\0"))


def test_a_character_set_of_another_vr_is_none(server):
    file = instances.written(instances.dataset())

    answer = server.store(with_vr(file, b"\x08\0\x05\0", b"CS", b"PN"))

    assert answer.status_code == 202
    (told,) = answer.json()["00081199"]["Value"]
    assert told["00081196"]["Value"] == [0xB007]


def test_a_uid_of_another_vr_is_no_error_of_the_server(server):
    found = instances.slide([instances.jpeg(1)], SOPInstanceUID="12")
    file = with_vr(instances.written(found), b"\x08\0\x18\0", b"UI", b"IS")
    assert server.store(file).status_code == 202
    path = f"/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}/instances/12"

    answer = server.get(path, "application/dicom; transfer-syntax=1.2.840.10008.1.2.1")

    assert answer.status_code == 406
    assert "its attributes cannot be written" in answer.json()["message"]


def test_a_picture_without_pixels_is_not_acceptable(server):
    found = instances.slide([instances.jpeg(1)])
    del found.PixelData, found.TotalPixelMatrixColumns
    assert server.store(instances.written(found)).status_code == 200
    path = (
        f"/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
        f"/instances/{found.SOPInstanceUID}"
    )

    for rest in ("/rendered", "/thumbnail"):
        answer = server.get(path + rest)

        assert answer.status_code == 406, answer.text
        assert "no frames" in answer.json()["message"]
