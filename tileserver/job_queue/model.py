# SPDX-License-Identifier: Apache-2.0
"""What is known of a job.

States::

    waiting ──► running ──► done
       ▲  │         │ ├───► failed ────► waiting    (retry)
       │  │         │ └───► cancelled ─► waiting    (retry)
       │  └──────── │ ────► cancelled
       └────────────┘       a failure that may pass, or the server ended while it ran
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Parameters = Mapping[str, object]
Made = tuple[str, str, str]
"""Study, series and SOP Instance UID of an instance."""


class State(StrEnum):
    """Where a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL = frozenset({State.DONE, State.FAILED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Asked:
    """A job that somebody wants done.

    Parameters
    ----------
    priority
        The highest goes first; of equal ones the oldest.
    needs
        Jobs that must be done before.
    key
        What is asked for twice under one key is one job.
    cause
        Who asked, for people: ``upload 5f…``, ``rule to-pacs``.
    """

    kind: str
    parameters: Parameters = field(default_factory=dict)
    priority: int = 0
    needs: tuple[int, ...] = ()
    key: str | None = None
    cause: str = "api"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, of how much; 0 where that is not known yet."""

    text: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is stored; moments are milliseconds since 1970.

    Parameters
    ----------
    attempts
        How often it was begun, but for those that only ended with the server.
    interruptions
        How often the server ended while it ran.
    due
        Not to be begun before.
    problem
        Why it failed, was cancelled, or has to be tried again.
    made
        Instances that it has stored, or was about to, and that were not stored before.
    version
        Grows with each change to any job.
    """

    id: int
    kind: str
    parameters: Parameters
    priority: int
    needs: tuple[int, ...]
    cause: str
    state: State
    attempts: int
    interruptions: int
    created: int
    due: int
    started: int | None
    ended: int | None
    progress: Progress
    result: Mapping[str, object] | None
    problem: str | None
    is_cancelling: bool
    made: tuple[Made, ...]
    version: int

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self.state in FINAL


@dataclass(frozen=True, slots=True)
class Leased:
    """A job that is somebody's to carry out, for as long as the lease is renewed.

    Parameters
    ----------
    lease
        What only its holder knows: whoever lost it can change nothing more.
    """

    job: Job
    lease: str
