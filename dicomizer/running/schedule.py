# SPDX-License-Identifier: Apache-2.0
"""Which conversion is started next, and with how many threads; pure.

The largest slide comes first, so that the last to end are small. Each conversion has its share of
the cores; but one that is larger than what the others have left, which it would outlast, has all
of them from the beginning. No conversion is started for which there is no memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dicomizer.running.budget import Budget

_MOST_THREADS = 8
"""Of a conversion: more gain nothing."""


@dataclass(frozen=True, slots=True)
class Task:
    """A conversion that is to be done.

    Parameters
    ----------
    key
        By which the caller knows it.
    file_bytes
        Of the slide, by which it is told how long it takes.
    memory_bytes
        That it takes at most.
    """

    key: str
    file_bytes: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Start:
    """A conversion to be started now."""

    task: Task
    threads: int


class Schedule:
    """Conversions that wait, and those that run.

    Parameters
    ----------
    jobs
        How many run at the same time; ``None`` for one on each core.
    largest_first
        Else they come in the order in which they were added.
    """

    def __init__(self, budget: Budget, jobs: int | None, *, largest_first: bool = True) -> None:
        self._budget = budget
        self.jobs = jobs or budget.cores
        self._largest_first = largest_first
        self._waiting: list[Task] = []
        self._running: dict[str, Task] = {}

    def add(self, task: Task) -> None:
        """Let a conversion wait for its turn."""
        self._waiting.append(task)
        if self._largest_first:
            self._waiting.sort(key=lambda item: -item.file_bytes)

    def start(self) -> Start | None:
        """Return the next conversion, which runs from now on; ``None`` where none may start."""
        if not self._waiting or len(self._running) >= self.jobs:
            return None
        task = next((item for item in self._waiting if self._has_memory(item)), None)
        if task is None or (task is not self._waiting[0] and not self._largest_first):
            # What comes in without end must not pass by a slide that needs more memory for ever.
            return None
        threads = self._threads(task)
        self._waiting.remove(task)
        self._running[task.key] = task
        return Start(task, threads)

    def end(self, key: str) -> None:
        """Note that a conversion runs no more."""
        del self._running[key]

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return not self._waiting and not self._running

    def _has_memory(self, task: Task) -> bool:
        taken = sum(item.memory_bytes for item in self._running.values())
        return not self._running or taken + task.memory_bytes <= self._budget.memory_bytes

    def _threads(self, task: Task) -> int:
        others = [item.file_bytes for item in self._waiting if item is not task]
        at_once = min(self.jobs, len(self._running) + 1 + len(others))
        outlasts = bool(others) and task.file_bytes > sum(others) / max(at_once - 1, 1)
        share = self._budget.cores if outlasts else self._budget.cores // at_once
        return min(max(share, 1), _MOST_THREADS)
