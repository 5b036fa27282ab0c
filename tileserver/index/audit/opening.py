# SPDX-License-Identifier: Apache-2.0
"""An SQLite file opened for reading alone, also where its folder cannot be written to.

References
----------
https://sqlite.org/wal.html#read_only_databases, https://sqlite.org/uri.html (mode, immutable)
"""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BUSY_SECONDS = 30


def open_read_only(path: Path) -> sqlite3.Connection:
    """Return a connection that can change nothing.

    Raises
    ------
    sqlite3.Error
        The file is not there, or is no database.
    """
    # What nobody can write to, such as a mounted backup, needs no files beside it.
    option = "mode=ro" if os.access(path.parent, os.W_OK) or _has_log(path) else "immutable=1"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{option}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    # A damaged text must be told, not end the program that looks for it.
    connection.text_factory = _text
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _has_log(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
