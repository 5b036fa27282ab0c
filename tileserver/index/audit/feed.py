# SPDX-License-Identifier: Apache-2.0
"""The log of events against what is stored.

SQLite gives numbers without gaps, and takes them back with the transaction that had them: a gap is
a row that was removed. What was told last of an instance must be so, but an instance need not have
been told of: a log can be younger than the index.

References
----------
https://sqlite.org/autoinc.html; https://sqlite.org/lang_select.html#bareagg (columns beside max)
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tileserver.events import EventKind
from tileserver.index.audit.contradiction import Contradiction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

_DAY_MS = 24 * 3600 * 1000
_MOST = 20
_STORED = EventKind.INSTANCE_STORED.value
_PREPARE = (
    f"""
    CREATE TEMP TABLE told AS
    SELECT sop_instance_uid AS uid, study_instance_uid AS study, series_instance_uid AS series,
           max(sequence) AS sequence
    FROM main.change WHERE kind = '{_STORED}' GROUP BY 1
    """,  # noqa: S608 - names of our own
    f"""
    CREATE TEMP TABLE gone AS
    SELECT study_instance_uid AS study, coalesce(series_instance_uid, '') AS series,
           coalesce(sop_instance_uid, '') AS uid, max(sequence) AS sequence
    FROM main.change WHERE kind != '{_STORED}' GROUP BY 1, 2, 3
    """,  # noqa: S608
    "CREATE UNIQUE INDEX temp.told_by_uid ON told (uid)",
    "CREATE UNIQUE INDEX temp.gone_by_place ON gone (study, series, uid)",
)
_IS_GONE = """EXISTS (
    SELECT 1 FROM temp.gone WHERE gone.study = told.study AND gone.sequence > told.sequence
    AND ((gone.series, gone.uid) IN ((told.series, told.uid), (told.series, ''), ('', ''))))"""
_NOT_STORED = f"""
SELECT told.uid FROM temp.told WHERE NOT EXISTS (
    SELECT 1 FROM main.instance WHERE sop_instance_uid = told.uid) AND NOT {_IS_GONE}
"""  # noqa: S608
_NOT_GONE = f"""
SELECT told.uid FROM main.instance JOIN temp.told ON told.uid = instance.sop_instance_uid
LEFT JOIN main.series ON series.id = instance.series_id
LEFT JOIN main.study ON study.id = series.study_id
WHERE told.series IS NOT series.series_instance_uid
OR told.study IS NOT study.study_instance_uid OR {_IS_GONE}
"""  # noqa: S608
_GAPS = """
SELECT before FROM (SELECT sequence, lag(sequence) OVER (ORDER BY sequence) AS before FROM change)
WHERE sequence != before + 1
"""
_ODD = f"""
SELECT sequence FROM change WHERE typeof(time) != 'integer' OR time < 0 OR time > ?
OR kind NOT IN ({", ".join(f"'{kind.value}'" for kind in EventKind)})
OR (sop_instance_uid IS NULL) != (kind IN ('SeriesDeleted', 'StudyDeleted'))
OR (series_instance_uid IS NULL) != (kind = 'StudyDeleted')
"""  # noqa: S608


def feed_contradictions(connection: sqlite3.Connection) -> Iterator[Contradiction]:
    """Yield what does not fit, in the snapshot at hand."""
    latest = time.time_ns() // 1_000_000 + _DAY_MS
    for (sequence,) in connection.execute(_GAPS).fetchmany(_MOST):
        yield _of_feed(f"no change behind number {sequence}")
    for (sequence,) in connection.execute(_ODD, (latest,)).fetchmany(_MOST):
        yield _of_feed(f"change {sequence} makes no sense")
    yield from _ends(connection)
    for statement in _PREPARE:
        connection.execute(statement)
    for (uid,) in connection.execute(_NOT_STORED):
        yield Contradiction("changes", uid, ("told as stored, and not in the index",))
    for (uid,) in connection.execute(_NOT_GONE):
        yield Contradiction("changes", uid, ("told as deleted or elsewhere, and in the index",))


def _ends(connection: sqlite3.Connection) -> Iterator[Contradiction]:
    """Compare the last number with the last one that was given, and with what was delivered."""
    (last,) = connection.execute("SELECT max(sequence) FROM change").fetchone()
    given = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'change'").fetchone()
    if given is None or (last is not None and given[0] != last):
        yield _of_feed("its last change is not the last that was given a number")
    known = given[0] if given else last or 0
    late = connection.execute("SELECT name FROM subscriber WHERE sequence > ?", (known,))
    for (name,) in late.fetchmany(_MOST):
        yield _of_feed(f"subscriber {name} is ahead of it")


def _of_feed(problem: str) -> Contradiction:
    return Contradiction("changes", None, (problem,))
