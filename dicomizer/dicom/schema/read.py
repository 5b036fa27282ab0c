# SPDX-License-Identifier: Apache-2.0
"""Metadata from the attributes of a dataset: the inverse of `dataset` and `specimen`.

Reading is tolerant: what is absent, empty, misformed, or a placeholder of ours is not known. A
text that breaks its value representation is cut to what can be written again.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import (
    Container,
    Equipment,
    Optics,
    Patient,
    Series,
    SlideMetadata,
    Study,
)
from dicomizer.dicom.placeholders import UNKNOWN, UNKNOWN_DATETIME
from dicomizer.dicom.schema.limits import fitting
from dicomizer.dicom.schema.read_specimen import read_specimens
from dicomizer.dicom.schema.read_values import items, text, texts, uid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

_SEXES = ("M", "F", "O")
_LONGEST_LABEL = 1 << 20
_DATE = re.compile(r"(\d{4})[.-]?(\d{2})[.-]?(\d{2})")
_TIME = re.compile(r"(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6}))?")
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})")
_DATETIME = re.compile(r"(\d{8})(\d{2}[\d.]*)?([+-]\d{4})?")


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


def parse_date(value: str | None) -> dt.date | None:
    """Return a DA value, also as dicomizer's forerunners wrote it: 2026-01-31 or 2026.01.31."""
    match = _DATE.fullmatch(value or "")
    try:
        return dt.date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def parse_time(value: str | None) -> dt.time | None:
    """Return a TM value, of whatever precision (PS3.5 6.2)."""
    match = _TIME.fullmatch(value or "")
    if match is None:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    microsecond = int((match[4] or "").ljust(6, "0"))
    try:
        return dt.time(hour, minute, min(second, 59), microsecond)  # 60 is a leap second
    except ValueError:
        return None


def parse_datetime(value: str | None, offset: str | None = None) -> dt.datetime | None:
    """Return a DT value that has at least a day (PS3.5 6.2).

    Parameters
    ----------
    offset
        From UTC, of the whole dataset, for a value without its own.
    """
    match = _DATETIME.fullmatch(value or "")
    if match is None:
        return None
    date, time = parse_date(match[1]), parse_time(match[2] or "00")
    if date is None or time is None:
        return None
    return dt.datetime.combine(date, time, _time_zone(match[3] or offset))


def _time_zone(value: str | None) -> dt.timezone | None:
    match = _OFFSET.fullmatch(value or "")
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    if minutes > 14 * 60:
        return None
    return dt.timezone(dt.timedelta(minutes=-minutes if match[1] == "-" else minutes))


def _name(dataset: Dataset, keyword: str) -> str | None:
    """Return a person's name with all its component groups."""
    groups = (text(dataset, keyword, "UT") or "").split("=")[:3]
    return "=".join(fitting(group, "PN") for group in groups).rstrip("=") or None


def _patient(dataset: Dataset) -> Patient:
    sex = text(dataset, "PatientSex")
    return Patient(
        name=_name(dataset, "PatientName"),
        id=text(dataset, "PatientID"),
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
        referring_physician=_name(dataset, "ReferringPhysicianName"),
    )


def _series(dataset: Dataset) -> Series:
    number = text(dataset, "SeriesNumber")
    is_number = number is not None and number.isdecimal() and int(number) < 1 << 31
    return Series(
        uid=uid(dataset, "SeriesInstanceUID"),
        number=int(number or 0) if is_number else None,
        description=text(dataset, "SeriesDescription"),
    )


def _equipment(dataset: Dataset) -> Equipment:
    return Equipment(
        manufacturer=_known(text(dataset, "Manufacturer")),
        model_name=_known(text(dataset, "ManufacturerModelName")),
        device_serial_number=_known(text(dataset, "DeviceSerialNumber")),
        software_versions=tuple(filter(_known, texts(dataset, "SoftwareVersions"))),
    )


def _known(value: str | None) -> str | None:
    """Return a value, unless it is what is written for one that is not known."""
    return None if value == UNKNOWN else value


def _container(dataset: Dataset) -> Container:
    return Container(
        identifier=_known(text(dataset, "ContainerIdentifier")),
        label_text=_lines(dataset, "LabelText", _LONGEST_LABEL),
        barcode=_lines(dataset, "BarcodeValue", 10240),
    )


def _lines(dataset: Dataset, keyword: str, longest: int) -> str | None:
    """Return a text of several lines, as it is."""
    return str(dataset.get(keyword) or "")[:longest].strip() or None


def _optics(dataset: Dataset) -> Optics:
    for path in items(dataset, "OpticalPathSequence"):
        power = _positive(text(path, "ObjectiveLensPower"))
        if power is not None:
            return Optics(objective_power=power)
    return Optics()


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
