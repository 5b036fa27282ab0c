# SPDX-License-Identifier: Apache-2.0
"""A search carried out: a start is chosen, the places of a page are found, their rows are read.

A page far behind the first is found from the end of one before it that was asked for, as long as
nothing was stored or deleted since: skipping a row costs nearly as much as returning it.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tileserver.index.driver import driver_of
from tileserver.index.page import Page, Place
from tileserver.index.planner import choose_start
from tileserver.index.search import Level, Search
from tileserver.index.sql import Sql, marks

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from sqlalchemy import Connection

_REMEMBERED_SEARCHES = 256
_REMEMBERED_PLACES = 1000
_OF_STUDY = (
    "study.study_instance_uid, study.modalities, study.number_of_series, "
    "study.number_of_instances AS number_of_study_instances, study.summary AS study_summary"
)
_OF_SERIES = (
    "series.series_instance_uid, series.number_of_instances AS number_of_series_instances, "
    "series.summary AS series_summary"
)
_OF_INSTANCE = (
    "instance.sop_instance_uid, instance.transfer_syntax_uid, instance.summary AS instance_summary"
)
_COLUMNS = (_OF_STUDY, _OF_SERIES, _OF_INSTANCE)
_ATTRIBUTES = (
    "study.attributes AS study_attributes",
    "series.attributes AS series_attributes",
    "instance.attributes AS instance_attributes",
)
_TABLES = ("study", "series", "instance")
_FROM = {
    Level.STUDY: "study WHERE study.id",
    Level.SERIES: "series CROSS JOIN study ON study.id = series.study_id WHERE series.id",
    Level.INSTANCE: "instance CROSS JOIN series ON series.id = instance.series_id "
    "CROSS JOIN study ON study.id = series.study_id WHERE instance.id",
}


@dataclass(frozen=True, slots=True)
class Found:
    """The answers to a search.

    Parameters
    ----------
    rows
        With, by name, what their level and those above it hold: ``study_summary``,
        ``series_summary``, ``instance_summary``, UIDs, counts and ``modalities``; where all are
        needed, ``study_attributes`` and so on as JSON text; and last, for each of the elements
        asked for, its JSON text or ``None``.
    remaining
        How many rows match behind them, as far as was asked to count.
    """

    rows: Sequence[Any]
    remaining: int


class Finder:
    """Carries out searches, from any thread."""

    def __init__(self) -> None:
        self._places = _Places()

    def find(self, connection: Connection, asked: Search) -> Found:
        """Return the answers to a search."""
        version = _version(connection)
        search = replace(asked, limit=0, offset=0, needs_all=False, elements=())
        page = Page(asked, choose_start(asked, lambda sql: _count(connection, sql)))
        skipped, after = self._places.before(search, version, asked.offset)
        statement = page.places(asked.limit + asked.counted, asked.offset - skipped, after)
        places: list[Place] = _run(connection, statement).fetchall()
        remaining = len(places) - asked.limit if asked.limit else 0
        if remaining > 0:
            places = places[: asked.limit]
            self._places.keep(search, version, asked.offset + asked.limit, places[-1])
        ids = [place[-1] for place in places[: asked.limit]]
        return Found(_rows(connection, asked, ids), max(remaining, 0))


def _run(connection: Connection, sql: Sql) -> sqlite3.Cursor:
    return driver_of(connection).execute(sql.text, sql.values)


def _count(connection: Connection, sql: Sql) -> int:
    (count,) = _run(connection, sql).fetchone()
    return int(count)


def _version(connection: Connection) -> int:
    """Return a number that changes with each transaction that wrote."""
    found = _run(connection, Sql("SELECT value FROM about WHERE name = 'changes'")).fetchone()
    return int(found[0]) if found else 0


def _rows(connection: Connection, asked: Search, ids: Sequence[object]) -> list[Any]:
    """Return the rows of ids, in their order."""
    columns = list(_COLUMNS[: 1 + asked.level])
    if asked.needs_all:
        columns += _ATTRIBUTES[: 1 + asked.level]
    columns += [f"json_extract({_TABLES[level]}.attributes, ?)" for level, _ in asked.elements]
    paths = [f'$."{tag}"' for _, tag in asked.elements]
    table = _FROM[asked.level]
    text = f"SELECT {table.rpartition(' ')[2]} AS id, {', '.join(columns)} FROM {table} "  # noqa: S608 - names of our own
    found = connection.exec_driver_sql(f"{text} IN ({marks(len(ids))})", (*paths, *ids))
    by_id = {row.id: row for row in found.fetchall()}
    # A study may be deleted between the two statements.
    return [by_id[key] for key in ids if key in by_id]


class _Places:
    """The last places of pages that were asked for, until something is written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = -1
        self._searches: OrderedDict[Search, dict[int, Place]] = OrderedDict()

    def before(self, search: Search, version: int, offset: int) -> tuple[int, Place | None]:
        """Return how many answers come up to a known place, and the place."""
        with self._lock:
            known = self._searches.get(search, {}) if version == self._version else {}
            offsets = sorted(known)
            number = bisect_right(offsets, offset)
            return (offsets[number - 1], known[offsets[number - 1]]) if number else (0, None)

    def keep(self, search: Search, version: int, offset: int, place: Place) -> None:
        """Remember that so many answers come up to a place."""
        with self._lock:
            if version != self._version:
                self._searches.clear()
                self._version = version
            known = self._searches.setdefault(search, {})
            self._searches.move_to_end(search)
            if len(known) < _REMEMBERED_PLACES:
                known[offset] = place
            if len(self._searches) > _REMEMBERED_SEARCHES:
                self._searches.popitem(last=False)
