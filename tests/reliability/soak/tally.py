# SPDX-License-Identifier: Apache-2.0
"""What clients asked for: how often, how long it took, and what came that should not."""

from __future__ import annotations

import threading
import time
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_MOST_TOLD = 20


class Tally:
    """Counts and times by kind of request; used by many threads."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._lock = threading.Lock()
        self._times: dict[str, tuple[array[float], array[float]]] = defaultdict(
            lambda: (array("f"), array("f"))
        )
        self.unexpected: list[str] = []
        self.wrong = 0

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._begun

    @contextmanager
    def timed(self, kind: str) -> Iterator[None]:
        """Count what is done, and how long it took."""
        begun = time.monotonic()
        yield
        self.note(kind, time.monotonic() - begun)

    def note(self, kind: str, took: float, count: int = 1) -> None:
        """Count something that took so many seconds each."""
        with self._lock:
            moments, seconds = self._times[kind]
            moments.extend([self.seconds] * count)
            seconds.extend([took] * count)

    def complain(self, what: str) -> None:
        """Note what should not have come."""
        with self._lock:
            self.wrong += 1
            if len(self.unexpected) < _MOST_TOLD:
                self.unexpected.append(f"{self.seconds:.0f} s: {what}")

    def kinds(self) -> list[str]:
        return sorted(self._times)

    def count(self, kind: str | None = None) -> int:
        """Return how many there were of a kind, or in all."""
        with self._lock:
            kinds = [kind] if kind else list(self._times)
            return sum(len(self._times[each][1]) for each in kinds)

    def between(self, kind: str, begin: float, end: float) -> list[float]:
        """Return the times of what ended within a span of seconds, in order of size."""
        moments, seconds = self._times[kind]
        pairs = zip(moments, seconds, strict=True)
        return sorted(took for moment, took in pairs if begin <= moment < end)


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which a share of the others lie."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
