# SPDX-License-Identifier: Apache-2.0
"""What one process took, its children included."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass


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
