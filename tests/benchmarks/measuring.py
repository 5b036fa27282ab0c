# SPDX-License-Identifier: Apache-2.0
"""What one process took, its children included, and what others took of the machine meanwhile."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measurement:
    """What one process took.

    Parameters
    ----------
    wall, cpu
        Seconds.
    memory_mb
        Largest resident set of the process itself.
    output
        What it printed.
    """

    wall: float
    cpu: float
    memory_mb: float
    output: str


def measure(command: list[str]) -> Measurement:
    """Run a command to its end and return what it took."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status:
        sys.exit(f"{' '.join(command)} failed")
    return Measurement(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


@dataclass
class Disturbance:
    """What other guests of the host took of the processors while something was measured.

    Parameters
    ----------
    part
        Of the time of all processors, from 0 to 1, as Linux counts it (`steal` of proc(5)).
    """

    part: float = 0


@contextlib.contextmanager
def watched() -> Iterator[Disturbance]:
    """Watch the processors; what was taken of them is told at the end."""
    found = Disturbance()
    all_before, stolen_before = _ticks()
    yield found
    all_after, stolen_after = _ticks()
    found.part = (stolen_after - stolen_before) / max(1, all_after - all_before)


def _ticks() -> tuple[int, int]:
    """Return the ticks of all processors, and those that others had."""
    try:
        line = Path("/proc/stat").read_text().splitlines()[0]
    except OSError:
        return 0, 0
    ticks = [int(each) for each in line.split()[1:9]]  # guests' are among the user's
    return sum(ticks), ticks[7]
