# SPDX-License-Identifier: Apache-2.0
"""A job as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tileserver.job_queue import Job


def document_of(job: Job) -> dict[str, object]:
    """Return a job as it is answered."""
    return {
        "id": job.id,
        "kind": job.kind,
        "state": str(job.state),
        "parameters": dict(job.parameters),
        "priority": job.priority,
        "needs": list(job.needs),
        "cause": job.cause,
        "progress": {
            "text": job.progress.text,
            "done": job.progress.done,
            "total": job.progress.total,
        },
        "attempts": job.attempts,
        "interruptions": job.interruptions,
        "created": moment(job.created),
        "due": moment(job.due) if job.due else None,
        "started": moment(job.started),
        "ended": moment(job.ended),
        "stored": _stored(job),
        "result": None if job.result is None else dict(job.result),
        "problem": job.problem,
        "cancelling": job.is_cancelling,
    }


def _stored(job: Job) -> dict[str, object] | None:
    """Return the series that a job stores into, which can be opened before the job has ended."""
    if not job.made:
        return None
    study, series, _ = job.made[0]
    return {"study": study, "series": series, "instances": len(job.made)}


def moment(milliseconds: int | None) -> str | None:
    """Return a moment as ISO 8601 has it, in UTC."""
    if milliseconds is None:
        return None
    found = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")
