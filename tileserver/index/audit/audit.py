# SPDX-License-Identifier: Apache-2.0
"""An index open for looking at it."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from tileserver.errors import DamagedIndexError, StorageError
from tileserver.index import schema
from tileserver.index.audit.contradiction import Contradiction
from tileserver.index.audit.feed import feed_contradictions
from tileserver.index.audit.opening import open_read_only
from tileserver.index.audit.rows import AuditedRow, NamedRow, audited_row, named_page
from tileserver.index.audit.upper import UpperRows
from tileserver.index.upgrade import UPGRADES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Audit", "Contradiction"]

_PAGE = 500


class Audit:
    """An index open for looking at it.

    Raises
    ------
    StorageError
        It is of an earlier version, which is not looked at.
    DamagedIndexError
        It is no index, or cannot be read; any method may say so.
    """

    def __init__(self, path: Path) -> None:
        with _explained():
            self._connection = open_read_only(path)
        try:
            self._check_version()
        except StorageError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def totals(self) -> tuple[int, int]:
        """Return the number of instances and of their bytes."""
        with _explained():
            count, size = self._connection.execute(
                "SELECT count(*), coalesce(sum(size), 0) FROM instance"
            ).fetchone()
        return int(count), int(size)

    def named(self) -> Iterator[NamedRow]:
        """Yield all instances in the order they came, and those that come meanwhile."""
        after = 0
        while True:
            with _explained():
                page = named_page(self._connection, after, _PAGE)
            if not page:
                return
            yield from page
            after = page[-1].id

    def row(self, sop_instance_uid: str) -> AuditedRow | None:
        """Return what the index says of an instance now."""
        with _explained():
            return audited_row(self._connection, sop_instance_uid)

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield where the index contradicts itself, all in one snapshot."""
        with _explained():
            self._connection.execute("BEGIN")
            try:
                yield from UpperRows(self._connection).contradictions()
                yield from feed_contradictions(self._connection)
            finally:
                self._connection.execute("ROLLBACK")

    def _check_version(self) -> None:
        with _explained():
            row = self._connection.execute(
                "SELECT value FROM about WHERE name = 'version'"
            ).fetchone()
        version = str(row[0]) if row else "none"
        if version in UPGRADES:
            raise StorageError(
                f"the index has version {version}, expected {schema.VERSION}; "
                "a start of the server brings it up to date"
            )
        if version != str(schema.VERSION):
            raise DamagedIndexError(f"version {version[:16]!r}, expected {schema.VERSION}")


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise DamagedIndexError(str(error)) from error
