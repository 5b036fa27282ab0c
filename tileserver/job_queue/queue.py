# SPDX-License-Identifier: Apache-2.0
"""The persistent queue, on SQLite: each verb is one transaction, durable when it returns.

A job that runs is leased to whoever carries it out. Only the holder of the lease can change it, so
that one who lost it, and goes on all the same, ends nothing twice. A lease that is not renewed, or
whose holder is known to be gone, is given up, and the job waits again; that it was interrupted is
no failure of its own.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, insert, select

from tileserver.errors import (
    BadRequestError,
    ConflictingStateError,
    TileserverError,
)
from tileserver.index.database import Database, about
from tileserver.job_queue import rows, tables
from tileserver.job_queue.model import FINAL, Asked, Job, Leased, Made, Progress, State
from tileserver.job_queue.rows import change, note, now, read

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Connection

LEASE_SECONDS = 60
_job, _need, _line, _ending = tables.job, tables.need, tables.line, tables.ending
_protected = tables.protected
_needed = tables.job.alias("needed")
_MOST_PAGE_CHARACTERS = 8_000_000
"""Of what jobs were told and have made, as a job may have a megabyte and more of metadata."""
_INTERRUPTED = "the server ended while it ran; it begins again"
_IS_BLOCKED = exists(
    select(_need.c.job_id)
    .join(_needed, _needed.c.id == _need.c.needs_id)
    .where(_need.c.job_id == _job.c.id, _needed.c.state != State.DONE)
)


class JobQueue:
    """An open queue.

    Parameters
    ----------
    path
        Of its file; made when it does not exist.
    clock
        Gives milliseconds since 1970.

    Raises
    ------
    StorageError
        The file cannot be used.
    """

    def __init__(self, path: Path, clock: Callable[[], int] = now) -> None:
        self._clock = clock
        self._database = Database(
            path, "the queue of jobs", tables.tables, tables.VERSION, begin=_begin
        )
        self._listeners: list[Callable[[], None]] = []

    def close(self) -> None:
        """Close it."""
        self._database.close()

    def changes(self) -> int:
        """Return a number that is another after each change, by whatever process."""
        return self._database.version()

    def secret(self) -> str:
        """Return a text that is this queue's own, and never changes."""
        query = select(about.c.value).where(about.c.name == "secret")
        with self._database.reading() as connection:
            return str(connection.execute(query).scalar_one())

    def add(self, asked: Asked) -> Job:
        """Put a job on the queue, or return the one that was asked for by the same key.

        Raises
        ------
        BadRequestError
            It needs a job that is not there.
        """
        with self._database.writing() as connection:
            found = _of_key(connection, asked.key)
            return _insert(connection, asked, self._clock()) if found is None else found

    def take(self, limits: Mapping[str, int]) -> Leased | None:
        """Lease the job that is next, ``None`` where none can be begun.

        Parameters
        ----------
        limits
            By kind, how many may be begun now; others are left.
        """
        kinds = [kind for kind, count in limits.items() if count > 0]
        moment = self._clock()
        query = (
            select(_job.c.id)
            .where(_job.c.state == State.WAITING, _job.c.kind.in_(kinds), _job.c.due <= moment)
            .where(~_IS_BLOCKED)
            .order_by(_job.c.is_cancelling.desc(), _job.c.priority.desc(), _job.c.id)
            .limit(1)
        )
        with self._database.reading() as connection:  # most often there is nothing
            if connection.execute(query).scalar_one_or_none() is None:
                return None
        with self._database.writing() as connection:
            found = connection.execute(query).scalar_one_or_none()
            if found is None:
                return None
            lease = secrets.token_hex(16)
            attempts = read(connection, found).attempts + 1
            change(
                connection,
                found,
                state=State.RUNNING,
                attempts=attempts,
                started=moment,
                ended=None,
                problem=None,
                lease=lease,
                lease_until=moment + LEASE_SECONDS * 1000,
            )
            note(connection, found, f"attempt {attempts}")
            return Leased(read(connection, found), lease)

    def renew(self, held: Collection[Leased]) -> set[int]:
        """Renew leases; return the jobs that are to be cancelled, or whose lease was lost."""
        until = self._clock() + LEASE_SECONDS * 1000
        with self._database.writing() as connection:
            lost = set()
            for leased in held:
                is_ours = (_job.c.id == leased.job.id) & (_job.c.lease == leased.lease)
                renewed = _job.update().where(is_ours).values(lease_until=until)
                if not connection.execute(renewed).rowcount:
                    lost.add(leased.job.id)
        return lost | self.cancelling()

    def cancelling(self) -> set[int]:
        """Return the running jobs that somebody wants cancelled."""
        query = select(_job.c.id).where(_job.c.state == State.RUNNING, _job.c.is_cancelling)
        with self._database.reading() as connection:
            return set(connection.execute(query).scalars())

    def report(self, held: Leased, progress: Progress) -> None:
        """Store how far a job is."""
        self._change_held(held, progress=rows.text_of(progress))

    def note(self, held: Leased, text: str) -> None:
        """Write a line to the log of a job."""
        with self._database.writing() as connection:
            if _is_held(connection, held):
                note(connection, held.job.id, text)

    def intend(self, held: Leased, made: Sequence[Made]) -> None:
        """Write down, durably, what a job is about to store and would have to take back."""
        with self._database.writing() as connection:
            if _is_held(connection, held):
                before = read(connection, held.job.id).made
                known = set(before)
                more = [item for item in made if item not in known]
                change(connection, held.job.id, made=json.dumps([*before, *more]))

    def finish(self, held: Leased, result: Mapping[str, object]) -> None:
        """End a job well."""
        self._end(held, State.DONE, None, result)

    def fail(self, held: Leased, problem: str) -> None:
        """End a job badly, and with it those that need it."""
        self._end(held, State.FAILED, problem)

    def cancelled(self, held: Leased) -> None:
        """End a job that was to be cancelled, and with it those that need it."""
        self._end(held, State.CANCELLED, "cancelled")

    def postpone(self, held: Leased, problem: str, seconds: float) -> None:
        """Let a job wait, to be tried again."""
        moment = self._clock()
        with self._database.writing() as connection:
            if _is_held(connection, held):
                note(connection, held.job.id, f"{problem}; tried again in {seconds:.0f} s")
                due = moment + int(seconds * 1000)
                _wait(connection, held.job.id, due=due, problem=problem)

    def interrupt(self, held: Leased) -> None:
        """Let a job wait that could not be carried on, by no fault of its own."""
        with self._database.writing() as connection:
            if _is_held(connection, held):
                _interrupt(connection, read(connection, held.job.id))

    def recover(self, *, are_all_gone: bool) -> int:
        """Let jobs wait again whose holders are gone; return how many.

        Parameters
        ----------
        are_all_gone
            Whether nobody carries out anything: else only leases that ran out are given up.
        """
        query = select(_job).where(_job.c.state == State.RUNNING)
        if not are_all_gone:
            query = query.where(_job.c.lease_until < self._clock())
        with self._database.writing() as connection:
            found = rows.jobs_of(connection, connection.execute(query))
            for job in found:
                _interrupt(connection, job)
        return len(found)

    def cancel(self, job: int) -> Job:
        """Cancel a job: at once where it waits, else as soon as it can be stopped.

        Raises
        ------
        NotFoundError
            There is none.
        ConflictingStateError
            It has ended.
        """
        with self._database.writing() as connection:
            found = read(connection, job)
            if found.is_final:
                raise ConflictingStateError(f"the job is {found.state} already")
            if found.state is State.RUNNING or found.made:
                # What it has stored is to be taken back first, by who carries out jobs.
                change(connection, job, is_cancelling=True, due=0)
            else:
                _close(connection, found, State.CANCELLED, "cancelled", self._clock())
            return read(connection, job)

    def retry(self, job: int) -> Job:
        """Let a job wait again that failed or was cancelled, and those that needed it.

        Raises
        ------
        NotFoundError
            There is none.
        ConflictingStateError
            It has not ended, or has done well.
        """
        with self._database.writing() as connection:
            found = read(connection, job)
            if found.state not in (State.FAILED, State.CANCELLED):
                raise ConflictingStateError(f"the job is {found.state}")
            _check_needed(_states(connection, found.needs), ConflictingStateError)
            _revive(connection, job)
            return read(connection, job)

    def get(self, job: int) -> Job:
        """Return a job.

        Raises
        ------
        NotFoundError
            There is none.
        """
        with self._database.reading() as connection:
            return read(connection, job)

    def list(
        self,
        states: Collection[State] = (),
        kind: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Job]:
        """Return jobs, the newest first."""
        return [*self.page(states, kind, before, limit)[0]]

    def page(
        self,
        states: Collection[State] = (),
        kind: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> tuple[Sequence[Job], int | None]:
        """Return jobs, the newest first, and before which number the next page is.

        Fewer than asked for, but one at least, where they would take much memory; ``None`` on the
        last page.
        """
        size = func.length(_job.c.parameters) + func.length(_job.c.made)
        size += func.coalesce(func.length(_job.c.result), 0)
        found = select(_job.c.id, size).order_by(_job.c.id.desc()).limit(limit + 1)
        if states:
            found = found.where(_job.c.state.in_(states))
        if kind is not None:
            found = found.where(_job.c.kind == kind)
        if before is not None:
            found = found.where(_job.c.id < before)
        with self._database.reading() as connection:
            sizes = [(row[0], row[1]) for row in connection.execute(found)]
            numbers = _fitting(sizes[:limit])
            query = select(_job).where(_job.c.id.in_(numbers)).order_by(_job.c.id.desc())
            jobs = rows.jobs_of(connection, connection.execute(query).all())
        return jobs, numbers[-1] if numbers and len(numbers) < len(sizes) else None

    def changed(self, since: int, limit: int, job: int | None = None) -> Sequence[Job]:
        """Return the jobs that changed since a version, each as it is now, in order of change."""
        query = select(_job).where(_job.c.version > since).order_by(_job.c.version).limit(limit)
        if job is not None:
            query = query.where(_job.c.id == job)
        with self._database.reading() as connection:
            return rows.jobs_of(connection, connection.execute(query))

    def version(self) -> int:
        """Return the version of the newest change."""
        with self._database.reading() as connection:
            return int(connection.execute(select(func.max(_job.c.version))).scalar_one() or 0)

    def log(self, job: int) -> Sequence[tuple[int, str]]:
        """Return the moments and texts of a job's log.

        Raises
        ------
        NotFoundError
            There is no such job.
        """
        query = select(_line.c.time, _line.c.text).where(_line.c.job_id == job)
        with self._database.reading() as connection:
            read(connection, job)
            found = connection.execute(query.order_by(_line.c.id))
            return [(row.time, row.text) for row in found]

    def using(self, name: str, value: str) -> Sequence[Job]:
        """Return the jobs that have this parameter."""
        found = func.json_extract(_job.c.parameters, f"$.{name}")
        with self._database.reading() as connection:
            query = select(_job).where(found == value).order_by(_job.c.id)
            return rows.jobs_of(connection, connection.execute(query))

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many jobs there are of each kind and state."""
        query = select(_job.c.kind, _job.c.state, func.count()).group_by(_job.c.kind, _job.c.state)
        with self._database.reading() as connection:
            return {(kind, state): count for kind, state, count in connection.execute(query)}

    def endings(self, since: int, limit: int) -> Sequence[tuple[int, Job]]:
        """Return the jobs that ended after a sequence number, each with its own, in order."""
        query = (
            select(_ending.c.sequence, _job)
            .join(_job, _job.c.id == _ending.c.job_id)
            .where(_ending.c.sequence > since)
            .order_by(_ending.c.sequence)
            .limit(limit)
        )
        with self._database.reading() as connection:
            found = connection.execute(query).all()
            return [(row.sequence, rows.jobs_of(connection, [row])[0]) for row in found]

    def last_ending(self) -> int:
        """Return the sequence number of the last job that ended."""
        with self._database.reading() as connection:
            query = select(func.max(_ending.c.sequence))
            return int(connection.execute(query).scalar_one() or 0)

    def protect(self, study: str) -> None:
        """Keep a study from being deleted."""
        with self._database.writing() as connection:
            made = insert(_protected).values(study=study).prefix_with("OR IGNORE")
            connection.execute(made)

    def unprotect(self, study: str) -> None:
        """Let a study be deleted again."""
        with self._database.writing() as connection:
            connection.execute(delete(_protected).where(_protected.c.study == study))

    def is_protected(self, study: str) -> bool:
        """Tell whether a study is kept from being deleted."""
        query = select(_protected.c.study).where(_protected.c.study == study)
        with self._database.reading() as connection:
            return connection.execute(query).first() is not None

    def protected(self) -> Sequence[str]:
        """Return all studies that are kept so."""
        with self._database.reading() as connection:
            query = select(_protected.c.study).order_by(_protected.c.study)
            return list(connection.execute(query).scalars())

    def forget(self, ended_before: int, limit: int = 100) -> Sequence[int]:
        """Forget jobs that ended long ago and that no other needs; return which."""
        is_needed = exists(select(_need.c.job_id).where(_need.c.needs_id == _job.c.id))
        query = (
            select(_job.c.id)
            .where(_job.c.state.in_(FINAL), _job.c.ended < ended_before, ~is_needed)
            .limit(limit)
        )
        with self._database.writing() as connection:
            found = list(connection.execute(query).scalars())
            connection.execute(delete(_job).where(_job.c.id.in_(found)))
            connection.execute(delete(_ending).where(_ending.c.job_id.in_(found)))
        return found

    def _end(
        self,
        held: Leased,
        state: State,
        problem: str | None,
        result: Mapping[str, object] | None = None,
    ) -> None:
        with self._database.writing() as connection:
            if _is_held(connection, held):
                job = read(connection, held.job.id)
                _close(connection, job, state, problem, self._clock(), result)

    def _change_held(self, held: Leased, **values: Any) -> None:
        with self._database.writing() as connection:
            if _is_held(connection, held):
                change(connection, held.job.id, **values)


def _begin(connection: Connection) -> None:
    told = {"changes": "0", "secret": secrets.token_hex(16)}
    values = [{"name": name, "value": value} for name, value in told.items()]
    connection.execute(insert(about), values)


def _of_key(connection: Connection, key: str | None) -> Job | None:
    if key is None:
        return None
    found = connection.execute(select(_job.c.id).where(_job.c.key == key)).scalar_one_or_none()
    return None if found is None else read(connection, found)


def _insert(connection: Connection, asked: Asked, moment: int) -> Job:
    _check_needed(_states(connection, asked.needs), BadRequestError)
    values = {
        "kind": asked.kind,
        "parameters": json.dumps(dict(asked.parameters)),
        "priority": asked.priority,
        "key": asked.key,
        "cause": asked.cause,
        "state": State.WAITING,
        "attempts": 0,
        "interruptions": 0,
        "created": moment,
        "due": 0,
        "progress": rows.text_of(Progress()),
        "is_cancelling": False,
        "is_orphan": False,
        "made": "[]",
        "version": rows.next_version(connection),
    }
    made = connection.execute(insert(_job).values(values)).inserted_primary_key
    assert made is not None
    for needs in dict.fromkeys(asked.needs):
        connection.execute(insert(_need).values(job_id=made[0], needs_id=needs))
    return read(connection, made[0])


def _check_needed(needed: Mapping[int, State], error: type[TileserverError]) -> None:
    for needs, state in needed.items():
        if state in (State.FAILED, State.CANCELLED):
            raise error(f"job {needs}, which it needs, is {state}; retry that one first")


def _states(connection: Connection, jobs: Sequence[int]) -> dict[int, State]:
    found = connection.execute(select(_job.c.id, _job.c.state).where(_job.c.id.in_(jobs)))
    states = {row.id: State(row.state) for row in found}
    if missing := set(jobs) - states.keys():
        raise BadRequestError(f"there is no job {min(missing)}, which it needs")
    return states


def _is_held(connection: Connection, held: Leased) -> bool:
    is_ours = (_job.c.id == held.job.id) & (_job.c.lease == held.lease)
    return connection.execute(select(_job.c.id).where(is_ours)).first() is not None


def _wait(connection: Connection, job: int, **values: Any) -> None:
    change(connection, job, state=State.WAITING, lease=None, lease_until=None, **values)


def _interrupt(connection: Connection, job: Job) -> None:
    note(connection, job.id, _INTERRUPTED)
    interruptions = job.interruptions + 1
    attempts = max(job.attempts - 1, 0)
    _wait(connection, job.id, interruptions=interruptions, attempts=attempts, due=0)


def _close(  # noqa: PLR0913 - what an ending has
    connection: Connection,
    job: Job,
    state: State,
    problem: str | None,
    moment: int,
    result: Mapping[str, object] | None = None,
    *,
    is_orphan: bool = False,
) -> None:
    """End a job, and those that need it where it did not do well."""
    change(
        connection,
        job.id,
        state=state,
        ended=moment,
        problem=problem,
        result=None if result is None else json.dumps(dict(result)),
        made=json.dumps(job.made) if state is State.DONE else "[]",
        is_cancelling=False,
        is_orphan=is_orphan,
        lease=None,
        lease_until=None,
    )
    note(connection, job.id, str(state) if problem in (None, state) else f"{state}: {problem}")
    if state is State.DONE:
        return
    for other in _dependents(connection, job.id):
        if other.state is State.WAITING:
            reason = f"job {job.id}, which it needs, is {state}"
            _close(connection, other, State.CANCELLED, reason, moment, is_orphan=True)


def _dependents(connection: Connection, job: int) -> list[Job]:
    query = select(_job).join(_need, _need.c.job_id == _job.c.id).where(_need.c.needs_id == job)
    return rows.jobs_of(connection, connection.execute(query))


def _revive(connection: Connection, job: int) -> None:
    values = {"attempts": 0, "due": 0, "ended": None, "problem": None, "is_orphan": False}
    _wait(connection, job, **values, progress=rows.text_of(Progress()))
    note(connection, job, "to be tried again")
    orphans = select(_job.c.id).join(_need, _need.c.job_id == _job.c.id)
    orphans = orphans.where(_need.c.needs_id == job, _job.c.is_orphan)
    for other in list(connection.execute(orphans).scalars()):
        _revive(connection, other)


def _fitting(sizes: Sequence[tuple[int, int]]) -> list[int]:
    """Return the first jobs that together are no larger than a page may be."""
    found: list[int] = []
    total = 0
    for number, size in sizes:
        total += size
        if found and total > _MOST_PAGE_CHARACTERS:
            break
        found.append(number)
    return found
