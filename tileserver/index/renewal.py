# SPDX-License-Identifier: Apache-2.0
"""Studies and series whose first instance went are told by the first that is left.

Else the index would go on to tell of a patient what no stored file does, and would not be the one
that is made anew from the files.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tileserver.index.attributes import SERIES_ATTRIBUTES, STUDY_ATTRIBUTES, picked
from tileserver.index.driver import driver_of
from tileserver.index.insertion import insert_study
from tileserver.index.rows import SeriesRow, StudyRow

if TYPE_CHECKING:
    import sqlite3

    from sqlalchemy import Connection


def renew_upper_rows(connection: Connection, study_id: int) -> int:
    """Give a study and its series the ids and values of their first instances.

    Keys are to be forgotten before, and renewed and counts to be taken after it.

    Returns
    -------
    study_id
        From now on.
    """
    driver = driver_of(connection)
    # Rows refer to one another by the old ids for a while; this ends with the transaction.
    driver.execute("PRAGMA defer_foreign_keys = ON")
    firsts = driver.execute(
        "SELECT series.id, min(instance.id) FROM series "
        "JOIN instance ON instance.series_id = series.id WHERE series.study_id = ? GROUP BY 1",
        (study_id,),
    ).fetchall()
    for series_id, first in firsts:
        if series_id != first:
            _renew_series(driver, series_id, first)
    first = min(first for _, first in firsts)
    if study_id != first:
        _renew_study(driver, study_id, first)
    return int(first)


def _renew_series(driver: sqlite3.Connection, series_id: int, first: int) -> None:
    row = SeriesRow.of(picked(_attributes(driver, first), SERIES_ATTRIBUTES))
    driver.execute(
        "UPDATE series SET id = ?, modality = ?, summary = ?, attributes = ? WHERE id = ?",
        (first, row.modality, row.summary, row.attributes, series_id),
    )
    driver.execute("UPDATE instance SET series_id = ? WHERE series_id = ?", (first, series_id))


def _renew_study(driver: sqlite3.Connection, study_id: int, first: int) -> None:
    row = StudyRow.of(picked(_attributes(driver, first), STUDY_ATTRIBUTES))
    (uid,) = driver.execute(
        "SELECT study_instance_uid FROM study WHERE id = ?", (study_id,)
    ).fetchone()
    # Not by a change: the text of names follows rows that come and go.
    driver.execute("DELETE FROM study WHERE id = ?", (study_id,))
    insert_study(driver, first, uid, row)
    driver.execute("UPDATE series SET study_id = ? WHERE study_id = ?", (first, study_id))


def _attributes(driver: sqlite3.Connection, instance_id: int) -> dict[str, object]:
    (text,) = driver.execute(
        "SELECT attributes FROM instance WHERE id = ?", (instance_id,)
    ).fetchone()
    found: dict[str, object] = json.loads(text)
    return found
