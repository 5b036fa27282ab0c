# SPDX-License-Identifier: Apache-2.0
"""The worklist on SQLite: each request is one transaction, durable when it returns.

What a request finds stays true until it is done: of two who claim a workitem, the second finds it
claimed.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tileserver.index.database import Database
from tileserver.ups import tables
from tileserver.ups.notices import Notices
from tileserver.ups.subscribers import Subscribers
from tileserver.ups.workitems import Workitems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection


class Records:
    """What a transaction reads and writes."""

    def __init__(self, connection: Connection) -> None:
        self.workitems = Workitems(connection)
        self.subscribers = Subscribers(connection)
        self.notices = Notices(connection)


class WorklistStore:
    """An open worklist.

    Parameters
    ----------
    path
        Of the SQLite file; made when it does not exist.

    Raises
    ------
    StorageError
        The file cannot be opened, or is of another version.
    """

    def __init__(self, path: Path) -> None:
        self._listeners: list[Callable[[], None]] = []
        self._database = Database(
            path, "the worklist", tables.tables, tables.VERSION, upgrades={"1": _renew_keys}
        )

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Let a function be called after each change by this process."""
        self._listeners.append(listener)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Records]:
        """Give what is stored, as it was at the first look."""
        with self._database.reading() as connection:
            yield Records(connection)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Records]:
        """Give what is stored, to nobody else until it is left; undone where that raises."""
        with self._database.writing() as connection:
            yield Records(connection)
        for listener in self._listeners:
            listener()


def _renew_keys(connection: Connection) -> None:
    Workitems(connection).renew_all_keys()
