# SPDX-License-Identifier: Apache-2.0
"""Datasets become DICOM JSON that others read, and references lead back to the bytes."""

from __future__ import annotations

import json

import instances
import pytest
from pydicom.dataelem import RawDataElement, convert_raw_data_element
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from dicomizer.dicom.dicom_json import (
    element_json,
    json_elements,
    marked_paths,
    reference_text,
    to_json,
    with_bulk_address,
)
from dicomizer.dicom.plain_json import plain_element

LONG = bytes(range(256))


def converted(**attributes):
    return json.loads(with_bulk_address(to_json(instances.item(**attributes)), "http://x/bulk"))


def test_values_are_those_of_the_standards_model():
    assert converted(
        PatientName="Yamada^Tarou=山田^太郎",
        StudyDate="20240317",
        ImageType=["ORIGINAL", "PRIMARY"],
        Rows=16,
        SliceThickness="0.50",
        PatientID=None,
        TotalPixelMatrixOriginSequence=[instances.item(XOffsetInSlideCoordinateSystem="25")],
        SpecimenDescriptionSequence=[],
        FrameIncrementPointer=0x00189074,
    ) == {
        "00080008": {"vr": "CS", "Value": ["ORIGINAL", "PRIMARY"]},
        "00080020": {"vr": "DA", "Value": ["20240317"]},
        "00100010": {
            "vr": "PN",
            "Value": [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}],
        },
        "00100020": {"vr": "LO"},
        "00180050": {"vr": "DS", "Value": [0.5]},
        "00280009": {"vr": "AT", "Value": ["00189074"]},
        "00280010": {"vr": "US", "Value": [16]},
        "00400560": {"vr": "SQ"},
        "00480008": {"vr": "SQ", "Value": [{"0040072A": {"vr": "DS", "Value": [25]}}]},
    }


@pytest.mark.parametrize(
    ("vr", "value", "expected"),
    [
        ("LO", b"a\\\\c ", ["a", None, "c"]),
        ("LO", b"a\\ \\c", ["a", None, "c"]),
        ("LO", b"\\b", [None, "b"]),
        ("LO", b"a\\", ["a", None]),
        ("SH", b"\\ ", [None, None]),
        ("CS", b"\\ISO 2022 IR 87 ", [None, "ISO 2022 IR 87"]),
        ("DA", b"20240317\\ ", ["20240317", None]),
        ("TM", b"\\10", [None, "10"]),
        ("UI", b"1.2\\\\1.3", ["1.2", None, "1.3"]),
        ("DS", b"1.50\\\\3 ", [1.5, None, 3]),
        ("IS", b"\\ 7", [None, 7]),
        ("PN", b"a^b\\\\=c ", [{"Alphabetic": "a^b"}, None, {"Ideographic": "c"}]),
        ("PN", b"==d ", [{"Phonetic": "d"}]),
        ("PN", b"a=b=", [{"Alphabetic": "a", "Ideographic": "b"}]),
    ],
)
def test_empty_values_among_several_are_null_and_empty_groups_left_out(vr, value, expected):
    # PS3.18 F.2.5 and F.2.2
    raw = RawDataElement(Tag(0x00091001), vr, len(value), value, 0, False, True)

    found = element_json(convert_raw_data_element(raw, encoding=["iso8859"]), "")

    assert found == {"vr": vr, "Value": expected}
    # The quick way gives the same, or leaves it to the above.
    assert plain_element(vr.encode(), value) in (None, json.dumps(found, separators=(",", ":")))


@pytest.mark.parametrize(("vr", "value"), [("LO", b"  "), ("PN", b"=="), ("PN", b"  ")])
def test_an_empty_value_alone_is_none(vr, value):
    raw = RawDataElement(Tag(0x00091001), vr, len(value), value, 0, False, True)

    assert element_json(convert_raw_data_element(raw, encoding=["iso8859"]), "") == {"vr": vr}
    assert plain_element(vr.encode(), value) is None


def test_short_binary_values_are_inline_and_long_ones_are_addresses():
    assert converted(ICCProfile=b"ICC1") == {"00282000": {"vr": "OB", "InlineBinary": "SUNDMQ=="}}
    assert converted(ICCProfile=LONG) == {
        "00282000": {"vr": "OB", "BulkDataURI": "http://x/bulk/00282000"}
    }


def test_coordinates_of_annotations_are_always_addresses():
    assert converted(PointCoordinatesData=b"12345678") == {
        "00660016": {"vr": "OF", "BulkDataURI": "http://x/bulk/00660016"}
    }
    assert converted(PointCoordinatesData=b"") == {"00660016": {"vr": "OF"}}


def test_a_value_that_looks_like_a_reference_stays_a_value():
    text = '"BulkDataURI":"bulk-data-of-this-instance:x'

    assert converted(PatientComments=text)["00104000"]["Value"] == [text]


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_lacks_are_left_out(number):
    assert converted(RealWorldValueSlope=number, Rows=1) == {"00280010": {"vr": "US", "Value": [1]}}


def test_file_meta_information_and_group_lengths_are_left_out():
    found = Dataset()
    found.add_new(0x00080000, "UL", 4)
    found.Rows = 1

    assert json.loads(to_json(found)) == {"00280010": {"vr": "US", "Value": [1]}}


def test_references_are_told_by_their_paths():
    inner = instances.item(ICCProfile=LONG)
    found = instances.item(OpticalPathSequence=Sequence([instances.item(), inner]), Rows=2)
    found.PatientComments = '"BulkDataURI":"bulk-data-of-this-instance:x'

    assert marked_paths(to_json(found)) == ["00480105/1/00282000"]


def test_a_reference_is_marked():
    text = f'{{"7FE00010":{reference_text("7FE00010", "OB")}}}'

    assert json.loads(with_bulk_address(text, "http://x/bulk")) == {
        "7FE00010": {"vr": "OB", "BulkDataURI": "http://x/bulk/7FE00010"}
    }
    assert marked_paths(text) == ["7FE00010"]


def test_elements_are_those_of_the_whole():
    found = instances.item(StudyDate="20240317", Rows=2)

    assert json_elements(found) == {
        "00080020": '{"Value":["20240317"],"vr":"DA"}',
        "00280010": '{"Value":[2],"vr":"US"}',
    }
