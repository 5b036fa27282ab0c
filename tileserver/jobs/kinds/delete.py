# SPDX-License-Identifier: Apache-2.0
"""Deletion of a study, a series or an instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.errors import NotFoundError
from tileserver.jobs.kind import Kind
from tileserver.jobs.parameters import read_below

if TYPE_CHECKING:
    from tileserver.job_queue.model import Parameters
    from tileserver.jobs.kind import Result
    from tileserver.jobs.parameters import Surroundings
    from tileserver.jobs.task import Task


def _check(parameters: Parameters, _: Surroundings) -> Parameters:
    return read_below(parameters)


def _run(task: Task) -> Result:
    """Delete; what is not there is deleted already, maybe by an attempt before this."""
    below = task.parameters
    study, series, instance = (below.get(name) for name in ("study", "series", "instance"))
    try:
        task.services.delete.delete(
            str(study), str(series) if series else None, str(instance) if instance else None
        )
    except NotFoundError:
        return {"was_there": False}
    return {"was_there": True}


KIND = Kind("delete", "delete a study, a series or an instance", _check, _run, most_at_once=1)
