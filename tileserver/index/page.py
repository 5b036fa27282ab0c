# SPDX-License-Identifier: Apache-2.0
"""The statements that find which rows are the answers of a page.

Answers come newest study first, by study date and then by the order in which studies were stored;
series and instances in the order they came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.index.keys import bit_of
from tileserver.index.matching import filters, key_code
from tileserver.index.search import Level
from tileserver.index.sql import Sql, all_of, marks

if TYPE_CHECKING:
    from tileserver.index.planner import Start
    from tileserver.index.search import Condition, Search

Place = tuple[object, ...]
"""Study date, then the ids of study, series and instance down to the level of a search."""


class Page:
    """The selection of what matches, in order."""

    def __init__(self, asked: Search, start: Start) -> None:
        told = (*start.covered, *start.agreed)
        where, needed = filters(
            [item for item in asked.conditions if item not in told], asked.level
        )
        if start.agreed:
            needed |= {Level.SERIES, *(item.level for item in start.agreed)}
        self._joins, self._columns = _joined(start, asked.level, needed)
        agreed = (_agreed(item, asked.level) for item in start.agreed)
        self._where = all_of([start.where, *agreed, where])
        self._source = start.source.values

    def places(self, limit: int, offset: int, after: Place | None = None) -> Sql:
        """Return the places of a page.

        Parameters
        ----------
        offset
            Answers to leave out, behind ``after`` where that is given.
        """
        date, study, *lower = self._columns
        text, values = self._selection(after)
        order = ", ".join([f"{date} DESC", f"{study} DESC", *lower])
        return Sql(f"{text} ORDER BY {order} LIMIT ? OFFSET ?", (*values, limit, offset))

    def _selection(self, after: Place | None) -> Sql:
        behind = _behind(self._columns, after) if after else Sql("1")
        where = all_of([self._where, behind])
        text = f"SELECT {', '.join(self._columns)} FROM {self._joins} WHERE {where.text}"  # noqa: S608 - names of our own
        return Sql(text, (*self._source, *where.values))


def _agreed(condition: Condition, level: Level) -> Sql:
    """Match an instance by the key of its series, where all its instances have that."""
    code = key_code(condition.path)
    assert code is not None
    where, _ = filters([condition], level)
    text = f"((series.differing_codes & ?) = 0 OR ({where.text}))"
    return Sql(text, (bit_of(code), *where.values))


def _behind(columns: tuple[str, ...], after: Place) -> Sql:
    """Return what comes behind a place."""
    date, study, *lower = columns
    if not lower:
        return Sql(f"({date}, {study}) < (?, ?)", after)
    ids = after[2:]
    return Sql(
        f"({date}, {study}) <= (?, ?) AND NOT ({study} = ? "
        f"AND ({', '.join(lower)}) <= ({marks(len(ids))}))",
        (*after[:2], after[1], *ids),
    )


def _joined(start: Start, level: Level, needed: frozenset[Level]) -> tuple[str, tuple[str, ...]]:
    """Return the tables, each behind what leads to it, and the columns of a place."""
    source = start.source.text
    if source in ("instance", "series", "study"):
        return _of_tables(source, level, needed)
    joins, series = [source], "k.series_id"
    if Level.STUDY in needed:
        joins.append("study ON study.id = k.study_id")
    if start.grain is Level.STUDY and (level >= Level.SERIES or Level.SERIES in needed):
        joins.append("series ON series.study_id = k.study_id")
        series = "series.id"
    elif Level.SERIES in needed:
        joins.append("series ON series.id = k.series_id")
    if level is Level.INSTANCE:
        joins.append(f"instance ON instance.series_id = {series}")
    columns = ("k.study_date", "k.study_id", series, "instance.id")
    return " CROSS JOIN ".join(joins), columns[: 2 + level]


def _of_tables(source: str, level: Level, needed: frozenset[Level]) -> tuple[str, tuple[str, ...]]:
    deepest = max(level, *needed, Level.STUDY)
    joins = {
        "study": ["study", "series ON series.study_id = study.id",
                  "instance ON instance.series_id = series.id"],
        "series": ["series", "study ON study.id = series.study_id",
                   "instance ON instance.series_id = series.id"],
        "instance": ["instance", "series ON series.id = instance.series_id",
                     "study ON study.id = series.study_id"],
    }[source]  # fmt: skip
    count = {"study": 1 + deepest, "series": max(2, 1 + deepest), "instance": 3}[source]
    columns = ("study.study_date", "study.id", "series.id", "instance.id")
    return " CROSS JOIN ".join(joins[:count]), columns[: 2 + level]
