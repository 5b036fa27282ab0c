# SPDX-License-Identifier: Apache-2.0
"""The content tree of reports, as pages and as plain text."""

from __future__ import annotations

from html.parser import HTMLParser

import instances
from build_report import HOSTILE, code, content, document
from pydicom.dataset import Dataset

from tileserver.dicomweb.reports import Entry, Report, page, plain_text, read_report

REPORT = Report(
    "Imaging Measurement Report",
    (("Patient", "Doe Jane"),),
    (
        Entry("Finding", "Mitosis\nseen twice", (Entry("Area", "0.2 mm2", ()),)),
        Entry("", "no name", ()),
        Entry("Empty", "", ()),
    ),
)


def read(found: Dataset) -> Report:
    report = read_report(found.to_json_dict())
    assert report is not None
    return report


def test_what_stands_above_the_content():
    report = read(document())

    assert report.title == "Imaging Measurement Report"
    assert dict(report.facts) == {
        "Patient": "Doe Jane",
        "Patient ID": "P-1",
        "Study date": "2024-03-17",
        "Content of": "20240318 101500",
        "Completion": "COMPLETE",
        "Verification": "VERIFIED",
        "Verified by": "Roe Richard, Pathology, 20240318120000",
    }


def test_each_type_of_value_in_words():
    image = instances.item(
        ReferencedSOPClassUID="1.2.3",
        ReferencedSOPInstanceUID="1.2.9",
        ReferencedFrameNumber=[1, 4],
    )
    unit = instances.item(NumericValue="0.20", MeasurementUnitsCodeSequence=[code("mm2")])
    given = {
        "Comment": (content("TEXT", "Comment", TextValue="as seen"), "as seen"),
        "Type": (content("CODE", "Type", ConceptCodeSequence=[code("Tumor")]), "Tumor"),
        "Area": (content("NUM", "Area", MeasuredValueSequence=[unit]), "0.2 mm2"),
        "None": (
            content("NUM", "None", NumericValueQualifierCodeSequence=[code("Not measured")]),
            "Not measured",
        ),
        "At": (content("DATETIME", "At", DateTime="20240318101500"), "20240318101500"),
        "On": (content("DATE", "On", Date="20240318"), "20240318"),
        "When": (content("TIME", "When", Time="1015"), "1015"),
        "UID": (content("UIDREF", "UID", UID="1.2.3"), "1.2.3"),
        "By": (content("PNAME", "By", PersonName="Roe^Richard"), "Roe Richard"),
        "Image": (content("IMAGE", "Image", ReferencedSOPSequence=[image]), "1.2.9, frames 1, 4"),
        "Region": (
            content("SCOORD", "Region", GraphicType="POLYLINE", GraphicData=[1, 2, 3.5, 4]),
            "POLYLINE 1 2; 3.5 4",
        ),
        "Volume": (
            content("SCOORD3D", "Volume", GraphicType="POINT", GraphicData=[1, 2, 3]),
            "POINT 1 2 3",
        ),
        "Many": (
            content("SCOORD", "Many", GraphicType="POLYLINE", GraphicData=[0] * 200),
            "POLYLINE " + "; ".join(["0 0"] * 64) + "; … (100 points)",
        ),
        "Span": (
            content("TCOORD", "Span", TemporalRangeType="POINT", ReferencedTimeOffsets=[1.5]),
            "POINT 1.5",
        ),
    }  # fmt: skip

    report = read(document(*(item for item, _ in given.values())))

    assert {entry.name: entry.value for entry in report.entries} == {
        name: value for name, (_, value) in given.items()
    }


def test_containers_hold_what_is_in_them_and_references_say_where():
    by_reference = instances.item(RelationshipType="INFERRED FROM")
    by_reference.ReferencedContentItemIdentifier = [1, 2]
    inner = content("TEXT", "Note", TextValue="x", ContentSequence=[by_reference])

    report = read(document(content("CONTAINER", "Findings", ContentSequence=[inner])))

    assert report.entries == (
        Entry("Findings", "", (Entry("Note", "x", (Entry("", "see item 1.2", ()),)),)),
    )


def test_what_is_no_report_is_none():
    assert read_report(instances.dataset().to_json_dict()) is None


def test_plain_text_is_set_in_by_depth():
    assert plain_text(REPORT) == (
        "Imaging Measurement Report\n\nPatient: Doe Jane\n\n"
        "Finding: Mitosis\n  seen twice\n  Area: 0.2 mm2\nno name\nEmpty\n"
    )


class Elements(HTMLParser):
    """Names of elements, and attributes of any."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)


def test_a_page_is_a_list_of_lists():
    text = page(REPORT)

    assert "<h1>Imaging Measurement Report</h1>" in text
    assert "<dt>Patient</dt><dd>Doe Jane</dd>" in text
    assert "<li><b>Finding</b>: Mitosis<br>seen twice<ul>\n<li><b>Area</b>: 0.2 mm2</li>" in text


def test_nothing_in_a_report_becomes_markup():
    entry = Entry(HOSTILE, HOSTILE, (Entry(HOSTILE, HOSTILE, ()),))
    hostile = Report(HOSTILE, ((HOSTILE, HOSTILE),), (entry,))

    text = page(hostile)
    found = Elements(text)

    assert found.names == {
        "html", "head", "meta", "title", "body", "h1", "dl", "dt", "dd", "ul", "li", "b",
    }  # fmt: skip
    assert found.attributes == {"charset"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#x27;x&#x27; &amp;amp; [31m" in text
    assert "\x1b" not in text + plain_text(hostile)
