# SPDX-License-Identifier: Apache-2.0
"""Metadata from JSON: read strictly, errors with the path and a suggestion."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import HealthCheck, given, settings
from metadata_strategies import IN_JSON

from dicomizer.dicom import codes
from dicomizer.dicom.metadata import (
    Code,
    Container,
    Equipment,
    Patient,
    PreparationStep,
    SlideMetadata,
    Specimen,
    Study,
)
from dicomizer.dicom.schema.files import read_metadata
from dicomizer.dicom.schema.json import metadata_from_json, metadata_to_json, parse_json
from dicomizer.dicom.schema.limits import fitting
from dicomizer.errors import MetadataError


def test_every_kind_of_value_is_read():
    found = metadata_from_json(
        {
            "patient": {"name": "Doe^Jane", "birth_date": "1970-01-31", "sex": None},
            "study": {"date": "2026-11-20", "time": "13:45:00"},
            "series": {"number": 3},
            "equipment": {"software_versions": ["1.2", "3"]},
            "specimens": [
                {"stains": [{"value": "12710003", "scheme": "SCT", "meaning": "hematoxylin stain"}]}
            ],
            "optics": {"objective_power": 40},
            "acquisition_datetime": "2026-11-20T13:45:00+01:00",
        }
    )

    assert found.patient == Patient(name="Doe^Jane", birth_date=dt.date(1970, 1, 31))
    assert found.study == Study(date=dt.date(2026, 11, 20), time=dt.time(13, 45))
    assert found.series.number == 3
    assert found.equipment.software_versions == ("1.2", "3")
    assert found.specimens[0].preparation == (
        PreparationStep(codes.STAINING, stains=(Code("12710003", "SCT", "another meaning"),)),
    )
    assert found.optics.objective_power == 40.0
    assert found.acquisition_datetime == dt.datetime(
        2026, 11, 20, 13, 45, tzinfo=dt.timezone(dt.timedelta(hours=1))
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "metadata: found [], expected an object"),
        ({"patent": {}}, 'metadata: unknown key "patent"; did you mean "patient"?'),
        ({"patient": {"nome": "x"}}, 'metadata.patient: unknown key "nome"; did you mean "name"?'),
        ({"patient": {"name": 3}}, "metadata.patient.name: expected text"),
        ({"patient": "Doe"}, "metadata.patient: expected an object"),
        (
            {"patient": {"birth_date": "31.1.1970"}},
            "metadata.patient.birth_date: expected a date such as 2026-01-31",
        ),
        (
            {"series": {"number": True}},
            "metadata.series.number: found true, expected a whole number",
        ),
        ({"specimens": {}}, "metadata.specimens: found {}, expected a list"),
        (
            {"specimens": [{"type": {"value": "1"}}]},
            (
                'metadata.specimens[0].type: found {"value": "1"}, '
                "expected the keys value, scheme, meaning"
            ),
        ),
    ],
)
def test_what_the_model_does_not_know_is_an_error_with_its_path(value, message):
    with pytest.raises(MetadataError) as caught:
        metadata_from_json(value)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"patient": {"id": "x" * 65}},
            "metadata.patient.id: expected 64 characters at most",
        ),
        (
            {"container": {"identifier": "x" * 65}},
            f'metadata.container.identifier: found "{"x" * 37}...", expected 64 characters at most',
        ),
        (
            {"series": {"number": 1 << 31}},
            "metadata.series.number: found 2147483648, expected a number from 0 to 2147483647",
        ),
        (
            {"study": {"uid": "1.2.abc"}},
            'metadata.study.uid: found "1.2.abc", expected a UID such as 1.2.840.99999.1',
        ),
        (
            {"patient": {"sex": "female"}},
            'metadata.patient.sex: found "female", expected one of M, F, O',
        ),
        (
            {"patient": {"name": "a=b=c=d"}},
            "metadata.patient.name: expected a name such as Doe^Jane",
        ),
        (
            {"equipment": {"software_versions": ["1", "a\\b"]}},
            r'metadata.equipment.software_versions[1]: found "a\b", '
            "expected one line without a backslash",
        ),
        (
            {"container": {"identifier": " "}},
            'metadata.container.identifier: found " ", '
            "expected text: leave the key out where nothing is known",
        ),
        (
            {"specimens": [{"stains": [{"value": "1", "scheme": "S" * 17, "meaning": "m"}]}]},
            'metadata.specimens[0].preparation[0].stains[0].scheme: found "SSSSSSSSSSSSSSSSS", '
            "expected 16 characters at most",
        ),
    ],
)
def test_value_that_dicom_cannot_hold_is_an_error(value, message):
    with pytest.raises(MetadataError) as caught:
        metadata_from_json(value)

    assert str(caught.value) == message


def test_text_of_a_slide_file_is_made_to_fit():
    assert fitting("a\\b\r\nc" + "x" * 80) == "a b  c" + "x" * 58


def test_error_names_the_file(tmp_path):
    path = tmp_path / "case.json"
    path.write_text('{"patient": {"ID": "1"}}')

    with pytest.raises(MetadataError, match=r'case.json: metadata.patient: unknown key "ID"'):
        read_metadata(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "no JSON"),
        (None, "No such file"),
        (b"\xff\xfe{", "no JSON"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_file_that_cannot_be_read_is_an_error(tmp_path, content, message):
    path = tmp_path / "case.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(MetadataError, match=message):
        read_metadata(path)


def test_sample_is_read(request):
    sample = request.config.rootpath / "samples" / "metadata.json"

    found = read_metadata(sample)

    assert json.loads(sample.read_text())["patient"]["name"] == found.patient.name
    assert found.container.identifier


def test_known_values_go_over_others_field_by_field():
    mine = SlideMetadata(
        patient=Patient(id="1"), container=Container(identifier="A"), specimens=(Specimen("s"),)
    )
    other = SlideMetadata(
        patient=Patient(id="2", name="Doe"), equipment=Equipment(manufacturer="Aperio")
    )

    assert mine.over(other) == SlideMetadata(
        patient=Patient(id="1", name="Doe"),
        container=Container(identifier="A"),
        specimens=(Specimen("s"),),
        equipment=Equipment(manufacturer="Aperio"),
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(IN_JSON)
def test_json_is_read_as_it_was_written(metadata):
    value = metadata_to_json(metadata)

    found = metadata_from_json(parse_json(json.dumps(value)))

    assert found == metadata
    assert metadata_to_json(found) == value


def test_what_is_not_known_is_not_in_the_json():
    assert metadata_to_json(SlideMetadata(patient=Patient(id="1"))) == {"patient": {"id": "1"}}
