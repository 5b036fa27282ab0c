# SPDX-License-Identifier: Apache-2.0
"""What a hostile request may cost a server: a second, and 64 MiB of memory.

The second is one of processor time, of all threads of the server and of its decoders, as Linux
counts it: what other programs of a loaded machine take is not in it, and a server that were alone
would answer in no more. Time that is waited and not worked has a wide bound of its own. The memory
is what the server's peak rises above what it has before the request; decoders have bounds of
their own (`tileserver/decoding/limits.py`).
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from children import children_of
from servers import Server

SECONDS = 1.0
WAITED_SECONDS = 20.0
MEMORY = 64 << 20
_TICKS = os.sysconf("SC_CLK_TCK")
_FROM_NOW_ON = "5"
"""What makes Linux forget the peak that was before (proc(5), clear_refs)."""


@contextlib.contextmanager
def within_bounds(
    server: Server, *, seconds: float = SECONDS, memory: int = MEMORY
) -> Iterator[None]:
    """Assert that what is asked within takes no more than the bounds, and that the server lives."""
    pid = server.process.pid
    if not Path(f"/proc/{pid}/clear_refs").exists():
        pytest.skip("time and memory of a process are read from /proc, which is not here")
    Path(f"/proc/{pid}/clear_refs").write_text(_FROM_NOW_ON)
    before, worked, start = _peak(pid), _worked(pid), time.monotonic()

    yield

    waited = time.monotonic() - start
    worked, grown = _worked(pid) - worked, _peak(pid) - before
    assert worked <= seconds, f"{worked:.2f} s of processor time, {waited:.2f} s in all"
    assert waited <= WAITED_SECONDS, f"{waited:.2f} s, of which {worked:.2f} s at work"
    assert grown <= memory, f"{grown >> 20} MiB"
    assert server.is_alive()


def _peak(pid: int) -> int:
    """Return the peak memory in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


def _worked(pid: int) -> float:
    """Return the seconds of processor time of a process, its children, and those that ended."""
    return sum(_ticks(each) for each in (pid, *children_of(pid))) / _TICKS


def _ticks(pid: int) -> int:
    """Return utime, stime, cutime and cstime (proc(5), fields 14 to 17 of stat)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15]))
