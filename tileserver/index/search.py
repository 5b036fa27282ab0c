# SPDX-License-Identifier: Apache-2.0
"""What can be asked of the index, as values.

References
----------
PS3.4 C.2.2.2 (attribute matching)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """Of the information model."""

    STUDY = 0
    SERIES = 1
    INSTANCE = 2


@dataclass(frozen=True, slots=True)
class OneOf:
    """Values, any of which may be the attribute's (PS3.4 C.2.2.2.1, C.2.2.2.2, C.2.2.2.8)."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Text with ``*`` and ``?`` (PS3.4 C.2.2.2.4)."""

    text: str


@dataclass(frozen=True, slots=True)
class Between:
    """From and to of dates or times, both included, either may be empty (PS3.4 C.2.2.2.5).

    A shorter bound means all that begins with it.

    Parameters
    ----------
    is_moment
        Whether values are DT, and may tell their offset from Coordinated Universal Time.
    """

    begin: str
    end: str
    is_moment: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A number, however it is written."""

    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A person name, folded, with wildcards; of one component group or, with ``=``, of several."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Words:
    """Folded words, parted by blanks, each of which begins a word of a person name."""

    text: str


@dataclass(frozen=True, slots=True)
class Empty:
    """No value (PS3.4 C.2.2.2.7)."""


Match = OneOf | Pattern | Between | Number | Name | Words | Empty


@dataclass(frozen=True, slots=True)
class Condition:
    """One attribute to match.

    Parameters
    ----------
    path
        Tags, eight upper-case digits each; more than one leads into sequences. Conditions on one
        sequence hold for one of its items (PS3.4 C.2.2.2.6).
    match
        Any of which may hold.
    time_path
        Where given, of the time that is put behind the date before it is matched
        (PS3.4 C.2.2.2.5.4).
    """

    level: Level
    path: tuple[str, ...]
    match: tuple[Match, ...]
    time_path: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """A query.

    Parameters
    ----------
    level
        Of the answers.
    limit, offset
        Which of the answers, in a stable order.
    needs_all
        Whether all attributes are needed and not only the usual ones.
    elements
        Tags of elements that are needed beyond the usual ones, where not all are.
    counted
        How far answers behind these are counted.
    """

    level: Level
    conditions: tuple[Condition, ...]
    limit: int
    offset: int = 0
    needs_all: bool = False
    elements: tuple[tuple[Level, str], ...] = ()
    counted: int = 1
