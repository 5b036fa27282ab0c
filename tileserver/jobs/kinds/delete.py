# SPDX-License-Identifier: Apache-2.0
"""Deletion of a study, a series or an instance, unless the study is protected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.errors import ConflictingStateError, NotFoundError
from tileserver.job_queue import JOBS_FILE, JobQueue
from tileserver.jobs.kind import Kind, refused
from tileserver.jobs.parameters import read_below

if TYPE_CHECKING:
    from tileserver.job_queue.model import Parameters
    from tileserver.jobs.kind import Result
    from tileserver.jobs.parameters import Surroundings
    from tileserver.jobs.task import Task


_PROTECTED = "the study is protected; DELETE /api/protected/{study} lets it go"


def _check(parameters: Parameters, surroundings: Surroundings) -> Parameters:
    found = read_below(parameters)
    if surroundings.is_protected(str(found["study"])):
        raise ConflictingStateError(_PROTECTED)
    return found


def _run(task: Task) -> Result:
    """Delete; what is not there is deleted already, maybe by an attempt before this."""
    below = task.parameters
    study, series, instance = (below.get(name) for name in ("study", "series", "instance"))
    if _is_protected(task, str(study)):  # since the job was asked for
        raise refused(_PROTECTED)
    try:
        task.services.delete.delete(
            str(study), str(series) if series else None, str(instance) if instance else None
        )
    except NotFoundError:
        return {"was_there": False}
    return {"was_there": True}


def _is_protected(task: Task, study: str) -> bool:
    queue = JobQueue(task.settings.data / JOBS_FILE)
    try:
        return queue.is_protected(study)
    finally:
        queue.close()


KIND = Kind("delete", "delete a study, a series or an instance", _check, _run, most_at_once=1)
