# SPDX-License-Identifier: Apache-2.0
"""What a job's process and the server say to each other: lines of JSON over two pipes.

The server writes one line with the job, and ``ok`` for each line that asks for it. The process
writes what it is at, and at last ``{"result": ...}`` or ``{"error": ..., "may_pass": ...}``. When
the server is gone, however it went, its end of the pipe is closed, and the process ends itself
with all that it has started.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import threading
from typing import IO, Any


class Line:
    """The line of a job's process to the server.

    Parameters
    ----------
    incoming, outgoing
        Standard input and output as they were given to the process.
    """

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._turn = threading.Lock()

    def begin(self) -> dict[str, Any]:
        """Return the job; from now on the process ends with the server."""
        job: dict[str, Any] = json.loads(self._incoming.readline())
        threading.Thread(target=self._listen, name="server", daemon=True).start()
        return job

    def send(self, message: dict[str, Any]) -> None:
        """Tell the server something."""
        with self._turn:
            self._outgoing.write(json.dumps(message).encode() + b"\n")
            self._outgoing.flush()

    def wait(self) -> None:
        """Wait until the server has done what the last message asks for."""
        self._answers.get()

    def _listen(self) -> None:
        while answer := self._incoming.readline():
            self._answers.put(answer)
        os.killpg(0, signal.SIGKILL)
