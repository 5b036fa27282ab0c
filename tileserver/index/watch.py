# SPDX-License-Identifier: Apache-2.0
"""Tells that somebody wrote to an index: this process or another, as soon as it is committed.

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

if TYPE_CHECKING:
    from pathlib import Path


class Watch:
    """A connection that only watches; safe to use from several threads.

    Parameters
    ----------
    path
        Of an index that exists.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        # Without transactions of the driver: in one, nothing would ever change.
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # Opened now, and kept: else the files beside the index would go with the last of the other
        # connections, and a disk that takes nothing more could not be read, either; or the log
        # would be read anew, and what has failed there be taken for committed.
        self.version()

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
