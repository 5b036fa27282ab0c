# SPDX-License-Identifier: Apache-2.0
"""The worklist on SQLite: each request one transaction, durable when it returns.

Writers take their turn from the first statement on, in this process and in others, so that what a
request finds stays true until it is done: of two who claim a workitem, the second finds it claimed.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, insert, select, update
from sqlalchemy.exc import DatabaseError

from tileserver.errors import FullDiskError, StorageError
from tileserver.index.doubt import Doubt, make_durable
from tileserver.index.driver import driver_of
from tileserver.index.folding import folded_name_of_json, has_words, is_name, moment
from tileserver.index.log import use_log
from tileserver.index.watch import Watch
from tileserver.ups import tables
from tileserver.ups.notices import Notices
from tileserver.ups.subscribers import Subscribers
from tileserver.ups.workitems import Workitems

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

_BUSY_SECONDS = 30


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
        self._engine = create_engine(
            f"sqlite:///{path}",
            connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
            max_overflow=-1,  # the threads of the server are the bound
            hide_parameters=True,  # they hold values of patients
        )
        self._listeners: list[Callable[[], None]] = []
        event.listen(self._engine, "connect", _configure)
        self._doubt = Doubt()
        with _explained("opened"):
            self._watch = Watch(path, _BUSY_SECONDS)
        try:
            with _explained("opened"), self._immediate() as connection:
                tables.tables.create_all(connection)
                _bring_up_to_date(connection)
            with _explained("opened"), self._engine.connect() as connection:
                make_durable(driver_of(connection))
        except StorageError:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()
        self._watch.close()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Let a function be called after each change by this process."""
        self._listeners.append(listener)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Records]:
        """Give what is stored, as it was at the first look."""
        with _explained("read"), self._engine.connect() as connection:
            yield Records(connection)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Records]:
        """Give what is stored, to nobody else until it is left; undone where that raises."""
        with _explained("written"), self._immediate() as connection:
            yield Records(connection)
        for listener in self._listeners:
            listener()

    @contextlib.contextmanager
    def _immediate(self) -> Iterator[Connection]:
        with (
            self._engine.connect() as connection,
            self._doubt.settled(connection),
            connection.begin(),
        ):
            # The driver would begin one of its own only before the first change.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection


def _configure(connection: sqlite3.Connection, _: object) -> None:
    use_log(connection)
    connection.execute("PRAGMA foreign_keys=ON")
    functions: tuple[tuple[str, Callable[..., Any], int], ...] = (
        ("folded_name", folded_name_of_json, 1),
        ("is_name", is_name, 2),
        ("has_words", has_words, 2),
        ("moment", moment, 1),
    )
    for name, function, arguments in functions:
        connection.create_function(name, arguments, function, deterministic=True)


def _bring_up_to_date(connection: Connection) -> None:
    """Note the version of a new worklist, and give one of the first version its keys."""
    is_version = tables.about.c.name == "version"
    query = select(tables.about.c.value).where(is_version)
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        connection.execute(insert(tables.about).values(name="version", value=tables.VERSION))
    elif found == "1":
        Workitems(connection).renew_all_keys()
        connection.execute(update(tables.about).where(is_version).values(value=tables.VERSION))
    elif found != tables.VERSION:
        raise StorageError(
            f"the worklist has version {found}, expected {tables.VERSION}; "
            "use the version of tileserver that made it"
        )


@contextlib.contextmanager
def _explained(done: str) -> Iterator[None]:
    try:
        yield
    except (DatabaseError, sqlite3.Error, OSError) as error:
        cause = getattr(error, "orig", None) or error
        is_full = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        kind = FullDiskError if is_full else StorageError
        raise kind(f"the worklist cannot be {done}: {cause}") from error
