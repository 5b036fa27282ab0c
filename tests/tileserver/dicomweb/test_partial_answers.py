# SPDX-License-Identifier: Apache-2.0
"""Ranges, conditions and HEAD, of instances and binary values."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime

import pytest
from archive import ICC_PROFILE
from servers import parts_of

JPEG = "/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1"
MULLER = "/studies/1.2.3.2/series/1.2.3.2.1/instances/1.2.3.2.1.1"
PROFILE = f"{MULLER}/bulkdata/00480105/0/00282000"


def resource(archive, name: str) -> tuple[str, str, bytes]:
    """Return path, media type and bytes."""
    if name == "instance":
        return JPEG, "application/dicom", archive.files["jpeg"]
    return PROFILE, "application/octet-stream", ICC_PROFILE


@pytest.fixture(params=["instance", "bulk value"])
def whole(archive, request) -> tuple[str, str, bytes]:
    return resource(archive, request.param)


def test_a_range_is_that_part_of_the_bytes(archive, whole):
    path, media_type, content = whole

    for accept in (media_type, "*/*", None):
        answer = archive.server.get(path, accept, Range="bytes=100-199")

        assert answer.status_code == 206
        assert answer.content == content[100:200]
        assert answer.headers["content-range"] == f"bytes 100-199/{len(content)}"
        assert answer.headers["content-length"] == "100"
        assert answer.headers["content-type"] == media_type


def test_several_ranges_are_parts(archive, whole):
    path, media_type, content = whole

    answer = archive.server.get(path, media_type, Range="bytes=0-9,300-309,-10")

    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert answer.headers["content-length"] == str(len(answer.content))
    parts = parts_of(answer)
    assert [body for _, body in parts] == [content[:10], content[300:310], content[-10:]]
    assert [head["Content-Range"] for head, _ in parts] == [
        f"bytes 0-9/{len(content)}",
        f"bytes 300-309/{len(content)}",
        f"bytes {len(content) - 10}-{len(content) - 1}/{len(content)}",
    ]
    assert {head["Content-Type"] for head, _ in parts} == {media_type}


@pytest.mark.parametrize("given", ["items=0-1", "bytes=9-1", "bytes=x", "bytes="])
def test_a_range_that_is_none_is_ignored(archive, whole, given):
    path, media_type, content = whole

    answer = archive.server.get(path, media_type, Range=given)

    assert answer.status_code == 200
    assert answer.content == content
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("given", ["bytes=99999999-", "bytes=" + "0-0," * 1000])
def test_a_range_beyond_the_end_or_too_many_are_refused(archive, whole, given):
    path, media_type, content = whole

    answer = archive.server.get(path, media_type, Range=given)

    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(content)}"
    assert answer.json()["error"] == "RangeNotSatisfiableError"


def test_fifty_thousand_ranges_are_refused_at_once(archive):
    # As many as the limit of a header lets through; the rest is for test_ranges.py.
    ranges = ",".join(f"{number}-{number}" for number in range(50_000))

    answer = archive.server.get(JPEG, "application/dicom", Range=f"bytes={ranges}")

    assert answer.status_code in (400, 416, 431)
    assert answer.elapsed.total_seconds() < 1


def test_if_range_holds_only_for_the_same_version(archive, whole):
    path, media_type, content = whole
    first = archive.server.get(path, media_type)

    def status(version: str) -> int:
        answer = archive.server.get(path, media_type, **{"Range": "bytes=0-0", "If-Range": version})
        assert answer.content == (content[:1] if answer.status_code == 206 else content)
        return answer.status_code

    assert status(first.headers["etag"]) == 206
    assert status(first.headers["last-modified"]) == 206
    assert status('"other"') == 200
    assert status(f"W/{first.headers['etag']}") == 200
    assert status("Thu, 01 Jan 1970 00:00:00 GMT") == 200


def test_what_the_client_has_is_not_sent_again(archive, whole):
    path, media_type, _ = whole
    first = archive.server.get(path, media_type)
    assert parsedate_to_datetime(first.headers["last-modified"])

    for headers in (
        {"If-None-Match": first.headers["etag"]},
        {"If-None-Match": f'"x", W/{first.headers["etag"]}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": first.headers["last-modified"]},
    ):
        again = archive.server.get(path, media_type, **headers)

        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    other = archive.server.get(path, media_type, **{"If-Match": '"x"'})
    assert (other.status_code, other.json()["error"]) == (412, "PreconditionFailedError")


def test_head_tells_all_and_ignores_ranges(archive, whole):
    path, media_type, content = whole

    answer = archive.server.http.head(
        f"/dicomweb{path}", headers={"Accept": media_type, "Range": "bytes=0-1"}
    )

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/studies/1.2.3.1", None),
        ("/studies/1.2.3.1/series/1.2.3.1.1", None),
        (JPEG, None),
        ("/studies/1.2.3.1/metadata", None),
        (f"{JPEG}/metadata", 'multipart/related; type="application/dicom+xml"'),
        (f"{JPEG}/frames/1,2", None),
        (f"{JPEG}/bulkdata/7FE00010", None),
        ("/studies/1.2.3.2/bulkdata", None),
    ],
)
def test_other_answers_are_validated_by_weak_tags(archive, path, accept):
    first = archive.server.get(path, accept)
    etag = first.headers["etag"]

    again = archive.server.get(path, accept, **{"If-None-Match": etag})

    assert first.status_code == 200
    assert etag.startswith('W/"')
    assert (again.status_code, again.content) == (304, b"")


def test_a_new_instance_changes_the_tag_of_its_series(server):
    import instances

    first = instances.dataset(StudyInstanceUID="1.2.9", SeriesInstanceUID="1.2.9.1")
    second = instances.dataset(StudyInstanceUID="1.2.9", SeriesInstanceUID="1.2.9.1")
    server.store(instances.written(first))
    tags = [server.get(f"/studies/1.2.9{end}").headers["etag"] for end in ("", "/metadata")]
    server.store(instances.written(second))

    for end, tag in zip(("", "/metadata"), tags, strict=True):
        answer = server.get(f"/studies/1.2.9{end}", **{"If-None-Match": tag})
        assert answer.status_code == 200


@pytest.mark.parametrize("number", ["4", "99999999999"])
def test_a_frame_that_is_not_there_is_not_unchanged(archive, number):
    answer = archive.server.get(f"{JPEG}/frames/{number}", "image/jpeg", **{"If-None-Match": "*"})
    known = archive.server.get(f"{JPEG}/frames/1", "image/jpeg", **{"If-None-Match": "*"})

    assert answer.status_code == 404
    assert known.status_code == 304


def test_boundaries_are_of_one_answer(archive):
    found = {
        re.search(r"boundary=(\S+)", archive.server.get(JPEG).headers["content-type"])[1]
        for _ in range(3)
    }

    assert len(found) == 3
