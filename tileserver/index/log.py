# SPDX-License-Identifier: Apache-2.0
"""The file of a database and its log of transactions: made before anything is written to them.

SQLite flushes the folder in which it makes them, but goes on where that fails; and a name that was
given up once is not written by a later flush. With the name all that was acknowledged would go.

References
----------
https://sqlite.org/wal.html; fsync(2) (a flushed file may be in no folder)
"""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def make_file(path: Path) -> None:
    """Make the file of a database durably, unless it is there.

    Raises
    ------
    OSError
        It cannot be made, or may not last; then it is not there.
    """
    if path.exists():
        return
    path.touch()
    try:
        flush_names(path)
    except OSError:
        path.unlink()
        raise


def use_log(connection: sqlite3.Connection) -> None:
    """Let transactions be written to a log, each flushed before it is acknowledged.

    Raises
    ------
    sqlite3.OperationalError
        There can be none; SQLite itself would go on without it, and only say so.
    """
    (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    if mode != "wal":
        raise sqlite3.OperationalError(f"found journal mode {mode}, expected wal")
    connection.execute("PRAGMA synchronous=FULL")


def flush_names(path: Path) -> None:
    """Flush the folder of a database.

    Raises
    ------
    OSError
        The names in it may not last.
    """
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
