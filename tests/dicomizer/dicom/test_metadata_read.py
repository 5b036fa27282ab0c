# SPDX-License-Identifier: Apache-2.0
"""Metadata read from a dataset: what was written comes back, and odd values do no harm."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from build_metadata import written
from hypothesis import HealthCheck, given, settings
from metadata_strategies import IN_DATASET
from pydicom import config, dcmread
from pydicom.dataset import Dataset

from dicomizer.dicom import codes
from dicomizer.dicom.metadata import (
    Code,
    Container,
    Equipment,
    Operator,
    Optics,
    Patient,
    PreparationStep,
    Series,
    SlideMetadata,
    Specimen,
    SpecimenLocation,
)
from dicomizer.dicom.placeholders import fill_placeholders
from dicomizer.dicom.schema import dataset as schema
from dicomizer.dicom.schema.json import metadata_from_json, metadata_to_json
from dicomizer.dicom.schema.limits import check_metadata
from dicomizer.dicom.schema.read import metadata_of
from dicomizer.dicom.schema.read_moments import parse_date, parse_datetime, parse_time
from dicomizer.dicom.schema.specimen import add_specimens
from dicomizer.dicom.uids import Uids


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(IN_DATASET)
def test_what_is_written_is_read_again(metadata):
    check_metadata(metadata)

    assert metadata_of(written(metadata)) == metadata


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(IN_DATASET)
def test_what_is_written_to_a_file_is_read_again(metadata):
    file = io.BytesIO()
    written(metadata).save_as(file, implicit_vr=False, little_endian=True)
    file.seek(0)

    # pydicom counts the bytes of what it reads, and warns of 16 letters that take 17 in UTF-8.
    with config.disable_value_validation():
        found = metadata_of(dcmread(file, force=True))

    assert found == metadata
    # Meanings of codes are never compared, but in JSON.
    assert metadata_to_json(found) == metadata_to_json(metadata)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(IN_DATASET)
def test_json_and_dataset_tell_the_same(metadata):
    read = metadata_of(written(metadata_from_json(metadata_to_json(metadata))))

    assert metadata_to_json(read) == metadata_to_json(metadata)


def test_placeholders_are_not_known():
    filled, _ = fill_placeholders(SlideMetadata(patient=Patient(id="P-1")), "slide", Uids())

    found = metadata_of(written(filled))

    assert found.equipment == Equipment()
    assert found.acquisition_datetime is None
    assert found.specimens == (Specimen(identifier="slide", uid=filled.specimens[0].uid),)


def test_empty_dataset_tells_nothing():
    assert metadata_of(Dataset()) == SlideMetadata()


def test_values_that_break_their_representation_are_cut_or_left_out():
    found = Dataset()
    with config.disable_value_validation():
        found.PatientID = "x" * 100
        found.PatientName = "Doe^Jane=漢字=kana"
        found.PatientSex = "unknown"
        found.PatientBirthDate = "19x00101"
        found.StudyInstanceUID = "1.02.3"
        found.SeriesNumber = "7"
        found.Manufacturer = ["Acme", "other"]
        found.SoftwareVersions = ["1", "", "Unknown", "2"]
        found.LabelText = " two\nlines\n"
        found.OpticalPathSequence = [Dataset(), Dataset()]
        found.OpticalPathSequence[1].ObjectiveLensPower = "40"

    assert metadata_of(found) == SlideMetadata(
        patient=Patient(name="Doe^Jane=漢字=kana", id="x" * 64),
        series=Series(number=7),
        equipment=Equipment(manufacturer="Acme", software_versions=("1", "2")),
        container=Container(label_text="two\nlines"),
        optics=Optics(objective_power=40.0),
    )


def test_stain_is_what_a_step_of_staining_uses():
    step = PreparationStep(codes.STAINING, stains=(Code("12710003", "SCT", "hematoxylin"),))
    found = Dataset()
    add_specimens(found, Container("C"), [Specimen("A", uid="1.2", preparation=(step,))])
    (step,) = found.SpecimenDescriptionSequence[0].SpecimenPreparationSequence
    processing = step.SpecimenPreparationStepContentItemSequence[1]
    processing.ConceptCodeSequence[0].CodeValue = codes.SPECIMEN_PROCESSING.value

    assert metadata_of(found).specimens == (Specimen(identifier="A", uid="1.2"),)


def test_steps_in_the_codes_of_earlier_editions_are_those_of_today():
    step = PreparationStep(codes.STAINING, stains=(Code("12710003", "SCT", "hematoxylin"),))
    found = Dataset()
    add_specimens(found, Container("C"), [Specimen("A", uid="1.2", preparation=(step,))])
    (item,) = found.SpecimenDescriptionSequence[0].SpecimenPreparationSequence
    _, processing, using = item.SpecimenPreparationStepContentItemSequence
    for code_item, value in (
        (processing.ConceptCodeSequence[0], "P3-00003"),
        (using.ConceptNameCodeSequence[0], "G-C350"),
    ):
        code_item.CodeValue, code_item.CodingSchemeDesignator = value, "SRT"

    assert metadata_of(found).specimens[0].preparation == (step,)


def test_processing_is_described_by_what_it_used_where_nobody_described_it():
    medium, fixative = Code("311731000", "SCT", "Paraffin"), Code("431510009", "SCT", "Formalin")
    processing = codes.SPECIMEN_PROCESSING
    steps = (
        PreparationStep(processing, fixative=fixative),
        PreparationStep(processing, embedding_medium=medium),
        PreparationStep(processing, fixative=fixative, embedding_medium=medium),
        PreparationStep(processing, operator="Doe^Jane"),
        PreparationStep(processing, description="Decalcified overnight"),
        PreparationStep(processing, method=Code("433452008", "SCT", "Specimen clearing")),
    )
    found = Dataset()
    add_specimens(found, Container("C"), [Specimen("A", uid="1.2", preparation=steps)])

    assert [_texts(step, "111703") for step in _steps(found)] == [
        ["Fixation"],
        ["Embedding"],
        ["Fixation and embedding"],
        ["Specimen processing"],
        ["Decalcified overnight"],
        [],
    ]
    assert metadata_of(found).specimens[0].preparation == steps


def test_issuer_of_a_step_is_that_of_the_specimen_unless_told():
    stain = (Code("12710003", "SCT", "hematoxylin"),)
    steps = (
        PreparationStep(codes.SPECIMEN_COLLECTION, specimen="P", issuer="Other clinic"),
        PreparationStep(codes.STAINING, stains=stain),
    )
    found = Dataset()
    specimen = Specimen("A", issuer="General Hospital", uid="1.2", preparation=steps)
    add_specimens(found, Container("C"), [specimen])

    issuers = [_texts(step, "111724") for step in _steps(found)]

    assert issuers == [["Other clinic"], ["General Hospital"]]
    assert metadata_of(found).specimens[0].preparation == steps


def _steps(found):
    return found.SpecimenDescriptionSequence[0].SpecimenPreparationSequence


def _texts(step, concept):
    return [
        item.TextValue
        for item in step.SpecimenPreparationStepContentItemSequence
        if item.ConceptNameCodeSequence[0].CodeValue == concept and "TextValue" in item
    ]


def test_step_without_procedure_and_offset_in_another_unit_are_left_aside():
    found = Dataset()
    location = SpecimenLocation(x_mm=1.5, y_mm=2.5)
    add_specimens(found, Container("C"), [Specimen("A", uid="1.2", location=location)])
    (specimen,) = found.SpecimenDescriptionSequence
    specimen.SpecimenPreparationSequence.append(Dataset())
    unit = specimen.SpecimenLocalizationContentItemSequence[0].MeasurementUnitsCodeSequence[0]
    unit.CodeValue = "um"

    (read,) = metadata_of(found).specimens

    assert read == Specimen("A", uid="1.2", location=SpecimenLocation(y_mm=2.5))


def test_identifications_that_do_not_fit_the_names_are_left_aside():
    found = Dataset()
    operator = Operator("Doe^Jane", Code("17", "99LAB", "Jane Doe"), "General Hospital")
    schema.add_series(found, Series("1.2", operators=(operator,)))
    found.OperatorsName = ["Doe^Jane", "Roe^Richard"]

    assert metadata_of(found).series.operators == (Operator("Doe^Jane"), Operator("Roe^Richard"))


def test_date_and_time_of_acquisition_may_stand_apart():
    found = Dataset()
    found.AcquisitionDate, found.AcquisitionTime = "20240317", "102030.5"
    found.TimezoneOffsetFromUTC = "-0500"

    assert metadata_of(found).acquisition_datetime == dt.datetime(
        2024, 3, 17, 10, 20, 30, 500000, dt.timezone(dt.timedelta(hours=-5))
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20240317", dt.date(2024, 3, 17)),
        ("2024.03.17", dt.date(2024, 3, 17)),
        ("20240231", None),
        ("202403", None),
        ("", None),
        (None, None),
    ],
)
def test_date(value, expected):
    assert parse_date(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("10", dt.time(10)),
        ("1020", dt.time(10, 20)),
        ("10:20:30", dt.time(10, 20, 30)),
        ("102030.25", dt.time(10, 20, 30, 250000)),
        ("235960", dt.time(23, 59, 59)),
        ("2500", None),
        ("1", None),
        (None, None),
    ],
)
def test_time(value, expected):
    assert parse_time(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20240317", dt.datetime(2024, 3, 17)),
        (
            "20240317102030+0100",
            dt.datetime(2024, 3, 17, 10, 20, 30, tzinfo=dt.timezone(dt.timedelta(hours=1))),
        ),
        ("20240317102030+9900", dt.datetime(2024, 3, 17, 10, 20, 30)),
        ("202403171", None),
        ("2024", None),
    ],
)
def test_datetime(value, expected):
    assert parse_datetime(value) == expected
