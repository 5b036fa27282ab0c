# SPDX-License-Identifier: Apache-2.0
"""Text goes out compressed where it is taken, whole or streamed; pixels never."""

from __future__ import annotations

import gzip
import zlib

import instances
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.compression import takes_gzip

JPEG = "/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1"
XML = 'multipart/related; type="application/dicom+xml"'


def raw(server, path: str, method: str = "GET", **headers: str) -> tuple[dict[str, str], bytes]:
    with server.http.stream(method, f"/dicomweb{path}", headers=headers) as answer:
        return dict(answer.headers), b"".join(answer.iter_raw())


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/studies/1.2.3.1/metadata", "application/dicom+json"),
        ("/studies/1.2.3.1/metadata", "application/json"),
        (f"{JPEG}/metadata", "application/dicom+xml"),
        ("/instances", "application/dicom+json"),
    ],
)
def test_text_is_compressed(archive, path, accept):
    plain, expected = raw(archive.server, path, Accept=accept, **{"Accept-Encoding": "identity"})
    headers, body = raw(archive.server, path, Accept=accept, **{"Accept-Encoding": "br, gzip"})

    assert gzip.decompress(body) == expected
    assert len(body) < len(expected) / 2
    assert headers["content-encoding"] == "gzip"
    assert headers["content-length"] == str(len(body))
    assert headers["vary"].split(", ").count("Accept-Encoding") == 1
    assert headers["content-type"] == plain["content-type"]
    assert "content-encoding" not in plain
    assert plain["content-length"] == str(len(expected))


def test_head_tells_what_get_would(archive):
    asked = {"Accept": "application/dicom+json", "Accept-Encoding": "gzip"}

    got, _ = raw(archive.server, f"{JPEG}/metadata", **asked)
    head, body = raw(archive.server, f"{JPEG}/metadata", "HEAD", **asked)

    assert body == b""
    for name in ("content-length", "content-encoding", "content-type", "etag", "vary"):
        assert head[name] == got[name]


def test_multipart_of_xml_is_compressed_as_it_is_made(archive):
    headers, body = raw(
        archive.server, "/studies/1.2.3.1/metadata", Accept=XML, **{"Accept-Encoding": "gzip"}
    )

    assert headers["content-encoding"] == "gzip"
    assert zlib.decompress(body, 31).count(b"<NativeDicomModel") == 3


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        (f"{JPEG}/frames/1", "image/jpeg"),
        (f"{JPEG}/frames/1", None),
        (JPEG, "application/dicom"),
        ("/studies/1.2.3.1", None),
        ("/studies?PatientID=nobody", "application/dicom+json"),
        ("/studies/1.2.3.1/series/none/metadata", None),
    ],
)
def test_pixels_short_answers_and_errors_are_not(archive, path, accept):
    headers, _ = raw(archive.server, path, Accept=accept or "*/*", **{"Accept-Encoding": "gzip"})

    assert "content-encoding" not in headers


def test_metadata_of_megabytes_is_whole(server):
    items = [instances.item(TextValue=f"{number:06}" * 6_000) for number in range(300)]
    found = instances.dataset(PerFrameFunctionalGroupsSequence=items)
    assert server.store(instances.written(found)).status_code == 200
    path = f"/studies/{found.StudyInstanceUID}/metadata"

    head = server.http.head(f"/dicomweb{path}")
    headers, body = raw(server, path, **{"Accept-Encoding": "gzip"})
    answer = server.get(path, **{"Accept-Encoding": "identity"})

    assert int(headers.get("content-length", len(body))) == len(body)
    assert not head.content
    assert gzip.decompress(body) == answer.content
    (attributes,) = answer.json()
    assert len(attributes["52009230"]["Value"]) == 300


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.0", False),
        ("gzip;q=0.001", True),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("identity", False),
        ("br", False),
    ],
)
def test_who_takes_gzip(text, expected):
    assert takes_gzip(text) is expected


@given(st.text())
def test_any_header_is_an_answer(text):
    assert takes_gzip(text) in (True, False)
