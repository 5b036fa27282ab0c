# SPDX-License-Identifier: Apache-2.0
"""The test's side of ``actor.py``: operations on a data folder, and every call they make."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reliability import faults
from reliability.faults import Control, Kind
from reliability.ledger import Ledger, Name, file_of

REPOSITORY = Path(__file__).resolve().parents[2]
Step = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Acted:
    """What came of the steps; the last ones are missing where the process was killed."""

    results: list[Any]
    is_killed: bool
    calls: int


@dataclass
class Acting:
    """A process that meets faults, and the folder below which it does."""

    folder: Path
    control: Control
    process: subprocess.Popen[str]

    def act(self, data: Path, *steps: Step, duplicates: str = "replace") -> Acted:
        """Let a child do something."""
        assert self.process.stdin
        assert self.process.stdout
        request = {"data": str(data), "duplicates": duplicates, "steps": steps}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        acted = Acted(**json.loads(self.process.stdout.readline()))
        assert not [found for found in acted.results if str(found).startswith("unexpected")], acted
        return acted

    @property
    def record(self) -> Path:
        """What all children did below the folder since it was emptied."""
        return self.folder.parent / "record"

    def copy_of(self, data: Path, name: str) -> Path:
        """Return a copy of a data folder, in place of the one before."""
        copy = self.folder / name
        shutil.rmtree(copy, ignore_errors=True)
        copied: dict[int, Path] = {}
        for path in sorted(data.rglob("*")):
            place = copy / path.relative_to(data)
            place.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                place.mkdir(exist_ok=True)
            elif path.name != "reserve":  # of megabytes, and made anew
                _copy(path, place, copied)
        return copy

    def written(self, name: Name, version: int = 0) -> str:
        """Return the path of an instance's file, out of reach of the faults."""
        path = self.folder.parent / f"{name.study}-{name.number}-{version}.dcm"
        path.write_bytes(file_of(name, version))
        return str(path)

    def store(self, *names: Name, version: int = 0) -> Step:
        return "store", {"files": [self.written(name, version) for name in names]}


def _copy(path: Path, place: Path, copied: dict[int, Path]) -> None:
    """Copy a file, or link it where it was copied under another name."""
    inode = path.stat().st_ino
    if inode in copied:
        place.hardlink_to(copied[inode])
    else:
        copied[inode] = place
        shutil.copy2(path, place)


OPEN: Step = ("open", {})
CLOSE: Step = ("close", {})
DISARM: Step = ("disarm", {})
PROBLEMS: Step = ("problems", {})


def delete(*uids: str) -> Step:
    return "delete", {"uids": list(uids)}


def read(study: str) -> Step:
    return "read", {"study": study}


def arm(
    first: int, *, error: int = 0, kinds: Kind = faults.EVERY_CHANGE, only: str = "", times: int = 1
) -> Step:
    return "arm", {
        "first": first,
        "error": error,
        "kinds": int(kinds),
        "only": only,
        "times": times,
    }


def leave_room(size: int) -> Step:
    return "leave_room", {"size": size}


@contextlib.contextmanager
def acting(folder: Path) -> Iterator[Acting]:
    """Start the process that acts; below ``folder``, which is made, it meets faults."""
    below = folder / "below"
    below.mkdir()
    control = Control(folder / "control")
    built = faults.library(folder)
    process = subprocess.Popen(
        [sys.executable, "-m", "reliability.actor"],
        env=faults.environment(built, below, folder / "control", folder / "record")
        | {"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'tests'}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with faults.running(process):
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield Acting(below, control, process)


@dataclass(frozen=True)
class Operation:
    """Something done to a data folder in which there is something already."""

    name: str
    before: tuple[Step, ...]
    step: Step
    done: Any
    """What the step tells when all went well."""
    changes: dict[Name, tuple[bytes | None, bytes | None]]
    """What each instance was before, and what it is then."""

    def prepared(self, actor: Acting) -> tuple[Path, int]:
        """Return a data folder as it is before, and how many calls the operation makes."""
        base = actor.folder / "base"
        shutil.rmtree(base, ignore_errors=True)
        actor.act(base, OPEN, *self.before, CLOSE)
        acted = actor.act(actor.copy_of(base, "data"), OPEN, arm(0), self.step, DISARM)
        assert acted.results[2] == self.done
        return base, acted.results[3]

    def ledger(self, *, is_done: bool | None) -> Ledger:
        """Return what is promised when it was done, was not, or nobody knows."""
        found = Ledger()
        for name, (old, new) in self.changes.items():
            found.promised[name] = {old, new} if is_done is None else {new if is_done else old}
        return found


def operations(actor: Acting) -> dict[str, Operation]:
    """Return one of each kind."""
    return {found.name: found for found in _operations(actor)}


def is_done_again(operation: Operation, result: Any) -> bool:
    """Tell whether an operation was done, or had been."""
    return result == operation.done or str(result).startswith("NotFoundError")


def points(calls: int, stride: int) -> range:
    """Return the calls to be tried: each, or every so manieth."""
    return range(1 + calls // 2 % stride, calls + 1, stride)


OPERATIONS = (
    "store",
    "store several",
    "replace",
    "replace again",
    "delete instance",
    "delete study",
)


def _operations(actor: Acting) -> Sequence[Operation]:
    stayed, one, two, three = (Name(1, number) for number in range(4))
    old = {stayed: (file_of(stayed), file_of(stayed))}
    begin = actor.store(stayed)
    return (
        Operation(
            "store", (begin,), actor.store(one), [one.uids[2]], old | {one: (None, file_of(one))}
        ),
        Operation(
            "store several",
            (begin,),
            actor.store(one, two, three),
            [one.uids[2], two.uids[2], three.uids[2]],
            old | {name: (None, file_of(name)) for name in (one, two, three)},
        ),
        Operation(
            "replace",
            (begin, actor.store(one)),
            actor.store(one, version=1),
            [one.uids[2]],
            old | {one: (file_of(one), file_of(one, 1))},
        ),
        Operation(
            "replace again",
            (begin, actor.store(one), actor.store(one, version=1)),
            actor.store(one, version=2),
            [one.uids[2]],
            old | {one: (file_of(one, 1), file_of(one, 2))},
        ),
        Operation(
            "delete instance",
            (begin, actor.store(one)),
            delete(*one.uids),
            "done",
            old | {one: (file_of(one), None)},
        ),
        Operation(
            "delete study",
            (actor.store(stayed, one, two),),
            delete(one.uids[0]),
            "done",
            {name: (file_of(name), None) for name in (stayed, one, two)},
        ),
    )
