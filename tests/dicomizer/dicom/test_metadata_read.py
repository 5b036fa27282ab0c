# SPDX-License-Identifier: Apache-2.0
"""Metadata read from a dataset: what was written comes back, and odd values do no harm."""

from __future__ import annotations

import datetime as dt
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import config
from pydicom.dataset import Dataset

from dicomizer.dicom import codes
from dicomizer.dicom.metadata import (
    Code,
    Container,
    Equipment,
    Optics,
    Patient,
    Series,
    SlideMetadata,
    Specimen,
    Study,
)
from dicomizer.dicom.placeholders import UNKNOWN, fill_placeholders
from dicomizer.dicom.schema import dataset as schema
from dicomizer.dicom.schema.read import metadata_of, parse_date, parse_datetime, parse_time
from dicomizer.dicom.schema.specimen import add_specimens
from dicomizer.dicom.uids import Uids

LETTERS = string.ascii_letters + string.digits + "äßéжя漢字-_()&;<>'\""


PLACEHOLDERS = (UNKNOWN, codes.SLIDE, codes.BODY_STRUCTURE)


def text(longest: int) -> st.SearchStrategy[str]:
    return st.text(LETTERS, min_size=1, max_size=longest).filter(is_told)


def is_told(value: object) -> bool:
    return value not in PLACEHOLDERS


def maybe(strategy):
    return st.none() | strategy


UIDS = st.builds(lambda n: f"2.25.{n}", st.integers(1, 1 << 120))
CODES = st.builds(
    Code, st.text(string.digits, min_size=1, max_size=16), st.just("SCT"), text(64)
).filter(is_told)
DATES = st.dates(dt.date(1700, 1, 1), dt.date(2200, 1, 1))
TIMES = st.times().map(lambda value: value.replace(microsecond=0))
ZONES = st.integers(-12 * 60, 14 * 60).map(lambda m: dt.timezone(dt.timedelta(minutes=m)))
MOMENTS = st.builds(
    lambda moment, zone: moment.replace(microsecond=0, tzinfo=zone),
    st.datetimes(dt.datetime(1901, 1, 1), dt.datetime(2200, 1, 1)),
    maybe(ZONES),
)
SPECIMENS = st.builds(
    Specimen,
    identifier=text(64),
    uid=UIDS,
    description=maybe(text(64)),
    type=maybe(CODES),
    anatomic_structure=maybe(CODES),
    fixative=maybe(CODES),
    embedding_medium=maybe(CODES),
    stains=st.lists(CODES, max_size=3).map(tuple),
)
METADATA = st.builds(
    SlideMetadata,
    patient=st.builds(
        Patient,
        maybe(st.builds("{}^{}".format, text(20), text(20))),
        maybe(text(64)),
        maybe(DATES),
        maybe(st.sampled_from("MFO")),
    ),
    study=st.builds(
        Study,
        UIDS,
        text(16),
        maybe(DATES),
        maybe(TIMES),
        maybe(text(16)),
        maybe(text(64)),
        maybe(text(30)),
    ),
    series=st.builds(Series, UIDS, maybe(st.integers(0, (1 << 31) - 1)), maybe(text(64))),
    equipment=st.builds(
        Equipment,
        text(64),
        text(64),
        text(64),
        st.lists(text(64), min_size=1, max_size=3).map(tuple),
    ),
    container=st.builds(Container, text(64), maybe(text(200)), maybe(text(100))),
    specimens=st.lists(SPECIMENS, max_size=3).map(tuple),
    optics=st.builds(Optics, maybe(st.sampled_from([5.0, 20.0, 40.0, 63.5]))),
    acquisition_datetime=maybe(MOMENTS),
)


def written(metadata: SlideMetadata) -> Dataset:
    """Return a dataset as the writer makes it of metadata."""
    found = Dataset()
    schema.add_patient(found, metadata.patient)
    schema.add_study(found, metadata.study)
    schema.add_series(found, metadata.series)
    schema.add_equipment(found, metadata.equipment)
    schema.add_slide_label(found, metadata.container)
    add_specimens(found, metadata.container, metadata.specimens)
    path = Dataset()
    if metadata.optics.objective_power is not None:
        path.ObjectiveLensPower = str(metadata.optics.objective_power)
    found.OpticalPathSequence = [path]
    if metadata.acquisition_datetime is not None:
        found.AcquisitionDateTime = schema.dicom_datetime(metadata.acquisition_datetime)
    return found


@given(METADATA)
def test_what_is_written_is_read_again(metadata):
    assert metadata_of(written(metadata)) == metadata


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
    specimen = Specimen(identifier="A", uid="1.2", stains=(Code("12710003", "SCT", "hematoxylin"),))
    found = Dataset()
    add_specimens(found, Container("C"), [specimen])
    (step,) = found.SpecimenDescriptionSequence[0].SpecimenPreparationSequence
    processing = step.SpecimenPreparationStepContentItemSequence[1]
    processing.ConceptCodeSequence[0].CodeValue = codes.SPECIMEN_PROCESSING.value

    assert metadata_of(found).specimens == (Specimen(identifier="A", uid="1.2"),)


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
