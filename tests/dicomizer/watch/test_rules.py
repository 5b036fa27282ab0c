# SPDX-License-Identifier: Apache-2.0
"""Metadata by rules: file names, barcodes, tables, a worklist, files beside the slides."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
import slides
from certificates import server_context
from watched import Watched, until
from worklist_peer import worklist

from dicomizer.errors import MetadataError, NetworkError
from dicomizer.watch.look import look_at
from dicomizer.watch.rules import read_rules


def rules(folder: Path, text: str) -> Path:
    path = folder / "rules.toml"
    path.write_text(text)
    return path


def told(folder: Path, text: str, name: str = "a.svs", label: str = "", kind: str = "") -> object:
    slide = folder / name
    slides.write_svs(slide, label=barcode(label, kind) if label else None)
    return look_at(slide, read_rules(rules(folder, text)))


def barcode(text: str, kind: str) -> np.ndarray:
    """Return the picture of a label with a barcode."""
    import zxingcpp

    made = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind))
    pixels = np.array(made.to_image(scale=3))
    label = np.full((pixels.shape[0] + 90, pixels.shape[1] + 120, 3), 245, np.uint8)
    label[50 : 50 + pixels.shape[0], 60 : 60 + pixels.shape[1]] = pixels[..., None]
    return label


NAME = "[file_name]\npattern = '(?P<accession_number>S\\d+-\\d+)_(?P<container_id>\\w+)'\n"


def test_the_name_of_the_file_tells_what_the_groups_of_a_pattern_are_called(tmp_path):
    found = told(tmp_path, NAME, "S26-123_A1.svs")

    assert found.metadata.study.accession_number == "S26-123"
    assert found.metadata.container.identifier == "A1"
    assert found.unmatched is None


def test_a_name_that_does_not_fit_matters_only_where_that_is_required(tmp_path):
    assert told(tmp_path, NAME).unmatched is None
    assert told(tmp_path, NAME + "required = true").unmatched == (
        "the file's name does not fit the pattern"
    )


@pytest.mark.parametrize("kind", ["Code128", "QRCode", "DataMatrix"])
def test_the_barcode_of_the_label_is_read(tmp_path, kind):
    found = told(tmp_path, "[barcode]\nrequired = true", label="S26-001234-A-1", kind=kind)

    assert [item.text for item in found.barcodes] == ["S26-001234-A-1"]
    assert found.metadata.container.identifier == "S26-001234-A-1"
    assert found.metadata.container.barcode == "S26-001234-A-1"


def test_a_label_without_barcode_is_told(tmp_path):
    found = told(tmp_path, "[barcode]\nrequired = true")

    assert found.unmatched == "no barcode was found on the label"


def test_of_several_barcodes_the_one_that_fits_counts(tmp_path):
    text = "[barcode]\npattern = 'S(?P<container_id>\\d+)'\nrequired = true"

    assert told(tmp_path, text, label="S77", kind="QRCode").metadata.container.identifier == "77"
    assert told(tmp_path, text, label="X77", kind="QRCode").unmatched == (
        "no barcode on the label fits the pattern"
    )


TABLE = '[[table]]\nfile = "cases.csv"\nwhere = { container_id = "{container_id}" }\n'


def test_a_table_tells_the_row_that_a_barcode_names(tmp_path):
    (tmp_path / "cases.csv").write_text(
        "container_id,patient_id,patient_name,stains\nA1,P1,Doe^Jane,H&E\nA2,P2,Doe^John,\n"
    )

    found = told(tmp_path, "[barcode]\n" + TABLE, label="A1", kind="Code128")

    assert (found.metadata.patient.id, found.metadata.patient.name) == ("P1", "Doe^Jane")
    assert len(found.metadata.specimens) == 1


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("A2,P2\n", "cases.csv has no row that matches"),
        ("A1,P1\nA1,P2\n", "cases.csv has 2 rows that match"),
    ],
)
def test_a_row_that_is_required_and_not_to_be_had_is_told(tmp_path, rows, reason):
    (tmp_path / "cases.csv").write_text(f"container_id,patient_id\n{rows}")
    text = "[barcode]\n" + TABLE + "required = true\n"

    assert told(tmp_path, text, label="A1", kind="Code128").unmatched == reason


def test_a_look_up_by_what_nobody_tells_is_told(tmp_path):
    (tmp_path / "cases.csv").write_text("container_id,patient_id\nA1,P1\n")

    assert told(tmp_path, TABLE + "required = true\n").unmatched == (
        "for cases.csv, nothing tells {container_id}"
    )


def test_a_worklist_tells_patient_and_study(tmp_path):
    item = pydicom.Dataset()
    item.PatientName, item.PatientID, item.PatientBirthDate = "Doe^Jane", "P1", "19610412"
    item.AccessionNumber, item.StudyInstanceUID = "S26-123", "1.2.3.4"
    item.PatientSex, item.RequestedProcedureID = "F", "RP1"
    other = pydicom.Dataset()
    other.AccessionNumber, other.PatientID = "S26-124", "P2"

    with worklist(item, other) as address:
        text = NAME + (
            f'[[worklist]]\naddress = "{address}"\nrequired = true\n'
            'where = { AccessionNumber = "{accession_number}" }\n'
        )
        found = told(tmp_path, text, "S26-123_A1.svs")
        missed = told(tmp_path, text, "S26-999_A1.svs")

    assert found.metadata.patient.name == "Doe^Jane"
    assert str(found.metadata.patient.birth_date) == "1961-04-12"
    assert (found.metadata.study.uid, found.metadata.study.id) == ("1.2.3.4", "RP1")
    assert missed.unmatched == "the worklist of RIS has no item that matches"


def test_a_worklist_is_asked_over_tls_where_its_address_says_so(tmp_path, monkeypatch):
    item = pydicom.Dataset()
    item.AccessionNumber, item.PatientID = "S26-123", "P1"
    context, certificate = server_context(tmp_path)

    with worklist(item, tls=context) as address:
        assert address.startswith("dicoms://")
        text = NAME + (
            f'[[worklist]]\naddress = "{address}"\n'
            'where = { AccessionNumber = "{accession_number}" }\n'
        )
        with pytest.raises(NetworkError, match="certificate"):
            told(tmp_path, text, "S26-123_A1.svs")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        found = told(tmp_path, text, "S26-123_A1.svs")

    assert found.metadata.patient.id == "P1"


def test_a_file_beside_the_slide_goes_over_all_else(tmp_path):
    (tmp_path / "S26-123_A1.json").write_text(json.dumps({"container": {"identifier": "B7"}}))

    found = told(tmp_path, NAME + '[sidecar]\nfile = "{stem}.json"', "S26-123_A1.svs")

    assert found.metadata.container.identifier == "B7"
    assert found.metadata.study.accession_number == "S26-123"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[filename]\n", r'found the rule "filename", expected one of barcode, file_name'),
        ("[file_name]\npattern = '('\n", r"file_name\.pattern: no regular expression"),
        ("[file_name]\npattern = '.+'\n", r"found no named group"),
        ('[[table]]\nfile = "a.csv"\n', r"table\.where: expected what must be the same"),
        ("[sidecar]\nfile = '../a.json'\n", r"it lies beside the slide: expected a name"),
        ("[barcode]\nrequired = 'no'\n", r"barcode\.required: expected true or false"),
        (
            '[[worklist]]\naddress = "https://ris/"\nwhere = { PatientID = "{a}" }\n',
            "found the address of a web service",
        ),
        (
            '[[worklist]]\naddress = "dicom://A@b"\nwhere = { PatientName = "{a}" }\n',
            'found the attribute "PatientName", expected one of AccessionNumber',
        ),
        ("a = ", "no TOML"),
    ],
)
def test_rules_that_are_none_are_told_at_the_start(tmp_path, text, message):
    with pytest.raises(MetadataError, match=message):
        read_rules(rules(tmp_path, text))


def test_a_slide_that_is_not_found_waits_and_is_converted_when_it_is(tmp_path):
    watched = Watched(tmp_path)
    (tmp_path / "cases.csv").write_text("container_id,patient_id\nB1,P0\n")
    path = rules(tmp_path, NAME + TABLE + "required = true\n")
    slides.write_svs(watched.inbox / "S26-123_A1.svs")

    with watched.serving("--rules", str(path), "--lookup-again", "0.2") as service:
        assert until(service, "unmatched")["reason"] == "cases.csv has no row that matches"
        assert watched.files() == {"unmatched/S26-123_A1.svs"}
        (tmp_path / "cases.csv").write_text("container_id,patient_id\nA1,P1\n")
        until(service, "done")

    found = pydicom.dcmread(watched.out / "S26-123_A1/level-0.dcm", stop_before_pixels=True)
    assert (found.PatientID, found.ContainerIdentifier) == ("P1", "A1")
    assert found.AccessionNumber == "S26-123"


def test_a_file_beside_the_slide_is_put_aside_with_it(tmp_path):
    watched = Watched(tmp_path)
    slides.write_svs(watched.inbox / "a.svs")
    path = rules(tmp_path, '[sidecar]\nfile = "{name}.json"\nrequired = true')

    with watched.serving("--rules", str(path), "--lookup-again", "0.2") as service:
        until(service, "unmatched")
        (watched.inbox / "a.svs.json").write_text('{"patient": {"id": "P9"}}')
        until(service, "done")
        while watched.files() != {"done/a.svs", "done/a.svs.json"}:
            assert service.poll() is None

    found = pydicom.dcmread(watched.out / "a/level-0.dcm", stop_before_pixels=True)
    assert found.PatientID == "P9"
