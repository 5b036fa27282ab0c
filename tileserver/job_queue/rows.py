# SPDX-License-Identifier: Apache-2.0
"""Rows of the queue to jobs and back; used within a transaction of whoever calls."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from tileserver.errors import NotFoundError
from tileserver.job_queue import tables
from tileserver.job_queue.model import FINAL, Job, Progress, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Row

_job, _need = tables.job, tables.need
_NEXT_VERSION = (
    "UPDATE about SET value = CAST(value AS INTEGER) + 1 WHERE name = 'changes' RETURNING value"
)
_MOST_LINES = 1000
_LONGEST_LINE = 2000


def now() -> int:
    """Return the milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def next_version(connection: Connection) -> int:
    """Return the number of the next change."""
    return int(connection.exec_driver_sql(_NEXT_VERSION).scalar_one())


def change(connection: Connection, job: int, **values: Any) -> None:
    """Change a job; where it comes to an end by that, write so."""
    version = next_version(connection)
    connection.execute(update(_job).where(_job.c.id == job).values(**values, version=version))
    state = values.get("state")
    if state in FINAL:
        ending = {"job_id": job, "state": str(state), "time": now()}
        connection.execute(insert(tables.ending).values(ending))


def read(connection: Connection, job: int) -> Job:
    """Return a job.

    Raises
    ------
    NotFoundError
        There is none.
    """
    row = connection.execute(select(_job).where(_job.c.id == job)).one_or_none()
    if row is None:
        raise NotFoundError("there is no such job")
    return jobs_of(connection, [row])[0]


def jobs_of(connection: Connection, rows: Iterable[Row[Any]]) -> list[Job]:
    """Return the jobs of rows."""
    found = list(rows)
    needs = _needs(connection, [row.id for row in found])
    return [_made(row, tuple(needs.get(row.id, ()))) for row in found]


def _needs(connection: Connection, jobs: Sequence[int]) -> dict[int, list[int]]:
    """Return what each job needs, where it needs any."""
    query = select(_need.c.job_id, _need.c.needs_id).where(_need.c.job_id.in_(jobs))
    found: dict[int, list[int]] = {}
    for job, needed in connection.execute(query.order_by(_need.c.needs_id)):
        found.setdefault(job, []).append(needed)
    return found


def _made(row: Row[Any], needs: tuple[int, ...]) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        parameters=json.loads(row.parameters),
        priority=row.priority,
        needs=needs,
        cause=row.cause,
        state=State(row.state),
        attempts=row.attempts,
        interruptions=row.interruptions,
        created=row.created,
        due=row.due,
        started=row.started,
        ended=row.ended,
        progress=Progress(**json.loads(row.progress)),
        result=json.loads(row.result) if row.result is not None else None,
        problem=row.problem,
        is_cancelling=row.is_cancelling,
        made=tuple((study, series, uid) for study, series, uid in json.loads(row.made)),
        version=row.version,
    )


def text_of(progress: Progress) -> str:
    """Return progress as it is stored."""
    return json.dumps(asdict(progress))


def note(connection: Connection, job: int, text: str) -> None:
    """Write a line to the log of a job, which holds the newest ones."""
    printable = "".join(c if c.isprintable() else " " for c in text)[:_LONGEST_LINE]
    made = connection.execute(
        insert(tables.line).values(job_id=job, time=now(), text=printable)
    ).inserted_primary_key
    assert made is not None
    oldest = (
        select(tables.line.c.id)
        .where(tables.line.c.job_id == job)
        .order_by(tables.line.c.id.desc())
        .offset(_MOST_LINES)
        .limit(1)
    )
    connection.execute(
        tables.line.delete().where(
            tables.line.c.job_id == job, tables.line.c.id <= oldest.scalar_subquery()
        )
    )
