# SPDX-License-Identifier: Apache-2.0
"""The process of a job, seen from the server."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from tileserver.configuration import fields, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tileserver.job_queue import Leased
    from tileserver.settings import Settings

_LONGEST_LINE = 16 << 20


class Child:
    """A process that was started for a job, and all that it has started."""

    def __init__(self, module: str, message: Mapping[str, Any], lock: int, seconds: float) -> None:
        self.deadline = time.monotonic() + seconds
        self.ended_for: str | None = None
        """Why the server ended it, where it did."""
        self._turn = threading.Lock()
        self._is_reaped = False
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            pass_fds=(lock,),
            start_new_session=True,  # so that all it starts can be ended at once
        )
        self.pid = self._process.pid
        self._say(json.dumps(message).encode())

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield what the process tells, until it ends."""
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError):  # an end in the midst of a line
            while line := self._process.stdout.readline(_LONGEST_LINE):
                yield json.loads(line)

    def confirm(self) -> None:
        """Tell the process that it may go on."""
        self._say(b"ok")

    def end(self, reason: str) -> None:
        """End the process and all that it has started, at once."""
        with self._turn:
            self.ended_for = self.ended_for or reason
            self._kill()

    def reap(self) -> int:
        """Wait for the end of the process, end what it left, and return its status."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # Its number stays its own until it is waited for: nobody else's group is ended.
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        with self._turn:
            self._kill()
            self._is_reaped = True
        self._process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        return self._process.wait()

    def _kill(self) -> None:
        if not self._is_reaped:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def _say(self, text: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # its end is told by `lines`
            self._process.stdin.write(text + b"\n")
            self._process.stdin.flush()


def message_of(
    held: Leased, needed: Mapping[int, object], secret: str, settings: Settings, lock: int
) -> dict[str, Any]:
    """Return what a process is told of its job."""
    return {
        "id": held.job.id,
        "kind": held.job.kind,
        "parameters": dict(held.job.parameters),
        "attempt": held.job.attempts,
        "needed": needed,
        "secret": secret,
        "settings": {name: plain(getattr(settings, name)) for name in fields()},
        "lock": lock,
    }
