# SPDX-License-Identifier: Apache-2.0
"""Metadata as XML says what metadata as JSON says; character sets are negotiated."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from archive import COORDINATES, ICC_PROFILE
from pydicom.dataset import Dataset
from servers import parts_of

from dicomizer.dicom.native_xml import from_xml

XML = "application/dicom+xml"
MULTIPART_XML = f'multipart/related; type="{XML}"'
MULLER = "/studies/1.2.3.2/series/1.2.3.2.1/instances/1.2.3.2.1.1"
_NAMESPACE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"


@pytest.mark.parametrize(
    ("path", "uids"),
    [
        ("/studies/1.2.3.1", ["1.2.3.1.1.1", "1.2.3.1.1.2", "1.2.3.1.2.1"]),
        ("/studies/1.2.3.1/series/1.2.3.1.1", ["1.2.3.1.1.1", "1.2.3.1.1.2"]),
        (MULLER, ["1.2.3.2.1.1"]),
    ],
)
def test_each_instance_is_a_part(archive, path, uids):
    answer = archive.server.get(f"{path}/metadata", MULTIPART_XML)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(f"{MULTIPART_XML}; boundary=")
    parts = parts_of(answer)
    assert {headers["Content-Type"] for headers, _ in parts} == {XML}
    assert [from_xml(body)["00080018"]["Value"] for _, body in parts] == [[uid] for uid in uids]


def test_xml_and_json_say_the_same(archive):
    ((_, body),) = parts_of(archive.server.get(f"{MULLER}/metadata", MULTIPART_XML))
    (expected,) = archive.server.get(f"{MULLER}/metadata").json()

    asked: list[str] = []

    def bulk(uri: str) -> bytes:
        asked.append(uri)
        return archive.server.http.get(
            uri, headers={"Accept": "application/octet-stream; transfer-syntax=*"}
        ).content

    found = Dataset.from_json(from_xml(body), lambda _, __, uri: bulk(uri))

    assert found.PatientName == "Müller^Änne"
    assert found.OpticalPathSequence[0].ICCProfile == ICC_PROFILE
    assert found.PointCoordinatesData == COORDINATES
    assert all(uri.startswith(f"{archive.server.root}{MULLER}/bulkdata/") for uri in asked)
    del found.PixelData, expected["7FE00010"]
    assert found == Dataset.from_json(expected, lambda _, __, uri: bulk(uri))


def test_one_instance_can_go_alone(archive):
    answer = archive.server.get(f"{MULLER}/metadata", XML)
    several = archive.server.get("/studies/1.2.3.1/metadata", XML)

    assert answer.headers["content-type"] == XML
    assert ET.fromstring(answer.content).tag == f"{_NAMESPACE}NativeDicomModel"
    assert several.status_code == 406
    assert MULTIPART_XML in several.json()["message"]


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        (None, "application/dicom+json"),
        ("*/*", "application/dicom+json"),
        ("application/*", "application/dicom+json"),
        ("application/json", "application/json"),
        (f"{XML};q=0.3, application/dicom+json;q=0.9", "application/dicom+json"),
        (f"{XML}, application/dicom+json;q=0.9", XML),
        ("application/dicom+json;q=0, */*", "application/json"),
        ("application/dicom+json; charset=utf-8", "application/dicom+json"),
        ("application/dicom+json; charset=latin1, application/json;q=0.1", "application/json"),
    ],
)
def test_the_form_is_negotiated(archive, accept, found):
    answer = archive.server.get(f"{MULLER}/metadata", accept)

    assert (answer.status_code, answer.headers["content-type"]) == (200, found)


@pytest.mark.parametrize(
    ("charset", "status"),
    [
        ("utf-8", 200),
        ("UTF-8, *;q=0.1", 200),
        ("iso-8859-1, *;q=0.5", 200),
        ("", 200),
        ("iso-8859-1", 400),
        ("utf-8;q=0, *", 400),
        ("*;q=0", 400),
    ],
)
def test_all_text_is_utf_8(archive, charset, status):
    answer = archive.server.get(f"{MULLER}/metadata", **{"Accept-Charset": charset})

    assert answer.status_code == status


def test_what_metadata_is_not_to_be_had_as(archive):
    answer = archive.server.get(f"{MULLER}/metadata", "text/csv")

    assert answer.status_code == 406
    for form in ("application/dicom+json", "application/json", XML):
        assert form in answer.json()["message"]
