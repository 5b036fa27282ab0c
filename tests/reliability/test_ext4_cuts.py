# SPDX-License-Identifier: Apache-2.0
"""The power is cut under a real ext4: the server starts on what the disk holds, and has it all.

Only as `make reliability`, and only for the superuser; `test_power_cuts.py` needs neither.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from reliability.block_device import cuts, recorded_file_system
from reliability.history import History, busy
from reliability.ledger import Found, Ledger, Name, compare, litter, opened, study_uid
from reliability.report import tell
from reliability.serving_faults import served, stop
from servers import Server, parts_of

CUTS = int(os.environ.get("COVERSLIP_EXT4_CUTS", "0"))
INSTANCES = int(os.environ.get("COVERSLIP_EXT4_INSTANCES", "20000"))
"""Acknowledged in all; over several file systems, each of which is cut several times."""
CUTS_OF_EACH = 25
SIZE = 512 << 20
CLIENTS = 8

pytestmark = [
    pytest.mark.skipif(CUTS == 0, reason="power cuts of a real ext4: make reliability"),
    pytest.mark.timeout(1800),
]


def test_what_was_acknowledged_outlives_a_power_cut_of_ext4(tmp_path, capsys):
    found, acknowledged, deleted, done = Found(), 0, 0, 0
    rounds = -(-CUTS // CUTS_OF_EACH)

    for number in range(rounds):
        folder = tmp_path / str(number)
        folder.mkdir()
        with recorded_file_system(folder, SIZE) as device:
            begun = device.clock()
            history = History(device.clock)
            with served(device.folder / "data") as server:
                busy(server.address, history, CLIENTS, partial(is_enough, history, rounds))
                ended = device.clock()
                stop(server)
        acknowledged += history.stored
        deleted += history.deleted
        rng = random.Random(number)
        moments = rng.sample(range(begun + 1, ended + 1), min(CUTS_OF_EACH, CUTS - done))
        for moment in cuts(device.log, SIZE, moments, folder / "cut", number):
            with mounted(folder / "cut", folder / "mounted") as disk:
                found.add(started(disk / "data", history.ledger(moment)))
            done += 1
        device.log.unlink()

    tell(
        capsys,
        found,
        f"{done} power cuts under ext4 ({rounds} file systems, {CUTS_OF_EACH} cuts of each), "
        f"{acknowledged} instances acknowledged, {deleted} of them deleted",
    )
    assert found == Found()
    assert (done, acknowledged >= INSTANCES) == (CUTS, True)


def is_enough(history: History, rounds: int) -> bool:
    return history.stored * rounds >= INSTANCES


@contextlib.contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    subprocess.run(["mount", "-o", "loop", image, folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def started(data: Path, ledger: Ledger) -> Found:
    """Start the server on what a power cut has left, and ask it for everything."""
    with served(data) as server:
        assert server.http.get("/readyz").json()["ready"] is True
        found = compare(retrieved(server, ledger), ledger)
        stop(server)
    with opened(data) as (_, index):
        found.litter = litter(data, index)
    return found


def retrieved(server: Server, ledger: Ledger) -> dict[Name, bytes | str]:
    """Return the file of each instance, as DICOMweb gives it."""
    names = {file: name for name, files in ledger.promised.items() for file in files if file}
    found: dict[Name, bytes | str] = {}
    for study in sorted({name.study for name in ledger.promised}):
        answer = server.get(f"/studies/{study_uid(study)}")
        if answer.status_code == 404:
            continue
        if answer.status_code != 200:
            found[Name(study, -1)] = f"{answer.status_code}: {answer.text}"
            continue
        for number, (_, file) in enumerate(parts_of(answer)):
            found[names.get(file, Name(study, -2 - number))] = file
    return found
