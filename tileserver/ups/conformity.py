# SPDX-License-Identifier: Apache-2.0
"""Whether a workitem is as the table of requirements wants it.

What a new workitem must have present but may have empty is put in where it is missing, and the
client is told; what must have a value is never made up.

References
----------
PS3.4 CC.2.5 (create), CC.2.6 (set), CC.2.5.1.1 (final states); PS3.3 C.30.1 (enumerated values)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.ups.dataset import empty, first, has_value, items
from tileserver.ups.errors import InvalidRequestError
from tileserver.ups.model import UPS_PUSH, Attributes, State, tag
from tileserver.ups.requirements import requirements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tileserver.ups.requirements import Requirement

ENUMERATED = {
    "ScheduledProcedureStepPriority": ("HIGH", "MEDIUM", "LOW"),
    "InputReadinessState": ("INCOMPLETE", "UNAVAILABLE", "READY"),
}
_CODE_VALUES = tuple(map(tag, ("CodeValue", "LongCodeValue", "URNCodeValue")))
_CODING_SCHEME = tag("CodingSchemeDesignator")
_SOP_CLASS = tag("SOPClassUID")
_OUTPUT = "OutputInformationSequence"
"""It may have no items, where nothing was made that is worth it; but it must say so."""
_NEEDED = {
    State.COMPLETED: ("R", "P"),
    State.CANCELED: ("R", "X"),
}


def completed(workitem: Attributes) -> tuple[Attributes, bool]:
    """Return a new workitem with what it lacks and may have empty, and whether it lacked any.

    Raises
    ------
    InvalidRequestError
        It lacks a value, or has an attribute, that it must, or must not, have.
    """
    if first(workitem, _SOP_CLASS) not in (None, UPS_PUSH):
        raise InvalidRequestError(f"SOPClassUID of a workitem is {UPS_PUSH}")
    _check_enumerated(workitem)
    return _completed(workitem, requirements(), "")


def _completed(
    dataset: Attributes, table: tuple[Requirement, ...], place: str
) -> tuple[Attributes, bool]:
    result, is_changed = dict(dataset), False
    for item in table:
        where = place + item.keyword
        _check_created(dataset, item, where)
        if item.create in ("2", "E") and item.tag not in dataset:
            result[item.tag] = empty(item.tag)
            is_changed = True
        elif item.within and items(dataset, item.tag):
            found = [
                _completed(each, item.within, f"{where}.") for each in items(dataset, item.tag)
            ]
            result[item.tag] = {"vr": "SQ", "Value": [each for each, _ in found]}
            is_changed |= any(changed for _, changed in found)
    return dict(sorted(result.items())), is_changed


def _check_created(dataset: Attributes, item: Requirement, where: str) -> None:
    if item.create == "1" and not has_value(dataset, item.tag):
        raise InvalidRequestError(f"{where} has no value")
    if item.create == "-" and item.tag in dataset:
        raise InvalidRequestError(f"{where} is not allowed in a new workitem")
    if item.create == "E" and has_value(dataset, item.tag):
        raise InvalidRequestError(f"{where} is empty in a new workitem")
    _check_codes(dataset, item, where)


def _check_codes(dataset: Attributes, item: Requirement, where: str) -> None:
    """Check what a code's conditions come to: one kind of value, most with a scheme."""
    if item.macro != "code":
        return
    for code in items(dataset, item.tag):
        found = [each for each in _CODE_VALUES if has_value(code, each)]
        if not found:
            raise InvalidRequestError(f"{where} has a code without a value")
        if found != [_CODE_VALUES[-1]] and not has_value(code, _CODING_SCHEME):
            raise InvalidRequestError(f"{where} has a code without CodingSchemeDesignator")


def _check_enumerated(dataset: Attributes) -> None:
    for keyword, allowed in ENUMERATED.items():
        if first(dataset, tag(keyword)) not in (None, *allowed):
            raise InvalidRequestError(f"{keyword} is none of {', '.join(allowed)}")


def changed(workitem: Attributes, changes: Attributes) -> Attributes:
    """Return a workitem with changes made to it.

    Raises
    ------
    InvalidRequestError
        They may not be made, or leave nothing where a value must be.
    """
    _check_enumerated(changes)
    kept = dict(changes)
    for item in requirements():
        if item.update == "-" and changes.get(item.tag) not in (None, workitem.get(item.tag)):
            raise InvalidRequestError(f"{item.keyword} cannot be changed")
        if item.update == "S":
            kept.pop(item.tag, None)
        if item.create == "1" and item.tag in changes and not has_value(changes, item.tag):
            raise InvalidRequestError(f"{item.keyword} needs a value")
        if item.update != "-":
            _check_changed(changes, item, item.keyword)
    return dict(sorted({**workitem, **kept}.items()))


def _check_changed(dataset: Attributes, sequence: Requirement, place: str) -> None:
    _check_codes(dataset, sequence, place)
    for each in items(dataset, sequence.tag) if sequence.within else ():
        for item in sequence.within:
            where = f"{place}.{item.keyword}"
            if item.update == "1" and not has_value(each, item.tag):
                raise InvalidRequestError(f"{where} has no value")
            _check_changed(each, item, where)


def missing(workitem: Attributes, state: State) -> list[str]:
    """Return what a workitem lacks before it may come into a final state."""
    return list(_missing(workitem, requirements(), _NEEDED[state], ""))


def _missing(
    dataset: Attributes, table: tuple[Requirement, ...], needed: tuple[str, ...], place: str
) -> Iterator[str]:
    for item in table:
        is_there = item.tag in dataset if item.keyword == _OUTPUT else has_value(dataset, item.tag)
        if item.final in needed and not is_there:
            yield place + item.keyword
        for each in items(dataset, item.tag) if item.within else ():
            yield from _missing(each, item.within, needed, f"{place}{item.keyword}.")
