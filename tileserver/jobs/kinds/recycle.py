# SPDX-License-Identifier: Apache-2.0
"""Room for what is to come: above a quota the studies that came first go, protected ones never.

Each study goes as a whole, by the way that all deletions take, and is looked at once more just
before: one that was protected meanwhile stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.errors import BadRequestError, NotFoundError
from tileserver.job_queue import JOBS_FILE, JobQueue
from tileserver.jobs.kind import Kind, refused
from tileserver.jobs.parameters import read

if TYPE_CHECKING:
    from tileserver.job_queue.model import Parameters
    from tileserver.jobs.kind import Result
    from tileserver.jobs.parameters import Surroundings
    from tileserver.jobs.task import Task


def _check(parameters: Parameters, surroundings: Surroundings) -> Parameters:
    if not surroundings.has_quota:
        raise BadRequestError("there is no quota; set quota_bytes")
    return read(parameters, {})


def _run(task: Task) -> Result:
    quota, status = task.settings.quota_bytes, task.services.status
    if not quota:
        raise refused("there is no quota any more; set quota_bytes")
    queue = JobQueue(task.settings.data / JOBS_FILE)
    try:
        total = before = status.stored_bytes()
        deleted = kept = after = 0
        while total > quota and (page := status.oldest_studies(after)):
            for number, study, size in page:
                after = number
                if total <= quota:
                    break
                if queue.is_protected(study):
                    kept += 1
                    continue
                if _delete(task, study):
                    deleted, total = deleted + 1, total - size
                    task.note(f"deleted {study}: {size:,} bytes")
                task.progress("deleting", before - total, before - quota)
    finally:
        queue.close()
    if total > quota:
        raise refused(
            f"{total:,} bytes are stored, the quota is {quota:,}, and the {kept:,} studies left "
            "are protected"
        )
    return {"studies": deleted, "bytes": before - total, "protected": kept}


def _delete(task: Task, study: str) -> bool:
    try:
        task.services.delete.take_back(study, None, None)
    except NotFoundError:
        return False
    return True


KIND = Kind(
    "recycle", "delete the oldest studies above the quota; protected ones stay", _check, _run
)
