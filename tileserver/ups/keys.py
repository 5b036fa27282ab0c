# SPDX-License-Identifier: Apache-2.0
"""Values that workitems are found by without reading them: those that worklists are asked for.

A key tells which workitems can match, and never more: all that is asked is then looked for in the
workitem itself. Codes, and what they stand for, are part of the tables: a change of them raises
`tileserver.ups.tables.VERSION`.

References
----------
PS3.4 table CC.2.5-3 (matching keys)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.index import Between, Name, OneOf, Pattern, Words
from tileserver.index.folding import folded_name, moment, name_words
from tileserver.index.matching import begins, between, fixed_begin, glob
from tileserver.index.sql import Sql, all_of, any_of, marks
from tileserver.ups.dataset import items, values
from tileserver.ups.model import tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tileserver.index import Condition, Match
    from tileserver.ups.model import Attributes

    Key = tuple[int, str]
    Path = tuple[str, ...]

_NAME, _NAME_WORD = 1, 2
_PATHS: dict[str, int] = {
    "PatientName": _NAME,
    "PatientID": 3,
    "OtherPatientIDsSequence.PatientID": 4,
    "PatientBirthDate": 5,
    "AdmissionID": 6,
    "StudyInstanceUID": 7,
    "ReferencedRequestSequence.StudyInstanceUID": 8,
    "ReferencedRequestSequence.AccessionNumber": 9,
    "ReferencedRequestSequence.RequestedProcedureID": 10,
    "ScheduledProcedureStepStartDateTime": 11,
    "ExpectedCompletionDateTime": 12,
    "WorklistLabel": 13,
    "ProcedureStepLabel": 14,
    "ScheduledStationNameCodeSequence.CodeValue": 15,
    "ScheduledStationClassCodeSequence.CodeValue": 16,
    "ScheduledStationGeographicLocationCodeSequence.CodeValue": 17,
    "ScheduledWorkitemCodeSequence.CodeValue": 18,
    "ScheduledHumanPerformersSequence.HumanPerformerName": 19,
    "ScheduledHumanPerformersSequence.HumanPerformerCodeSequence.CodeValue": 20,
    "InputInformationSequence.StudyInstanceUID": 21,
}
_NAMES = frozenset({_NAME, 19})
_MOMENTS = frozenset({11, 12})
_CODES: dict[Path, int] = {tuple(map(tag, path.split("."))): code for path, code in _PATHS.items()}


def keys_of(workitem: Attributes) -> frozenset[Key]:
    """Return codes and values that a workitem is found by."""
    found = {
        key
        for path, code in _CODES.items()
        for value in _values(workitem, path)
        for key in _keys(code, value)
    }
    return frozenset(key for key in found if key[1])


def _values(dataset: Attributes, path: Path) -> Iterator[object]:
    name, *rest = path
    if not rest:
        yield from values(dataset, name)
    for item in items(dataset, name) if rest else ():
        yield from _values(item, tuple(rest))


def _keys(code: int, value: object) -> Iterator[Key]:
    if code in _NAMES:
        folded = folded_name(value)
        yield from ((code, group) for group in folded.split("="))
        if code == _NAME:
            yield from ((_NAME_WORD, word) for word in name_words(folded))
    else:
        yield code, moment(value) if code in _MOMENTS else str(value)


def clause(condition: Condition) -> Sql | None:
    """Return what a row of keys, ``k``, fulfils where a workitem matches; none where none tells."""
    code = _CODES.get(condition.path)
    if code is None or condition.time_path is not None:
        return None
    found = [_clause(code, match) for match in condition.match]
    told = [part for part in found if part is not None]
    return any_of(told) if told and len(told) == len(found) else None


def _clause(code: int, match: Match) -> Sql | None:
    match match:
        case OneOf(texts):
            part = Sql(f"k.value IN ({marks(len(texts))})", texts)
        case Pattern(text):
            part = _like(text)
        case Name(pattern) if pattern.strip("*="):
            # Of several component groups, the one of which most is known.
            groups = [group for group in pattern.split("=") if group.strip("*")]
            part = _like(max(groups, key=lambda group: len(fixed_begin(group))))
        case Words(text) if code == _NAME:
            code, part = _NAME_WORD, begins(max(text.split(), key=len))
        case Between(begin, end):
            part = between("k.value", begin, end)
        case _:
            return None
    return all_of([Sql("k.code = ?", (code,)), part])


def _like(pattern: str) -> Sql:
    begin = fixed_begin(pattern)
    if begin == pattern:
        return Sql("k.value = ?", (pattern,))
    return all_of([begins(begin), Sql("k.value GLOB ?", (glob(pattern),))])
