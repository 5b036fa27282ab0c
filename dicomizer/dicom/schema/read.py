# SPDX-License-Identifier: Apache-2.0
"""Metadata from the attributes of a dataset: the inverse of `dataset` and `specimen`.

Reading is tolerant: what is absent, empty, misformed, or a placeholder of ours is not known. A
text that breaks its value representation is cut to what can be written again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import (
    Container,
    Equipment,
    Operator,
    Optics,
    Patient,
    Series,
    SlideMetadata,
    Study,
)
from dicomizer.dicom.placeholders import UNKNOWN, UNKNOWN_DATETIME
from dicomizer.dicom.schema.optics import read_paths, read_profile
from dicomizer.dicom.schema.read_moments import parse_date, parse_datetime, parse_time
from dicomizer.dicom.schema.read_specimen import read_specimens
from dicomizer.dicom.schema.read_values import (
    code,
    issuer,
    items,
    lines,
    name,
    names,
    text,
    texts,
    uid,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from pydicom.dataset import Dataset

_SEXES = ("M", "F", "O")


def metadata_of(dataset: Dataset) -> SlideMetadata:
    """Return what a dataset tells of a slide beside its pixels."""
    return SlideMetadata(
        patient=_patient(dataset),
        study=_study(dataset),
        series=_series(dataset),
        equipment=_equipment(dataset),
        container=_container(dataset),
        specimens=read_specimens(dataset),
        optics=_optics(dataset),
        acquisition_datetime=_acquisition_datetime(dataset),
    )


def _patient(dataset: Dataset) -> Patient:
    sex = text(dataset, "PatientSex")
    return Patient(
        name=name(dataset, "PatientName"),
        id=text(dataset, "PatientID"),
        issuer_of_id=text(dataset, "IssuerOfPatientID"),
        birth_date=parse_date(text(dataset, "PatientBirthDate")),
        sex=sex if sex in _SEXES else None,
    )


def _study(dataset: Dataset) -> Study:
    return Study(
        uid=uid(dataset, "StudyInstanceUID"),
        id=text(dataset, "StudyID", "SH"),
        date=parse_date(text(dataset, "StudyDate")),
        time=parse_time(text(dataset, "StudyTime")),
        accession_number=text(dataset, "AccessionNumber", "SH"),
        description=text(dataset, "StudyDescription"),
        referring_physician=name(dataset, "ReferringPhysicianName"),
    )


def _series(dataset: Dataset) -> Series:
    number = text(dataset, "SeriesNumber")
    is_number = number is not None and number.isdecimal() and int(number) < 1 << 31
    return Series(
        uid=uid(dataset, "SeriesInstanceUID"),
        number=int(number or 0) if is_number else None,
        description=text(dataset, "SeriesDescription"),
        operators=tuple(_operators(dataset)),
    )


def _operators(dataset: Dataset) -> Iterator[Operator]:
    """Yield the operators; identifications are taken where there is one for each name."""
    found = names(dataset, "OperatorsName")
    persons = items(dataset, "OperatorIdentificationSequence")
    known = [code(person, "PersonIdentificationCodeSequence") for person in persons]
    institutions = [text(person, "InstitutionName") for person in persons]
    is_complete = len(known) == len(found) and all(known) and all(institutions)
    for number, operator in enumerate(found):
        if is_complete:
            yield Operator(operator, known[number], institutions[number])
        else:
            yield Operator(operator)


def _equipment(dataset: Dataset) -> Equipment:
    return Equipment(
        manufacturer=_known(text(dataset, "Manufacturer")),
        model_name=_known(text(dataset, "ManufacturerModelName")),
        device_serial_number=_known(text(dataset, "DeviceSerialNumber")),
        software_versions=tuple(filter(_known, texts(dataset, "SoftwareVersions"))),
        institution=text(dataset, "InstitutionName"),
        department=text(dataset, "InstitutionalDepartmentName"),
        station_name=text(dataset, "StationName", "SH"),
    )


def _known(value: str | None) -> str | None:
    """Return a value, unless it is what is written for one that is not known."""
    return None if value == UNKNOWN else value


def _container(dataset: Dataset) -> Container:
    return Container(
        identifier=_known(text(dataset, "ContainerIdentifier")),
        issuer=issuer(dataset, "IssuerOfTheContainerIdentifierSequence"),
        label_text=lines(dataset, "LabelText"),
        barcode=lines(dataset, "BarcodeValue", 10240),
    )


def _optics(dataset: Dataset) -> Optics:
    powers = (
        _positive(text(path, "ObjectiveLensPower"))
        for path in items(dataset, "OpticalPathSequence")
    )
    return Optics(
        objective_power=next((power for power in powers if power is not None), None),
        paths=read_paths(dataset),
        icc_profile=read_profile(dataset),
    )


def _positive(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def _acquisition_datetime(dataset: Dataset) -> dt.datetime | None:
    offset = text(dataset, "TimezoneOffsetFromUTC")
    moments: Sequence[str | None] = (
        text(dataset, "AcquisitionDateTime"),
        (text(dataset, "AcquisitionDate") or "") + (text(dataset, "AcquisitionTime") or ""),
    )
    for value in moments:
        moment = parse_datetime(value, offset)
        if moment is not None and moment.replace(tzinfo=None) != UNKNOWN_DATETIME:
            return moment
    return None
