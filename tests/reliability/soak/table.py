# SPDX-License-Identifier: Apache-2.0
"""What was done in a soak, and what the server took, as a table."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from reliability.soak.tally import Tally, percentile
from reliability.soak.watching import MB, Sample, Watch

_ROWS = 12


def text(workers: int, tally: Tally, watch: Watch) -> str:
    """Return the table."""
    end = watch.samples[-1].seconds
    head = f"soak of {end:.0f} s, --workers {workers}: {tally.count():,} operations"
    head += f", {tally.wrong} with an answer that should not be"
    return "\n".join((head, *_operations(tally, watch), "", *_server(watch), *tally.unexpected))


def _operations(tally: Tally, watch: Watch) -> Iterator[str]:
    first, last = watch.quarters()
    yield f"{'':20}{'count':>9}{'p50 ms':>9}{'p99 ms':>9}{'first quarter':>15}{'last':>9}"
    for kind in tally.kinds():
        all_of = tally.between(kind, 0, float("inf"))
        parts = [tally.between(kind, some[0].seconds, some[-1].seconds) for some in (first, last)]
        yield (
            f"{kind:20}{len(all_of):9,}{_ms(all_of, 0.5):>9}{_ms(all_of, 0.99):>9}"
            f"{_ms(parts[0], 0.5):>15}{_ms(parts[1], 0.5):>9}"
        )


def _ms(ordered: Sequence[float], share: float) -> str:
    return f"{percentile(ordered, share) * 1000:.1f}" if ordered else "-"


def _server(watch: Watch) -> Iterator[str]:
    yield (
        f"{'second':>7}{'MB':>7}{'by process':>44}{'files':>7}{'removed':>9}{'threads':>9}"
        f"{'log kB':>8}{'stored':>8}  {'/'.join(watch.samples[0].litter)}"
    )
    size = max(len(watch.samples) // _ROWS, 1)
    for start in range(0, len(watch.samples), size):
        yield _row(watch.samples[start : start + size])


def _row(samples: Sequence[Sample]) -> str:
    """Return the medians of a span of time."""
    last = samples[-1]
    each = [
        f"{process.role[0]}{_median(samples, pid) / MB:.0f}"
        for pid, process in last.processes.items()
    ]
    sums = {
        name: statistics.median(sample.sum(name) for sample in samples)
        for name in ("memory", "descriptors", "removed", "threads")
    }
    litter = "/".join(
        f"{statistics.median(sample.litter[name] for sample in samples):.0f}"
        for name in last.litter
    )
    return (
        f"{last.seconds:7.0f}{sums['memory'] / MB:7.0f}{' '.join(each):>44}"
        f"{sums['descriptors']:7.0f}{sums['removed']:9.0f}{sums['threads']:9.0f}"
        f"{statistics.median(sample.log for sample in samples) / 1024:8.0f}"
        f"{statistics.median(sample.stored for sample in samples):8.0f}  {litter}"
    )


def _median(samples: Sequence[Sample], pid: int) -> float:
    return statistics.median(
        sample.processes[pid].memory for sample in samples if pid in sample.processes
    )
