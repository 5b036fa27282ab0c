# SPDX-License-Identifier: Apache-2.0
"""What is written where the standard demands a value and nobody gave one.

Each placeholder is either new and meaningless, or the most general concept, or says that it is
not known; each is reported, so that no reader of the log takes it for a fact.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer.dicom import codes
from dicomizer.dicom.metadata import Specimen, SpecimenLocation
from dicomizer.dicom.schema.limits import fitting

if TYPE_CHECKING:
    from dicomizer.dicom.metadata import SlideMetadata
    from dicomizer.dicom.uids import Uids

UNKNOWN = "Unknown"
UNKNOWN_RATIO = "1"
UNKNOWN_RATIO_TOLD = "Lossy Image Compression Ratio 1 stands for a ratio that is not known"
"""The ratio may be neither absent nor empty nor 0, so Derivation Description says what it is."""
UNKNOWN_DATETIME = dt.datetime(1900, 1, 1)  # noqa: DTZ001 - an unknown time has no time zone


def fill_placeholders(
    metadata: SlideMetadata, slide_name: str, uids: Uids
) -> tuple[SlideMetadata, tuple[str, ...]]:
    """Return metadata fit to be written, and a sentence for each value that was not known.

    Parameters
    ----------
    metadata
        What the slide file and the user tell.
    slide_name
        Names the container where nothing better does: the file's name without its ending.
    uids
        Those of what nobody gave one.
    """
    notes: list[str] = []
    filled = _with_patient(metadata, uids, notes)
    filled = _with_container(filled, slide_name, notes)
    filled = _with_specimens(filled, uids, notes)
    filled = _with_equipment(filled, notes)
    filled = _with_times(filled, notes)
    return _with_uids(filled, uids), tuple(notes)


def _with_patient(metadata: SlideMetadata, uids: Uids, notes: list[str]) -> SlideMetadata:
    patient = metadata.patient
    if patient.id or patient.name:
        return metadata
    anonymous = f"ANON-{uids.uid('patient')[-8:]}"
    notes.append(f'no patient given: written as "Anonymous", Patient ID {anonymous}')
    return replace(metadata, patient=replace(patient, name="Anonymous^", id=anonymous))


def _with_container(metadata: SlideMetadata, slide_name: str, notes: list[str]) -> SlideMetadata:
    if metadata.container.identifier:
        return metadata
    identifier = fitting(slide_name.replace("\\", "_")) or UNKNOWN
    notes.append(f'no container given: identified by the file name, "{identifier}"')
    return replace(metadata, container=replace(metadata.container, identifier=identifier))


def _with_specimens(metadata: SlideMetadata, uids: Uids, notes: list[str]) -> SlideMetadata:
    specimens = metadata.specimens or (Specimen(),)
    if any(item.anatomic_structure is None for item in specimens):
        notes.append(f'no anatomy given: written as "{codes.BODY_STRUCTURE.meaning}"')
    if not any(item.preparation for item in specimens):
        notes.append(f'no preparation given: written as "{codes.SPECIMEN_PROCESSING.meaning}"')
    if len(specimens) > 1 and any(item.location == SpecimenLocation() for item in specimens):
        notes.append(f'places of several specimens not given: written as "{UNKNOWN}"')
    return replace(
        metadata,
        specimens=tuple(
            replace(
                item,
                identifier=item.identifier or _specimen_identifier(metadata, number),
                uid=item.uid or uids.uid(f"specimen {number}"),
                location=_location(item, specimens),
            )
            for number, item in enumerate(specimens, start=1)
        ),
    )


def _specimen_identifier(metadata: SlideMetadata, number: int) -> str | None:
    """Return the slide's identifier, with a number where it carries several specimens."""
    container = metadata.container.identifier
    if container is None or len(metadata.specimens) < 2:
        return container
    ending = f"-{number}"
    return fitting(container)[: 64 - len(ending)] + ending


def _location(specimen: Specimen, specimens: tuple[Specimen, ...]) -> SpecimenLocation:
    """Return where a specimen lies, which must be told of several (PS3.3 C.7.6.22.1.4)."""
    if len(specimens) > 1 and specimen.location == SpecimenLocation():
        return SpecimenLocation(description=UNKNOWN)
    return specimen.location


def _with_equipment(metadata: SlideMetadata, notes: list[str]) -> SlideMetadata:
    known = metadata.equipment
    filled = replace(
        known,
        manufacturer=known.manufacturer or UNKNOWN,
        model_name=known.model_name or UNKNOWN,
        device_serial_number=known.device_serial_number or UNKNOWN,
        software_versions=known.software_versions or (UNKNOWN,),
    )
    missing = [
        word
        for word, value in (
            ("manufacturer", known.manufacturer),
            ("model", known.model_name),
            ("serial number", known.device_serial_number),
            ("software version", known.software_versions),
        )
        if not value
    ]
    if missing:
        notes.append(f'scanner {", ".join(missing)} not known: written as "{UNKNOWN}"')
    return replace(metadata, equipment=filled)


def _with_times(metadata: SlideMetadata, notes: list[str]) -> SlideMetadata:
    moment = metadata.acquisition_datetime
    if moment is None:
        notes.append("time of scanning not known: written as 1900-01-01")
        return replace(metadata, acquisition_datetime=UNKNOWN_DATETIME)
    study = metadata.study
    if study.date is None:
        notes.append("no study date given: the date of scanning was taken")
        study = replace(study, date=moment.date(), time=study.time or moment.time())
    return replace(metadata, study=study)


def _with_uids(metadata: SlideMetadata, uids: Uids) -> SlideMetadata:
    return replace(
        metadata,
        study=replace(
            metadata.study,
            uid=metadata.study.uid or uids.uid("study"),
            # "User or equipment generated" (PS3.3 C.7.2.1); a DICOMDIR needs one.
            id=metadata.study.id or uids.uid("study")[-8:],
        ),
        series=replace(
            metadata.series,
            uid=metadata.series.uid or uids.uid("series"),
            number=1 if metadata.series.number is None else metadata.series.number,
        ),
    )
