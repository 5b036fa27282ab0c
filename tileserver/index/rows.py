# SPDX-License-Identifier: Apache-2.0
"""A record as the values of its rows: all that can be worked out before anybody has to wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tileserver.index.folding import digits_of_date, folded_name
from tileserver.index.keys import series_keys, study_keys, text_of_keys
from tileserver.index.records import as_text
from tileserver.index.summary import (
    summary_of_instance,
    summary_of_series,
    summary_of_study,
)
from tileserver.index.tags import (
    ACCESSION_NUMBER,
    MODALITY,
    PATIENT_ID,
    PATIENT_NAME,
    STUDY_DATE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tileserver.index.records import InstanceRecord

    Attributes = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class StudyRow:
    """What a study has from the first of its instances."""

    study_date: str
    patient_id: str
    folded_patient_name: str
    accession_number: str
    summary: str
    attributes: str

    @classmethod
    def of(cls, study: Attributes) -> StudyRow:
        """Return the row of a study's attributes."""
        return cls(
            study_date=digits_of_date(first_text(study, STUDY_DATE)),
            patient_id=first_text(study, PATIENT_ID),
            folded_patient_name=folded_name(first_value(study, PATIENT_NAME)),
            accession_number=first_text(study, ACCESSION_NUMBER),
            summary=summary_of_study(study),
            attributes=as_text(study),
        )


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """What a series has from the first of its instances."""

    modality: str
    summary: str
    attributes: str

    @classmethod
    def of(cls, series: Attributes) -> SeriesRow:
        """Return the row of a series' attributes."""
        return cls(first_text(series, MODALITY), summary_of_series(series), as_text(series))


@dataclass(frozen=True, slots=True)
class Rows:
    """The values of the rows of a record.

    Parameters
    ----------
    study_keys, series_keys
        Codes and values.
    series_keys_text
        The latter as JSON, in order.
    attributes
        DICOM JSON text without the attributes of each frame where these are long.
    per_frame
        Where in the text they belong, and their text.
    """

    record: InstanceRecord
    study: StudyRow
    series: SeriesRow
    study_keys: frozenset[tuple[int, str]]
    series_keys: frozenset[tuple[int, str]]
    series_keys_text: str
    summary: str
    attributes: str
    per_frame: tuple[int, str] | None


def rows_of(record: InstanceRecord) -> Rows:
    """Return the values of the rows of a record."""
    attributes = record.metadata.attributes
    keys = frozenset(series_keys(attributes, record.transfer_syntax_uid))
    return Rows(
        record=record,
        study=StudyRow.of(record.study),
        series=SeriesRow.of(record.series),
        study_keys=frozenset(study_keys(record.study)),
        series_keys=keys,
        series_keys_text=text_of_keys(keys),
        summary=summary_of_instance(attributes),
        attributes=record.metadata.text,
        per_frame=record.metadata.per_frame,
    )


def first_text(attributes: Attributes, tag: str) -> str:
    """Return the first value of an attribute in DICOM JSON as text, empty where there is none."""
    value = first_value(attributes, tag)
    return "" if value is None else str(value)


def first_value(attributes: Attributes, tag: str) -> object:
    """Return the first value of an attribute in DICOM JSON, ``None`` where there is none."""
    values = attributes.get(tag, {}).get("Value")
    return values[0] if isinstance(values, list) and values else None
