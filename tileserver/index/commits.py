# SPDX-License-Identifier: Apache-2.0
"""Many changes, one transaction: who waits for the disk takes along all that wait behind.

A commit costs a flush of the disk, however little is in it. While one is under way, others gather;
the first of them carries out all of theirs and flushes once. Nobody waits longer than for the
commit under way and their own, and alone nobody waits at all.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from sqlalchemy.exc import IntegrityError

from tileserver.errors import TileserverError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

_Result = TypeVar("_Result")
_OF_ONE = (IntegrityError, TileserverError)
"""What is wrong with one change alone. Behind any other error the database may have rolled back
the transaction by itself, so that nothing in it can be said to be done."""


class _Job(Generic[_Result]):
    """A change that somebody waits for."""

    def __init__(self, work: Callable[[Connection], _Result]) -> None:
        self._work = work
        self.is_done = False
        self._result: list[_Result] = []
        self._error: Exception | None = None

    def attempt(self, connection: Connection) -> None:
        """Carry out the change in the transaction at hand."""
        self._error = None
        self._result = [self._work(connection)]

    def fail(self, error: Exception) -> None:
        """Remember why the change is not made."""
        self._result, self._error = [], error

    def result(self) -> _Result:
        """Return what came of the change, durable by now."""
        if self._error is not None:
            raise self._error
        return self._result[0]


class Commits:
    """Carries out changes from many threads, several in a transaction.

    Parameters
    ----------
    begin
        Gives a connection within a transaction that is committed at its end.
    """

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._begin = begin
        self._turn = threading.Lock()
        self._gathering = threading.Lock()
        self._waiting: list[_Job[object]] = []

    def run(self, work: Callable[[Connection], _Result]) -> _Result:
        """Carry out a change, durable on return.

        The change may be carried out again in another transaction: it must do nothing besides.

        Raises
        ------
        Exception
            What the change raises, of which then nothing stays; or the commit.
        """
        job = _Job(work)
        with self._gathering:
            self._waiting.append(job)  # type: ignore[arg-type]  # a job is read by its owner only
        with self._turn:
            if not job.is_done:
                self._carry_out()
        return job.result()

    def _carry_out(self) -> None:
        with self._gathering:
            jobs, self._waiting = self._waiting, []
        try:
            try:
                self._together(jobs)
            except _OF_ONE:
                # Rare: find out whose it is by giving each a savepoint.
                self._one_by_one(jobs)
        except Exception as error:  # noqa: BLE001 - handed to those who wait
            for job in jobs:
                job.fail(error)
        finally:
            for job in jobs:
                job.is_done = True

    def _together(self, jobs: list[_Job[object]]) -> None:
        with self._begin() as connection:
            for job in jobs:
                job.attempt(connection)

    def _one_by_one(self, jobs: list[_Job[object]]) -> None:
        with self._begin() as connection:
            for job in jobs:
                _attempt_apart(connection, job)


def _attempt_apart(connection: Connection, job: _Job[object]) -> None:
    try:
        with connection.begin_nested():
            job.attempt(connection)
    except _OF_ONE as error:
        job.fail(error)
