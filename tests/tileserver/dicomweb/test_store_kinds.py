# SPDX-License-Identifier: Apache-2.0
"""Any SOP Class is stored as it came; what is odd is told by a warning, whatever it is."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import instances
import pytest
from servers import STOW_TYPE, multipart

STORAGE = "1.2.840.10008.5.1.4.1.1."
PIXELS = bytes(range(256))


def plain(sop_class: str, modality: str, **attributes):
    return instances.dataset(SOPClassUID=f"{STORAGE}{sop_class}", Modality=modality, **attributes)


def grey(sop_class: str, modality: str, frames: int = 1, **attributes):
    described = {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": 8,
        "Columns": 16,
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "PixelData": PIXELS * frames,
        "NumberOfFrames": frames,
    }
    return plain(sop_class, modality, **described | attributes)


def segmentation():
    bits = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PixelData": PIXELS[:32]}
    segments = [instances.item(SegmentNumber=1, SegmentLabel="tumour")]
    found = grey("66.4", "SEG", 2, SegmentationType="BINARY", SegmentSequence=segments)
    for keyword, value in bits.items():
        setattr(found, keyword, value)
    return found


def annotation():
    group = instances.item(
        AnnotationGroupNumber=1, GraphicType="POINT", PointCoordinatesData=bytes(160)
    )
    return plain("91.1", "ANN", AnnotationGroupSequence=[group])


def report(sop_class: str, modality: str):
    text = instances.item(RelationshipType="CONTAINS", ValueType="TEXT", TextValue="benign")
    return plain(sop_class, modality, ValueType="CONTAINER", ContentSequence=[text])


def waveform():
    wave = instances.item(
        NumberOfWaveformChannels=1,
        NumberOfWaveformSamples=64,
        SamplingFrequency="250",
        WaveformBitsAllocated=16,
        WaveformSampleInterpretation="SS",
    )
    wave.add_new("WaveformData", "OW", PIXELS[:128])
    return plain("9.1.1", "ECG", WaveformSequence=[wave])


KINDS = {
    "SM": lambda: instances.slide([instances.jpeg(1), instances.jpeg(2)]),
    "SM native": lambda: instances.native(bytes(768), 1),
    "ANN": annotation,
    "SEG": segmentation,
    "SR": lambda: report("88.34", "SR"),
    "KO": lambda: report("88.59", "KO"),
    "PR": lambda: plain("11.1", "PR", ContentLabel="A", PresentationCreationDate="20240101"),
    "PDF": lambda: plain(
        "104.1",
        "DOC",
        EncapsulatedDocument=b"%PDF-1.7\n%" + PIXELS * 4,
        MIMETypeOfEncapsulatedDocument="application/pdf",
    ),
    "CT": lambda: grey("2", "CT", RescaleSlope="1", RescaleIntercept="-1024"),
    "enhanced CT": lambda: grey("2.1", "CT", 3),
    "MR": lambda: grey("4", "MR"),
    "US": lambda: grey("3.1", "US", 4),
    "ECG": waveform,
    "private": lambda: instances.dataset(SOPClassUID="1.2.3.4.5.6", Modality="OT"),
}


def path_of(found) -> str:
    return (
        f"/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
        f"/instances/{found.SOPInstanceUID}"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_any_kind_is_stored_as_it_came(server, kind):
    found = KINDS[kind]()
    file = instances.written(found)

    answer = server.http.post(
        f"/dicomweb/studies/{found.StudyInstanceUID}",
        content=file,
        headers={"Content-Type": "application/dicom"},
    )

    assert answer.status_code == 200, answer.text
    assert server.get(path_of(found), "application/dicom").content == file
    (metadata,) = server.get(f"{path_of(found)}/metadata").json()
    assert metadata["00080016"]["Value"] == [found.SOPClassUID]
    (listed,) = server.get(f"/studies/{found.StudyInstanceUID}/instances").json()
    assert listed["00080018"]["Value"] == [found.SOPInstanceUID]


def without(found, keyword: str):
    delattr(found, keyword)
    return found


def other_meta() -> bytes:
    found = instances.dataset()
    file = instances.written(found)
    uid = found.SOPInstanceUID.encode()
    return file.replace(uid, uid[:-1] + (b"1" if uid[-1:] != b"1" else b"2"), 1)


def in_character_set(name: bytes) -> bytes:
    """Return an instance whose character set has another name, of ten bytes."""
    return instances.written(instances.dataset()).replace(b"ISO_IR 192", name.ljust(10), 1)


ODD = {
    "an unknown character set": (lambda: in_character_set(b"ISO_IR 999"), 0xB007),
    "a character set that is misspelt": (lambda: in_character_set(b"UTF-8"), 0xB007),
    "one of several that is unknown": (lambda: in_character_set(b"\\ISO_IR999"), 0xB007),
    "no modality": (lambda: instances.written(without(instances.dataset(), "Modality")), 0xB007),
    "no rows": (
        lambda: instances.written(without(grey("2", "CT"), "PhotometricInterpretation")),
        0xB007,
    ),
    "no document": (lambda: instances.written(plain("104.1", "DOC")), 0xB007),
    "other UID in the meta information": (other_meta, 0xB007),
    "a number that is none": (
        lambda: instances.written(instances.dataset(SliceThickness="0.50")).replace(
            b"0.50", b"0,x0"
        ),
        0xB006,
    ),
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_odd_is_stored_with_a_warning(server, what):
    make, reason = ODD[what]
    file = make()

    answer = server.store(file)

    assert answer.status_code == 202
    (reference,) = answer.json()["00081199"]["Value"]
    assert reference["00081196"] == {"vr": "US", "Value": [reason]}
    path = reference["00081190"]["Value"][0].removeprefix(server.root)
    assert server.get(path, "application/dicom").content == file


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"PatientID": "P-9"}, 0xB0F1),
        ({"PatientName": "Roe^Richard"}, 0xB0F1),
        ({"StudyInstanceUID": "1.2.99"}, 0xB0F2),
    ],
)
def test_what_contradicts_its_study_is_stored_with_a_warning(server, attributes, reason):
    first = instances.dataset()
    named = {name: first[name].value for name in ("StudyInstanceUID", "SeriesInstanceUID")}
    other = instances.dataset(**named | attributes)
    file = instances.written(other)
    assert server.store(instances.written(first)).status_code == 200

    answer = server.store(file)

    assert answer.status_code == 202
    (reference,) = answer.json()["00081199"]["Value"]
    assert reference["00081196"] == {"vr": "US", "Value": [reason]}
    path = reference["00081190"]["Value"][0].removeprefix(server.root)
    assert server.get(path, "application/dicom").content == file
    (study,) = server.get(f"/studies?StudyInstanceUID={first.StudyInstanceUID}").json()
    assert study["00100020"]["Value"] == ["P-1"]
    (told,) = server.get(f"{path}/metadata").json()
    assert told["00100020"]["Value"] == [other.PatientID]


@pytest.mark.parametrize("name", [b"ISO_IR 100", b"GB18030", b"", b"\\ISO_IR 13", b"ISO_IR 192"])
def test_a_known_character_set_is_not_odd(server, name):
    assert server.store(in_character_set(name)).status_code == 200


def test_a_body_that_is_refused_is_not_asked_for(server):
    address = urlsplit(server.address)

    def said(content_type: str, length: int, body: bytes = b"") -> bytes:
        head = (
            "POST /dicomweb/studies HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
            f"Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
        )
        with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
            connection.sendall(head.encode())
            first = connection.recv(25)
            if first.startswith(b"HTTP/1.1 100"):
                connection.sendall(body)
                return first + connection.recv(65536)
            return first

    file = multipart([instances.written(instances.dataset())])
    told = said(STOW_TYPE, len(file), file)
    assert told.startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert b"HTTP/1.1 200 " in told
    assert said("text/plain", 10).startswith(b"HTTP/1.1 415")
    assert said(STOW_TYPE, 10**18).startswith(b"HTTP/1.1 413")


def test_an_empty_body_has_no_instance(server):
    for kind in ("application/dicom", "application/dicom+json"):
        answer = server.http.post("/dicomweb/studies", headers={"Content-Type": kind})
        assert answer.status_code == 400


def test_many_clients_with_the_same_instances_store_each_once(server):
    study = "1.2.77"
    files = [
        instances.written(instances.dataset(StudyInstanceUID=study, SOPInstanceUID=f"1.2.77.{n}"))
        for n in range(20)
    ]

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: server.store(*files), range(10)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(server.get(f"/studies/{study}/instances").json()) == 20


def test_instances_of_a_request_keep_their_order(server):
    files = [
        instances.written(
            instances.dataset(
                StudyInstanceUID="1.2.78",
                SeriesInstanceUID="1.2.78.1",
                SOPInstanceUID=f"1.2.78.{n}",
            )
        )
        for n in range(2, 42)
    ]

    told = server.store(*files).json()["00081199"]["Value"]

    expected = [f"1.2.78.{n}" for n in range(2, 42)]
    assert [item["00081155"]["Value"][0] for item in told] == expected
    metadata = server.get("/studies/1.2.78/series/1.2.78.1/metadata").json()
    assert [item["00080018"]["Value"][0] for item in metadata] == expected
