# SPDX-License-Identifier: Apache-2.0
"""What SQLite itself finds wrong with a file.

References
----------
https://sqlite.org/pragma.html (integrity_check, quick_check, foreign_key_check)
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from tileserver.index.audit.opening import open_read_only

if TYPE_CHECKING:
    from pathlib import Path

_MOST = 20
"""Lines that are told of one file."""


def integrity_problems(path: Path, *, thorough: bool) -> list[str]:
    """Return what is wrong with an SQLite file, without any value of it; nothing where it is whole.

    Parameters
    ----------
    thorough
        Whether its indexes are compared with its tables, too.
    """
    try:
        with contextlib.closing(open_read_only(path)) as connection:
            return _problems(connection, "integrity_check" if thorough else "quick_check")
    except sqlite3.Error as error:
        return [str(error)]


def _problems(connection: sqlite3.Connection, check: str) -> list[str]:
    found = [str(row[0]) for row in connection.execute(f"PRAGMA {check}({_MOST})")]
    if found == ["ok"]:
        found = []
    # A page of a damaged file can be told in several lines.
    lines = [line for text in found for line in text.splitlines() if line]
    foreign = connection.execute("PRAGMA foreign_key_check").fetchmany(_MOST)
    lines += [f"row {row[1]} of table {row[0]} refers to no row of {row[2]}" for row in foreign]
    return lines[:_MOST]
