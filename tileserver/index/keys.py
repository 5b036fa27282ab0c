# SPDX-License-Identifier: Apache-2.0
"""Which values have rows of their own to be found by, and what these values are in an instance.

Each has a code by the path of its attribute. Codes are part of the tables: a change of them, or of
what they stand for, raises `tileserver.index.schema.VERSION`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tileserver.index.folding import folded_name, name_words
from tileserver.index.tags import (
    ACCESSION_NUMBER,
    MODALITY,
    PATIENT_ID,
    PATIENT_NAME,
    SOP_CLASS_UID,
    STUDY_ID,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Path = tuple[str, ...]
    Key = tuple[int, str]

LONGEST_VALUE = 128
"""Of a value in a key; longer ones are cut, and told apart by their attribute."""

PATIENT_NAME_CODE, NAME_WORD_CODE, MODALITY_CODE, TRANSFER_SYNTAX_CODE = 2, 3, 10, 18

STUDY_CODES: dict[Path, int] = {
    (PATIENT_ID,): 1,
    (PATIENT_NAME,): PATIENT_NAME_CODE,
    (ACCESSION_NUMBER,): 4,
    (STUDY_ID,): 5,
}
_SPECIMEN = "00400560"
_STAIN = (_SPECIMEN, "00400610", "00400612", "0040A168")
SERIES_CODES: dict[Path, int] = {
    (MODALITY,): MODALITY_CODE,
    ("00400512",): 11,  # ContainerIdentifier
    (_SPECIMEN, "00400551"): 12,  # SpecimenIdentifier
    (_SPECIMEN, "00400554"): 13,  # SpecimenUID
    (*_STAIN, "00080100"): 14,  # CodeValue of what is used in preparation: stains, fixatives
    (*_STAIN, "00080104"): 15,  # its CodeMeaning
    ("00080019",): 16,  # PyramidUID
    (SOP_CLASS_UID,): 17,
    ("00400275", "00400009"): 19,  # ScheduledProcedureStepID
    ("00400275", "00401001"): 20,  # RequestedProcedureID
    ("00200052",): 21,  # FrameOfReferenceUID
}
"""With the values of all instances of the series."""


def study_keys(attributes: Mapping[str, object]) -> set[Key]:
    """Return codes and values of a study."""
    found = {
        (code, value)
        for path, code in STUDY_CODES.items()
        if code != PATIENT_NAME_CODE
        for value in _texts(attributes, path)
    }
    for name in _values(attributes, (PATIENT_NAME,)):
        folded = folded_name(name)
        found |= {(PATIENT_NAME_CODE, group[:LONGEST_VALUE]) for group in folded.split("=")}
        found |= {(NAME_WORD_CODE, word[:LONGEST_VALUE]) for word in name_words(folded)}
    return {item for item in found if item[1]}


def series_keys(attributes: Mapping[str, object], transfer_syntax_uid: str) -> set[Key]:
    """Return codes and values that an instance gives to its series."""
    found = {
        (code, value)
        for path, code in SERIES_CODES.items()
        for value in _texts(attributes, path)
        if value
    }
    return found | {(TRANSFER_SYNTAX_CODE, transfer_syntax_uid)}


def text_of_keys(keys: Iterable[Key]) -> str:
    """Return keys as JSON, the same for the same keys."""
    return json.dumps(sorted(keys), ensure_ascii=False, separators=(",", ":"))


def differing_codes(text: str, keys: Iterable[Key]) -> int:
    """Return, a bit for each, the codes whose values are not the same in two sets of keys.

    Parameters
    ----------
    text
        One of them as JSON.
    """
    different = {(code, value) for code, value in json.loads(text)}.symmetric_difference(keys)
    return sum(bit_of(code) for code in {code for code, _ in different})


def bit_of(code: int) -> int:
    """Return the bit of a code among differing ones."""
    return 1 << code


def _texts(attributes: Mapping[str, object], path: Path) -> Iterator[str]:
    for value in _values(attributes, path):
        if isinstance(value, (str, int, float)):
            yield str(value)[:LONGEST_VALUE]


def _values(attributes: Mapping[str, object], path: Path) -> Iterator[object]:
    """Yield the values of an attribute in DICOM JSON, through sequences."""
    tag, *rest = path
    element = attributes.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    for value in values if isinstance(values, list) else ():
        if not rest:
            yield value
        elif isinstance(value, dict):
            yield from _values(value, tuple(rest))
