# SPDX-License-Identifier: Apache-2.0
"""A function of an installed package, by its entry point in the group ``tileserver.actions``.

It is called with what happened, a mapping, in the job's own process, and returns a mapping or
nothing. It may be called again where the server ends meanwhile.
"""

from __future__ import annotations

import json
from importlib import metadata
from typing import TYPE_CHECKING

from tileserver.jobs.kind import Kind, refused

if TYPE_CHECKING:
    from tileserver.job_queue.model import Parameters
    from tileserver.jobs.kind import Result
    from tileserver.jobs.parameters import Surroundings
    from tileserver.jobs.task import Task

_GROUP = "tileserver.actions"


def _check(parameters: Parameters, _: Surroundings) -> Parameters:
    return parameters


def _run(task: Task) -> Result:
    name = task.parameters["function"]
    found = [item for item in metadata.entry_points(group=_GROUP) if item.name == name]
    if not found:
        raise refused(f"no installed package has the entry point {name} of {_GROUP}")
    returned = found[0].load()(task.parameters["event"])
    try:
        return dict(json.loads(json.dumps(returned or {})))
    except (TypeError, ValueError) as error:
        raise refused(f"{name} returned no JSON object") from error


KIND = Kind("call", "call a function of a rule", _check, _run, 2, is_internal=True)
