# SPDX-License-Identifier: Apache-2.0
"""Values as they are compared: names as people type them, dates and times as digits.

References
----------
PS3.5 6.2.1 (component groups of person names), PS3.4 C.2.2.2.1.1 (fuzzy matching), PS3.5 table
6.2-1 (DA, TM and DT)
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_WORD_BORDER = re.compile(r"[\s^=,.'\u2019\-]+")
_OFFSET = re.compile(r"(.*)([+-])(\d\d)(\d\d)$")
_FULL_MINUTE = 12


def fold(text: str) -> str:
    """Return a name as it is compared: upper case, no accents, no empty last components."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).upper().rstrip("^ ")


def folded_name(value: object) -> str:
    """Return the component groups of a person name in DICOM JSON, folded, parted by ``=``."""
    if not isinstance(value, dict):
        return fold(str(value or ""))
    return "=".join(fold(str(value.get(group) or "")) for group in _GROUPS).rstrip("=")


def folded_name_of_json(text: object) -> str:
    """Return the same of JSON text, for use within SQL."""
    return folded_name(json.loads(text)) if isinstance(text, str) and text[:1] == "{" else ""


def name_words(folded: str) -> list[str]:
    """Return the words of a folded name, of all its groups and components."""
    return [word for word in _WORD_BORDER.split(folded) if word]


def has_words(folded: object, words: str) -> bool:
    """Tell whether each of the words, parted by blanks, begins a word of the name."""
    found = name_words(folded) if isinstance(folded, str) else []
    return all(any(name.startswith(word) for name in found) for word in words.split())


def is_name(folded: object, pattern: str) -> bool:
    """Tell whether a folded name matches a folded pattern.

    A pattern of one group may match any group of the name; one of several, each its own.
    """
    if not isinstance(folded, str):
        return False
    groups, wanted = folded.split("="), pattern.split("=")
    if len(wanted) == 1:
        return any(fits(pattern, group) for group in groups)
    groups += [""] * (len(wanted) - len(groups))
    return all(not item or fits(item, group) for item, group in zip(wanted, groups, strict=False))


def fits(pattern: str, text: str) -> bool:
    """Tell whether a text matches a pattern with ``*`` and ``?``.

    What stands between stars is taken where it is found first, so that no pattern takes more steps
    than its length times that of the text; a regular expression can take exponentially many.
    """
    first, *others = pattern.split("*")
    if not others:
        return _fits_at(first, text, 0) and len(first) == len(text)
    *middle, last = others
    if len(first) + len(last) > len(text) or not _fits_at(first, text, 0):
        return False
    place, end = len(first), len(text) - len(last)
    for piece in middle:
        place = _find(piece, text, place, end)
        if place < 0:
            return False
        place += len(piece)
    return place <= end and _fits_at(last, text, end)


def _find(piece: str, text: str, place: int, end: int) -> int:
    places = range(place, end - len(piece) + 1)
    return next((each for each in places if _fits_at(piece, text, each)), -1)


def _fits_at(piece: str, text: str, place: int) -> bool:
    part = text[place : place + len(piece)]
    return len(part) == len(piece) and all(
        wanted in ("?", found) for wanted, found in zip(piece, part, strict=True)
    )


def digits_of_date(text: str) -> str:
    """Return a DA or TM without the dots and colons of versions before 3.0."""
    return text.replace(".", "").replace(" ", "") if len(text) == len("2024.03.17") else text


def moment(text: object) -> str:
    """Return a DT in Coordinated Universal Time where it tells its offset, else as it is."""
    if not isinstance(text, str):
        return ""
    found = _OFFSET.match(text.strip())
    if not found:
        return text.strip()
    begin, sign, hours, minutes = found.groups()
    whole, _, fraction = begin.partition(".")
    if len(whole) < _FULL_MINUTE:
        return begin  # a whole hour or more of uncertainty: the offset is within it
    shift = timedelta(hours=int(hours), minutes=int(minutes)) * (1 if sign == "+" else -1)
    try:
        shifted = datetime.strptime(whole[:_FULL_MINUTE], "%Y%m%d%H%M") - shift  # noqa: DTZ007 - its offset is what is subtracted
    except (ValueError, OverflowError):
        return begin
    return f"{shifted:%Y%m%d%H%M}{whole[_FULL_MINUTE:]}{fraction and '.' + fraction}"


def teach(connection: sqlite3.Connection) -> None:
    """Let statements call what searches compare by."""
    functions: tuple[tuple[str, Callable[..., Any], int], ...] = (
        ("folded_name", folded_name_of_json, 1),
        ("is_name", is_name, 2),
        ("has_words", has_words, 2),
        ("moment", moment, 1),
    )
    for name, function, arguments in functions:
        connection.create_function(name, arguments, function, deterministic=True)
