# SPDX-License-Identifier: Apache-2.0
"""What cannot be made is left out of an answer, which tells so (PS3.18 10.4.3.1)."""

from __future__ import annotations

import time

import imagecodecs
import instances
import pydicom
import pytest
from coded_frames import JPEG_LS, RGB
from servers import Server, parts_of

TRANSCODED = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1'
PARTS = 'multipart/related; type="image/png"'
SOUND = instances.jpeg(1)
DAMAGED = SOUND[:200] + bytes(len(SOUND) - 200)
"""The header of a frame, and nothing behind it."""


def study(server: Server, *frames: list[bytes]) -> list[pydicom.FileDataset]:
    """Store a study of instances of these frames."""
    made = [instances.slide(frame) for frame in frames]
    for found in made:
        found.StudyInstanceUID = made[0].StudyInstanceUID
    for found in made:
        assert server.store(instances.written(found)).status_code == 200
    return made


def paths(found: list[pydicom.FileDataset]) -> tuple[str, list[str]]:
    root = f"/studies/{found[0].StudyInstanceUID}"
    return root, [
        f"{root}/series/{f.SeriesInstanceUID}/instances/{f.SOPInstanceUID}" for f in found
    ]


def logged(server: Server, path: str) -> str:
    deadline = time.monotonic() + 20
    line = ""
    while not line and time.monotonic() < deadline:
        assert server.is_alive()
        begin = f"left out of an answer: {path}: "
        line = next((one for one in server.log.read_text().splitlines() if begin in one), "")
    return line


@pytest.mark.parametrize(("rest", "accept"), [("/rendered", PARTS), ("", TRANSCODED)])
def test_what_shows_while_it_is_sent_is_told_in_the_log(server, rest, accept):
    found = study(server, [SOUND], [DAMAGED], [SOUND])
    root, (_, broken, _) = paths(found)

    answer = server.get(root + rest, accept)

    assert answer.status_code == 200
    assert len(parts_of(answer)) == 2
    line = logged(server, broken)
    assert "cannot be" in line
    assert "Doe" not in line


@pytest.mark.parametrize(("rest", "accept"), [("/rendered", PARTS), ("", TRANSCODED)])
def test_what_shows_beforehand_makes_the_answer_a_part(server, rest, accept):
    found = study(server, [DAMAGED], [SOUND], [SOUND])
    root, (broken, *_) = paths(found)

    answer = server.get(root + rest, accept)

    assert answer.status_code == 206
    assert answer.headers["warning"] == (
        f"299 {server.root}: 1 of what was asked for cannot be given so"
    )
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    assert len(parts_of(answer)) == 2
    assert logged(server, broken)


@pytest.mark.parametrize(
    ("rest", "accept", "type_"),
    [
        ("/rendered", "image/png", "image/png"),
        ("", TRANSCODED, 'multipart/related; type="application/dicom"'),
    ],
)
def test_headers_are_looked_at_before_anything_is_sent(server, rest, accept, type_):
    found = [instances.slide([SOUND]), instances.slide([SOUND], Rows=0)]
    found[1].StudyInstanceUID = found[0].StudyInstanceUID
    for one in found:
        assert server.store(instances.written(one)).status_code == 200
    root, (_, broken) = paths(found)

    answer = server.get(root + rest, accept)

    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith(type_)
    assert logged(server, broken)


@pytest.mark.parametrize(("rest", "accept"), [("/rendered", PARTS), ("", TRANSCODED)])
def test_where_nothing_can_be_made_the_error_is_told(server, rest, accept):
    root, _ = paths(study(server, [DAMAGED], [DAMAGED]))

    answer = server.get(root + rest, accept)

    assert answer.status_code == 406
    assert "cannot be" in answer.json()["message"]


def test_an_instance_with_a_damaged_frame_is_left_out_as_a_whole(server):
    found = study(server, [SOUND], [SOUND, DAMAGED], [SOUND])
    root, (_, broken, _) = paths(found)

    parts = parts_of(server.get(root, TRANSCODED))

    assert len(parts) == 2
    assert logged(server, broken)


def test_frames_that_can_be_drawn_are_given_without_those_that_cannot(server):
    _, (path,) = paths(study(server, [DAMAGED, SOUND]))

    answer = server.get(f"{path}/frames/1,2/rendered", PARTS)

    assert (answer.status_code, len(parts_of(answer))) == (206, 1)


def test_what_is_wrong_with_pixels_is_said(server):
    found = instances.slide([SOUND], Rows=0)
    assert server.store(instances.written(found)).status_code == 200
    _, (path,) = paths([found])

    answer = server.get(f"{path}/rendered")

    assert answer.status_code == 406
    assert answer.json()["message"].startswith("the pixels cannot be shown: ")


@pytest.mark.parametrize(
    ("rest", "accept"),
    [
        ("", "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"),
        ("", "application/dicom; transfer-syntax=1.2.840.10008.1.2.4.50"),
        ("/frames/1,2", 'multipart/related; type="application/octet-stream"'),
        ("/pixeldata", 'multipart/related; type="application/octet-stream"'),
        ("/bulkdata", 'multipart/related; type="application/octet-stream"'),
        ("/bulkdata/7FE00010", 'multipart/related; type="application/octet-stream"'),
    ],
)
def test_a_damaged_frame_is_told_by_the_status_and_breaks_nothing_off(server, rest, accept):
    # Another syntax than JPEG baseline, so that it has to be decoded for each.
    streams = [bytes(imagecodecs.jpegls_encode(RGB)) for _ in range(2)]
    found = instances.slide([streams[0], streams[1][:100] + b"\xff\xd9"], JPEG_LS)
    found.PhotometricInterpretation, found.Rows, found.Columns = "RGB", *RGB.shape[:2]
    assert server.store(instances.written(found)).status_code == 200
    _, (path,) = paths([found])

    answer = server.get(path + rest, accept)

    assert answer.status_code == 406
    assert "cannot be transcoded: " in answer.json()["message"]
