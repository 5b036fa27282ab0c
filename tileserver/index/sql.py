# SPDX-License-Identifier: Apache-2.0
"""Pieces of SQL with the values that belong to them, which are never part of the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Sql(NamedTuple):
    """Text with a question mark for each value."""

    text: str
    values: tuple[object, ...] = ()


def all_of(parts: Iterable[Sql]) -> Sql:
    """Return what holds where all parts hold."""
    return _joined(parts, " AND ", "1")


def any_of(parts: Iterable[Sql]) -> Sql:
    """Return what holds where a part holds."""
    text, values = _joined(parts, " OR ", "0")
    return Sql(f"({text})", values)


def _joined(parts: Iterable[Sql], word: str, none: str) -> Sql:
    found = list(parts)
    values = tuple(value for part in found for value in part.values)
    return Sql(word.join(part.text for part in found) or none, values)


def marks(count: int) -> str:
    """Return question marks for so many values."""
    return ", ".join("?" * count)
