# SPDX-License-Identifier: Apache-2.0
"""Datasets become XML of the Native DICOM Model and come back from it; nothing else does."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable

import instances
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from dicomizer.dicom.dicom_json import JsonDataset, to_json, with_bulk_address
from dicomizer.dicom.native_xml import NAMESPACE, from_xml, to_xml
from dicomizer.errors import CorruptDicomError

LONG = bytes(range(256)) * 2
HEAD = f'<NativeDicomModel xmlns="{NAMESPACE}" xml:space="preserve">'


def document(found: Dataset) -> str:
    return to_xml(json.loads(with_bulk_address(to_json(found), "http://x/bulkdata")))


def no_bulk(uri: str) -> bytes:
    raise AssertionError(uri)


def read(text: bytes, bulk: Callable[[str], bytes] = no_bulk) -> Dataset:
    """Return what is read as a dataset."""
    return Dataset.from_json(from_xml(text), lambda _, __, uri: bulk(uri))


def attribute(content: str, tag: str = "00100020", vr: str = "LO") -> bytes:
    text = f'{HEAD}<DicomAttribute tag="{tag}" vr="{vr}">{content}</DicomAttribute>'
    return f"{text}</NativeDicomModel>".encode()


def test_an_attribute_has_tag_vr_keyword_and_numbered_values():
    found = instances.item(ImageType=["DERIVED", "", "VOLUME"], Rows=7)

    assert document(found) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" '
        'xml:space="preserve">'
        '<DicomAttribute tag="00080008" vr="CS" keyword="ImageType">'
        '<Value number="1">DERIVED</Value><Value number="2"></Value>'
        '<Value number="3">VOLUME</Value></DicomAttribute>'
        '<DicomAttribute tag="00280010" vr="US" keyword="Rows"><Value number="1">7</Value>'
        "</DicomAttribute></NativeDicomModel>\n"
    )


def test_names_have_groups_and_components():
    found = instances.item(PatientName="Müller^Änne^^Dr.=山田^太郎")

    (name,) = ET.fromstring(document(found)).iter(f"{{{NAMESPACE}}}PersonName")
    assert [(child.tag.rpartition("}")[2], child.text) for child in name.iter()][1:] == [
        ("Alphabetic", None),
        ("FamilyName", "Müller"),
        ("GivenName", "Änne"),
        ("NamePrefix", "Dr."),
        ("Ideographic", None),
        ("FamilyName", "山田"),
        ("GivenName", "太郎"),
    ]


def test_private_elements_name_their_creator_and_no_block():
    found = Dataset()
    block = found.private_block(0x0009, 'R&D "x"', create=True)
    block.add_new(0x01, "LO", "value")

    text = document(found)

    assert 'tag="00090010" vr="LO"><Value number="1">R&amp;D "x"' in text
    assert 'tag="00090001" vr="LO" privateCreator=\'R&amp;D "x"\'' in text
    back = read(text.encode())
    assert back == found


def test_long_binary_values_are_addresses_and_short_ones_base64():
    found = instances.item(
        OpticalPathSequence=[instances.item(ICCProfile=LONG)], EncapsulatedDocument=b"abcd"
    )

    text = document(found)
    back = read(text.encode(), {"http://x/bulkdata/00480105/0/00282000": LONG}.__getitem__)

    assert '<BulkData uri="http://x/bulkdata/00480105/0/00282000"/>' in text
    assert "<InlineBinary>YWJjZA==</InlineBinary>" in text
    assert back == found


def test_markup_line_ends_and_what_xml_lacks():
    comments = '<script>&amp; ]]> "a" \t\r\nnext\x0cpage '
    found = instances.item(ImageComments=comments)

    text = document(found)

    assert "<script>" not in text
    assert read(text.encode()).ImageComments == comments.replace("\x0c", "\ufffd")


VALUES = {
    "PatientID": st.text(st.characters(codec="utf-8", exclude_characters="\\\0"), max_size=64),
    "ImageComments": st.text(st.characters(codec="utf-8"), max_size=80),
    "Rows": st.integers(0, 65535),
    "RecommendedDisplayFrameRate": st.integers(-(2**31), 2**31 - 1),
    "ImagedVolumeWidth": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "RealWorldValueSlope": st.floats(allow_nan=False, allow_infinity=False),
    "FrameIncrementPointer": st.integers(0, 0xFFFFFFFF),
    "EncapsulatedDocument": st.binary(max_size=200),
    "TotalPixelMatrixColumns": st.integers(0, 2**32 - 1),
    "ImageType": st.lists(st.text("ABC _", max_size=5), min_size=2, max_size=5),
}


@settings(deadline=None)
@given(st.fixed_dictionaries({}, optional=VALUES))
def test_reading_undoes_writing(attributes):
    inner = instances.item(**attributes)
    found = instances.item(**attributes, ReferencedSeriesSequence=[inner, Dataset()])
    text = document(found)

    back = read(text.encode())

    back.pop("SpecificCharacterSet", None)
    # Writing again shows all that was kept; what JSON leaves out is left out here, too.
    assert document(back) == text


def test_values_of_every_kind_come_back():
    found = instances.item(
        PixelSpacing=["0.25", "1E-5"],
        InstanceNumber="12",
        FrameIncrementPointer=0x00280010,
        RealWorldValueSlope=1.5,
        SpecificCharacterSet="ISO_IR 192",
        PatientName="Ä",
        ExtendedOffsetTable=b"12345678",
    )

    assert read(document(found).encode()) == found


def test_what_is_left_out_of_a_document_is_made_up_for():
    text = (
        "<NativeDicomModel>"  # without the namespace
        '<DicomAttribute tag="00100020"><Value number="1">P-1</Value></DicomAttribute>'
        '<DicomAttribute tag="00090001" vr="LO" privateCreator="A">'
        "<Value>x</Value></DicomAttribute>"
        '<DicomAttribute tag="00090001" vr="LO" privateCreator="B">'
        "<Value>y</Value></DicomAttribute>"
        '<DicomAttribute tag="00020010" vr="UI"><Value>1.2</Value></DicomAttribute>'
        '<DicomAttribute tag="00080008" vr="CS"><Value number="3">C</Value></DicomAttribute>'
        "</NativeDicomModel>"
    )

    found = read(text.encode())

    assert found.PatientID == "P-1"
    assert found.private_block(0x0009, "A")[1].value == "x"
    assert found.private_block(0x0009, "B")[1].value == "y"
    assert found.ImageType == ["", "", "C"]
    assert 0x00020010 not in found


def test_bulk_data_of_any_vr_are_addresses():
    assert from_xml(attribute('<BulkData uri="x"/>', "00660125", "FL")) == {
        "00660125": {"vr": "FL", "BulkDataURI": "x"}
    }
    assert from_xml(attribute('<BulkData uuid="1-2"/>', "00282000", "OB")) == {
        "00282000": {"vr": "OB", "BulkDataURI": "1-2"}
    }


def test_names_of_all_groups_and_empty_values_keep_their_order():
    found = {
        "00081048": {
            "vr": "PN",
            "Value": [
                None,
                {"Alphabetic": "Müller^Änne^^Dr.", "Ideographic": "山田^太郎", "Phonetic": "^x"},
                {"Phonetic": "やまだ^たろう"},
                None,
            ],
        },
        "00080008": {"vr": "CS", "Value": [None, "B", None]},
        "00081115": {"vr": "SQ", "Value": [{}, {"00080060": {"vr": "CS"}}, {}]},
    }

    assert from_xml(to_xml(found).encode()) == found


def test_a_private_element_without_creator_keeps_its_block():
    found = {"00291010": {"vr": "LO", "Value": ["x"]}}

    assert from_xml(to_xml(found).encode()) == found


def test_private_elements_of_several_creators_keep_their_blocks():
    found = {
        "00290010": {"vr": "LO", "Value": ["A"]},
        "00290042": {"vr": "LO", "Value": ['B & "C"']},
        "00291001": {"vr": "US", "Value": [1]},
        "00294201": {"vr": "US", "Value": [2]},
    }

    assert from_xml(to_xml(found).encode()) == found


def values_of(vr: str, value: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    several = st.lists(st.one_of(st.none(), value), max_size=4)
    return several.map(lambda found: {"vr": vr, "Value": found} if found else {"vr": vr})


def whole(bits: int, *, signed: bool) -> st.SearchStrategy[int]:
    return (
        st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)
        if signed
        else st.integers(0, (1 << bits) - 1)
    )


XML_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=20,
)
GROUP = st.lists(st.text("Aé山 -", max_size=4), min_size=1, max_size=6).map(
    lambda parts: "^".join([*parts, "x"])
)
NAME = st.dictionaries(
    st.sampled_from(["Alphabetic", "Ideographic", "Phonetic"]), GROUP, min_size=1
)
CONTENT = st.one_of(
    *(values_of(vr, XML_TEXT) for vr in ("LO", "CS", "UT", "DS")),
    values_of("PN", NAME),
    values_of("IS", whole(32, signed=True)),
    *(values_of(vr, whole(bits, signed=vr[0] == "S"))
      for vr, bits in (("SS", 16), ("US", 16), ("SL", 32), ("UL", 32), ("SV", 64), ("UV", 64))),
    values_of("FL", st.floats(width=32, allow_nan=False, allow_infinity=False)),
    values_of("FD", st.floats(allow_nan=False, allow_infinity=False)),
    values_of("AT", whole(32, signed=False).map(lambda tag: f"{tag:08X}")),
    st.binary(min_size=1, max_size=40).map(
        lambda data: {"vr": "OB", "InlineBinary": base64.b64encode(data).decode()}
    ),
    XML_TEXT.map(lambda uri: {"vr": "OW", "BulkDataURI": f"http://x/{uri}"}),
)  # fmt: skip
PUBLIC = st.sampled_from(["00080008", "00100010", "00181020", "00282000", "0040A730", "7FE00010"])
PRIVATE = st.sampled_from(["00291001", "002910FF", "00293310", "00293301", "00BB4410"])
CREATORS = {
    "00290010": {"vr": "LO", "Value": ["A"]},
    "00290033": {"vr": "LO", "Value": ['B <"é">']},
}


def dataset_of(content: st.SearchStrategy[dict[str, object]]) -> st.SearchStrategy[JsonDataset]:
    public = st.dictionaries(PUBLIC, content, max_size=3)
    private = st.dictionaries(PRIVATE, content, max_size=3).map(lambda found: CREATORS | found)
    return st.tuples(public, st.one_of(st.just({}), private)).map(lambda two: two[0] | two[1])


DATASETS = dataset_of(
    st.recursive(
        CONTENT,
        lambda content: st.lists(dataset_of(content), min_size=1, max_size=2).map(
            lambda items: {"vr": "SQ", "Value": items}
        ),
        max_leaves=6,
    )
)


@settings(deadline=None)
@given(DATASETS)
def test_reading_is_the_inverse_of_writing(found):
    back = from_xml(to_xml(dict(sorted(found.items()))).encode())

    assert back == found
    assert list(back) == sorted(found)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"no xml",
        b"<Other/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><NativeDicomModel>&b;</NativeDicomModel>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><NativeDicomModel/>',
        b'<?xml version="1.0" encoding="none-such"?><NativeDicomModel/>',
        b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><NativeDicomModel/>',
        attribute("", tag="0010002"),
        attribute("", tag="0010002G"),
        attribute("", vr="XX"),
        attribute("", vr="OB_OW"),
        attribute("<Value>x</Value>", "00280010", "US"),
        attribute("<Value>65536</Value>", "00280010", "US"),
        attribute('<Value number="0">1</Value>', "00280010", "US"),
        attribute('<Value number="900000000">1</Value>', "00280010", "US"),
        attribute('<Value number="1">1</Value><Value number="1">2</Value>', "00280010", "US"),
        attribute("<InlineBinary>=x</InlineBinary>", "00282000", "OB"),
        HEAD.encode() + b'<DicomAttribute tag="00081115" vr="SQ"><Item number="1">' * 100
        + b"</Item></DicomAttribute>" * 100 + b"</NativeDicomModel>",
        b"<a>" * 100_000 + b"</a>" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_native_model_is_refused(text):
    with pytest.raises(CorruptDicomError):
        from_xml(text)


@pytest.mark.skipif(not shutil.which("dcm2xml"), reason="needs dcm2xml of Debian's dcmtk")
def test_dcmtk_writes_the_same_model(tmp_path):
    found = instances.dataset(
        PatientName="Doe^Jane", OpticalPathSequence=[instances.item(OpticalPathIdentifier="1")]
    )
    found.private_block(0x0009, "MAKER", create=True).add_new(2, "LO", "value")
    path = tmp_path / "a.dcm"
    path.write_bytes(instances.written(found))
    told = subprocess.run(
        ["dcm2xml", "-nat", "+Xn", "+U8", str(path)], check=True, capture_output=True, timeout=60
    ).stdout

    def without_keywords(text: bytes) -> list[tuple[object, ...]]:
        return [
            (element.tag, element.get("tag"), element.get("vr"), element.get("number"),
             element.get("privateCreator"), (element.text or "").strip())
            for element in ET.fromstring(text).iter()
            if element.get("tag") != "00080005"
        ]  # fmt: skip

    assert without_keywords(document(found).encode()) == without_keywords(told)
    assert document(read(told)) == document(found)
