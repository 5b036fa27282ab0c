# SPDX-License-Identifier: Apache-2.0
"""What a kind of job is: how its parameters are checked, and what is done in its process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tileserver.errors import BadRequestError, JobError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tileserver.job_queue.model import Parameters
    from tileserver.jobs.parameters import Surroundings
    from tileserver.jobs.task import Task

    Result = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job.

    Parameters
    ----------
    summary
        What it does, in one line.
    check
        Returns the parameters as they are stored, or raises `BadRequestError`.
    run
        Does it, in a process of its own. It may be ended at any moment and is begun again then, so
        that it must come to the same end from wherever it was.
    most_at_once
        Jobs of this kind that run at the same time, unless set otherwise.
    attempts
        How often it is begun in all, where what fails may pass.
    is_internal
        Whether only the server's own configuration asks for it, and no client.
    """

    name: str
    summary: str
    check: Callable[[Parameters, Surroundings], Parameters]
    run: Callable[[Task], Result]
    most_at_once: int = 1
    attempts: int = 3
    is_internal: bool = False


def kinds() -> dict[str, Kind]:
    """Return all kinds by name."""
    from tileserver.jobs.kinds import ALL

    return {kind.name: kind for kind in ALL}


def kind_of(name: str) -> Kind:
    """Return a kind.

    Raises
    ------
    BadRequestError
        There is none of this name.
    """
    found = kinds()
    if name not in found:
        raise BadRequestError(f"no kind {name[:64]!r} of job; expected {', '.join(found)}")
    return found[name]


def refused(problem: str) -> JobError:
    """Return the error of what will never do."""
    return JobError(problem)


def not_now(problem: str) -> JobError:
    """Return the error of what may do later."""
    return JobError(problem, may_pass=True)
