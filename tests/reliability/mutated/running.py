# SPDX-License-Identifier: Apache-2.0
"""Mutants sent to a server by several clients at once, and what it takes meanwhile."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from children import children_of
from servers import Server

LONGEST_SECONDS = float(os.environ.get("COVERSLIP_MUTANT_SECONDS", "60"))
"""Until an answer; ``make reliability`` has 10, on a machine that does nothing else."""
_CLIENTS = 4
_PATIENCE_SECONDS = 20.0


def all_problems(seeds: Iterable[int], act: Callable[[Iterator[int]], list[str]]) -> list[str]:
    """Let clients take seeds until there are none, and return what went wrong."""
    shared = _Shared(iter(seeds))
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(act(shared))) for _ in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == _CLIENTS, "a client ended by an error of its own"
    return [problem for each in found for problem in each]


class _Shared:
    """An iterator that several threads take from."""

    def __init__(self, values: Iterator[int]) -> None:
        self._values = values
        self._lock = threading.Lock()

    def __iter__(self) -> _Shared:
        return self

    def __next__(self) -> int:
        with self._lock:
            return next(self._values)


def workers_of(server: Server) -> list[int]:
    """Return the processes that answer; another one where one has died."""
    return sorted(
        child
        for child in children_of(server.process.pid)
        if b"tileserver.decoding" not in Path(f"/proc/{child}/cmdline").read_bytes()
    )


def peak_megabytes(pids: Iterable[int]) -> float:
    """Return the most memory that one of some processes took so far."""
    return max(_kilobytes(pid) for pid in pids) / 1024


def _kilobytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def sockets_of(pid: int) -> int:
    """Return how many sockets a process has open."""
    count = 0
    for path in Path(f"/proc/{pid}/fd").iterdir():
        try:
            count += str(path.readlink()).startswith("socket:")
        except FileNotFoundError:
            continue
    return count


def wait_until(is_so: Callable[[], bool]) -> bool:
    """Wait until something is so; tell whether it came to be."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
