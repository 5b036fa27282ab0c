# SPDX-License-Identifier: Apache-2.0
"""The parameters of a query, read from an address.

References
----------
PS3.18 8.3.4 (search query parameters), 10.6.1 (search request)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydicom.datadict import dictionary_VR, tag_for_keyword

from tileserver.errors import BadRequestError
from tileserver.index import Condition, Level, OneOf
from tileserver.index.attributes import NEVER_MATCHED, SERIES_ATTRIBUTES, STUDY_ATTRIBUTES
from tileserver.index.matching import key_code
from tileserver.services.included import Included
from tileserver.services.matching import NOT_MATCHED, Kinds, combined, condition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_MOST_PARAMETERS = 256
_MOST_DIGITS = 18
_MOST_VALUES = 5000
_DEEPEST_PATH = 8
_LONGEST_VALUE = 1024
_STUDY_UID, _SERIES_UID = "0020000D", "0020000E"
_MODALITIES_IN_STUDY = "00080061"
_TIMEZONE = "00080201"
_SWITCHES = ("fuzzymatching", "emptyvaluematching", "multiplevaluematching")
_NOT_OF_SEARCH = frozenset({*_SWITCHES, "accept", "charset"})


@dataclass
class SearchParameters:
    """What the parameters of a request add up to.

    Parameters
    ----------
    limit
        ``None`` where not told.
    warnings
        What was asked for and is not done.
    """

    level: Level
    conditions: tuple[Condition, ...] = ()
    paths: set[tuple[str, ...]] = field(default_factory=set)
    everything: bool = False
    limit: int | None = None
    offset: int = 0
    warnings: list[str] = field(default_factory=list)

    @property
    def included(self) -> Included:
        """Which attributes are returned beyond the usual ones."""
        return Included(frozenset(self.paths), self.everything)


def read_parameters(
    level: Level, parameters: Sequence[tuple[str, str]], path: Mapping[str, str]
) -> SearchParameters:
    """Return what a query asks.

    Parameters
    ----------
    parameters
        Names and values, percent-decoded.
    path
        The UIDs in the path, ``study`` and ``series``.

    Raises
    ------
    BadRequestError
        A parameter makes no sense, or there are more than any client needs.
    """
    if len(parameters) > _MOST_PARAMETERS:
        raise BadRequestError(f"more than {_MOST_PARAMETERS} parameters")
    asked = SearchParameters(level)
    kinds = _kinds(parameters)
    conditions = []
    for name, text in parameters:
        if name == "includefield":
            _read_include(asked, text)
        elif name == "limit":
            asked.limit = _whole_number(name, text)
        elif name == "offset":
            asked.offset = _whole_number(name, text)
        elif name not in _NOT_OF_SEARCH:
            conditions += _read_match(asked, name, text, kinds)
    _check_values(conditions)
    asked.conditions = (*_of_path(path), *combined(conditions))
    return asked


def _of_path(path: Mapping[str, str]) -> list[Condition]:
    return [
        Condition(level, (tag,), (OneOf((path[name],)),))
        for name, tag, level in (
            ("study", _STUDY_UID, Level.STUDY),
            ("series", _SERIES_UID, Level.SERIES),
        )
        if name in path
    ]


def _kinds(parameters: Sequence[tuple[str, str]]) -> Kinds:
    told = {name: text.lower() for name, text in parameters if name in _SWITCHES}
    for name, text in told.items():
        if text not in ("true", "false"):
            raise BadRequestError(f"{name} is neither true nor false")
    fuzzy, empty, several = (told.get(name) == "true" for name in _SWITCHES)
    return Kinds(fuzzy, empty, several)


def tag_of(name: str) -> str:
    """Return the tag for a keyword or eight digits.

    Raises
    ------
    BadRequestError
        It is neither.
    """
    if _TAG.fullmatch(name):
        return name.upper()
    tag = tag_for_keyword(name) if name.isascii() and name.isalnum() else None
    if tag is None:
        raise BadRequestError(f"{name[:64]!r} is no attribute: give a keyword or a tag")
    return f"{tag:08X}"


def _path_of(name: str) -> tuple[str, ...]:
    return tuple(tag_of(part) for part in name.split(".", _DEEPEST_PATH))


def _vr(tag: str) -> str:
    try:
        return dictionary_VR(int(tag, 16))[:2]
    except KeyError:
        return "UN"


def _level_of(tag: str) -> Level:
    if tag in STUDY_ATTRIBUTES or tag == _MODALITIES_IN_STUDY:
        return Level.STUDY
    return Level.SERIES if tag in SERIES_ATTRIBUTES else Level.INSTANCE


def _read_match(asked: SearchParameters, name: str, text: str, kinds: Kinds) -> list[Condition]:
    """Return the condition for an attribute; an empty value matches all and is only returned."""
    path = _path_of(name)
    vr = _vr(path[-1])
    if not text.strip("*"):
        asked.paths.add(path)
        return []
    asked.paths.add(path[:1])
    if len(text) > _LONGEST_VALUE and vr != "UI":
        raise BadRequestError(f"the value of {name[:64]} is too long")
    refusal = _refusal(asked.level, path, vr)
    if refusal:
        asked.warnings.append(f"{name[:64]} {refusal}")
        return []
    try:
        found = condition(_level_of(path[0]), path, vr, text, kinds)
    except BadRequestError as error:
        raise BadRequestError(f"{name[:64]}: {error}") from error
    return [found] if found else []


def _refusal(level: Level, path: tuple[str, ...], vr: str) -> str | None:
    """Return why an attribute is not matched."""
    if path == (_TIMEZONE,):
        return "is not applied: dates and times are compared as they are stored"
    if vr in NOT_MATCHED or path[0] in NEVER_MATCHED:
        return "cannot be matched and was ignored"
    if _level_of(path[0]) > level and key_code(path) is None:
        return "belongs to a lower level and was not matched"
    return None


def _check_values(conditions: Sequence[Condition]) -> None:
    count = sum(
        len(match.values) for item in conditions for match in item.match if isinstance(match, OneOf)
    )
    if count > _MOST_VALUES:
        raise BadRequestError(f"more than {_MOST_VALUES:,} values are asked to match")


def _read_include(asked: SearchParameters, text: str) -> None:
    for name in filter(None, (part.strip() for part in text.split(","))):
        if name.lower() == "all":
            asked.everything = True
        else:
            asked.paths.add(_path_of(name))


def _whole_number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise BadRequestError(f"{name} is no whole number of at most {_MOST_DIGITS} digits")
    return int(text)
