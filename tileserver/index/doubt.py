# SPDX-License-Identifier: Apache-2.0
"""A commit that failed, and may have come about all the same.

Where a flush of the log of transactions fails, the whole transaction stands in it already: SQLite
takes it for rolled back, but who reads the log after a crash takes it for committed. And pages that
a disk has refused once count as written for the operating system, so that the next flush may
succeed without them. The next commit writes over it. Until one has succeeded nobody may act upon
what the index says, and upon opening all that stands in the log is written elsewhere, and flushed,
before anybody is told that it is stored.

References
----------
https://wiki.postgresql.org/wiki/Fsync_Errors, https://sqlite.org/walformat.html#recovery
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy.exc import DatabaseError

from tileserver.index.driver import driver_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

NOTE_CHANGE = (
    "INSERT INTO about (name, value) VALUES ('changes', '1') "
    "ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
)
"""What changes with every transaction: for those who keep what they found until somebody writes."""
_PRIMARY = 0xFF
_CERTAIN = (
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_FULL,
)
"""Of a full disk SQLite tells so where it could not write all: then the end is missing, and with it
what makes it a commit."""


class Doubt:
    """Whether a transaction of this process may have come about that is said to have failed."""

    def __init__(self) -> None:
        self._is_there = False

    @contextlib.contextmanager
    def about(self, connection: Connection) -> Iterator[None]:
        """Watch over a transaction and its commit; the connection of one in doubt is given up."""
        try:
            yield
        except (DatabaseError, sqlite3.Error) as error:
            if _may_have_come_about(error):
                self._is_there = True
                connection.invalidate()
            raise

    @contextlib.contextmanager
    def settled(self, connection: Connection) -> Iterator[None]:
        """Make sure first that what failed before did not come about."""
        if self._is_there:
            with self.about(connection), connection.begin():
                driver_of(connection).execute("BEGIN IMMEDIATE")
                driver_of(connection).execute(NOTE_CHANGE)
            self._is_there = False
        with self.about(connection):
            yield


def make_durable(connection: sqlite3.Connection) -> None:
    """Write all that stands in the log to the database itself, and flush it.

    Nobody is waited for: who reads or writes at the moment has done so since the last start.

    References
    ----------
    https://sqlite.org/pragma.html#pragma_wal_checkpoint
    """
    try:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:  # a full disk is to be read
            raise


def _may_have_come_about(error: Exception) -> bool:
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY not in _CERTAIN
