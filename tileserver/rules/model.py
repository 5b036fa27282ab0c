# SPDX-License-Identifier: Apache-2.0
"""A rule as a value, and what it has to do with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tileserver.index import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tileserver.index import Condition


class When(StrEnum):
    """What sets a rule off."""

    INSTANCE_STORED = "instance stored"
    SERIES_STABLE = "series stable"
    JOB_FINISHED = "job finished"
    SCHEDULE = "schedule"


LEVELS = {
    When.INSTANCE_STORED: Level.INSTANCE,
    When.SERIES_STABLE: Level.SERIES,
    When.JOB_FINISHED: Level.STUDY,
    When.SCHEDULE: Level.STUDY,
}
"""What the attributes of a condition are looked for in."""


@dataclass(frozen=True, slots=True)
class Action:
    """The job that a rule asks for.

    Parameters
    ----------
    level
        How much of what happened it is about: its UIDs are put to the parameters, those of the
        study alone, of the series too, or of the instance. ``None`` for none.
    """

    kind: str
    parameters: Mapping[str, object]
    level: Level | None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """What is to be done when something happens.

    Parameters
    ----------
    conditions
        Attributes to match, as in QIDO-RS.
    of_job
        Of a job that finished: its kinds and states.
    stable_seconds
        How long nothing of a series has come.
    every_seconds, at_seconds
        Of a schedule: how often, and how long after midnight (UTC) it is counted from.
    """

    name: str
    when: When
    actions: tuple[Action, ...]
    conditions: tuple[Condition, ...] = ()
    of_job: Mapping[str, frozenset[str]] | None = None
    stable_seconds: int = 60
    every_seconds: int = 86_400
    at_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened, as rules and their actions see it.

    Parameters
    ----------
    id
        Of this very happening: the same when it is told again after a crash.
    """

    when: When
    id: str
    study: str | None = None
    series: str | None = None
    instance: str | None = None
    job: Mapping[str, object] | None = None

    def document(self) -> dict[str, object]:
        """Return it for webhooks and functions."""
        told = {
            "event": str(self.when),
            "id": self.id,
            "study": self.study,
            "series": self.series,
            "instance": self.instance,
            "job": None if self.job is None else dict(self.job),
        }
        return {name: value for name, value in told.items() if value is not None}

    def below(self, level: Level | None) -> dict[str, object]:
        """Return the UIDs down to a level, as parameters of jobs."""
        uids = {"study": self.study, "series": self.series, "instance": self.instance}
        names = list(uids)[: 0 if level is None else level + 1]
        return {name: uids[name] for name in names if uids[name] is not None}
