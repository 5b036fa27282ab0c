# SPDX-License-Identifier: Apache-2.0
"""The parent's side: a verb of the program in a process of its own, and what came of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

from dicomizer.errors import DicomizerError
from dicomizer.running.messages import Ended, Request, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

    Report = Callable[[int, int], None]
    """Called with how many frames are done, and how many there are."""


class Children:
    """Children of a process that has all modules loaded; threads may ask for them at once.

    Parameters
    ----------
    inherited
        Descriptors that children hold as long as they live, such as that of a lock.

    Raises
    ------
    DicomizerError
        No process can be started.
    """

    def __init__(self, inherited: Sequence[int] = ()) -> None:
        self._inherited = tuple(inherited)
        self._lock = threading.Lock()
        self._running: set[Child] = set()
        self._is_closed = False
        self._nursery: tuple[subprocess.Popen[bytes], socket.socket] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def run(self, request: Request, report: Report = lambda _done, _total: None) -> Ended:
        """Run a verb in a child and return how it ended.

        Raises
        ------
        DicomizerError
            No process can be started.
        StoppedError
            All children were stopped.
        """
        child = self._start(request)
        try:
            return child.wait(report)
        finally:
            with self._lock:
                self._running.discard(child)
            if self._is_closed:
                raise StoppedError("stopped before it was done")

    def stop(self) -> None:
        """End all children at once; what they have written stays for the next run to go on with."""
        with self._lock:
            self._is_closed = True
            for child in self._running:
                child.kill()

    def close(self) -> None:
        """End all children, and the process that they come from."""
        self.stop()
        with self._lock:
            if self._nursery is not None:
                process, control = self._nursery
                control.close()
                process.wait()
                self._nursery = None

    def _start(self, request: Request) -> Child:
        ours, theirs = socket.socketpair()
        child = Child(ours)
        with theirs, self._lock:
            if self._is_closed:
                ours.close()
                raise StoppedError("stopped before it was begun")
            self._hand_over(theirs)
            self._running.add(child)
        with contextlib.suppress(OSError):  # of one that has ended; `wait` tells it
            ours.sendall(request.encoded())
        return child

    def _hand_over(self, connection: socket.socket) -> None:
        """Ask for a child; the nursery may have been ended, as by the system for want of memory."""
        try:
            socket.send_fds(self._control(), [b"+"], [connection.fileno()])
        except OSError:
            self._nursery = None
            socket.send_fds(self._control(), [b"+"], [connection.fileno()])

    def _control(self) -> socket.socket:
        if self._nursery is not None and self._nursery[0].poll() is not None:
            self._nursery[1].close()
            self._nursery = None
        if self._nursery is None:
            self._nursery = _nursery(self._inherited)
        return self._nursery[1]


class StoppedError(DicomizerError):
    """Children were stopped, on purpose."""


class Child:
    """A process that carries out a verb."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._pid: int | None = None

    def wait(self, report: Report) -> Ended:
        """Return how it ended."""
        code, output, errors = None, "", ""
        with self._connection:
            for found in lines(self._connection):
                if "total" in found:
                    report(found["done"], found["total"])
                elif "output" in found:
                    output, errors = found["output"], found["errors"]
                elif "exit" in found:
                    code, self._pid = found["exit"], None
                elif "pid" in found:
                    self._pid = found["pid"]
        if code is None:
            code = -signal.SIGKILL  # with the process that it came from
        return Ended(code, _document(output), errors)

    def kill(self) -> None:
        """End it and whatever it has started."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        if self._pid is not None:
            with contextlib.suppress(OSError):
                os.killpg(self._pid, signal.SIGKILL)


def _nursery(inherited: Sequence[int]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # Threads of a library that adds matrices up, which nothing here does, would not outlive a fork.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    with theirs:
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "dicomizer.cli.nursery"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                pass_fds=tuple(inherited),
                start_new_session=True,  # an interrupt from the keyboard is the parent's to answer
            )
        except OSError as error:
            ours.close()
            raise DicomizerError(
                f"no process can be started: {error.strerror or error}",
                remedy="see that there is memory left",
            ) from error
    return process, ours


def _document(output: str) -> dict[str, Any]:
    try:
        found = json.loads(output)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
