# SPDX-License-Identifier: Apache-2.0
"""What of an instance's attributes people read beside or on its picture.

References
----------
PS3.18 Annex F (DICOM JSON Model), PS3.3 C.7.6.22 (specimens), C.8.12.5 (optical paths)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Attributes = dict[str, Any]
Pair = tuple[str, str]

_PATIENT_NAME, _PATIENT_ID, _BIRTH_DATE, _SEX = "00100010", "00100020", "00100030", "00100040"
_ACCESSION_NUMBER, _STUDY_DATE, _STUDY_DESCRIPTION = "00080050", "00080020", "00081030"
_SERIES_DESCRIPTION, _MODALITY, _IMAGE_TYPE = "0008103E", "00080060", "00080008"
_CONTAINER, _SPECIMENS, _SPECIMEN_IDENTIFIER = "00400512", "00400560", "00400551"
_PREPARATION, _STEP_CONTENT = "00400610", "00400612"
_CONCEPT_NAME, _CONCEPT, _CODE_VALUE, _CODE_MEANING = (
    "0040A043",
    "0040A168",
    "00080100",
    "00080104",
)
_USING_SUBSTANCE = "424361007"
_OPTICAL_PATHS, _OBJECTIVE_POWER, _PATH_DESCRIPTION = "00480105", "00480112", "00480107"
_LONGEST = 200


def _values(attributes: Attributes, tag: str) -> list[Any]:
    element = attributes.get(tag)
    found = element.get("Value") if isinstance(element, dict) else None
    return found if isinstance(found, list) else []


def _items(attributes: Attributes, tag: str) -> Iterator[Attributes]:
    return (item for item in _values(attributes, tag) if isinstance(item, dict))


def first_text(attributes: Attributes, tag: str) -> str:
    """Return the first value as a text for people: of names the first group that there is."""
    value = next(iter(_values(attributes, tag)), None)
    if isinstance(value, dict):
        groups = (value.get(name) for name in ("Alphabetic", "Ideographic", "Phonetic"))
        value = next(filter(None, groups), None)
        value = " ".join(str(value).split("^")).strip() if value else None
    if isinstance(value, float):
        value = f"{value:g}"
    return str(value)[:_LONGEST] if value not in (None, "") else ""


def _date(text: str) -> str:
    is_date = len(text) == 8 and text.isascii() and text.isdigit()
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if is_date else text


def _told(pairs: Sequence[Pair]) -> list[Pair]:
    return [(name, value) for name, value in pairs if value]


def patient_words(attributes: Attributes) -> list[Pair]:
    """Return what names the patient."""
    return _told(
        [
            ("Patient", first_text(attributes, _PATIENT_NAME)),
            ("Patient ID", first_text(attributes, _PATIENT_ID)),
            ("Birth date", _date(first_text(attributes, _BIRTH_DATE))),
            ("Sex", first_text(attributes, _SEX)),
        ]
    )


def study_words(attributes: Attributes) -> list[Pair]:
    """Return what names the study."""
    return _told(
        [
            ("Accession number", first_text(attributes, _ACCESSION_NUMBER)),
            ("Study date", _date(first_text(attributes, _STUDY_DATE))),
            ("Study description", first_text(attributes, _STUDY_DESCRIPTION)),
        ]
    )


def technique_words(attributes: Attributes, mpp: tuple[float, float] | None) -> list[Pair]:
    """Return what tells how the picture was made.

    Parameters
    ----------
    mpp
        Micrometres from column to column and from row to row of the picture.
    """
    paths = list(_items(attributes, _OPTICAL_PATHS))
    power = first_text(paths[0], _OBJECTIVE_POWER) if paths else ""
    return _told(
        [
            ("Modality", first_text(attributes, _MODALITY)),
            ("Series description", first_text(attributes, _SERIES_DESCRIPTION)),
            ("Slide", first_text(attributes, _CONTAINER)),
            ("Specimen", ", ".join(_specimens(attributes))),
            ("Staining", ", ".join(_stains(attributes))),
            (
                "Optical path",
                ", ".join(filter(None, (first_text(p, _PATH_DESCRIPTION) for p in paths))),
            ),
            ("Objective", f"{power}x" if power else ""),
            ("Pixel", f"{mpp[0]:.4g} µm" if mpp else ""),
        ]
    )


def title(attributes: Attributes) -> str:
    """Return a name for a picture: its slide, series, study, or at least its modality."""
    tags = (_CONTAINER, _SERIES_DESCRIPTION, _STUDY_DESCRIPTION, _MODALITY)
    return next(filter(None, (first_text(attributes, tag) for tag in tags)), "Image")


def flavor(attributes: Attributes) -> str:
    """Return what an image of a slide shows, the third value of Image Type, such as LABEL."""
    found = _values(attributes, _IMAGE_TYPE)
    return str(found[2]) if len(found) > 2 else ""


def _specimens(attributes: Attributes) -> list[str]:
    found = (first_text(item, _SPECIMEN_IDENTIFIER) for item in _items(attributes, _SPECIMENS))
    return [text for text in found if text]


def _stains(attributes: Attributes) -> list[str]:
    """Return the substances used in preparing the specimens, each once."""
    found: dict[str, None] = {}
    for specimen in _items(attributes, _SPECIMENS):
        for step in _items(specimen, _PREPARATION):
            for item in _items(step, _STEP_CONTENT):
                found.update(dict.fromkeys(_substances(item)))
    return list(found)


def _substances(item: Attributes) -> Iterator[str]:
    names = (first_text(name, _CODE_VALUE) for name in _items(item, _CONCEPT_NAME))
    if _USING_SUBSTANCE in names:
        meanings = (first_text(code, _CODE_MEANING) for code in _items(item, _CONCEPT))
        yield from (meaning for meaning in meanings if meaning)
