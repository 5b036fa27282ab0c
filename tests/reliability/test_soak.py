# SPDX-License-Identifier: Apache-2.0
"""Servers under a mixed load: nothing grows, nothing is lost, and nothing unexpected is answered.

A server of one process and one of two workers stand side by side, each with clients of its own.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import varied_archive
from reliability.ledger import Found, compare, opened, stored_files
from reliability.report import note
from reliability.soak import table
from reliability.soak.clients import Client, Ground
from reliability.soak.flat import growths
from reliability.soak.reading import Archivist, Viewer
from reliability.soak.rude import Rude, Slow
from reliability.soak.stock import Stock
from reliability.soak.storing import Modality
from reliability.soak.warming import warm_up
from reliability.soak.watching import Sample, Watch, look
from reliability.soak.working import Scanner
from servers import Server, command, serving

SECONDS = int(os.environ.get("COVERSLIP_SOAK_SECONDS", "8"))
IS_FULL = SECONDS >= 600
"""Long enough for figures of memory and time: in seconds, caches only begin to fill."""
WARM_UP_SECONDS = SECONDS // 4
CLIENTS: Sequence[type[Client]] = (
    Viewer, Viewer, Archivist, Archivist, Modality, Modality, Rude, Slow, Scanner,
)  # fmt: skip
KINDS = {
    "DELETE", "DELETE perhaps", "Deep Zoom", "IIIF", "QIDO", "STOW again", "STOW contradicting",
    "STOW identical", "STOW metadata", "STOW mixed", "UPS", "UPS event", "UPS search",
    "UPS vanished", "XYZ", "bulk data", "change feed", "comes and goes", "deleted", "frame ahead",
    "hung up", "left after sending", "metrics", "no HTTP", "nonsense", "read slowly", "region",
    "rendered", "sent by half", "sent slowly", "silent", "thumbnail", "transcoded",
}  # fmt: skip
"""What happens at least once, however short the time; what else does is a matter of chance."""


def test_nothing_grows_under_a_mixed_load(tmp_path, capsys):
    with served(tmp_path) as grounds:
        watches = dict(zip(grounds, soak(list(grounds.values())), strict=True))
        if IS_FULL:
            for workers, ground in grounds.items():
                note(capsys, table.text(workers, ground.tally, watches[workers]))
        for ground in grounds.values():
            settled(ground)
            assert (ground.tally.wrong, ground.tally.unexpected) == (0, [])
            assert set(ground.tally.kinds()) >= KINDS
            assert checked(ground.server) == "", "the archive is not as it should be"
    for ground in grounds.values():
        assert kept(ground) == Found()
    if IS_FULL:
        grown = {workers: growths(grounds[workers].tally, watches[workers]) for workers in watches}
        assert grown == {1: [], 2: []}


@contextlib.contextmanager
def served(folder: Path) -> Iterator[dict[int, Ground]]:
    """Give what clients share of servers, by their number of workers."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("what a process takes is read from /proc, which is not here")
    files = varied_archive.build(folder)
    with contextlib.ExitStack() as stack:
        yield {
            workers: ground_of(
                stack.enter_context(serving(folder / f"data-{workers}", "--workers", str(workers))),
                files,
            )
            for workers in (1, 2)
        }


def ground_of(server: Server, files: list[bytes]) -> Ground:
    """Return what the clients of a server share; it has files that always stay."""
    assert server.store(*files).status_code in (200, 202)
    if IS_FULL:
        warm_up(server)
    return Ground(server, Stock())


def soak(grounds: Sequence[Ground]) -> list[Watch]:
    """Let clients act on servers for as long as it is set; return what was seen."""
    every = max(SECONDS / 360, 0.25)
    watches = [Watch(ground, every, WARM_UP_SECONDS) for ground in grounds]
    clients = [
        kind(ground, number) for ground in grounds for number, kind in enumerate(CLIENTS, start=1)
    ]
    threads = [
        threading.Thread(target=each.run, name=each.name, daemon=True)
        for each in (*clients, *watches)
    ]
    for thread in threads:
        thread.start()
    grounds[0].stopping.wait(SECONDS)
    for ground in grounds:
        ground.stopping.set()
    for thread in threads:
        thread.join(timeout=90)
        assert not thread.is_alive(), f"{thread.name} hangs"
    return watches


def settled(ground: Ground) -> Sample:
    """Return what a server takes once it has noticed that its clients are gone."""
    ground.server.http.close()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        now = look(ground)
        if not (now.connections or now.sum("removed") or any(now.litter.values())):
            return now
        time.sleep(0.1)
    pytest.fail(f"{look(ground)} is not at rest")


def checked(server: Server) -> str:
    """Return what a check tells that finds something."""
    done = subprocess.run(
        command("check", "--data", str(server.data)), capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def kept(ground: Ground) -> Found:
    """Return what is not as it was acknowledged, of all that came and went."""
    with opened(ground.server.data) as (services, _):
        return compare(stored_files(services, ground.stock.ledger), ground.stock.ledger)
