# SPDX-License-Identifier: Apache-2.0
"""Metadata, as JSON or XML, that are made to cost much: of instances to store and of workitems."""

from __future__ import annotations

import json

import httpx
import pytest
from bounds import within_bounds
from servers import Server
from store_requests import JSON_TYPE, XML_TYPE, body, post

JSON, XML = "application/dicom+json", "application/dicom+xml"
SEQUENCE = b'{"00404021":{"vr":"SQ","Value":['
DEEP = b'<DicomAttribute tag="0040A730" vr="SQ"><Item number="1">'
DEEP_END = b"</Item></DicomAttribute>"


def sequences(depth: int) -> bytes:
    return SEQUENCE * depth + b"{}" + b"]}}" * depth


def model(content: bytes) -> bytes:
    return b"<NativeDicomModel>" + content + b"</NativeDicomModel>"


def laughs() -> bytes:
    """Return a document of a kilobyte whose entities would be ten gigabytes."""
    entities = b'<!ENTITY l0 "haha">' + b"".join(
        b'<!ENTITY l%d "%b">' % (number, b"&l%d;" % (number - 1) * 10) for number in range(1, 10)
    )
    return b"<!DOCTYPE x [" + entities + b"]>" + model(b"&l9;" * 3)


JSON_BOMBS = {
    "50 nested sequences": sequences(50),
    "500 nested sequences": sequences(500),
    "100,000 nested sequences": sequences(100_000),
    "nested lists": b"[" * 100_000,
    "items": SEQUENCE + b"{}," * 2_000_000 + b"{}]}}",
    "datasets": b"[" + b"{}," * 200_000 + b"{}]",
    "texts": b"[" + b",".join(b'"%07d"' % number for number in range(490_000)) + b"]",
    "attributes": b"{" + b",".join(b'"%08d":{}' % number for number in range(240_000)) + b"}",
    "spaces": b"[{}," + b" " * (15 << 20) + b"x]",
}
XML_BOMBS = {
    "50 nested sequences": model(DEEP * 50 + DEEP_END * 50),
    "500 nested sequences": model(DEEP * 500 + DEEP_END * 500),
    "100,000 nested sequences": model(DEEP * 100_000 + DEEP_END * 100_000),
    "elements": model(b"<a/>" * 3_000_000),
    "as many elements as there may be": model(b'<a b="c"/>' * 149_000),
    "attributes": b"<NativeDicomModel "
    + b" ".join(b'a%07d="1"' % number for number in range(1_000_000))
    + b"/>",
    "text": model(b"a" * (15 << 20)),
    "numbers": model(
        b'<DicomAttribute tag="00280010" vr="US"><Value number="149999">1</Value></DicomAttribute>'
    ),
    "entities": laughs(),
    "an entity of a file": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    + model(b"&a;"),
    "an entity of the net": b'<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/"> %a;]>'
    + model(b""),
    "a document type elsewhere": b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/">' + model(b""),
}


def named(bombs: dict[str, bytes]) -> list[object]:
    return [pytest.param(content, id=name) for name, content in bombs.items()]


def stored(server: Server, media_type: str, content: bytes) -> httpx.Response:
    kind = JSON_TYPE if media_type == JSON else XML_TYPE
    return post(server, body((media_type, None, content)), kind)


def created(server: Server, media_type: str, content: bytes) -> httpx.Response:
    return server.http.post(
        "/dicomweb/workitems?1.2.3.4", content=content, headers={"Content-Type": media_type}
    )


@pytest.mark.parametrize("content", named(JSON_BOMBS))
def test_json_of_an_instance(server, content):
    with within_bounds(server):
        answer = stored(server, JSON, content)

    assert answer.status_code == 409
    assert "00081199" not in answer.json()


@pytest.mark.parametrize("content", named(XML_BOMBS))
def test_xml_of_an_instance(server, content):
    with within_bounds(server):
        answer = stored(server, XML, content)

    assert answer.status_code == 409
    assert answer.json()["0008119A"]["Value"] == [{"00081197": {"vr": "US", "Value": [0xC000]}}]


def test_metadata_over_the_limit(server):
    with within_bounds(server):
        answer = stored(server, JSON, b"[{}," + b" " * (60 << 20) + b"{}]")

    assert answer.status_code == 413


@pytest.mark.parametrize("content", named(JSON_BOMBS))
def test_json_of_a_workitem(server, content):
    with within_bounds(server):
        answer = created(server, JSON, content)

    assert answer.status_code == (413 if len(content) > 1 << 20 else 400)


@pytest.mark.parametrize("content", named(XML_BOMBS))
def test_xml_of_a_workitem(server, content):
    with within_bounds(server):
        answer = created(server, XML, content)

    assert answer.status_code == (413 if len(content) > 1 << 20 else 400)


def test_names_of_bulk_data_are_no_paths(server):
    """A Content-Location is compared with addresses in metadata, and with nothing else."""
    place = "../../../../etc/passwd"
    uids = {"00080016": "1.2.840.10008.5.1.4.1.1.77.1.6", "00080018": "1.2.3.9.1"}
    uids |= {"0020000D": "1.2.3.9", "0020000E": "1.2.3.9.2"}
    found = {tag: {"vr": "UI", "Value": [uid]} for tag, uid in uids.items()}
    bulk = {"00420011": {"vr": "OB", "BulkDataURI": place}}
    metadata = json.dumps([found | bulk]).encode()

    refused = stored(server, JSON, metadata)
    parts = body((JSON, None, metadata), ("application/octet-stream", place, b"mine"))
    taken = post(server, parts, JSON_TYPE)
    file = server.get("/studies/1.2.3.9/series/1.2.3.9.2/instances/1.2.3.9.1", "application/dicom")

    assert refused.status_code == 409
    assert taken.status_code in (200, 202)
    assert file.content.endswith(b"\x04\0\0\0mine")
