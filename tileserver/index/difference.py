# SPDX-License-Identifier: Apache-2.0
"""What is stored before a new index and after it: the difference goes to the log of events.

So whoever follows the log knows what is stored also where blobs were lost or put back by hand, or
where the index, and with it the log, was lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.events import Event, EventKind
from tileserver.index import changes
from tileserver.index.deletion import Below, keys_below, remove

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

_NOW = (
    "SELECT study_instance_uid, series_instance_uid, sop_instance_uid, sha256 FROM main.study "
    "JOIN main.series ON series.study_id = study.id JOIN main.instance ON series_id = series.id"
)
_BATCH = 1000


def remember(connection: Connection) -> None:
    """Keep what is stored for `write`, in the transaction at hand."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS temp.before")
    connection.exec_driver_sql(f"CREATE TEMP TABLE before AS {_NOW}")


def write(connection: Connection) -> None:
    """Write what has gone, and what has come, since `remember`."""
    for kind, query in (
        (EventKind.INSTANCE_DELETED, f"SELECT * FROM temp.before EXCEPT {_NOW}"),  # noqa: S608 - of our own
        (EventKind.INSTANCE_STORED, f"{_NOW} EXCEPT SELECT * FROM temp.before"),  # noqa: S608
    ):
        rows = connection.exec_driver_sql(query)
        while some := rows.fetchmany(_BATCH):
            changes.write(connection, [Event(kind, row[0], row[1], row[2]) for row in some])
    connection.exec_driver_sql("DROP TABLE temp.before")


def remove_deleted(connection: Connection, since: int) -> Iterator[str]:
    """Remove what was deleted after an event; yield the keys that are no longer named."""
    while events := changes.read(connection, since, _BATCH):
        for event in events:
            if event.kind is not EventKind.INSTANCE_STORED:
                below = Below(
                    event.study_instance_uid, event.series_instance_uid, event.sop_instance_uid
                )
                yield from keys_below(connection, below)
                remove(connection, below)
        since = events[-1].sequence
