# SPDX-License-Identifier: Apache-2.0
"""Pages of the README, with their commands run as they stand, one after the other, on a terminal.

All that a page has in a block ``sh`` is run, so a command that is added to it is as well. What runs
until it is stopped is started beside, once it says that it is there the next command follows. What
the page shows in a block ``text`` must be seen, whatever the numbers in it are.
"""

from __future__ import annotations

import contextlib
import os
import pty
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ENDLESS = re.compile(r"(tileserver serve|dicomizer watch (?!status|try|retry|.*--once)) ?")
_CODE = re.compile(r"# exit code (\d+)$")
_NUMBER = re.compile(r"\d[\d.,]*")
_ESCAPES = re.compile(r"\x1b\[[\d;?]*[a-zA-Z]|\r")
_PRELUDE = r"""
set -euo pipefail
services=()
trap 'for each in "${services[@]}"; do kill "$each"; wait "$each" || true; done' EXIT
beside() {
    bash -c "exec $1" > service.log 2>&1 &
    services+=($!)
    until grep -q 'http://' service.log; do
        kill -0 $! || { cat service.log; exit 99; }
        sleep 0.05
    done
    grep 'http://' service.log
}
ends_with() {
    found=0
    eval "$2" || found=$?
    [ "$found" = "$1" ] || { echo "exit code $found: $2"; exit 99; }
}
"""


@dataclass(frozen=True)
class Page:
    """A page of the README."""

    text: str

    @classmethod
    def of(cls, heading: str) -> Page:
        """Return the page below a heading, up to the next of any level."""
        found = re.search(
            rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)",
            re.sub(_BLOCK, lambda block: block[0].replace("\n#", "\n\0#"), README.read_text()),
            re.MULTILINE | re.DOTALL,
        )
        assert found, f"the README has no page {heading!r}"
        return cls(found[1].replace("\0", ""))

    @property
    def languages(self) -> set[str]:
        return {name for name, _ in _BLOCK.findall(self.text)}

    @property
    def commands(self) -> list[str]:
        """Return the lines of all blocks for the shell."""
        blocks = [text for name, text in _BLOCK.findall(self.text) if name == "sh"]
        return [line for text in blocks for line in text.splitlines() if line.strip()]

    @property
    def shown(self) -> list[str]:
        """Return the lines of all that the page says one sees."""
        blocks = [text for name, text in _BLOCK.findall(self.text) if name == "text"]
        return [line for text in blocks for line in text.splitlines() if line.strip()]

    @property
    def labels(self) -> list[str]:
        """Return the words that the page says are on the screen."""
        return re.findall(r"\*\*(.+?)\*\*", self.text)

    def run(self, folder: Path, stand_ins: Mapping[str, str] | None = None) -> str:
        """Run all commands in a folder, and return what was seen on the terminal.

        Parameters
        ----------
        stand_ins
            By the line as it stands in the README, what is run instead of it, as it would change
            the machine.
        """
        assert self.languages <= {"sh", "text"}, self.languages
        with _free_port() as port:
            lines = [_as_run(line, stand_ins or {}) for line in self.commands]
            script = _PRELUDE + "\n".join(lines).replace("127.0.0.1:8042", f"127.0.0.1:{port}")
            seen = _on_a_terminal(script, folder, {"TILESERVER_PORT": str(port)})
        missing = [line for line in self.shown if _plain(line) not in _plain(seen)]
        assert missing == [], seen
        return seen


def _as_run(line: str, stand_ins: Mapping[str, str]) -> str:
    if line in stand_ins:
        return stand_ins[line]
    # The shell would go on after a failure that is followed by one of these.
    assert not re.search(r"&&|\|\||^sudo ", line), line
    if _ENDLESS.match(line):
        return f"beside {shlex.quote(line)}"
    code = _CODE.search(line)
    return f"ends_with {code[1]} {shlex.quote(line)}" if code else line


def _plain(text: str) -> str:
    """Return a text without what differs from one run to the next."""
    return _NUMBER.sub("#", text)


def _on_a_terminal(script: str, folder: Path, environment: Mapping[str, str]) -> str:
    master, slave = pty.openpty()
    told = {**os.environ, "TERM": "xterm", "COLUMNS": "160", **_programs(folder), **environment}
    with subprocess.Popen(
        ["bash", "-c", script], cwd=folder, env=told, stdin=subprocess.DEVNULL, stdout=slave,
        stderr=slave, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(slave)
        seen = b"".join(_read(master))
        process.wait()
    os.close(master)
    text = _ESCAPES.sub("", seen.decode())
    assert process.returncode == 0, text
    return text


def _read(terminal: int) -> Iterator[bytes]:
    """Yield what a terminal shows until nobody writes to it any more."""
    with contextlib.suppress(OSError):
        while data := os.read(terminal, 1 << 16):
            yield data


def _programs(folder: Path) -> dict[str, str]:
    """Return an environment in which the programs are those of this Python, and state is apart."""
    programs = folder / ".programs"
    programs.mkdir(exist_ok=True)
    for name in ("dicomizer", "tileserver"):
        path = programs / name
        path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {name} "$@"\n')
        path.chmod(0o755)
    for name in ("python", "python3"):
        (programs / name).unlink(missing_ok=True)
        path = programs / name
        path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
        path.chmod(0o755)
    if not (folder / "samples").exists():
        (folder / "samples").symlink_to(ROOT / "samples")
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "XDG_STATE_HOME": str(folder / ".state"),
    }


@contextlib.contextmanager
def _free_port() -> Iterator[int]:
    """Give a port that nobody has; it is kept from others who ask for any until it is used."""
    with socket.socket() as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        asked.bind(("127.0.0.1", 0))
        port = asked.getsockname()[1]
    yield int(port)
