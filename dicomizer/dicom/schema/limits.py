# SPDX-License-Identifier: Apache-2.0
"""What the value representations allow, asked of metadata before it is written.

A value that a person gave and DICOM cannot hold is an error that names it. One that a slide file
gave is cut to what DICOM can hold, since nobody can mend the file.

References
----------
PS3.5 6.2 (value representations)
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import (
    Code,
    Container,
    Equipment,
    Operator,
    PathMetadata,
    Patient,
    PreparationStep,
    Series,
    SlideMetadata,
    Specimen,
    SpecimenLocation,
    Study,
    Text,
)
from dicomizer.dicom.schema.checks import rules_broken
from dicomizer.dicom.uids import is_uid
from dicomizer.errors import MetadataError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHARACTERS = {
    "LO": 64,
    "LT": 10240,
    "PN": 64,
    "SH": 16,
    "ST": 1024,
    "UC": 64,
    "UI": 64,
    "UT": 1 << 20,
}
"""Of a code, UC, there is no limit but ours; the identifiers of SNOMED CT have 18 at most."""

_REPRESENTATIONS: dict[type, dict[str, str]] = {
    Patient: {"name": "PN", "id": "LO", "issuer_of_id": "LO"},
    Study: {
        "uid": "UI",
        "id": "SH",
        "accession_number": "SH",
        "description": "LO",
        "referring_physician": "PN",
    },
    Series: {"uid": "UI", "description": "LO"},
    Operator: {"name": "PN", "institution": "LO"},
    Equipment: {
        "manufacturer": "LO",
        "model_name": "LO",
        "device_serial_number": "LO",
        "software_versions": "LO",
        "institution": "LO",
        "department": "LO",
        "station_name": "SH",
    },
    Container: {"identifier": "LO", "issuer": "LO", "label_text": "UT", "barcode": "LT"},
    Specimen: {
        "identifier": "LO",
        "issuer": "LO",
        "uid": "UI",
        "description": "LO",
        "detailed_description": "UT",
    },
    SpecimenLocation: {"description": "UT", "reference": "UT", "visual_marking": "UT"},
    PreparationStep: {
        "specimen": "LO",
        "issuer": "LO",
        "operator": "PN",
        "description": "UT",
        "parent": "LO",
    },
    Code: {"value": "UC", "scheme": "SH", "meaning": "LO"},
    Text: {"text": "UT"},
    PathMetadata: {"name": "ST"},
}
_MULTILINE = frozenset({"LT", "ST", "UT"})
_LINE_BREAKS = "\t\n\f\r"


def check_metadata(metadata: SlideMetadata) -> None:
    """Check every value that is given, and whether they agree.

    Raises
    ------
    MetadataError
        A value is one that DICOM cannot hold; ``place`` has the path to it.
    """
    for place, kind, text in _texts(metadata, "metadata"):
        problem = _problem(kind, text)
        if problem:
            found = "" if names_somebody(place) else f'found "{_short(text)}", '
            raise MetadataError(f"{found}{problem}", place=place)
    for place, problem in rules_broken(metadata):
        raise MetadataError(problem, place=place)


def names_somebody(place: str) -> bool:
    """Tell whether a value at a path is a patient's, which no message may show."""
    return place.startswith("metadata.patient")


def longest(record: type, name: str) -> int | None:
    """Return how many characters a field may have; ``None`` for one that is no text."""
    representation = _REPRESENTATIONS.get(record, {}).get(name)
    return _CHARACTERS[representation] if representation else None


def fitting(text: str, representation: str = "LO") -> str:
    """Return a slide file's text as a value: one line, no backslash, no longer than allowed."""
    clean = "".join(c if c.isprintable() and c != "\\" else " " for c in text)
    return clean[: _CHARACTERS[representation]].strip()


def _texts(record: object, place: str) -> Iterator[tuple[str, str, str]]:
    """Yield path, value representation and text of every text in a record and those within."""
    representations = _REPRESENTATIONS.get(type(record), {})
    for item in dataclasses.fields(record):  # type: ignore[arg-type]
        value = getattr(record, item.name)
        path = f"{place}.{item.name}"
        many = value if isinstance(value, tuple) else (value,)
        for number, one in enumerate(many):
            here = f"{path}[{number}]" if isinstance(value, tuple) else path
            if dataclasses.is_dataclass(one):
                yield from _texts(one, here)
            elif isinstance(one, str) and item.name in representations:
                yield here, representations[item.name], one


def _problem(representation: str, text: str) -> str | None:
    if not text.strip():
        return "expected text: leave the key out where nothing is known"
    if representation == "PN":
        return _name_problem(text)
    if len(text) > _CHARACTERS[representation]:
        return f"expected {_CHARACTERS[representation]} characters at most"
    if representation == "UI" and not is_uid(text):
        return "expected a UID such as 1.2.840.99999.1"
    return _character_problem(representation, text)


def _character_problem(representation: str, text: str) -> str | None:
    if text != text.strip():
        return "expected no space at either end"
    if representation not in _MULTILINE and ("\\" in text or not text.isprintable()):
        return "expected one line without a backslash"
    if not all(c.isprintable() or c in _LINE_BREAKS for c in text):
        return "expected no control characters"
    return None


def _name_problem(text: str) -> str | None:
    """Check a name: up to three groups, the second in ideographs, the third how it is spoken."""
    groups = text.split("=")
    if len(groups) > 3 or groups[-1] == "" or any(group.count("^") > 4 for group in groups):
        return "expected a name such as Doe^Jane"
    if any(len(group) > _CHARACTERS["PN"] for group in groups):
        return f"expected {_CHARACTERS['PN']} characters at most"
    if any(group != group.strip() for group in groups):
        return "expected no space at either end"
    return _character_problem("PN", text)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
