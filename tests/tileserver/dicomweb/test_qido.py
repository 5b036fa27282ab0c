# SPDX-License-Identifier: Apache-2.0
"""QIDO-RS finds what matches, and never silently more."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest
from servers import parts_of

NATIVE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
BOTH = ["1.2.3.1", "1.2.3.2"]
DOE, MULLER = ["1.2.3.1"], ["1.2.3.2"]


def first(item: dict, tag: str) -> object:
    return item[tag]["Value"][0]


def found(archive, query: str, uid: str = "0020000D") -> list[object]:
    answer = archive.server.get(query)
    if answer.status_code == 204:
        assert answer.content == b""
        return []
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom+json"
    assert answer.json(), "where nothing matches the status is 204"
    return [first(item, uid) for item in answer.json()]


@pytest.mark.parametrize("path", ["/studies", "/series", "/instances"])
@pytest.mark.parametrize(
    ("charset", "status"), [("utf-8", 200), ("latin1, *;q=0.1", 200), ("latin1", 400)]
)
def test_all_text_is_utf_8(archive, path, charset, status):
    assert archive.server.get(path, **{"Accept-Charset": charset}).status_code == status
    assert archive.server.get(f"{path}?charset={charset}").status_code == status


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", BOTH),
        ("?PatientID=P-1", DOE),
        ("?00100020=P-1", DOE),
        ("?PatientID=P-*", BOTH),
        ("?PatientID=%50-%3F", DOE),
        ("?PatientID=P-2[x]", MULLER),
        ("?PatientID=P-2%5B*", MULLER),
        ("?PatientID=p-1", []),
        ("?PatientID=", BOTH),
        ("?PatientID=%2A", BOTH),
        ("?PatientName=doe%5Ejane", DOE),
        ("?PatientName=DOE*", DOE),
        ("?PatientName=Doe", []),
        ("?PatientName=M%C3%BCller%5E%C3%84nne", MULLER),
        ("?PatientName=muller*", MULLER),
        ("?PatientName=jan&fuzzymatching=true", DOE),
        ("?PatientName=ann&fuzzymatching=true", MULLER),
        ("?StudyDate=20240317", DOE),
        ("?StudyDate=20240101-20241231", DOE),
        ("?StudyDate=20240317-", DOE),
        ("?StudyDate=-20231101", MULLER),
        ("?StudyDate=2023-2024", BOTH),
        ("?StudyDate=20250101-", []),
        ("?StudyTime=1000-1100", DOE),
        ("?StudyDate=20230101-20240317&StudyTime=1000-1019", MULLER),
        ("?StudyDate=20240316-20240318&StudyTime=0900-1100", DOE),
        ("?StudyDate=20240317-20240318&StudyTime=1100-1200", []),
        ("?StudyDate=2024.03.17", DOE),
        ("?StudyTime=10:20:30", DOE),
        ("?StudyTime=102031-", []),
        ("?AccessionNumber=A-1", DOE),
        ("?AccessionNumber=*-1", DOE),
        ("?AccessionNumber=%22%22&emptyvaluematching=true", MULLER),
        ("?ReferringPhysicianName=%22%22&emptyvaluematching=true", BOTH),
        ("?PatientID=P-1%5CP-9&multiplevaluematching=true", DOE),
        ("?PatientID=P-1%5CP-9", []),
        ("?PatientName=*ann*", MULLER),
        ("?PatientName=*oe^j?n*", DOE),
        ("?PatientName=*zzz*", []),
        ("?PatientName=jane+doe&fuzzymatching=true", DOE),
        ("?PatientName=jane+muller&fuzzymatching=true", []),
        ("?PatientName=ane&fuzzymatching=true", []),
        ("?PatientName=*&fuzzymatching=true", BOTH),
        ("?ModalitiesInStudy=SR,CT", DOE),
        ("?ModalitiesInStudy=CT%5CSM", BOTH),
        ("?ContainerIdentifier=S24-1", BOTH),
        ("?ContainerIdentifier=S2*", BOTH),
        ("?00400560.00400551=S23-9+A1", MULLER),
        ("?00400560.00400551=S23*&StudyDate=2023", MULLER),
        ("?00400560.00400551=S23*&StudyDate=2024", []),
        ("?ModalitiesInStudy=SR", DOE),
        ("?ModalitiesInStudy=SM", BOTH),
        ("?ModalitiesInStudy=C?", []),
        ("?StudyInstanceUID=1.2.3.1", DOE),
        ("?StudyInstanceUID=1.2.3.1,1.2.3.2", BOTH),
        ("?StudyInstanceUID=1.2.3.1%5C1.2.3.2", BOTH),
        ("?StudyInstanceUID=" + ",".join(["1.2.3.2", *["9.9"] * 4000]), MULLER),
        ("?StudyDescription=Breast*", DOE),
        ("?StudyDescription=Breast%2C%20left", DOE),
        ("?limit=1", DOE),
        ("?limit=1&offset=1", MULLER),
        ("?limit=0", []),
        ("?offset=2", []),
        ("?PatientID=' OR 1=1 --", []),
    ],
)
def test_studies_match(archive, query, expected):
    assert found(archive, f"/studies{query}") == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/series", ["1.2.3.1.1", "1.2.3.1.2", "1.2.3.2.1"]),
        ("/series?Modality=SR", ["1.2.3.1.2"]),
        ("/series?Modality=SM&StudyInstanceUID=1.2.3.2", ["1.2.3.2.1"]),
        ("/series?PatientID=P-1", ["1.2.3.1.1", "1.2.3.1.2"]),
        ("/series?SeriesNumber=2", ["1.2.3.1.2"]),
        ("/studies/1.2.3.1/series", ["1.2.3.1.1", "1.2.3.1.2"]),
        ("/studies/1.2.3.1/series?Modality=SM", ["1.2.3.1.1"]),
        ("/studies/9.9/series", []),
    ],
)
def test_series_match(archive, path, expected):
    assert found(archive, path, "0020000E") == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/instances", ["1.2.3.1.1.1", "1.2.3.1.1.2", "1.2.3.1.2.1", "1.2.3.2.1.1"]),
        ("/instances?Modality=SR", ["1.2.3.1.2.1"]),
        ("/instances?SOPInstanceUID=1.2.3.1.1.2,1.2.3.2.1.1", ["1.2.3.1.1.2", "1.2.3.2.1.1"]),
        ("/instances?SOPClassUID=1.2.840.10008.5.1.4.1.1.88.34", ["1.2.3.1.2.1"]),
        ("/instances?NumberOfFrames=3", ["1.2.3.1.1.1"]),
        ("/instances?Rows=16.0&InstanceNumber=2", ["1.2.3.1.1.2"]),
        ("/instances?ImageType=ORIGINAL", ["1.2.3.1.1.2"]),
        ("/instances?ImageType=VOL*&PatientID=P-1", ["1.2.3.1.1.1", "1.2.3.1.2.1"]),
        ("/instances?AvailableTransferSyntaxUID=1.2.840.10008.1.2.4.201", ["1.2.3.2.1.1"]),
        ("/instances?SpecimenDescriptionSequence.SpecimenIdentifier=S23*", ["1.2.3.2.1.1"]),
        ("/instances?00400560.00400551=S23-9+A1", ["1.2.3.2.1.1"]),
        ("/instances?SpecimenDescriptionSequence.SpecimenIdentifier=S24*", []),
        ("/studies/1.2.3.1/instances", ["1.2.3.1.1.1", "1.2.3.1.1.2", "1.2.3.1.2.1"]),
        ("/studies/1.2.3.1/series/1.2.3.1.1/instances", ["1.2.3.1.1.1", "1.2.3.1.1.2"]),
        ("/studies/1.2.3.2/series/1.2.3.1.1/instances", []),
    ],
)
def test_instances_match(archive, path, expected):
    assert found(archive, path, "00080018") == expected


def test_a_study_is_answered_with_its_attributes_counts_and_address(archive):
    (study,) = archive.server.get("/studies?PatientID=P-1").json()

    assert study == {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00080020": {"vr": "DA", "Value": ["20240317"]},
        "00080030": {"vr": "TM", "Value": ["102030"]},
        "00080050": {"vr": "SH", "Value": ["A-1"]},
        "00080056": {"vr": "CS", "Value": ["ONLINE"]},
        "00080061": {"vr": "CS", "Value": ["SM", "SR"]},
        "00080090": {"vr": "PN"},
        "00081030": {"vr": "LO", "Value": ["Breast, left"]},
        "00081190": {"vr": "UR", "Value": [f"{archive.server.root}/studies/1.2.3.1"]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]},
        "00100020": {"vr": "LO", "Value": ["P-1"]},
        "00100030": {"vr": "DA"},
        "00100040": {"vr": "CS"},
        "0020000D": {"vr": "UI", "Value": ["1.2.3.1"]},
        "00200010": {"vr": "SH"},
        "00201206": {"vr": "IS", "Value": [2]},
        "00201208": {"vr": "IS", "Value": [3]},
    }


def test_a_series_is_answered_with_its_own_and_the_studys(archive):
    answer = archive.server.get("/studies/1.2.3.1/series?Modality=SM").json()[0]

    assert first(answer, "00080060") == "SM"
    assert first(answer, "00200011") == 1
    assert first(answer, "00201209") == 2
    assert first(answer, "00100020") == "P-1"
    assert first(answer, "00081190") == (f"{archive.server.root}/studies/1.2.3.1/series/1.2.3.1.1")


def test_an_instance_is_answered_with_what_a_viewer_plans_by(archive):
    answer = archive.server.get("/instances?SOPInstanceUID=1.2.3.1.1.1").json()[0]

    expected = {
        "00080016": "1.2.840.10008.5.1.4.1.1.77.1.6",
        "00080018": "1.2.3.1.1.1",
        "00080056": "ONLINE",
        "00083002": "1.2.840.10008.1.2.4.50",
        "00200013": 1,
        "00280008": 3,
        "00280010": 16,
        "00280011": 16,
        "00280100": 8,
    }
    assert {tag: first(answer, tag) for tag in expected} == expected
    assert first(answer, "00081190").endswith("/series/1.2.3.1.1/instances/1.2.3.1.1.1")
    assert "00080008" not in answer


@pytest.mark.parametrize(
    "fields",
    [
        "includefield=ImageType&includefield=TotalPixelMatrixColumns&includefield=00400512",
        "includefield=ImageType%2CTotalPixelMatrixColumns%2C00400512",
        "includefield=00080008,00480006,ContainerIdentifier",
        "includefield=all",
        "ImageType=&00480006=&ContainerIdentifier=*",
    ],
)
def test_more_attributes_are_returned_when_asked_for(archive, fields):
    answer = archive.server.get(f"/instances?SOPInstanceUID=1.2.3.1.1.1&{fields}").json()[0]

    assert answer["00080008"]["Value"] == ["DERIVED", "PRIMARY", "VOLUME", "NONE"]
    assert first(answer, "00480006") == 48
    assert first(answer, "00400512") == "S24-1"


IDENTIFIER = {"00400551": {"vr": "LO", "Value": ["S23-9 A1"]}}
UID = {"00400554": {"vr": "UI", "Value": ["1.2.3.2.9"]}}


@pytest.mark.parametrize(
    ("fields", "item"),
    [
        ("includefield=00400560.00400551", IDENTIFIER),
        ("includefield=SpecimenDescriptionSequence.SpecimenUID,ImageType", UID),
        ("includefield=00400560.00400551&includefield=00400560.00400554", IDENTIFIER | UID),
        ("includefield=00400560.00400551,00400560", IDENTIFIER | UID),
        ("includefield=00400560.00400551.00080100", {}),
        ("includefield=00400560.00400600", {}),
        ("00400560.00400551=", IDENTIFIER),
        ("00400560.00400551=S23*", IDENTIFIER | UID),
        ("includefield=all", IDENTIFIER | UID),
        ("&".join(f"includefield=00400560.0040{n:04X}" for n in range(0x500, 0x554)), IDENTIFIER),
        (
            "&".join(f"includefield=0008{n:04X}" for n in range(0x1000, 0x1040))
            + "&includefield=00400560.00400551",
            IDENTIFIER,
        ),
    ],
)
def test_a_path_asks_for_no_more_of_a_sequence(archive, fields, item):
    (answer,) = archive.server.get(f"/instances?PatientID=P-2*&{fields}").json()

    assert answer["00400560"] == {"vr": "SQ", "Value": [item]}


def test_a_path_into_what_is_no_sequence_asks_for_nothing(archive):
    answer = archive.server.get("/instances?includefield=ImageType.CodeValue,PatientID.CodeValue")

    assert all("00080008" not in item for item in answer.json())
    assert all("00100020" in item for item in answer.json())


def test_the_transfer_syntax_is_told_by_either_of_its_names(archive):
    answer = archive.server.get("/instances?includefield=00020010&SOPInstanceUID=1.2.3.2.1.1")

    assert first(answer.json()[0], "00020010") == "1.2.840.10008.1.2.4.201"


def test_bulk_values_in_an_answer_are_addresses(archive):
    answer = archive.server.get("/instances?includefield=all&PatientID=P-2*").json()[0]

    assert answer["00660016"]["BulkDataURI"] == (f"{first(answer, '00081190')}/bulkdata/00660016")


@pytest.mark.parametrize(
    "query",
    [
        "PatientIdentity=1",
        "0010002=1",
        "foo=bar",
        "limit=many",
        "limit=-1",
        "offset=1e3",
        "limit=",
        "includefield=nothing",
        "PatientID=" + "x" * 2000,
        "StudyInstanceUID=" + ",".join(["9.9"] * 6000),
        "&".join(f"includefield=0008{i:04X}" for i in range(300)),
        ".".join(["SpecimenDescriptionSequence"] * 40) + "=1",
        "PatientName%0D%0AX-Evil:=1",
        "StudyDate=2023*",
        "StudyDate=20241301",
        "StudyDate=20230229",
        "StudyDate=yesterday",
        "StudyDate=20240101-20230101",
        "StudyDate=20240101-20240201-20240301",
        "StudyDate=-",
        "StudyTime=2500",
        "StudyTime=10:2",
        "StudyInstanceUID=1.2.*",
        "StudyInstanceUID=1.2.a",
        "fuzzymatching=maybe",
        "includefield=SpecimenDescriptionSequence.Nothing",
    ],
)
def test_what_makes_no_sense_is_refused(archive, query):
    answer = archive.server.get(f"/studies?{query}")

    assert answer.status_code == 400
    assert answer.json()["error"] == "BadRequestError"


@pytest.mark.parametrize(
    "query",
    [
        "Rows=sixteen",
        "Rows=nan",
        "AcquisitionDateTime=2024-01-01",
        "AcquisitionDateTime=20240101+1500",
    ],
)
def test_values_of_instances_that_make_no_sense_are_refused(archive, query):
    assert archive.server.get(f"/instances?{query}").status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "NumberOfFrames=3",
        "PixelData=1",
        "SpecimenDescriptionSequence=1",
        "TimezoneOffsetFromUTC=%2B0100",
        "InstanceAvailability=OFFLINE",
    ],
)
def test_what_is_not_matched_is_told_in_a_warning(archive, query):
    answer = archive.server.get(f"/studies?{query}")

    assert answer.status_code == 200
    assert answer.headers["warning"].startswith("299 ")
    assert query.partition("=")[0] in answer.headers["warning"]


def test_what_is_left_is_told_in_a_warning_and_where_it_is_in_a_link(archive):
    root = archive.server.root

    cut = archive.server.get("/studies/1.2.3.1/instances?PatientName=D%2A&limit=2")
    last = archive.server.get("/instances?limit=2&offset=2")

    assert cut.headers["warning"] == (
        f"299 {root}: There are 1 additional results that can be requested"
    )
    assert cut.headers["link"] == (
        f'<{root}/studies/1.2.3.1/instances?PatientName=D%2A&limit=2&offset=2>; rel="next"'
    )
    assert [first(item, "00080018") for item in cut.json()] == ["1.2.3.1.1.1", "1.2.3.1.1.2"]
    assert [first(item, "00080018") for item in last.json()] == ["1.2.3.1.2.1", "1.2.3.2.1.1"]
    assert "warning" not in last.headers
    assert "link" not in last.headers


def test_the_link_leads_to_the_next_page(archive):
    found = []
    address = f"{archive.server.root}/instances?limit=1"
    while address:
        answer = archive.server.http.get(address)
        found += [first(item, "00080018") for item in answer.json()]
        address = answer.links.get("next", {}).get("url")

    assert found == ["1.2.3.1.1.1", "1.2.3.1.1.2", "1.2.3.1.2.1", "1.2.3.2.1.1"]


def test_answers_are_json_or_xml(archive):
    assert archive.server.get("/studies", "application/json").status_code == 200
    assert (
        archive.server.get("/studies", "application/dicom+json, application/json").status_code
        == 200
    )
    json = archive.server.get("/studies", "application/dicom+json").json()
    found = archive.server.get("/studies", 'multipart/related; type="application/dicom+xml"')
    assert found.status_code == 200
    parts = parts_of(found)
    assert [head["Content-Type"] for head, _ in parts] == ["application/dicom+xml"] * len(json)
    uids = [study["0020000D"]["Value"][0] for study in json]
    for uid, (_, document) in zip(uids, parts, strict=True):
        (element,) = fromstring(document).findall(f".//{NATIVE}DicomAttribute[@tag='0020000D']")
        assert element.findtext(f"{NATIVE}Value") == uid
    assert archive.server.get("/studies", "text/xml").status_code == 406


def test_no_answer_in_xml_is_none(archive):
    found = archive.server.get(
        "/studies?PatientID=nobody", 'multipart/related; type="application/dicom+xml"'
    )
    assert (found.status_code, found.content) == (204, b"")


@pytest.mark.parametrize("level", ["studies", "series", "instances"])
def test_many_fields_come_as_they_do_with_all_or_few_at_a_time(archive, level):
    path = f"/{level}?PatientID=P-2*"
    whole = archive.server.get(f"{path}&includefield=all").json()
    tags = sorted({tag for item in whole for tag in item})

    def asked(some):
        return archive.server.get(f"{path}&includefield={','.join(some)}").json()

    assert len(tags) > 10
    assert asked(tags) == whole
    joined = [{} for _ in whole]
    for start in range(0, len(tags), 5):
        for item, part in zip(joined, asked(tags[start : start + 5]), strict=True):
            item.update(part)
    assert joined == whole
