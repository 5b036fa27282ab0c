# SPDX-License-Identifier: Apache-2.0
"""What jobs do, on a real server: each kind to its end, its failures, its cancellation."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator

import pydicom
import pytest
import uploading as up
from instances import dataset, written
from servers import Server, serving
from slides import write_svs


@pytest.fixture(scope="module")
def slide(tmp_path_factory):
    return write_svs(tmp_path_factory.mktemp("slide") / "slide.svs").path


@pytest.fixture(scope="module")
def peer(tmp_path_factory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("peer") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory, peer) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("jobs") / "data"
    peers = ("--peers", f"archive={peer.root}", "--peers", "nobody=http://127.0.0.1:9/dicomweb")
    with serving(data, *peers, "--retry-seconds", "0") as running:
        yield running


@pytest.fixture(scope="module")
def converted(server, slide):
    """Give the job of a slide that was converted and verified."""
    return up.ended(server, up.uploaded(server, slide, options={"verify": True}))


def test_a_slide_is_converted_stored_and_verified(server, converted):
    assert (converted["state"], converted["problem"]) == ("done", None)
    stored = up.instances(server, converted["result"]["study"])
    assert stored == sorted(converted["result"]["instances"].values())
    assert sorted(converted["result"]["instances"]) == [
        "label.dcm", "level-0.dcm", "level-1.dcm", "overview.dcm", "thumbnail.dcm",
    ]  # fmt: skip
    (verifying,) = server.http.get("/api/jobs", params={"kind": "verify"}).json()["jobs"]
    assert up.ended(server, verifying["id"])["result"]["same"] is True


def test_the_same_slide_again_is_the_same_instances(server, converted, slide):
    again = up.ended(server, up.uploaded(server, slide))

    assert again["result"]["instances"] == converted["result"]["instances"]
    assert again["result"]["study"] == converted["result"]["study"]


def test_a_zip_of_a_slide_is_unpacked(server, slide):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.write(slide, "folder/zipped.svs")
        file.writestr("__MACOSX/._zipped.svs", b"noise")

    done = up.ended(server, up.uploaded(server, packed.getvalue(), "slides.zip"))

    assert (done["state"], done["result"]["format"]) == ("done", "Aperio SVS")


def test_metadata_go_into_what_is_stored(server, slide):
    options = {"metadata": {"patient": {"id": "P-77"}}, "codec": "htj2k"}

    done = up.ended(server, up.uploaded(server, slide, options=options))

    (found,) = server.get("/studies?PatientID=P-77", "application/dicom+json").json()
    assert found["0020000D"]["Value"] == [done["result"]["study"]]


def test_an_export_is_a_file_set_that_holds_what_is_stored(server, converted, tmp_path):
    study = converted["result"]["study"]

    done = up.ended(server, up.asked(server, "export", parameters={"study": study}))

    answer = server.http.get(f"/api/jobs/{done['id']}/result")
    assert answer.headers["content-type"] == "application/zip"
    zipfile.ZipFile(io.BytesIO(answer.content)).extractall(tmp_path)
    records = pydicom.dcmread(tmp_path / "DICOMDIR").DirectoryRecordSequence
    assert [item.DirectoryRecordType for item in records[:3]] == ["PATIENT", "STUDY", "SERIES"]
    found = {
        str(item.ReferencedSOPInstanceUIDInFile): tmp_path.joinpath(*item.ReferencedFileID)
        for item in records
        if item.DirectoryRecordType == "IMAGE"
    }
    assert sorted(found) == up.instances(server, study)
    (series,) = {pydicom.dcmread(path, stop_before_pixels=True).SeriesInstanceUID
                 for path in found.values()}  # fmt: skip
    for uid, path in found.items():
        url = f"/studies/{study}/series/{series}/instances/{uid}"
        stored = server.get(url, 'multipart/related; type="application/dicom"; transfer-syntax=*')
        assert path.read_bytes() in stored.content


def test_an_export_tells_what_its_directory_lacks(server):
    """Completion Flag is of type 1 in the record of a report (PS3.3 F.5.24)."""
    report = dataset(StudyInstanceUID="1.2.76", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33")
    report.file_meta.MediaStorageSOPClassUID = report.SOPClassUID
    assert server.store(written(report)).status_code in (200, 202)

    done = up.ended(server, up.asked(server, "export", parameters={"study": "1.2.76"}))

    assert done["problem"] == (
        f"a DICOMDIR cannot name {report.SOPInstanceUID}: "
        "The instance's (0040,A491) 'Completion Flag' element is missing"
    )


def test_a_study_is_sent_to_a_peer(server, peer, converted):
    study = converted["result"]["study"]

    done = up.ended(
        server, up.asked(server, "send", parameters={"study": study, "peer": "archive"})
    )

    assert done["result"] == {"instances": 5, "peer": "archive"}
    assert up.instances(peer, study) == up.instances(server, study)


def test_a_peer_that_is_away_is_tried_again_and_then_given_up(server, converted):
    below = {"study": converted["result"]["study"], "series": converted["result"]["series"]}
    uid = converted["result"]["instances"]["label.dcm"]

    number = up.asked(
        server, "send", parameters={**below, "instance": uid, "peer": "nobody"}, priority=-5
    )
    while up.job(server, number)["attempts"] < 2:
        assert up.job(server, number)["state"] in ("waiting", "running")
    cancelled = server.http.post(f"/api/jobs/{number}/cancel")

    assert cancelled.status_code in (200, 202)
    assert up.ended(server, number)["state"] == "cancelled"
    assert any("tried again in 0 s" in line for line in up.log(server, number))


def test_deletion_comes_to_the_same_end_however_often(server):
    stored = server.store(written(dataset(StudyInstanceUID="1.2.77")))
    assert stored.status_code == 200, stored.text

    results = [
        up.ended(server, up.asked(server, "delete", parameters={"study": "1.2.77"}))["result"]
        for _ in range(2)
    ]

    assert results == [{"was_there": True}, {"was_there": False}]


def test_a_job_and_those_that_need_it_are_cancelled_and_come_back(server, converted):
    study = converted["result"]["study"]
    first = up.asked(server, "send", parameters={"study": "1.9", "peer": "archive"})
    second = up.asked(server, "export", parameters={"study": study}, needs=[first])

    assert up.ended(server, first)["problem"] == "there is no such study"
    assert up.ended(server, second)["problem"] == f"job {first}, which it needs, is failed"
    assert server.http.post(f"/api/jobs/{second}/retry").status_code == 409
    assert server.http.post(f"/api/jobs/{first}/retry").json()["state"] == "waiting"
    assert up.ended(server, first)["state"] == "failed"


def test_a_conversion_that_is_cancelled_leaves_nothing(server, tmp_path):
    """Levels that were stored already go again."""
    big = write_svs(tmp_path / "big.svs", size=(5000, 4000), mpp="|MPP = 0.2510").path
    studies = {item["0020000D"]["Value"][0] for item in _studies(server)}
    number = up.uploaded(server, big, options={"levels": "all", "codec": "jpeg2000"})
    new: set[str] = set()
    while not new:
        found = up.job(server, number)
        assert found["state"] in ("waiting", "running"), found
        new = {item["0020000D"]["Value"][0] for item in _studies(server)} - studies

    assert server.http.post(f"/api/jobs/{number}/cancel").status_code == 202
    assert up.ended(server, number)["state"] == "cancelled"

    assert {item["0020000D"]["Value"][0] for item in _studies(server)} == studies
    assert not (server.data / "jobs" / str(number)).exists()


def test_events_tell_each_step_until_the_end(server, slide):
    with server.http.stream("GET", "/api/jobs/events") as all_jobs:
        lines = all_jobs.iter_lines()
        assert next(lines) == ": jobs"
        number = up.asked(server, "delete", parameters={"study": "1.2.78"})
        with server.http.stream("GET", f"/api/jobs/{number}/events") as one:
            assert one.headers["content-type"].startswith("text/event-stream")
            of_one = [json.loads(line[6:]) for line in one.iter_lines() if line[:5] == "data:"]
        states = []
        while states[-1:] != ["done"]:
            line = next(lines)
            if line.startswith("data:") and json.loads(line[6:])["id"] == number:
                states.append(json.loads(line[6:])["state"])

    assert of_one[-1]["state"] == "done"
    assert [state for state in ("waiting", "running", "done") if state in states] == states


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"kind": "explode"}, 400, "no kind 'explode' of job; expected convert, verify"),
        ({"kind": "delete"}, 400, "the parameter 'study' is missing"),
        ({"kind": "delete", "parameters": {"study": "x"}}, 400, "study: expected a UID"),
        ({"kind": "delete", "parameters": {"study": "1.2", "p": "/"}}, 400, "unknown parameter"),
        ({"kind": "send", "parameters": {"study": "1.2", "peer": "x"}}, 400,
         "peer: found 'x', expected a name of the setting peers: "),
        ({"kind": "convert", "parameters": {"upload": "../../etc"}}, 404, "no such upload"),
        ({"kind": "convert", "parameters": {"upload": "0" * 32}}, 404, "no such upload"),
        ({"kind": "delete", "parameters": {"study": "1.2"}, "needs": [99999]}, 400, "no job 99999"),
        ({"kind": "delete", "parameters": {"study": "1.2"}, "priority": 10**9}, 400, "priority"),
        ([], 400, "expected a JSON object"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(server, body, status, message):
    answer = server.http.post("/api/jobs", json=body)

    assert answer.status_code == status
    assert message in answer.json()["message"]


def test_pages_of_others_have_nothing_done(server):
    headers = {"Origin": "https://evil.example"}
    body = {"kind": "delete", "parameters": {"study": "1.2"}}

    assert server.http.post("/api/jobs", json=body, headers=headers).status_code == 403
    assert server.http.post("/api/jobs/1/cancel", headers=headers).status_code == 403
    assert server.http.post("/api/jobs", content=json.dumps(body)).status_code == 415


def test_one_key_is_one_job(server):
    body = {
        "kind": "delete",
        "parameters": {"study": "1.2.79"},
        "key": hashlib.md5(os.urandom(8)).hexdigest(),
    }

    first, second = (server.http.post("/api/jobs", json=body).json()["id"] for _ in range(2))

    assert first == second


def _studies(server: Server):
    answer = server.get("/studies", "application/dicom+json")
    return answer.json() if answer.status_code == 200 else []


def test_the_list_of_jobs_comes_in_pages(tmp_path):
    with serving(tmp_path / "data", "--jobs-at-once", "0") as server:
        asked = [up.asked(server, "delete", parameters={"study": "1.2"}) for _ in range(3)]

        first = server.http.get("/api/jobs?limit=2&kind=delete&state=waiting").json()
        second = server.http.get(f"/api/jobs?limit=2&before={first['next']}").json()

    assert [job["id"] for job in first["jobs"]] == [asked[2], asked[1]]
    assert first["next"] == asked[1]
    assert ([job["id"] for job in second["jobs"]], second["next"]) == ([asked[0]], None)
