# SPDX-License-Identifier: Apache-2.0
"""How long a search may take: until its time is up, or nobody waits for it any more.

What has no index is found by trying each row, twenty seconds for a million instances.

References
----------
https://sqlite.org/c3ref/progress_handler.html
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING

from sqlalchemy.exc import OperationalError

from tileserver.errors import TooBroadError

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEPS = 50_000
"""Of SQLite's machine from one look at the clock to the next: some milliseconds."""


class Patience:
    """The time that is left for a search; may be ended from another thread.

    Parameters
    ----------
    seconds
        From now on.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def lose(self) -> None:
        """Let the search end now."""
        self._end = 0

    def is_lost(self) -> bool:
        """Tell whether the search has to end."""
        return time.monotonic() >= self._end

    @contextlib.contextmanager
    def during(self, driver: sqlite3.Connection) -> Iterator[None]:
        """Bound what a connection is used for within.

        Raises
        ------
        TooBroadError
            It took too long.
        """
        driver.set_progress_handler(self.is_lost, _STEPS)
        try:
            yield
        except (OperationalError, sqlite3.OperationalError) as error:
            cause = getattr(error, "orig", None) or error
            if getattr(cause, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
                raise
            raise TooBroadError(
                f"the search takes longer than {self._seconds:g} s: narrow it by what has an "
                "index, such as UIDs, PatientID, PatientName, StudyDate or Modality"
            ) from error
        finally:
            driver.set_progress_handler(None, 0)
