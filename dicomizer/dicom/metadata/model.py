# SPDX-License-Identifier: Apache-2.0
"""The records of the metadata model but the specimens, and how two of them are merged."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - the JSON schema reads the annotations
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from dicomizer.dicom.metadata.specimen import Code, Specimen  # noqa: TC001 - as above

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Record = TypeVar("_Record", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class Patient:
    """The person whose tissue it is.

    Parameters
    ----------
    name
        Family, given, middle name, prefix and suffix, divided by "^", such as "Doe^Jane".
    issuer_of_id
        Who assigned the identifier.
    sex
        M, F or O.
    """

    name: str | None = None
    id: str | None = None
    issuer_of_id: str | None = None
    birth_date: dt.date | None = None
    sex: str | None = None


@dataclass(frozen=True, slots=True)
class Study:
    """The case.

    Parameters
    ----------
    uid
        Of a study that exists, to which the slide shall be added; a new one where left out.
    accession_number
        As the laboratory's system calls the case.
    """

    uid: str | None = None
    id: str | None = None
    date: dt.date | None = None
    time: dt.time | None = None
    accession_number: str | None = None
    description: str | None = None
    referring_physician: str | None = None


@dataclass(frozen=True, slots=True)
class Operator:
    """Who scanned the slide.

    Parameters
    ----------
    name
        Such as "Doe^Jane".
    identification
        Staff number and who assigned it, as a code; all operators have one, or none has.
    institution
        Within which the staff number is valid; needed with it.
    """

    name: str
    identification: Code | None = None
    institution: str | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """The images of one scan."""

    uid: str | None = None
    number: int | None = None
    description: str | None = None
    operators: tuple[Operator, ...] = ()


@dataclass(frozen=True, slots=True)
class Equipment:
    """The scanner, and where it stands."""

    manufacturer: str | None = None
    model_name: str | None = None
    device_serial_number: str | None = None
    software_versions: tuple[str, ...] = ()
    institution: str | None = None
    department: str | None = None
    station_name: str | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """The glass slide.

    Parameters
    ----------
    identifier
        As the laboratory calls the slide.
    issuer
        Who assigned the identifier.
    label_text
        What the label says, in any number of lines.
    barcode
        What the barcode on the label says.
    """

    identifier: str | None = None
    issuer: str | None = None
    label_text: str | None = None
    barcode: str | None = None


class LightPath(Enum):
    """How light reaches the specimen."""

    BRIGHTFIELD = "brightfield"
    FLUORESCENCE = "fluorescence"


@dataclass(frozen=True, slots=True)
class PathMetadata:
    """What is told of one optical path, or channel; what is left out stays as the file tells it.

    Parameters
    ----------
    name
        Such as "DAPI".
    illumination
        How light reaches the specimen.
    excitation_nm, emission_nm
        Wavelengths of the light sent in and seen, in nanometres.
    color
        In which a grey image is shown, such as "#0000ff".
    """

    name: str | None = None
    illumination: LightPath | None = None
    excitation_nm: float | None = None
    emission_nm: float | None = None
    color: str | None = None


@dataclass(frozen=True, slots=True)
class Optics:
    """How the slide was lit and magnified.

    Parameters
    ----------
    objective_power
        Such as 40.
    paths
        The optical paths in the order of the file.
    icc_profile
        That says what the colours mean; in JSON as Base64.
    """

    objective_power: float | None = None
    paths: tuple[PathMetadata, ...] = ()
    icc_profile: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SlideMetadata:
    """All that is known of a slide beside its pixels.

    Parameters
    ----------
    specimens
        All that lie on the slide.
    acquisition_datetime
        When the slide was scanned.
    """

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
        elif is_dataclass(value):
            changes[item.name] = _over(value, fallback)
    return replace(mine, **changes)
