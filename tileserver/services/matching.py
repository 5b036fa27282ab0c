# SPDX-License-Identifier: Apache-2.0
"""The text that somebody asks an attribute to match becomes a condition, by its VR.

References
----------
PS3.4 C.2.2.2 (attribute matching), PS3.18 8.3.4.1 (the same in a query), PS3.5 table 6.2-1 (VRs)
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from pydicom.datadict import keyword_for_tag, tag_for_keyword

from tileserver.errors import BadRequestError
from tileserver.index import Between, Condition, Empty, Name, Number, OneOf, Pattern, Words
from tileserver.index.folding import fold, moment, name_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tileserver.index import Level, Match

NOT_MATCHED = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN", "SQ"})
_NUMBERS = frozenset({"DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"})
_LIST = re.compile(r"[,\\]")
_UID = re.compile(r"[0-9.]{1,64}")
_DECIMAL = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\s*", re.ASCII)
_DATE = re.compile(r"(\d{4})(?:(\d\d)(\d\d)?)?|(\d{4})\.(\d\d)\.(\d\d)", re.ASCII)
_TIME = re.compile(
    r"(?P<hour>\d\d)(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(\.\d{1,6})?)?)?", re.ASCII
)
_MOMENT = re.compile(r"(\d{4,8})(\d{2,6}(?:\.\d{1,6})?)?(?:[+-](\d\d)([0-5]\d))?", re.ASCII)
_FARTHEST_OFFSET = 14
_EMPTY = '""'


@dataclass(frozen=True, slots=True)
class Kinds:
    """Kinds of matching that are only done when asked for.

    Parameters
    ----------
    fuzzy
        Names by the beginnings of their words, in any order.
    empty
        Two quotation marks match what has no value.
    several
        Any of several values, parted by backslashes.
    """

    fuzzy: bool = False
    empty: bool = False
    several: bool = False


def condition(
    level: Level, path: tuple[str, ...], vr: str, text: str, kinds: Kinds
) -> Condition | None:
    """Return what an attribute has to match, ``None`` where anything matches.

    Raises
    ------
    BadRequestError
        The text is no value of the VR.
    """
    if not text.strip("*"):
        return None
    if kinds.empty and text == _EMPTY:
        return Condition(level, path, (Empty(),))
    found = _matches(vr, text, kinds)
    return Condition(level, path, found) if found else None


def _matches(vr: str, text: str, kinds: Kinds) -> tuple[Match, ...]:
    if vr == "UI":
        return (OneOf(tuple(_uid(part.strip()) for part in _LIST.split(text))),)
    if vr in ("DA", "TM", "DT"):
        return (_range(vr, text),)
    # A code string has no comma, so that a list of them needs no leave.
    parts = _LIST.split(text) if vr == "CS" else text.split("\\") if kinds.several else [text]
    if vr == "PN":
        return tuple(found for part in parts if (found := _name(part, fuzzy=kinds.fuzzy)))
    if vr in _NUMBERS:
        return tuple(Number(_number(part)) for part in parts)
    patterns = [part.strip() for part in parts if "*" in part or "?" in part]
    whole = tuple(part.strip() for part in parts if part.strip() not in patterns)
    return (*((OneOf(whole),) if whole else ()), *map(Pattern, patterns))


def _uid(text: str) -> str:
    if not _UID.fullmatch(text):
        raise BadRequestError("a UID has digits and dots, 64 at most")
    return text


def _number(text: str) -> float:
    number = float(text) if _DECIMAL.fullmatch(text) else math.nan
    if not math.isfinite(number):
        raise BadRequestError("a number was expected")
    return number


def _name(text: str, *, fuzzy: bool) -> Match | None:
    groups = [fold(group) for group in text.split("=")]
    if not fuzzy:
        return Name("=".join(groups))
    words = [word for group in groups for word in name_words(re.sub(r"[*?]+", " ", group))]
    return Words(" ".join(words)) if words else None


def _range(vr: str, text: str) -> Between:
    """Return the bounds of a value or of a range; a value is from itself to itself."""
    text = text.strip()
    read = {"DA": _date, "TM": _time, "DT": _moment}[vr]
    one = read(text)
    if one is not None:
        return Between(one, one, vr == "DT")
    for hyphen in (found.start() for found in re.finditer("-", text)):
        begin, end = (_bound(read, part.strip()) for part in (text[:hyphen], text[hyphen + 1 :]))
        if begin is not None and end is not None and begin + end:
            if end and begin[: len(end)] > end:
                raise BadRequestError("a range ends before it begins")
            return Between(begin, end, vr == "DT")
    raise BadRequestError(f"a {vr} or a range of two was expected")


def _bound(read: type[str] | object, text: str) -> str | None:
    assert callable(read)
    return read(text) if text else ""


def _date(text: str) -> str | None:
    """Return the digits of a date, which may stop behind year or month."""
    found = _DATE.fullmatch(text)
    if not found:
        return None
    year, month, day = (found[i] or found[i + 3] for i in (1, 2, 3))
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    return "".join(part for part in (year, month, day) if part)


def _time(text: str) -> str | None:
    found = _TIME.fullmatch(text)
    if not found:
        return None
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    return text.replace(":", "") if hour < 24 and minute < 60 and second <= 60 else None


def _moment(text: str) -> str | None:
    found = _MOMENT.fullmatch(text)
    if not found:
        return None
    day, clock, hours, _ = found.groups()
    is_known = _date(day) is not None and (clock is None or (len(day) == 8 and _time(clock)))
    return moment(text) if is_known and int(hours or 0) <= _FARTHEST_OFFSET else None


def combined(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Put the range of a time to that of its date, where both are of one form.

    So "20060705-20060707" and "1000-1800" match from the morning of the first to the evening of
    the last day, and not those hours of each day (PS3.4 C.2.2.2.5.4).
    """
    found = list(conditions)
    for day in list(found):
        clock = next((item for item in found if _is_time_of(item, day)), None)
        both = _joined(day, clock) if clock else None
        if clock and both:
            found.remove(clock)
            found[found.index(day)] = both
    return tuple(found)


def _is_time_of(item: Condition, day: Condition) -> bool:
    keyword = keyword_for_tag(int(day.path[-1], 16))
    tag = tag_for_keyword(keyword.removesuffix("Date") + "Time")
    return (
        keyword.endswith("Date")
        and tag is not None
        and item.path
        == (
            *day.path[:-1],
            f"{tag:08X}",
        )
    )


def _joined(day: Condition, clock: Condition) -> Condition | None:
    dates, times = day.match[0], clock.match[0]
    if not (isinstance(dates, Between) and isinstance(times, Between)) or dates.begin == dates.end:
        return None
    is_one_form = (bool(dates.begin), bool(dates.end)) == (bool(times.begin), bool(times.end))
    if not is_one_form or {len(dates.begin), len(dates.end)} - {0, 8}:
        return None
    joined = Between(dates.begin + times.begin, dates.end + times.end)
    return replace(day, match=(joined,), time_path=clock.path)
