# SPDX-License-Identifier: Apache-2.0
"""What is stored to be taken for something else by whom it is given to: programs, markup, names."""

from __future__ import annotations

import re

import instances
import pytest
from bounds import within_bounds
from pydicom.dataset import FileDataset
from pydicom.uid import generate_uid
from servers import Server, parts_of

SCRIPT = '<script>alert("1")</script><img src=x onerror=alert(1)>'
TEXTS = [SCRIPT, '"; filename="a.exe', "Müller\u202eexe.scr", "a\x1b[31mb", "=cmd|' /C calc'!A0"]
ATTRIBUTES = (
    *("PatientID", "StudyDescription", "SeriesDescription", "ImageComments"),
    *("ContainerIdentifier", "Manufacturer", "InstitutionName"),
)


def ways(found: FileDataset) -> tuple[str, str, str]:
    """Return the addresses of a study, a series and an instance."""
    study = f"/studies/{found.StudyInstanceUID}"
    series = f"{study}/series/{found.SeriesInstanceUID}"
    return study, series, f"{series}/instances/{found.SOPInstanceUID}"


def stored(server: Server, found: FileDataset, file: bytes | None = None) -> FileDataset:
    assert server.store(file or instances.written(found)).status_code in (200, 202)
    return found


def element(tag: bytes, text: bytes) -> bytes:
    """Return an element of VR UI, whatever its value."""
    return tag + b"UI" + len(text).to_bytes(2, "little") + text


PREAMBLES = [
    *(b"MZ\x90\0", b"\x7fELF", b"#!/bin/sh\n", b"%PDF-1.7", b"<html><script>alert(1)</script>"),
    *(b"PK\3\4", b"<?xml version='1.0'?><svg onload='alert(1)'>", b"GIF89a", b"II*\0", b"\xca\xfe"),
]


@pytest.mark.parametrize("preamble", PREAMBLES, ids=lambda value: repr(value[:8]))
def test_an_executable_preamble_is_served_as_nothing_but_dicom(server, preamble):
    found = instances.slide([instances.jpeg(9)])
    file = preamble.ljust(128, b"\0") + instances.written(found)[128:]
    stored(server, found, file)
    study, series, instance = ways(found)

    accepts = ("application/dicom", "*/*", "text/html", "application/octet-stream", "image/svg+xml")
    for path in (study, series, instance):
        for accept in (*accepts, 'multipart/related; type="application/dicom"'):
            answer = server.get(path, accept)

            assert answer.headers["x-content-type-options"] == "nosniff"
            if answer.status_code == 406:
                assert preamble not in answer.content
                continue
            given = answer.headers["content-type"]
            if given.startswith("multipart/related"):
                ((fields, content),) = parts_of(answer)
                given = fields["Content-Type"]
            else:
                content = answer.content
                assert answer.headers["content-disposition"].startswith("attachment; ")
            assert given.partition(";")[0] == "application/dicom"
            assert content == file

    uids = f"studyUID={found.StudyInstanceUID}&seriesUID={found.SeriesInstanceUID}"
    uri = f"/dicomweb?requestType=WADO&{uids}&objectUID={found.SOPInstanceUID}"
    answer = server.http.get(f"{uri}&contentType=application/dicom")
    assert answer.content == file
    assert answer.headers["content-type"] == "application/dicom"
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_texts_are_values_of_json_and_nothing_else(server, text):
    name = text.replace("=", "")  # which parts the groups of a name
    found = instances.dataset(PatientName=name, **dict.fromkeys(ATTRIBUTES, text[:64]))
    stored(server, found)
    study, series, instance = ways(found)
    pages = [
        f"/studies?StudyInstanceUID={found.StudyInstanceUID}&includefield=all",
        *(f"{study}/series?includefield=all", f"{study}/instances?includefield=all"),
        *(f"{study}/metadata", f"{instance}/metadata"),
    ]

    for page in pages:
        answer = server.get(page)

        assert answer.headers["content-type"] == "application/dicom+json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "attachment" in answer.headers.get("content-disposition", "attachment")
        assert answer.json()[0]["00100010"]["Value"] == [{"Alphabetic": name}]
        assert not [value for value in answer.headers.values() if text in value]
    xml = server.get(f"{instance}/metadata", 'application/dicom+xml; charset="utf-8"')
    assert "<script" not in xml.text
    assert "<img" not in xml.text
    for page in (study, series, instance):
        given = server.get(page).headers.get("content-disposition", "")
        assert re.fullmatch(r'(attachment; filename="[0-9.]+\.dcm")?', given)


def test_line_breaks_in_a_name_do_not_end_a_header(server):
    name = "Doe^Jane^\r\nSet-Cookie: a"
    found = instances.dataset(PatientName=name.replace("\r\n", "  "))
    stored(server, found, instances.written(found).replace(b"^  Set", b"^\r\nSet"))

    answer = server.get(f"/studies?StudyInstanceUID={found.StudyInstanceUID}")

    assert answer.json()[0]["00100010"]["Value"] == [{"Alphabetic": name}]
    for page in ways(found):
        assert "set-cookie" not in server.get(page).headers


