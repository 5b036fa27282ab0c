# SPDX-License-Identifier: Apache-2.0
"""The log of events: rows written in the transaction of the change that they tell of.

Sequence numbers only ever grow: SQLite does not give one twice, and a new index begins at the
milliseconds of its making, which a log of less than 1,000 events a second, over all of its life,
has not reached.

References
----------
https://sqlite.org/autoinc.html
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, Integer, String, Table, func, insert, select

from tileserver.events import Event, EventKind
from tileserver.index.driver import driver_of
from tileserver.index.schema import tables

if TYPE_CHECKING:
    from collections.abc import Iterable

change = Table(
    "change",
    tables,
    Column("sequence", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("study_instance_uid", String, nullable=False),
    Column("series_instance_uid", String),
    Column("sop_instance_uid", String),
    Column("time", Integer, nullable=False),
    sqlite_autoincrement=True,
)

subscriber = Table(
    "subscriber",
    tables,
    Column("name", String, primary_key=True),
    Column("sequence", Integer, nullable=False),
)

_INSERT = (
    "INSERT INTO change (kind, study_instance_uid, series_instance_uid, sop_instance_uid, time) "
    "VALUES (?, ?, ?, ?, ?)"
)
_EVENTS = select(
    change.c.kind,
    change.c.study_instance_uid,
    change.c.series_instance_uid,
    change.c.sop_instance_uid,
    change.c.sequence,
    change.c.time,
).order_by(change.c.sequence)


def begin(connection: Connection) -> None:
    """Let the numbers of a new log begin behind those of any log before it."""
    found = connection.exec_driver_sql("SELECT 1 FROM sqlite_sequence WHERE name = 'change'")
    if found.first() is None:
        connection.exec_driver_sql(
            "INSERT INTO sqlite_sequence (name, seq) VALUES ('change', ?)", (now(),)
        )


def now() -> int:
    """Return the milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def write(connection: Connection, events: Iterable[Event]) -> None:
    """Write events in the transaction at hand."""
    moment = now()
    rows = [
        (
            event.kind.value,
            event.study_instance_uid,
            event.series_instance_uid,
            event.sop_instance_uid,
            moment,
        )
        for event in events
    ]
    driver_of(connection).executemany(_INSERT, rows)


def read(connection: Connection, since: int, limit: int) -> list[Event]:
    """Return the events after a sequence number, in order."""
    rows = connection.execute(_EVENTS.where(change.c.sequence > since).limit(limit))
    return [Event(EventKind(row[0]), *row[1:]) for row in rows]


def last(connection: Connection) -> int:
    """Return the sequence number of the last event; that which it began with, where none is."""
    found = connection.execute(select(func.max(change.c.sequence))).scalar_one()
    if found is not None:
        return int(found)
    row = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = 'change'")
    return int(row.scalar_one())


def cursor(connection: Connection, name: str) -> int | None:
    """Return how far a subscriber has come."""
    query = select(subscriber.c.sequence).where(subscriber.c.name == name)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else int(found)


def move_cursor(connection: Connection, name: str, sequence: int) -> None:
    """Store how far a subscriber has come."""
    connection.execute(subscriber.delete().where(subscriber.c.name == name))
    connection.execute(insert(subscriber).values(name=name, sequence=sequence))
