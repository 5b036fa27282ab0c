# SPDX-License-Identifier: Apache-2.0
"""A process that brings a slide back from ``failed``, killed at each thing it does to the disk.

Run with the faults before its C library. For each call in turn, a child asks for the slide to be
tried again and brings it back; it is killed at that call, and another goes on. A line tells, for
each call, what lies in the inbox then.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from itertools import count
from pathlib import Path

from build_mirax import write_mirax
from reliability.faults import Control

from dicomizer.running.content import states_of, total_bytes
from dicomizer.watch.again import try_again
from dicomizer.watch.aside import Aside
from dicomizer.watch.journal import Journal, State
from dicomizer.watch.options import After
from dicomizer.watch.seen import fingerprint


def failed(folder: Path, stock: Path) -> None:
    """Make an inbox with a slide of several files that has failed, and the reason beside it."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(stock, folder / "inbox" / "failed" / "monday")
    slide = folder / "inbox" / "failed" / "monday" / "m.mrxs"
    slide.with_name("m.mrxs.reason.txt").write_text("Reason: it was so")
    states = states_of(slide)
    journal = Journal(folder / "journal.sqlite")
    journal.arrive("monday/m.mrxs", fingerprint(states), "c" * 64, total_bytes(states))
    journal.change("c" * 64, state=State.FAILED, is_settled=1, path="failed/monday/m.mrxs")
    journal.close()


def bring_back(folder: Path) -> None:
    """Do what a person and the service do, from wherever it is."""
    journal = Journal(folder / "journal.sqlite")
    try_again(journal, folder / "inbox", [])
    record = journal.record("c" * 64)
    aside = Aside(folder / "inbox", After.MOVE, journal)
    if record.state is State.NEW and aside.is_to_return(record):
        aside.bring_back(record)


def is_killed(folder: Path, control: Control, number: int) -> bool:
    """Bring the slide back in a child that is killed at a call; tell whether it came so far."""
    child = os.fork()
    if child == 0:
        control.arm(number)
        bring_back(folder)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    control.disarm()
    assert code in (0, -9), code
    return code == -9


def main(folder: Path, control: Control) -> None:
    stock = folder.parent / "stock"
    stock.mkdir()
    write_mirax(stock / "m.mrxs")
    for number in count(1):
        failed(folder, stock)
        killed = is_killed(folder, control, number)
        files = sorted(
            str(path.relative_to(folder / "inbox"))
            for path in (folder / "inbox").rglob("*")
            if path.suffix == ".mrxs"
        )
        bring_back(folder)
        journal = Journal(folder / "journal.sqlite")
        record = journal.record("c" * 64)
        after = sorted(
            str(path.relative_to(folder / "inbox"))
            for path in (folder / "inbox").rglob("*")
            if path.is_file()
        )
        told = {"files": files, "after": after, "state": str(record.state), "path": record.path}
        print(json.dumps(told | {"target": record.target, "killed": killed}), flush=True)
        journal.close()
        if not killed:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), Control(Path(sys.argv[2])))
