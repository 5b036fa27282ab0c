# SPDX-License-Identifier: Apache-2.0
"""Metadata as attributes of a dataset: the patient, study, series, equipment and slide modules.

Attributes of type 2 that nobody gave are empty; those of type 1 get the placeholders that
`placeholders` chose. No value is made specific that was not told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.valuerep import PersonName

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from dicomizer.dicom.metadata import (
        Code,
        Container,
        Equipment,
        Operator,
        Patient,
        Series,
        Study,
    )

_LONGEST_CODE = 16
"""Of Code Value; longer ones, such as those of extensions of SNOMED CT, are Long Code Values."""


def code_item(code: Code) -> Dataset:
    """Return a code sequence item (PS3.3 8.8)."""
    item = Dataset()
    if len(code.value) > _LONGEST_CODE:
        item.LongCodeValue = code.value
    else:
        item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme
    item.CodeMeaning = code.meaning
    return item


def sequence(items: Iterable[Dataset]) -> Sequence:
    """Return a sequence value."""
    return Sequence(list(items))


def issuer_items(issuer: str | None) -> Sequence:
    """Return the sequence that tells who assigned an identifier (PS3.3 10.14), of type 2."""
    item = Dataset()
    item.LocalNamespaceEntityID = issuer
    return sequence([item] if issuer else ())


def dicom_date(value: dt.date | None) -> str:
    """Return a DA value, empty for ``None`` (PS3.5 6.2)."""
    return value.isoformat().replace("-", "") if value else ""


def dicom_time(value: dt.time | None) -> str:
    """Return a TM value, empty for ``None``; a fraction only where there is one (PS3.5 6.2)."""
    if value is None:
        return ""
    return value.strftime("%H%M%S.%f" if value.microsecond else "%H%M%S")


def dicom_datetime(value: dt.datetime) -> str:
    """Return a DT value, with the offset from UTC where it is known (PS3.5 6.2)."""
    return dicom_date(value.date()) + dicom_time(value.time()) + value.strftime("%z")


def add_patient(dataset: Dataset, patient: Patient) -> None:
    """Add the Patient Module (PS3.3 C.7.1.1)."""
    dataset.PatientName = PersonName(patient.name or "")
    dataset.PatientID = patient.id or ""
    if patient.issuer_of_id:
        dataset.IssuerOfPatientID = patient.issuer_of_id
    dataset.PatientBirthDate = dicom_date(patient.birth_date)
    dataset.PatientSex = patient.sex or ""


def add_study(dataset: Dataset, study: Study) -> None:
    """Add the General Study Module (PS3.3 C.7.2.1)."""
    dataset.StudyInstanceUID = study.uid
    dataset.StudyDate = dicom_date(study.date)
    dataset.StudyTime = dicom_time(study.time)
    dataset.ReferringPhysicianName = PersonName(study.referring_physician or "")
    dataset.StudyID = study.id or ""
    dataset.AccessionNumber = study.accession_number or ""
    if study.description:
        dataset.StudyDescription = study.description


def add_series(dataset: Dataset, series: Series) -> None:
    """Add the General and Whole Slide Microscopy Series Modules (PS3.3 C.7.3.1, C.8.12.3)."""
    dataset.Modality = "SM"
    dataset.SeriesInstanceUID = series.uid
    dataset.SeriesNumber = "" if series.number is None else series.number
    if series.description:
        dataset.SeriesDescription = series.description
    if series.operators:
        dataset.OperatorsName = [PersonName(item.name) for item in series.operators]
        if all(item.identification for item in series.operators):
            dataset.OperatorIdentificationSequence = sequence(map(_operator, series.operators))


def _operator(operator: Operator) -> Dataset:
    """Return an item of the Person Identification Macro (PS3.3 10.1)."""
    assert operator.identification is not None
    item = Dataset()
    item.InstitutionName = operator.institution or ""
    item.PersonIdentificationCodeSequence = sequence([code_item(operator.identification)])
    return item


def add_equipment(dataset: Dataset, equipment: Equipment) -> None:
    """Add the Enhanced General Equipment Module (PS3.3 C.7.5.2)."""
    dataset.Manufacturer = equipment.manufacturer
    dataset.ManufacturerModelName = equipment.model_name
    dataset.DeviceSerialNumber = equipment.device_serial_number
    dataset.SoftwareVersions = list(equipment.software_versions)
    for keyword, value in (
        ("InstitutionName", equipment.institution),
        ("InstitutionalDepartmentName", equipment.department),
        ("StationName", equipment.station_name),
    ):
        if value:
            setattr(dataset, keyword, value)


def add_slide_label(dataset: Dataset, container: Container) -> None:
    """Add the Slide Label Module of a LABEL image (PS3.3 C.8.12.8)."""
    dataset.LabelText = container.label_text or ""
    dataset.BarcodeValue = container.barcode or ""
