# SPDX-License-Identifier: Apache-2.0
"""What grew from the first quarter of a soak to the last, beyond what comes and goes anyway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reliability.soak.tally import Tally, percentile
from reliability.soak.watching import MB, Sample, Watch, medians


@dataclass(frozen=True)
class Bound:
    """By how much the median of a figure may grow: the larger of a share and a number."""

    share: float
    number: float

    def most(self, first: float) -> float:
        return first + max(first * self.share, self.number)


# What is remembered of the last 2,048 instances, and pages of the index, fill up while it warms up;
# what the C library keeps of freed memory comes and goes.
MEMORY = Bound(0.05, 16 * MB)
# Connections, and those of SQLite of as many threads as work at a time.
DESCRIPTORS = Bound(0.05, 8)
THREADS = Bound(0.05, 4)
LITTER = Bound(0, 4)
LOG = Bound(0.5, 4 * MB)
STORED = Bound(0.1, 10)
SECONDS = Bound(0.5, 0.02)
_FEW = 50
"""Of which a median of times says little."""


def growths(tally: Tally, watch: Watch) -> list[str]:
    """Return what grew, each as a line."""
    return [*_figures(watch), *_times(tally, watch)]


def _figures(watch: Watch) -> Iterator[str]:
    yield from _grown("memory", watch, lambda sample: sample.sum("memory"), MEMORY)
    yield from _grown("descriptors", watch, lambda sample: sample.sum("descriptors"), DESCRIPTORS)
    yield from _grown("threads", watch, lambda sample: sample.sum("threads"), THREADS)
    yield from _grown("litter", watch, lambda sample: sum(sample.litter.values()), LITTER)
    yield from _grown("log", watch, lambda sample: sample.log, LOG)
    yield from _grown("stored", watch, lambda sample: sample.stored, STORED)
    first, last = watch.quarters()
    for pid, process in first[0].processes.items():
        if all(pid in sample.processes for sample in (*first, *last)):
            figure = _memory_of(pid)
            yield from _grown(f"memory of {process.role} {pid}", watch, figure, MEMORY)
        else:
            yield f"{process.role} {pid} ended"


def _memory_of(pid: int) -> Callable[[Sample], float]:
    return lambda sample: sample.processes[pid].memory


def _grown(
    name: str, watch: Watch, figure: Callable[[Sample], float], bound: Bound
) -> Iterator[str]:
    before, after = medians(watch, figure)
    if after > bound.most(before):
        yield f"{name} grew from {before:,.0f} to {after:,.0f}"


def _times(tally: Tally, watch: Watch) -> Iterator[str]:
    first, last = watch.quarters()
    for kind in tally.kinds():
        before = tally.between(kind, first[0].seconds, first[-1].seconds)
        after = tally.between(kind, last[0].seconds, last[-1].seconds)
        if min(len(before), len(after)) >= _FEW:
            was, now = percentile(before, 0.5), percentile(after, 0.5)
            if now > SECONDS.most(was):
                yield f"{kind} took {was * 1000:.1f} ms, then {now * 1000:.1f} ms"
