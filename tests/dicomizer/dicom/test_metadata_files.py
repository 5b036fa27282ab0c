# SPDX-License-Identifier: Apache-2.0
"""Files of metadata, their samples and their JSON Schema."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dicomizer.dicom import codes
from dicomizer.dicom.metadata import Code, PreparationStep, Text
from dicomizer.dicom.schema.files import read_metadata
from dicomizer.dicom.schema.json import metadata_from_json, metadata_to_json
from dicomizer.dicom.schema.json_schema import metadata_schema
from dicomizer.errors import DicomError, MetadataError


@pytest.fixture
def samples(request) -> Path:
    return request.config.rootpath / "samples"


def test_schema_in_the_samples_is_that_of_the_model(samples):
    kept = json.loads((samples / "metadata.schema.json").read_text(encoding="utf-8"))

    assert kept == metadata_schema(), "python tests/golden/renew.py"


def test_sample_has_only_what_the_schema_knows(samples):
    sample = json.loads((samples / "metadata.json").read_text(encoding="utf-8"))
    schema = metadata_schema()

    assert list(unknown(sample, schema, schema["$defs"], "")) == []
    sample["specimens"][0]["preparation"][2]["parnt"] = "A"
    assert list(unknown(sample, schema, schema["$defs"], "")) == [".specimens.preparation.parnt"]


def unknown(value, schema, records, place):
    """Yield the keys that a schema does not have."""
    if "$ref" in schema:
        schema = records[schema["$ref"].rsplit("/", 1)[1]]
    if isinstance(value, list):
        for item in value:
            yield from unknown(item, schema["items"], records, place)
    elif isinstance(value, dict) and "properties" in schema:
        for key, item in value.items():
            if key not in schema["properties"]:
                yield f"{place}.{key}"
            else:
                yield from unknown(item, schema["properties"][key], records, f"{place}.{key}")


def test_every_record_of_the_schema_refuses_other_keys():
    schema = metadata_schema()
    records = [schema, *schema["$defs"].values()]

    assert all(record["additionalProperties"] is False for record in records)
    assert schema["$defs"]["Code"]["required"] == ["value", "scheme", "meaning"]
    assert schema["$defs"]["PreparationStep"]["required"] == ["procedure"]
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_sample_table_has_an_he_and_an_ihc_slide(samples):
    he, ihc = (
        read_metadata(samples / "metadata.csv", Path(f"26-001234-A-1-{number}.svs"))
        for number in (1, 2)
    )

    assert len(he.specimens[0].preparation[-1].stains) == 2
    assert [step.description for step in ihc.specimens[0].preparation[-3:]] == [
        "Primary antibody",
        "Chromogen",
        "Counterstain",
    ]


def test_comments_and_the_name_of_the_schema_are_not_read():
    value = {"$schema": "x", "_comment": ["a"], "patient": {"_comment": "b", "id": "1"}}

    assert metadata_to_json(metadata_from_json(value)) == {"patient": {"id": "1"}}


def test_shorthand_stands_for_steps():
    value = {"specimens": [{"stains": ["H&E"], "fixative": "formalin"}]}

    assert metadata_from_json(value).specimens[0].preparation == (
        PreparationStep(codes.SPECIMEN_PROCESSING, fixative=Code("431510009", "SCT", "")),
        PreparationStep(
            codes.STAINING, stains=(Code("12710003", "SCT", ""), Code("36879007", "SCT", ""))
        ),
    )


def staining(*stains: object, **more: object) -> dict[str, object]:
    return {
        "specimens": [{"preparation": [{"procedure": "staining", "stains": [*stains], **more}]}]
    }


def test_stain_without_a_code_is_words():
    (step,) = metadata_from_json(staining({"text": "DAPI"})).specimens[0].preparation

    assert step.stains == (Text("DAPI"),)


HERE = "metadata.specimens[0].preparation[0]"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            staining("hematoxilin"),
            f'{HERE}.stains[0]: "hematoxilin" is no name of a concept in CID 8112; did you mean '
            '"hematoxylin stain"? Or give a code as value, scheme and meaning, or {"text": …}',
        ),
        (staining("DAPI"), f'{HERE}.stains[0]: "DAPI" is no name of a concept in CID 8112; give'),
        (staining(), f"{HERE}.stains: expected stains in every step of staining"),
        (staining("eosin", parent="A"), f"{HERE}.parent: expected a parent in steps of sampling"),
        (staining("eosin", metod="x"), f'{HERE}: unknown key "metod"; did you mean "method"?'),
        (
            staining("eosin", datetime="2026-01-31T10:00:00+15:00"),
            f"{HERE}.datetime: expected an offset from UTC of whole minutes, -12:00 to +14:00",
        ),
        (
            {"specimens": [{"preparation": [{"procedure": "sampling", "method": "dissection"}]}]},
            f"{HERE}.parent: expected one: sampling takes a specimen out of another",
        ),
        (
            {"specimens": [{"preparation": [{"procedure": "processing"}]}]},
            "metadata.specimens[0].preparation: the only step tells nothing",
        ),
        (
            {"specimens": [{"preparation": [{"specimen": "A"}]}]},
            f'{HERE}: found {{"specimen": "A"}}, expected the keys procedure',
        ),
        (
            staining("eosin") | {"specimens": [{"stains": ["eosin"], "preparation": [
                {"procedure": "collection"}]}]},
            'metadata.specimens[0]: "stains" and "preparation" are given, expected one of them',
        ),
        (
            {"specimens": [{"identifier": "A"}, {"identifier": "A"}]},
            'metadata.specimens[1].identifier: "A" is that of another specimen on the slide',
        ),
        (
            {"specimens": [{"anatomic_modifiers": ["left"]}]},
            "metadata.specimens[0].anatomic_modifiers: expected an anatomic_structure",
        ),
        (
            {"series": {"operators": [{"name": "Doe"}, {"name": "Roe", "institution": "X",
             "identification": {"value": "1", "scheme": "L", "meaning": "Roe"}}]}},
            "metadata.series.operators: expected an identification of every operator, or of none",
        ),
        (
            {"optics": {"paths": [{"color": "blue"}]}},
            'metadata.optics.paths[0].color: found "blue", expected a colour such as #0080ff',
        ),
        (
            {"optics": {"paths": [{"illumination": "moonlight"}]}},
            'metadata.optics.paths[0].illumination: found "moonlight", '
            "expected one of brightfield, fluorescence",
        ),
        (
            {"optics": {"icc_profile": "AAAA"}},
            "metadata.optics.icc_profile: expected an ICC profile, with acsp at byte 36",
        ),
        ({"optics": {"icc_profile": "*"}}, 'metadata.optics.icc_profile: found "*"'),
        ({"optics": {"objective_power": 0}}, "metadata.optics.objective_power: found 0.0"),
        ({"optics": {"objective_power": float("inf")}}, "found Infinity, expected a number"),
        (
            {"study": {"time": "10:00:00+01:00"}},
            "metadata.study.time: expected a time without an offset from UTC",
        ),
    ],
)  # fmt: skip
def test_what_does_not_agree_is_an_error(value, message):
    with pytest.raises(MetadataError, match=re.escape(message)):
        metadata_from_json(value)


@pytest.mark.parametrize(
    ("patient", "message"),
    [
        ({"name": "Roe\\Ann"}, "metadata.patient.name: expected one line without a backslash"),
        ({"id": "77" * 40}, "metadata.patient.id: expected 64 characters at most"),
        ({"birth_date": "7.7.1977"}, "metadata.patient.birth_date: expected a date such as"),
        ({"id": 777}, "metadata.patient.id: expected text"),
        ("Roe 77", "metadata.patient: expected an object"),
    ],
)
def test_no_value_of_a_patient_is_in_a_message(patient, message):
    with pytest.raises(MetadataError, match=f"^{re.escape(message)}") as caught:
        metadata_from_json({"patient": patient})

    assert not any(value in str(caught.value) for value in ("Roe", "77"))


def test_misspelt_comment_is_an_error_with_a_suggestion():
    with pytest.raises(MetadataError, match='unknown key "_coment"; did you mean "_comment"'):
        metadata_from_json({"_coment": "for people"})


def test_key_that_is_given_twice_is_an_error(tmp_path):
    path = tmp_path / "case.json"
    path.write_text('{"patient": {"id": "1", "id": "2"}}')

    with pytest.raises(MetadataError, match=r'case.json: no JSON: the key "id" is given twice'):
        read_metadata(path)


def test_folder_damaged_dicom_and_table_in_another_coding_are_errors(tmp_path):
    damaged = tmp_path / "earlier.dcm"
    damaged.write_bytes(bytes(128) + b"DICM" + bytes(50))
    table = tmp_path / "cases.csv"
    table.write_bytes("slide,patient_name\na.svs,Müller\n".encode("cp1252"))

    with pytest.raises(MetadataError, match="found a folder, expected JSON, CSV or a DICOM file"):
        read_metadata(tmp_path)
    with pytest.raises(DicomError, match=re.escape("earlier.dcm")):
        read_metadata(damaged)
    with pytest.raises(MetadataError, match=r'cases.csv: no CSV in UTF-8.*"CSV UTF-8"'):
        read_metadata(table)
