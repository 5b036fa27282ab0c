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
    Patient,
    Series,
    SlideMetadata,
    Specimen,
    Study,
)
from dicomizer.dicom.uids import is_uid
from dicomizer.errors import MetadataError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHARACTERS = {"LO": 64, "LT": 10240, "PN": 64, "SH": 16, "UI": 64, "UT": 1 << 20}
_SEXES = ("M", "F", "O")

_REPRESENTATIONS: dict[type, dict[str, str]] = {
    Patient: {"name": "PN", "id": "LO"},
    Study: {
        "uid": "UI",
        "id": "SH",
        "accession_number": "SH",
        "description": "LO",
        "referring_physician": "PN",
    },
    Series: {"uid": "UI", "description": "LO"},
    Equipment: {
        "manufacturer": "LO",
        "model_name": "LO",
        "device_serial_number": "LO",
        "software_versions": "LO",
    },
    Container: {"identifier": "LO", "label_text": "UT", "barcode": "LT"},
    Specimen: {"identifier": "LO", "uid": "UI", "description": "LO"},
    Code: {"value": "SH", "scheme": "SH", "meaning": "LO"},
}
_MULTILINE = frozenset({"LT", "UT"})


def check_metadata(metadata: SlideMetadata) -> None:
    """Check every value that is given.

    Raises
    ------
    MetadataError
        A value is one that DICOM cannot hold; ``place`` has the path to it.
    """
    for place, kind, text in _texts(metadata, "metadata"):
        problem = _problem(kind, text)
        if problem:
            raise MetadataError(f'found "{_short(text)}", {problem}', place=place)
    number = metadata.series.number
    if number is not None and not 0 <= number < 1 << 31:
        raise MetadataError(
            f"found {number}, expected a number from 0 to 2147483647",
            place="metadata.series.number",
        )
    sex = metadata.patient.sex
    if sex is not None and sex not in _SEXES:
        raise MetadataError(
            f'found "{_short(sex)}", expected one of {", ".join(_SEXES)}',
            place="metadata.patient.sex",
        )


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
    longest = _CHARACTERS[representation]
    if not text.strip():
        return "expected text: leave the key out where nothing is known"
    if len(text) > longest:
        return f"expected {longest} characters at most"
    if representation == "UI" and not is_uid(text):
        return "expected a UID such as 1.2.840.99999.1"
    if representation == "PN" and (text.count("^") > 4 or "=" in text):
        return "expected a name such as Doe^Jane"
    is_multiline = representation in _MULTILINE
    if not is_multiline and ("\\" in text or not text.isprintable()):
        return "expected one line without a backslash"
    return None


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
