# SPDX-License-Identifier: Apache-2.0
"""Metadata of many megabytes: compressed once, the same to all, and never that of other bytes."""

from __future__ import annotations

import json

import pytest
from servers import serving

from tileserver.app import INDEX_FILE
from tileserver.index import Index, InstanceRecord, Metadata

PATH = "/studies/1.1/series/1.2/instances/1.3/metadata"
FRAMES = 20_000


def record(digest: bytes, frames: int) -> InstanceRecord:
    groups = [
        {"00209111": {"vr": "SQ", "Value": [{"00209157": {"vr": "UL", "Value": [number, 1]}}]}}
        for number in range(frames)
    ]
    metadata = {
        "00080018": {"vr": "UI", "Value": ["1.3"]},
        "00282000": {"vr": "OB", "BulkDataURI": "bulk-data-of-this-instance:00282000"},
        "52009230": {"vr": "SQ", "Value": groups},
    }
    return InstanceRecord(
        study_instance_uid="1.1",
        series_instance_uid="1.2",
        sop_instance_uid="1.3",
        sop_class_uid="1.4",
        transfer_syntax_uid="1.2.840.10008.1.2.4.50",
        key="ab" * 32,
        sha256=digest,
        size=5,
        study={},
        series={},
        metadata=Metadata.of_text(json.dumps(metadata, separators=(",", ":"))),
        frames=None,
    )


@pytest.fixture
def server(tmp_path):
    with serving(tmp_path / "data") as running:
        index = Index(tmp_path / "data" / INDEX_FILE)
        index.add(record(b"first", FRAMES))
        index.close()
        yield running


def test_it_is_the_same_compressed_or_not_at_first_and_later(server):
    forms = ["identity", "gzip", "gzip", "identity", "gzip"]
    answers = [server.get(PATH, **{"Accept-Encoding": form}) for form in forms]

    (found,) = answers[0].json()
    assert len(found["52009230"]["Value"]) == FRAMES
    assert found["00282000"]["BulkDataURI"] == (
        f"{server.root}/studies/1.1/series/1.2/instances/1.3/bulkdata/00282000"
    )
    for form, answer in zip(forms, answers, strict=True):
        assert answer.status_code == 200
        assert answer.content == answers[0].content
        assert answer.headers.get("content-encoding", "identity") == form
        assert answer.headers["content-type"] == "application/dicom+json"
        assert answer.headers["etag"] == answers[0].headers["etag"]
        assert answer.headers["vary"] == "Accept, Accept-Encoding"
    # What is kept has a length, and is a fraction of what it was.
    assert int(answers[3].headers["content-length"]) == len(answers[0].content)
    assert int(answers[4].headers["content-length"]) < len(answers[0].content) // 10


def test_another_address_or_other_bytes_are_another_text(server, tmp_path):
    first = server.get(PATH, **{"Accept-Encoding": "gzip"})
    again = server.get(PATH, "application/json", **{"Accept-Encoding": "gzip"})
    assert again.headers["content-type"] == "application/json"
    assert again.json() == first.json()

    index = Index(tmp_path / "data" / INDEX_FILE)
    found = index.find("1.3")
    assert found is not None
    index.replace(found, record(b"second", FRAMES // 2))
    index.close()

    (changed,) = server.get(PATH, **{"Accept-Encoding": "gzip"}).json()
    assert len(changed["52009230"]["Value"]) == FRAMES // 2


def test_head_sends_nothing(server):
    gzipped = {"Accept-Encoding": "gzip"}
    for _ in range(2):
        answer = server.http.request("HEAD", f"/dicomweb{PATH}", headers=gzipped)
        assert (answer.status_code, answer.content) == (200, b"")
        server.get(PATH, **gzipped)
