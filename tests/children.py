# SPDX-License-Identifier: Apache-2.0
"""The processes that a process started, as Linux tells them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest


def children_of(pid: int) -> list[int]:
    """Return the numbers of the children that run; skips where the system does not tell."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("children of a process are read from /proc, which is not here")
    return [child for child, (state, parent) in _processes() if parent == pid and state != "Z"]


def killed(child: int, parent: int) -> None:
    """Kill a child, and wait until it is dead."""
    os.kill(child, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while child in children_of(parent) and time.monotonic() < deadline:
        time.sleep(0.01)


def _processes():
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name of a program may hold spaces and brackets.
            state, parent, *_ = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        yield int(path.parent.name), (state, int(parent))
