# SPDX-License-Identifier: Apache-2.0
"""What can be asked of the index, and the SQL of each kind of matching.

References
----------
PS3.4 C.2.2.2 (attribute matching)
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from enum import IntEnum

from sqlalchemy import ColumnElement, Float, and_, cast, exists, func, or_, select

from tileserver.index.schema import instance, series, study

PATIENT_NAME, PATIENT_ID, ACCESSION_NUMBER, STUDY_DATE = (
    "00100010", "00100020", "00080050", "00080020",
)  # fmt: skip
MODALITY, MODALITIES_IN_STUDY = "00080060", "00080061"
STUDY_UID, SERIES_UID, SOP_UID, SOP_CLASS_UID = "0020000D", "0020000E", "00080018", "00080016"
AVAILABLE_TRANSFER_SYNTAX_UID = "00083002"

_RANGED = frozenset({"DA", "TM", "DT"})
_NUMERIC = frozenset({"DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"})
_TABLES = (study, series, instance)


class Level(IntEnum):
    """Of the information model."""

    STUDY = 0
    SERIES = 1
    INSTANCE = 2


@dataclass(frozen=True, slots=True)
class Condition:
    """One attribute to match.

    Parameters
    ----------
    path
        Tags, eight upper-case digits each; more than one leads into sequences.
    values
        Any of which may match; UID lists have several.
    """

    level: Level
    path: tuple[str, ...]
    vr: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """A query.

    Parameters
    ----------
    level
        Of the answers.
    limit, offset
        Which of the answers, in a stable order.
    """

    level: Level
    conditions: tuple[Condition, ...]
    limit: int
    offset: int = 0


def fold(text: str) -> str:
    """Return a name as it is compared: upper case, no accents, no empty last components."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).upper().rstrip("^ ")


_COLUMNS: dict[str, ColumnElement[str]] = {
    STUDY_UID: study.c.study_instance_uid,
    STUDY_DATE: study.c.study_date,
    PATIENT_ID: study.c.patient_id,
    PATIENT_NAME: study.c.folded_patient_name,
    ACCESSION_NUMBER: study.c.accession_number,
    SERIES_UID: series.c.series_instance_uid,
    MODALITY: series.c.modality,
    SOP_UID: instance.c.sop_instance_uid,
    SOP_CLASS_UID: instance.c.sop_class_uid,
    AVAILABLE_TRANSFER_SYNTAX_UID: instance.c.transfer_syntax_uid,
}


def clause(condition: Condition) -> ColumnElement[bool]:
    """Return the SQL of a condition."""
    if condition.path == (MODALITIES_IN_STUDY,):
        of_series = select(series.c.id).where(
            series.c.study_id == study.c.id, _matches(series.c.modality, condition)
        )
        return exists(of_series.correlate(study))
    if len(condition.path) == 1 and condition.path[0] in _COLUMNS:
        return _matches(_COLUMNS[condition.path[0]], condition)
    return _in_json(condition)


def _in_json(condition: Condition) -> ColumnElement[bool]:
    """Match any value of an attribute within the JSON column, through sequences."""
    source: ColumnElement[str] = _TABLES[condition.level].c.attributes
    values = []
    for number, tag in enumerate(condition.path):
        each = func.json_each(source, f'$."{tag}".Value').table_valued(
            "value", name=f"each{number}"
        )
        values.append(each)
        source = each.c.value
    if condition.vr == "PN":
        source = func.fold(func.json_extract(source, "$.Alphabetic"))
    found = select(1).select_from(*values).where(_matches(source, condition))
    return exists(found.correlate(study, series, instance))


def _matches(value: ColumnElement[str], condition: Condition) -> ColumnElement[bool]:
    if condition.vr == "UI" and not any("*" in text or "?" in text for text in condition.values):
        return value.in_(condition.values)
    return or_(*(_matches_one(value, condition.vr, text) for text in condition.values))


def _matches_one(value: ColumnElement[str], vr: str, text: str) -> ColumnElement[bool]:
    if vr in _RANGED and "-" in text:
        return _in_range(value, text)
    if vr == "PN":
        text = fold(text)
    if "*" in text or "?" in text:
        return value.op("GLOB")(_glob(text))
    if vr in _NUMERIC:
        return cast(value, Float) == _number(text)
    return value == text


def _number(text: str) -> float | None:
    """Return a number, or ``None``, which equals nothing in SQL."""
    try:
        return float(text)
    except ValueError:
        return None


def _glob(text: str) -> str:
    """Return an SQLite pattern: its wildcards are DICOM's, but for a bracket."""
    return text.replace("[", "[[]")


def _in_range(value: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Match from and to, both included; a shorter bound means all that begins with it."""
    begin, _, end = text.partition("-")
    bounds = [value != ""]
    if begin:
        bounds.append(value >= begin)
    if end:
        bounds.append(func.substr(value, 1, len(end)) <= end)
    return and_(*bounds)


def attribute_text(attributes: dict[str, dict[str, object]], tag: str) -> str:
    """Return the first value of an attribute in DICOM JSON as text, empty where there is none."""
    values = attributes.get(tag, {}).get("Value")
    if not isinstance(values, list) or not values or values[0] is None:
        return ""
    first = values[0]
    if isinstance(first, dict):
        return str(first.get("Alphabetic") or "")
    return str(first)


def as_text(attributes: dict[str, dict[str, object]]) -> str:
    """Return DICOM JSON as compact text in a stable order."""
    return json.dumps(attributes, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