@pytest.mark.parametrize(
    "broken", ['"', "\r\n", "%0d%0a", "\\", ";", "\u00fc", "'", "\t", "/", "\0"]
)
def test_a_uid_that_would_break_a_file_name_is_refused(server, broken):
    uid = "1.2.3.4.5.6.7.8.9"
    text = f"1.2{broken}.4".encode()
    text += b"\0" * (len(text) % 2)
    for keyword, tag in (
        ("SOPInstanceUID", b"\x08\0\x18\0"),
        ("StudyInstanceUID", b"\x20\0\x0d\0"),
    ):
        file = instances.written(instances.dataset(**{keyword: uid}))
        head, _, tail = file.rpartition(tag + b"UI\x12\0" + uid.encode() + b"\0")
        with within_bounds(server):
            answer = server.store(
                head + tag + b"UI" + len(text).to_bytes(2, "little") + text + tail
            )

        assert answer.status_code == 409


@pytest.mark.parametrize(
    "path",
    [
        *("/dicomweb/studies/%3Cscript%3E", "/dicomweb/%3Cscript%3E", "/%3Cscript%3E"),
        *("/dicomweb/studies?x=%3Cscript%3E", "/dicomweb/studies?limit=%3Cscript%3E"),
        *("/tiles/%3Cscript%3E/1", "/dicomweb/workitems/%3Cscript%3E"),
        *("/changes?since=%3Cscript%3E", "/dicomweb?requestType=%3Cscript%3E"),
        "/studies/%3Cscript%3Ealert(1)%3C/script%3E",
    ],
)
def test_markup_in_an_address_is_no_markup_of_the_answer(server, path):
    answer = server.http.get(path, headers={"Accept": "text/html,*/*"})

    assert answer.headers["x-content-type-options"] == "nosniff"
    is_page = answer.headers["content-type"].startswith("text/html")
    assert "<script>alert" not in answer.text
    assert "<script>" not in answer.text or not is_page
    if is_page:
        assert "script-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        *("/../../etc/passwd", "/assets/../../pyproject.toml", "/..%2f..%2fpyproject.toml"),
        *("/assets/%2e%2e/%2e%2e/x", "/assets//etc/passwd", "/assets/..%5c..%5cx", "/assets/%00"),
        *("/dicomweb/studies/..%2f..%2fx/series/1/instances/1", "/dicomweb/studies/../../x"),
        *("/tiles/..%2f..%2f1/1/slide.dzi", "/dicomweb/bulkdata/..%2f..%2fx"),
        "/dicomweb?requestType=WADO&studyUID=../../x&seriesUID=1&objectUID=/etc/passwd",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_no_address_is_a_path(server, path, method):
    before = {each for each in server.data.rglob("*") if each.is_file()}

    with within_bounds(server):
        answer = server.http.request(method, path, content=b"mine")

    assert answer.status_code in (400, 404, 405, 415)
    assert "root:" not in answer.text
    assert {each for each in server.data.rglob("*") if each.is_file()} == before


@pytest.mark.parametrize(
    "uid", ["../../x", "../../../../etc/passwd", "1.2.3/../4", "1.2.%00", "1" * 10_000, "", "a b"]
)
@pytest.mark.parametrize(
    "tag", [b"\x08\0\x18\0", b"\x20\0\x0d\0", b"\x20\0\x0e\0", b"\x08\0\x16\0"]
)
def test_uids_are_no_paths(server, uid, tag):
    known = "1.2.3.4.5.6.7.8"
    keywords = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID")
    file = instances.written(instances.dataset(**dict.fromkeys(keywords, known)))
    text = uid.encode() + b"\0" * (len(uid) % 2)
    head, _, tail = file.rpartition(tag + b"UI\x10\0" + known.encode() + b"\0")
    assert head

    with within_bounds(server):
        answer = server.store(head + element(tag, text) + tail)

    assert answer.status_code == 409
    names = {path.name for path in server.data.rglob("*") if path.is_file()}
    own = ("index.", "worklist.", "events.", "jobs.", "layout", "reserve")
    assert all(name.startswith(own) or name.endswith(".dcm") for name in names), names
    assert not [path for path in server.data.parent.iterdir() if path.name in ("x", "etc")]


def test_a_file_lies_under_a_name_that_the_server_makes(server):
    found = stored(server, instances.dataset(SOPInstanceUID=generate_uid()))

    (path,) = [
        each
        for each in (server.data / "blobs").rglob("*.dcm")
        if found.SOPInstanceUID.encode() in each.read_bytes()
    ]

    assert re.fullmatch(r"[0-9a-f]{2}/[0-9a-f]{64}\.dcm", "/".join(path.parts[-2:]))


def test_control_characters_of_a_request_do_not_begin_a_line_of_the_log(server):
    headers = {"Accept": "a/b\x1b[31m", "User-Agent": "\x1b]0;title\x07"}

    server.http.get("/dicomweb/%0d%0a2026-01-01%20INFO%20forged%1b[31m%00%c2%85", headers=headers)
    server.http.post("/dicomweb/studies", headers={"Content-Type": "a/b\x1b[31m"})
    server.is_alive()

    lines = server.log.read_text().splitlines()
    assert not [line for line in lines if line.startswith("2026-01-01")]
    assert not [line for line in lines if any(ord(letter) < 32 for letter in line)]
