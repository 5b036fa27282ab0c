# SPDX-License-Identifier: Apache-2.0
"""A database of a feature, beside the index: each change one transaction, durable when it returns.

Writers take their turn from the first statement on, in this process and in others, so that what a
change finds stays true until it is done.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, String, Table, create_engine, event, insert, select, update
from sqlalchemy.exc import DatabaseError

from tileserver.errors import FullDiskError, StorageError
from tileserver.index.doubt import Doubt, make_durable
from tileserver.index.driver import driver_of
from tileserver.index.folding import teach
from tileserver.index.log import use_log
from tileserver.index.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

_BUSY_SECONDS = 30
_own_tables = MetaData()
about = Table(
    "about",
    _own_tables,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)
"""What a database tells of itself: its version, and what a feature adds when it begins."""
_IS_VERSION = about.c.name == "version"


def _nothing(_: Connection) -> None:
    pass


class Database:
    """An open database.

    Parameters
    ----------
    path
        Of the SQLite file; made when it does not exist.
    name
        What errors call it.
    version
        Of the tables.
    begin
        Called in the transaction that makes a new database.
    upgrades
        By earlier version, what makes this one of it; in the transaction that notes it.

    Raises
    ------
    StorageError
        The file cannot be opened, or is of another version.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        tables: MetaData,
        version: str,
        *,
        begin: Callable[[Connection], None] = _nothing,
        upgrades: Mapping[str, Callable[[Connection], None]] | None = None,
    ) -> None:
        self._name = name
        self._engine = create_engine(
            f"sqlite:///{path}",
            connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
            max_overflow=-1,  # the threads of the server are the bound
            hide_parameters=True,  # they hold values of patients
        )
        event.listen(self._engine, "connect", _configure)
        self._doubt = Doubt()
        with self._explained("opened"):
            self._watch = Watch(path, _BUSY_SECONDS)
        try:
            with self._explained("opened"), self._immediate() as connection:
                _own_tables.create_all(connection)
                tables.create_all(connection)
                self._bring_up_to_date(connection, version, begin, upgrades or {})
            with self._explained("opened"), self._engine.connect() as connection:
                make_durable(driver_of(connection))
        except StorageError:
            self.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()
        self._watch.close()

    def version(self) -> int:
        """Return a number that is another after each change, by whatever process."""
        with self._explained("read"):
            return self._watch.version()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give what is stored, as it was at the first look."""
        with self._explained("read"), self._engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give what is stored, to nobody else until it is left; undone where that raises."""
        with self._explained("written"), self._immediate() as connection:
            yield connection

    def _bring_up_to_date(
        self,
        connection: Connection,
        version: str,
        begin: Callable[[Connection], None],
        upgrades: Mapping[str, Callable[[Connection], None]],
    ) -> None:
        found = connection.execute(select(about.c.value).where(_IS_VERSION)).scalar_one_or_none()
        if found is None:
            connection.execute(insert(about).values(name="version", value=version))
            begin(connection)
        elif found in upgrades:
            upgrades[found](connection)
            connection.execute(update(about).where(_IS_VERSION).values(value=version))
        elif found != version:
            raise StorageError(
                f"{self._name} has version {found}, expected {version}; "
                "use the version of tileserver that made it"
            )

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

    @contextlib.contextmanager
    def _explained(self, done: str) -> Iterator[None]:
        try:
            yield
        except (DatabaseError, sqlite3.Error, OSError) as error:
            cause = getattr(error, "orig", None) or error
            is_full = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
            kind = FullDiskError if is_full else StorageError
            raise kind(f"{self._name} cannot be {done}: {cause}") from error


def _configure(connection: sqlite3.Connection, _: object) -> None:
    use_log(connection)
    connection.execute("PRAGMA foreign_keys=ON")
    teach(connection)
