# SPDX-License-Identifier: Apache-2.0
"""The dataclasses of the metadata model, and how two of them are merged."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - the JSON schema reads the annotations
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Record = TypeVar("_Record", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept.

    Parameters
    ----------
    value
        Such as "72311000".
    scheme
        Coding scheme designator, such as "SCT".
    meaning
        Such as "Haematoxylin stain"; for people, never compared.
    """

    value: str
    scheme: str
    meaning: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Patient:
    """The person whose tissue it is."""

    name: str | None = None
    id: str | None = None
    birth_date: dt.date | None = None
    sex: str | None = None


@dataclass(frozen=True, slots=True)
class Study:
    """The case."""

    uid: str | None = None
    id: str | None = None
    date: dt.date | None = None
    time: dt.time | None = None
    accession_number: str | None = None
    description: str | None = None
    referring_physician: str | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """The images of one scan."""

    uid: str | None = None
    number: int | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Equipment:
    """The scanner."""

    manufacturer: str | None = None
    model_name: str | None = None
    device_serial_number: str | None = None
    software_versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Container:
    """The glass slide."""

    identifier: str | None = None
    label_text: str | None = None
    barcode: str | None = None


@dataclass(frozen=True, slots=True)
class Specimen:
    """A piece of tissue on the slide and how it was prepared."""

    identifier: str | None = None
    uid: str | None = None
    description: str | None = None
    type: Code | None = None
    anatomic_structure: Code | None = None
    fixative: Code | None = None
    embedding_medium: Code | None = None
    stains: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class Optics:
    """How the slide was lit and magnified."""

    objective_power: float | None = None


@dataclass(frozen=True, slots=True)
class SlideMetadata:
    """All that is known of a slide beside its pixels."""

    patient: Patient = Patient()
    study: Study = Study()
    series: Series = Series()
    equipment: Equipment = Equipment()
    container: Container = Container()
    specimens: tuple[Specimen, ...] = ()
    optics: Optics = Optics()
    acquisition_datetime: dt.datetime | None = None

    def over(self, other: SlideMetadata) -> SlideMetadata:
        """Return this metadata, with what it does not know taken from ``other``."""
        return _over(self, other)


def _over(mine: _Record, other: _Record) -> _Record:
    changes = {}
    for item in fields(mine):
        value, fallback = getattr(mine, item.name), getattr(other, item.name)
        if value is None or value == ():
            changes[item.name] = fallback
        elif is_dataclass(value) and not isinstance(value, Code):
            changes[item.name] = _over(value, fallback)
    return replace(mine, **changes)
