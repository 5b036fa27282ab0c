# SPDX-License-Identifier: Apache-2.0
"""The real server, with faults of the disk before its C library."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
from reliability import faults
from servers import Server, command


@contextlib.contextmanager
def served(
    data: Path, *options: str, environment: dict[str, str] | None = None
) -> Iterator[Server]:
    """Run a server that replaces what comes with other bytes; it may end in between."""
    told = ("--data", str(data), "--port", "0", "--duplicates", "replace")
    log = data.parent / f"{data.name}.log"
    with log.open("a") as stderr:
        process = subprocess.Popen(
            command("serve", *told, *options),
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment,
            text=True,
        )
        with faults.running(process):
            assert process.stdout
            line = process.stdout.readline()
            found = re.search(r"http://\S+", line)
            assert found, f"no address in {line!r}: {log.read_text()}"
            with httpx.Client(base_url=found[0], timeout=60) as http:
                yield Server(found[0], data, log, http, process)


def stop(server: Server) -> None:
    """Let a server come to its end, and see that its log tells of nothing that was not expected."""
    server.process.terminate()
    assert server.process.wait(timeout=30) is not None
    assert not re.search(r"CRITICAL|Traceback|unexpected", server.log.read_text())
