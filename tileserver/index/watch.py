# SPDX-License-Identifier: Apache-2.0
"""Tells that somebody wrote to an index: this process or another, as soon as it is committed.

Whoever watches opens first, and closes last: its connection is the one that keeps the log.

References
----------
https://sqlite.org/pragma.html#pragma_data_version (its value is another where other connections
have written; so the one that asks never writes, and only one asks)
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import TYPE_CHECKING

from tileserver.index.log import flush_names, make_file, use_log

if TYPE_CHECKING:
    from pathlib import Path


class Watch:
    """A connection that only watches; safe to use from several threads.

    Parameters
    ----------
    path
        Of the file; made where it does not exist.
    busy_seconds
        How long it waits for others.

    Raises
    ------
    OSError, sqlite3.Error
        The file cannot be opened, or may not last.
    """

    def __init__(self, path: Path, busy_seconds: float) -> None:
        self._lock = threading.Lock()
        make_file(path)
        self._connection = sqlite3.connect(
            path,
            timeout=busy_seconds,
            # Without transactions of the driver: in one, nothing would ever change.
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            use_log(self._connection)
            # Opened before all others, and kept: else the files beside the index would go with the
            # last of them, and a disk that takes nothing more could not be read, either; or the log
            # would be read anew, and what has failed there be taken for committed.
            self.version()
            flush_names(path)
        except (OSError, sqlite3.Error):
            self._connection.close()
            raise

    def version(self) -> int:
        """Return a number that is another after each commit of others."""
        with (
            self._lock,
            contextlib.closing(self._connection.execute("PRAGMA data_version")) as found,
        ):
            return int(found.fetchone()[0])

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
