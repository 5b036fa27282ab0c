# SPDX-License-Identifier: Apache-2.0
"""What a server takes while it is busy: memory, descriptors and threads of each process."""

from __future__ import annotations

import contextlib
import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from children import children_of
from reliability.ledger import LITTER
from reliability.soak.clients import Ground

MB = 1 << 20
_ROLES = {b"decoding.worker": "decoder", b"spawn_main": "worker", b"tracker": "tracker"}
_ESTABLISHED, _CLOSE_WAIT = "01", "08"


@dataclass(frozen=True)
class Process:
    """A process at a moment."""

    role: str
    memory: int
    descriptors: int
    removed: int
    """Descriptors of stored files that are deleted."""
    threads: int


@dataclass(frozen=True)
class Sample:
    """A server at a moment."""

    seconds: float
    processes: dict[int, Process]
    litter: dict[str, int]
    """Files in each folder that should have few."""
    connections: int
    """That the server has not closed."""
    log: int
    """Bytes of SQLite's write-ahead logs."""
    stored: int

    def sum(self, name: str) -> int:
        """Return a figure of all processes together."""
        return sum(getattr(process, name) for process in self.processes.values())


def tree(pid: int) -> list[int]:
    """Return a process and all below it."""
    return [pid, *(below for child in children_of(pid) for below in tree(child))]


def look(ground: Ground) -> Sample:
    """Return what a server takes now."""
    data = ground.server.data
    processes = {}
    for pid in tree(ground.server.process.pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # ended meanwhile
            processes[pid] = _process(pid, data)
    return Sample(
        ground.tally.seconds,
        processes,
        {name: sum(1 for _ in os.scandir(data / name)) for name in LITTER},
        _connections(ground.server.address),
        sum(path.stat().st_size for path in data.glob("*.sqlite-wal")),
        len(ground.stock.there()),
    )


def _process(pid: int, data: Path) -> Process:
    place = Path(f"/proc/{pid}")
    status = dict(
        line.split(":", 1) for line in (place / "status").read_text().splitlines() if ":" in line
    )
    links = list(_links(place / "fd"))
    return Process(
        _role((place / "cmdline").read_bytes()),
        int(status["VmRSS"].split()[0]) << 10,
        len(links),
        sum(link.startswith(str(data)) and _is_removed(link) for link in links),
        int(status["Threads"]),
    )


def _connections(address: str) -> int:
    """Return how many connections to an address are with a process (proc_pid_net(5))."""
    port = f"0100007F:{urlsplit(address).port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1] == port and row[3] in (_ESTABLISHED, _CLOSE_WAIT) for row in rows)


def _links(folder: Path) -> Iterator[str]:
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield str(path.readlink())


def _is_removed(link: str) -> bool:
    return link.endswith(" (deleted)") and ".dcm" in link


def _role(command: bytes) -> str:
    return next((role for word, role in _ROLES.items() if word in command), "server")


class Watch:
    """Looks at a server again and again until its clients stop.

    Parameters
    ----------
    every, warm_up
        Seconds between two looks, and until what is seen counts.
    """

    def __init__(self, ground: Ground, every: float, warm_up: float) -> None:
        self.name = "watch"
        self._ground = ground
        self._every = every
        self._warm_up = warm_up
        self.samples: list[Sample] = []

    def run(self) -> None:
        while not self._ground.stopping.wait(self._every):
            self.samples.append(look(self._ground))

    def quarters(self) -> tuple[Sequence[Sample], Sequence[Sample]]:
        """Return the first and the last quarter of what follows the warm-up."""
        warm = [sample for sample in self.samples if sample.seconds >= self._warm_up]
        count = max(len(warm) // 4, 1)
        return warm[:count], warm[-count:]


def medians(watch: Watch, figure: Callable[[Sample], float]) -> tuple[float, float]:
    """Return the median of a figure in the first and in the last quarter."""
    first, last = watch.quarters()
    return statistics.median(map(figure, first)), statistics.median(map(figure, last))
