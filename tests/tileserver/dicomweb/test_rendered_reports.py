# SPDX-License-Identifier: Apache-2.0
"""Rendered resources of what has no picture: reports as text, PDF as it is, all else refused."""

from __future__ import annotations

import instances
import numpy as np
import pydicom
import pytest
from build_report import HOSTILE, content, document
from pydicom.uid import generate_uid
from servers import parts_of

from tileserver.content_security import content_security_policy

SERIES, STUDY = "1.2.9.30.1", "1.2.9.30"
PDF = b"%PDF-1.7\n% a paper\n%%EOF\n"


def placed(found, series: str = SERIES):
    found.StudyInstanceUID, found.SeriesInstanceUID = STUDY, series
    found.SOPInstanceUID = generate_uid()
    return found


def path(found, rest: str = "/rendered") -> str:
    return (
        f"/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
        f"/instances/{found.SOPInstanceUID}{rest}"
    )


def uri(found, **query: str) -> str:
    query |= {
        "requestType": "WADO",
        "studyUID": found.StudyInstanceUID,
        "seriesUID": found.SeriesInstanceUID,
        "objectUID": found.SOPInstanceUID,
    }
    return "?" + "&".join(f"{name}={value}" for name, value in query.items())


@pytest.fixture(scope="module")
def reports(server):
    """Store two reports in a series, and return them."""
    found = [
        placed(document(content("TEXT", "Comment", TextValue=text))) for text in ("Größe", HOSTILE)
    ]
    for one in found:
        assert server.store(instances.written(one)).status_code in (200, 202)
    return found


@pytest.mark.parametrize("accept", [None, "*/*", "text/html", "text/*", "text/html, image/png"])
def test_a_report_is_a_page_unless_asked_otherwise(server, reports, accept):
    answer = server.get(path(reports[0]), accept)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == content_security_policy()
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "<b>Comment</b>: Größe" in answer.text


def test_a_report_is_plain_text_where_asked(server, reports):
    answer = server.get(path(reports[0]), "text/plain")

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("Imaging Measurement Report\n")
    assert answer.text.endswith("\nComment: Größe\n")


def test_a_report_is_xml_where_asked(server, reports):
    answer = server.get(path(reports[0]), "text/xml")
    metadata = server.get(path(reports[0], "/metadata"), "application/dicom+xml")

    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert answer.content == metadata.content


def test_markup_in_a_report_stays_text(server, reports):
    answer = server.get(path(reports[1]))

    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_other_types_are_refused_with_what_could_be_had(server, reports):
    answer = server.get(path(reports[0]), "image/jpeg")

    assert answer.status_code == 406
    assert "text/html, or text/plain, or text/xml" in answer.json()["message"]
    assert server.get(path(reports[0]), **{"Accept-Charset": "utf-16"}).status_code == 400


def test_reports_are_validated_by_their_tag(server, reports):
    page = server.get(path(reports[0]))
    plain = server.get(path(reports[0]), "text/plain")

    assert page.headers["etag"] != plain.headers["etag"]
    again = server.get(path(reports[0]), **{"If-None-Match": page.headers["etag"]})
    assert again.status_code == 304
    head = server.http.head("/dicomweb" + path(reports[0]))
    assert head.headers["content-length"] == page.headers["content-length"]


def test_a_series_of_reports_is_their_pages(server, reports):
    answer = server.get(
        f"/studies/{STUDY}/series/{SERIES}/rendered", 'multipart/related; type="*/*"'
    )

    assert [head["Content-Type"] for head, _ in parts_of(answer)] == [
        "text/html; charset=utf-8"
    ] * 2
    assert "Größe" in parts_of(answer)[0][1].decode()


def test_of_pictures_and_reports_those_are_given_that_are_accepted(server, reports):
    image = placed(instances.slide([instances.jpeg(7)]), f"{STUDY}.2")
    assert server.store(instances.written(image)).status_code == 200
    study = f"/studies/{STUDY}/rendered"

    assert server.get(study).headers["content-type"] == "image/jpeg"
    assert len(parts_of(server.get(study, 'multipart/related; type="text/plain"'))) == 2
    assert server.get(study, "text/css").status_code == 406


def test_the_uri_service_gives_reports_as_text(server, reports):
    assert server.get(uri(reports[0])).headers["content-type"] == "text/html; charset=utf-8"
    plain = server.get(uri(reports[0], contentType="text/plain"))
    assert plain.content == server.get(path(reports[0]), "text/plain").content
    whole = server.get(uri(reports[0], contentType="application/dicom"))
    assert whole.headers["content-type"].startswith("application/dicom")
    assert server.get(uri(reports[0], contentType="image/png")).status_code == 406


def test_a_report_has_no_thumbnail(server, reports):
    assert server.get(path(reports[0], "/thumbnail")).status_code == 404


@pytest.mark.parametrize("name", ["sr_document", "sr_document_with_multiple_groups"])
def test_real_reports_tell_every_text_and_number(server, real_slide, name):
    file = real_slide(f"dicom/dicom-sr/{name}.dcm")
    found = pydicom.dcmread(file)
    server.store(file.read_bytes())

    text = server.get(path(found), "text/plain").text

    for item in found.ContentSequence:
        for element in item.iterall():
            if element.keyword in ("TextValue", "CodeMeaning", "NumericValue"):
                assert str(element.value) in text


def encapsulated(value: bytes):
    found = instances.dataset(
        SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1",
        Modality="DOC",
        MIMETypeOfEncapsulatedDocument="application/pdf",
        EncapsulatedDocument=value + b"\0" * (len(value) % 2),
        EncapsulatedDocumentLength=len(value),
    )
    return placed(found, f"{STUDY}.3")


def test_a_document_is_given_as_it_is_to_be_saved(server):
    found = encapsulated(PDF)
    assert server.store(instances.written(found)).status_code in (200, 202)

    answer = server.get(path(found))

    assert len(PDF) % 2 == 1
    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="{found.SOPInstanceUID}.pdf"'
    )
    assert server.get(path(found), Range="bytes=0-3").content == b"%PDF"
    assert server.get(path(found), "text/html").status_code == 406


def test_a_document_that_is_none_is_refused(server):
    found = encapsulated(b"<html><script>alert(1)</script></html>")
    assert server.store(instances.written(found)).status_code in (200, 202)

    assert server.get(path(found)).status_code == 406


def test_what_has_neither_picture_nor_text_is_refused_with_what_could_be_had(server):
    waveform = instances.dataset(SOPClassUID="1.2.840.10008.5.1.4.1.1.9.1.1", Modality="ECG")
    waveform.WaveformSequence = [
        instances.item(WaveformData=np.arange(8, dtype="<i2").tobytes(), WaveformBitsAllocated=16)
    ]
    placed(waveform, f"{STUDY}.4")
    assert server.store(instances.written(waveform)).status_code in (200, 202)

    answer = server.get(path(waveform))

    assert answer.status_code == 406
    assert answer.json()["message"].endswith("it can be had as application/dicom")
