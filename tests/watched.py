# SPDX-License-Identifier: Apache-2.0
"""A watch folder in service, as a process, and what it tells."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FAST = ("--settle", "0.1", "--poll", "0.2", "--patience", "0.5", "--retry-first", "0.1")


@dataclass
class Watched:
    """An inbox, its results, and a service that may run."""

    folder: Path

    def __post_init__(self) -> None:
        self.inbox.mkdir(exist_ok=True)

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def command(self, *options: str) -> list[str]:
        to = () if "--to" in options else ("--out", str(self.out))
        journal = ("--journal", str(self.folder / "journal.sqlite"))
        return [*PROGRAM, str(self.inbox), *to, *journal, *FAST, *options]

    def once(self, *options: str, code: int = 0) -> list[dict[str, Any]]:
        """Serve until nothing is left to be done, and return what it told."""
        done = subprocess.run(
            self.command("--once", *options), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (code, ""), done.stdout
        return [json.loads(line) for line in done.stdout.splitlines()]

    @contextmanager
    def serving(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        """Serve, and end at once at the end."""
        process = subprocess.Popen(
            self.command(*options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def status(self) -> dict[str, Any]:
        journal = str(self.folder / "journal.sqlite")
        arguments = [*PROGRAM, "status", str(self.inbox), "--journal", journal, "--json"]
        return json.loads(subprocess.check_output(arguments, text=True))

    def files(self) -> set[str]:
        """Return what lies in the inbox."""
        return {
            str(path.relative_to(self.inbox)) for path in self.inbox.rglob("*") if path.is_file()
        }

    def results(self) -> set[str]:
        """Return the folders of slides among the results."""
        return {str(path.parent.relative_to(self.out)) for path in self.out.rglob("level-0.dcm")}


PROGRAM = [sys.executable, "-m", "dicomizer", "watch"]


def until(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    """Read what a service tells until something happens."""
    assert process.stdout
    for line in process.stdout:
        found = json.loads(line)
        if found["event"] == event:
            return found
    assert process.stderr
    raise AssertionError(f"it ended before {event}: {process.stderr.read()}")


def address_in(process: subprocess.Popen[str]) -> str:
    """Return the address of the status that a service tells first."""
    assert process.stderr
    line = process.stderr.readline()
    found = re.search(r"http://[^/]+", line)
    assert found, line
    return found[0]
