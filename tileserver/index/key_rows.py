# SPDX-License-Identifier: Apache-2.0
"""The rows that studies and series are found by: added with instances, and taken away with them.

The table has no index by study, which would be as long as itself: rows are taken away by the values
that made them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tileserver.index.driver import driver_of
from tileserver.index.keys import differing_codes, series_keys, study_keys, text_of_keys

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from sqlalchemy import Connection

Keys = frozenset[tuple[int, str]]
Place = tuple[str, int, int]
"""Study date, study id, and series id or 0."""


def add_keys(driver: sqlite3.Connection, keys: Iterable[tuple[int, str]], place: Place) -> None:
    """Add the keys of a study or of a series."""
    _run_each(
        driver,
        "INSERT OR IGNORE INTO study_key (code, value, study_date, study_id, series_id) "
        "VALUES (?, ?, ?, ?, ?)",
        keys,
        place,
    )


def add_series_keys(driver: sqlite3.Connection, keys: Keys, text: str, place: Place) -> None:
    """Add the keys that an instance gives to its series, and note which not all instances give.

    Most instances of a series give the same: then there is nothing to add.

    Parameters
    ----------
    text
        The keys as JSON.
    """
    *_, series_id = place
    first, known = driver.execute(
        "SELECT first_keys, differing_codes FROM series WHERE id = ?", (series_id,)
    ).fetchone()
    if first == text:
        return
    add_keys(driver, keys, place)
    if not first:
        driver.execute("UPDATE series SET first_keys = ? WHERE id = ?", (text, series_id))
        return
    differing = known | differing_codes(first, keys)
    if differing != known:
        driver.execute("UPDATE series SET differing_codes = ? WHERE id = ?", (differing, series_id))


def forget_keys(connection: Connection, study_id: int) -> None:
    """Take away the keys of a study and its series; to be called before any of its rows go."""
    driver = driver_of(connection)
    for keys, place in _keys_below(connection, study_id):
        _run_each(
            driver,
            "DELETE FROM study_key WHERE code = ? AND value = ? AND study_date = ? "
            "AND study_id = ? AND series_id = ?",
            keys,
            place,
        )
    driver.execute(
        "UPDATE series SET first_keys = '', differing_codes = 0 WHERE study_id = ?", (study_id,)
    )


def renew_keys(connection: Connection, study_id: int) -> None:
    """Add the keys of what is left of a study that `forget_keys` was called for."""
    driver = driver_of(connection)
    for keys, place in _keys_below(connection, study_id):
        *_, series_id = place
        if series_id:
            add_series_keys(driver, keys, text_of_keys(keys), place)
        else:
            add_keys(driver, keys, place)


def _run_each(
    driver: sqlite3.Connection, statement: str, keys: Iterable[tuple[int, str]], place: Place
) -> None:
    rows = [(*key, *place) for key in sorted(keys)]
    if rows:
        driver.executemany(statement, rows)


def _keys_below(connection: Connection, study_id: int) -> Iterator[tuple[Keys, Place]]:
    """Yield the keys of a study, then those that each of its instances gives to its series."""
    study = connection.exec_driver_sql(
        "SELECT study_date, attributes FROM study WHERE id = ?", (study_id,)
    ).one()
    yield frozenset(study_keys(json.loads(study.attributes))), (study.study_date, study_id, 0)
    instances = connection.exec_driver_sql(
        "SELECT series.id, instance.attributes, instance.transfer_syntax_uid FROM series "
        "JOIN instance ON instance.series_id = series.id WHERE series.study_id = ? "
        # The first of a series is the one that others are held against.
        "ORDER BY series.id, instance.id",
        (study_id,),
    )
    for row in instances:
        keys = series_keys(json.loads(row.attributes), row.transfer_syntax_uid)
        yield frozenset(keys), (study.study_date, study_id, row.id)
