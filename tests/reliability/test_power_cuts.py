# SPDX-License-Identifier: Apache-2.0
"""The power is cut at any moment: what was acknowledged is there, and nothing else by half.

The server runs with all that it does to the disk recorded; from the record follows what a disk can
hold at any moment, at the worst (``disk.py``). No privileges are needed.
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest
from reliability import faults
from reliability.disk import Disk, Luck, events
from reliability.faults import Control
from reliability.history import History, busy
from reliability.ledger import Found, Ledger, check, opened, stored_files
from reliability.report import tell
from reliability.serving_faults import served, stop

from tileserver.app import rebuild_index
from tileserver.settings import Settings

CUTS = int(os.environ.get("COVERSLIP_CUTS", "8"))
INSTANCES = int(os.environ.get("COVERSLIP_CUT_INSTANCES", "120"))
"""Acknowledged before the last cut; ``make reliability`` has more of both."""
CLIENTS = 4


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> tuple[Path, Path, History]:
    """Return what a server did to its folder, and what its clients were told meanwhile."""
    folder = tmp_path_factory.mktemp("power")
    built, root = faults.library(folder), folder / "disk"
    root.mkdir()
    control = Control(folder / "control")
    history = History(lambda: control.events)
    environment = faults.environment(built, root, folder / "control", folder / "record")
    with served(root / "data", environment=environment) as server:
        busy(server.address, history, CLIENTS, lambda: history.stored >= INSTANCES)
        stop(server)
    return root, folder / "record", history


def cuts(recorded: tuple[Path, Path, History], count: int, folder: Path):
    """Yield, for moments at random, what is on the disk, how lucky, and what was promised."""
    root, record, history = recorded
    rng = random.Random(count)
    everything = list(events(record))
    moments = sorted(rng.sample(range(1, len(everything) + 1), count))
    disk, number = Disk(root), 0
    for moment in moments:
        for event in everything[number:moment]:
            disk.take(event)
        number = moment
        target = folder / "cut"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        luck = rng.choice([Luck.NOTHING, Luck.ANYTHING, Luck.ANYTHING, Luck.EVERYTHING])
        disk.cut(target, luck, rng)
        yield moment, luck, target / "data", history.ledger(moment)


def test_what_was_acknowledged_outlives_a_power_cut(recorded, tmp_path, capsys):
    found = Found()

    for _, luck, data, ledger in cuts(recorded, CUTS, tmp_path):
        found.add(check(data, ledger, may_litter=luck is not Luck.EVERYTHING))

    assert found == Found()
    history = recorded[2]
    tell(
        capsys,
        found,
        f"{CUTS} power cuts (record and replay), {history.stored} instances acknowledged, "
        f"{history.deleted} deleted",
    )


def test_a_new_index_after_a_power_cut_has_all_and_nothing_that_was_deleted(recorded, tmp_path):
    for _, _, data, ledger in cuts(recorded, max(CUTS // 4, 3), tmp_path):
        for path in data.glob("index.sqlite*"):
            path.unlink()
        rebuild_index(Settings(data=data))
        with opened(data) as (services, _):
            stored = stored_files(services, ledger)

        assert lost_or_back(stored, ledger) == []


def lost_or_back(stored, ledger: Ledger) -> list[str]:
    wrong = []
    for name, promised in ledger.promised.items():
        if stored.get(name) not in promised:
            wrong.append(f"{name}: {type(stored.get(name))}")
    return wrong
