# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: E501 - XML as senders write it
"""STOW-RS of metadata with bulk data, as JSON and XML: files that pydicom reads the same."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

import instances
import pytest
from pydicom.encaps import generate_frames
from store_requests import JSON_TYPE, XML_TYPE, body, post, stored


def slide(**attributes):
    found = instances.with_pixels(
        instances.dataset(PatientName="Müller^Änne=山田^太郎", SliceThickness="0.50"), 2
    )
    found.OpticalPathSequence = [instances.item(ICCProfile=ICC)]
    for keyword, value in attributes.items():
        setattr(found, keyword, value)
    return found


def as_json(found) -> dict:
    model = json.loads(found.to_json())
    model["7FE00010"] = {"vr": "OB", "BulkDataURI": "pixels"}
    model["00480105"]["Value"][0]["00282000"] = {"vr": "OB", "BulkDataURI": "icc"}
    return model


def frame(server, found, number: int) -> bytes:
    path = (
        f"/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
        f"/instances/{found.SOPInstanceUID}/frames/{number}"
    )
    return server.get(path, "application/octet-stream; transfer-syntax=*").content


ICC = bytes(range(250)) * 3
NATIVE = bytes(range(256)) * 6


def test_native_pixels_and_values_within_sequences(server):
    found = slide()
    parts = body(
        ("application/dicom+json", None, json.dumps([as_json(found)]).encode()),
        ("application/octet-stream", "pixels", NATIVE),
        ("application/octet-stream", "icc", ICC),
    )

    answers = [post(server, parts, JSON_TYPE) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    read = stored(server, found)
    assert read.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert read.PixelData == NATIVE
    assert read.OpticalPathSequence[0].ICCProfile == ICC
    assert read.PatientName == "Müller^Änne=山田^太郎"
    assert read.SpecificCharacterSet == "ISO_IR 192"
    for keyword in ("StudyDate", "InstanceNumber", "ImageType", "Rows", "SliceThickness"):
        assert read[keyword] == found[keyword]
    assert frame(server, found, 2) == NATIVE[768:]


def test_empty_values_among_several_come_back_as_they_went(server):
    found = slide()
    model = as_json(found)
    gaps = {
        "00080008": {"vr": "CS", "Value": ["ORIGINAL", None, "VOLUME"]},
        "00081070": {"vr": "PN", "Value": [None, {"Ideographic": "山田^太郎"}]},
        "00181020": {"vr": "LO", "Value": ["1.0", None]},
        "00200037": {"vr": "DS", "Value": [1, None, 0.5]},
        "00281199": {"vr": "UI", "Value": ["1.2", None, "1.3"]},
    }
    model["00480105"]["Value"][0]["00200060"] = {"vr": "IS", "Value": [None, 7]}
    parts = body(
        ("application/dicom+json", None, json.dumps([model | gaps]).encode()),
        ("application/octet-stream", "pixels", NATIVE),
        ("application/octet-stream", "icc", ICC),
    )

    assert post(server, parts, JSON_TYPE).status_code == 200

    read = stored(server, found)
    assert list(read.ImageType) == ["ORIGINAL", "", "VOLUME"]
    assert list(read.ImageOrientationPatient) == [1, "", 0.5]
    (told,) = server.get(f"/studies/{found.StudyInstanceUID}/metadata").json()
    assert {tag: told[tag] for tag in gaps} == gaps
    assert told["00480105"]["Value"][0]["00200060"]["Value"] == [None, 7]


@pytest.mark.parametrize(
    "locations", [("pixels", "pixels"), ("pixels/frames/1", "pixels/frames/2")]
)
@pytest.mark.parametrize("syntax", ["; transfer-syntax=1.2.840.10008.1.2.4.50", ""])
def test_compressed_frames(server, locations, syntax):
    found, frames = slide(), [instances.jpeg(1), instances.jpeg(9, odd=True)]
    parts = body(
        ("application/dicom+json", None, json.dumps([as_json(found)]).encode()),
        ("application/octet-stream", "icc", ICC),
        (f"image/jpeg{syntax}", locations[0], frames[0]),
        (f"image/jpeg{syntax}", locations[1], frames[1]),
    )

    assert post(server, parts, JSON_TYPE).status_code == 200

    read = stored(server, found)
    assert read.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.50"
    padded = [frames[0], frames[1] + b"\0"]
    assert list(generate_frames(read.PixelData, number_of_frames=2)) == padded
    assert [frame(server, found, number) for number in (1, 2)] == frames


def test_frames_may_come_in_any_order_when_they_are_numbered(server):
    found, frames = slide(), [NATIVE[:768], NATIVE[768:][::-1]]
    parts = body(
        ("application/octet-stream", "pixels/frames/2", frames[1]),
        ("application/octet-stream", "icc", ICC),
        ("application/octet-stream", "pixels/frames/1", frames[0]),
        ("application/dicom+json", None, json.dumps([as_json(found)]).encode()),
    )

    assert post(server, parts, JSON_TYPE).status_code == 200
    assert stored(server, found).PixelData == b"".join(frames)


def test_several_instances_in_one_document_fare_each_for_itself(server):
    good, lacking, other = slide(), slide(), slide(SpecificCharacterSet="ISO_IR 100")
    lacking_pixels = as_json(lacking)
    lacking_pixels["7FE00010"]["BulkDataURI"] = "not sent"
    models = [as_json(good), lacking_pixels, as_json(other), 7, {"00080018": {"vr": "UI"}}]
    parts = body(
        ("application/dicom+json", None, json.dumps(models).encode()),
        ("application/octet-stream", "pixels", NATIVE),
        ("application/octet-stream", "icc", ICC),
    )

    answer = post(server, parts, JSON_TYPE)

    assert answer.status_code == 202
    told = answer.json()
    assert [
        (item["00081155"]["Value"][0], item.get("00081196", {}).get("Value"))
        for item in told["00081199"]["Value"]
    ] == [(good.SOPInstanceUID, None), (other.SOPInstanceUID, [0xB000])]
    (named,) = told["00081198"]["Value"]
    assert named["00081155"]["Value"] == [lacking.SOPInstanceUID]
    assert named["00081197"]["Value"] == [0xC000]
    assert len(told["0008119A"]["Value"]) == 2
    assert stored(server, other).PatientName == "Müller^Änne=山田^太郎"


def test_a_value_that_is_text_may_be_bulk(server):
    found = instances.dataset()
    model = json.loads(found.to_json())
    model["0040A160"] = {"vr": "UT", "BulkDataURI": "text"}
    model["00660016"] = {"vr": "OF", "BulkDataURI": "points"}
    parts = body(
        ("application/dicom+json", None, json.dumps(model).encode()),
        ("application/octet-stream", "text", "lang: äöü".encode()),
        ("application/octet-stream", "points", bytes(800)),
    )

    assert post(server, parts, JSON_TYPE).status_code == 200
    assert stored(server, found).TextValue == "lang: äöü"
    assert stored(server, found)[0x00660016].value == bytes(800)


def test_metadata_alone_need_no_multipart(server):
    found = instances.dataset()

    answer = post(
        server, json.dumps([json.loads(found.to_json())]).encode(), "application/dicom+json"
    )

    assert answer.status_code == 200
    assert stored(server, found).PatientID == "P-1"


XML = """<?xml version="1.0" encoding="UTF-8"?>
<NativeDicomModel{namespace} xml:space="preserve">
<DicomAttribute tag="00080016" vr="UI" keyword="SOPClassUID"><Value number="1">{sop_class}</Value></DicomAttribute>
<DicomAttribute tag="00080018" vr="UI"><Value number="1">{instance}</Value></DicomAttribute>
<DicomAttribute tag="0020000D" vr="UI"><Value number="1">{study}</Value></DicomAttribute>
<DicomAttribute tag="0020000E" vr="UI"><Value number="1">{series}</Value></DicomAttribute>
<DicomAttribute tag="00080060" vr="CS"><Value number="1">SM</Value></DicomAttribute>
<DicomAttribute tag="00080008" vr="CS"><Value number="2">PRIMARY</Value><Value number="1">DERIVED</Value></DicomAttribute>
<DicomAttribute tag="00100010" vr="PN"><PersonName number="1"><Alphabetic><FamilyName>{name}</FamilyName><GivenName>Änne</GivenName></Alphabetic></PersonName></DicomAttribute>
<DicomAttribute tag="00100030" vr="DA"/>
<DicomAttribute tag="00180050" vr="DS"><Value number="1">0.50</Value></DicomAttribute>
<DicomAttribute tag="00200013" vr="IS"><Value number="1">7</Value></DicomAttribute>
<DicomAttribute tag="00280002" vr="US"><Value number="1">3</Value></DicomAttribute>
<DicomAttribute tag="00280004" vr="CS"><Value number="1">RGB</Value></DicomAttribute>
<DicomAttribute tag="00280006" vr="US"><Value number="1">0</Value></DicomAttribute>
<DicomAttribute tag="00280008" vr="IS"><Value number="1">2</Value></DicomAttribute>
<DicomAttribute tag="00280010" vr="US"><Value number="1">16</Value></DicomAttribute>
<DicomAttribute tag="00280011" vr="US"><Value number="1">16</Value></DicomAttribute>
<DicomAttribute tag="00280100" vr="US"><Value number="1">8</Value></DicomAttribute>
<DicomAttribute tag="00280101" vr="US"><Value number="1">8</Value></DicomAttribute>
<DicomAttribute tag="00280102" vr="US"><Value number="1">7</Value></DicomAttribute>
<DicomAttribute tag="00280103" vr="US"><Value number="1">0</Value></DicomAttribute>
<DicomAttribute tag="00480105" vr="SQ"><Item number="1"><DicomAttribute tag="00282000" vr="OB"><InlineBinary>AAEC
AwQF</InlineBinary></DicomAttribute></Item></DicomAttribute>
<DicomAttribute tag="7FE00010" vr="OB"><BulkData uri="pixels"/></DicomAttribute>
</NativeDicomModel>"""


@pytest.mark.parametrize(
    "namespace", ["", ' xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM"']
)
def test_xml(server, namespace):
    found = instances.dataset()
    text = XML.format(
        namespace=namespace,
        sop_class=found.SOPClassUID,
        instance=found.SOPInstanceUID,
        study=found.StudyInstanceUID,
        series=found.SeriesInstanceUID,
        name=escape("Müller & <Sohn>"),
    )
    parts = body(
        ("application/dicom+xml", None, text.encode()),
        ("application/octet-stream", "pixels", NATIVE),
    )

    answer = post(server, parts, XML_TYPE, Accept="application/dicom+xml")

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom+xml"
    assert f'<Value number="1">{found.SOPInstanceUID}</Value>' in answer.text
    assert 'keyword="ReferencedSOPSequence"' in answer.text
    assert 'xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM"' in answer.text
    read = stored(server, found)
    assert read.PatientName == "Müller & <Sohn>^Änne"
    assert read.ImageType == ["DERIVED", "PRIMARY"]
    assert (read.InstanceNumber, read.SliceThickness, read.Rows) == (7, 0.5, 16)
    assert read.PatientBirthDate == ""
    assert read.OpticalPathSequence[0].ICCProfile == bytes(range(6))
    assert read.PixelData == NATIVE


ENTITY = '<!DOCTYPE x [<!ENTITY a "aaaa">]><NativeDicomModel>&a;</NativeDicomModel>'
EXTERNAL = (
    '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><NativeDicomModel>&a;</NativeDicomModel>'
)
DEEP = '<DicomAttribute tag="0040A730" vr="SQ"><Item number="1">'


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (ENTITY.encode(), XML_TYPE),
        (EXTERNAL.encode(), XML_TYPE),
        (b"<other/>", XML_TYPE),
        (b"<", XML_TYPE),
        (b"<NativeDicomModel/>", XML_TYPE),
        (f"<NativeDicomModel>{DEEP * 5000}".encode(), XML_TYPE),
        (
            f"<NativeDicomModel>{DEEP * 50}{'</Item></DicomAttribute>' * 50}</NativeDicomModel>".encode(),
            XML_TYPE,
        ),
        (b"{", JSON_TYPE),
        (b"[" * 100_000, JSON_TYPE),
        (b"\xff\xfe", JSON_TYPE),
        (b"[{}]", JSON_TYPE),
        (b'[{"00080018": {"vr": "UI", "Value": [1]}}]', JSON_TYPE),
        (b'[{"x": {"vr": "UI"}}]', JSON_TYPE),
        (b'[{"00080018": 7}]', JSON_TYPE),
    ],
)
def test_metadata_that_make_no_instance_are_refused(server, content, content_type):
    kind = "application/dicom+json" if content_type == JSON_TYPE else "application/dicom+xml"

    answer = post(server, body((kind, None, content)), content_type)

    assert answer.status_code == 409, answer.text
    assert answer.json()["0008119A"]["Value"] == [{"00081197": {"vr": "US", "Value": [0xC000]}}]
    assert list((server.data / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("image/bmp", 0xC122),
        ("image/jpeg", 0xC122),
        ("image/jp2; transfer-syntax=1.2.3", 0xC122),
        ("image/jp2; transfer-syntax=no", 0xC122),
    ],
)
def test_pixels_of_an_unknown_syntax_are_refused(server, kind, reason):
    found = slide()
    parts = body(
        ("application/dicom+json", None, json.dumps(as_json(found)).encode()),
        ("application/octet-stream", "icc", ICC),
        (kind, "pixels", b"\x89PNG"),
    )

    answer = post(server, parts, JSON_TYPE)

    assert answer.status_code == 409
    (failure,) = answer.json()["00081198"]["Value"]
    assert failure["00081197"]["Value"] == [reason]


def test_bulk_data_without_a_location_are_a_bad_request(server):
    parts = body(("application/octet-stream", None, b"x"))

    assert post(server, parts, JSON_TYPE).status_code == 400
    assert list((server.data / "incoming").iterdir()) == []
    twice = [("application/octet-stream", "a/frames/1", b"x")] * 2
    assert post(server, body(*twice), JSON_TYPE).status_code == 400
    assert list((server.data / "incoming").iterdir()) == []


def test_metadata_have_a_limit(server):
    content = b'[{"00080018":{"vr":"UI"}},' + b" " * (64 << 20) + b"{}]"

    assert (
        post(server, body(("application/dicom+json", None, content)), JSON_TYPE).status_code == 413
    )
