# SPDX-License-Identifier: Apache-2.0
"""Several processes that serve one address, kept running by the one that started them.

Each worker is started afresh, opens store and index itself, and has a listening socket of its
own, among which Linux divides connections (SO_REUSEPORT): of one socket for all, whoever wakes
up first takes most. The sockets stay open here, so that connections wait while a worker that
died is replaced.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import time
from multiprocessing import connection, resource_tracker
from typing import TYPE_CHECKING, Protocol

from tileserver.errors import StorageError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Sequence

_logger = logging.getLogger(__name__)
READY = b"ready"
_RESTART_SECONDS = 1.0
"""From one start of a worker to its next, so that one that dies at once keeps no core busy."""
_LONGEST_STOP = 15.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Target(Protocol):
    """What a worker does; can be pickled."""

    def __call__(
        self, number: int, listening: socket.socket, parent: connection.Connection
    ) -> None:
        """Serve until told to stop, or until the parent is gone.

        Of two that run at the same time the numbers differ; who comes in the place of one that
        ended has its number. Sends `READY` to the parent when it listens, or else, in words,
        why it does not.
        """
        ...


class Worker:
    """One process, and those that came in its place."""

    def __init__(self, target: Target, number: int, listening: socket.socket) -> None:
        self._target = target
        self._number = number
        self._listening = listening
        self._started = 0.0
        self.start()

    def start(self) -> None:
        """Start the process, or another in place of one that ended."""
        self._started = time.monotonic()
        self.connection, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(
            target=self._target, args=(self._number, self._listening, theirs)
        )
        # Blocked here and there until the worker has made up its mind about them.
        with _blocked():
            self.process.start()
        theirs.close()

    def wait_until_ready(self, stop: int) -> bool:
        """Tell whether the worker serves; not where there is something to read at ``stop``.

        Raises
        ------
        StorageError
            It ended, or tells why it cannot.
        """
        if stop in connection.wait([self.connection, stop]):
            return False
        with contextlib.suppress(EOFError, OSError):
            told = self.connection.recv_bytes()
            if told == READY:
                return True
            raise StorageError(told.decode())
        raise StorageError("a worker ended before it served")

    def replace(self, stop: int) -> None:
        """Start another process in place of the one that ended, after a while."""
        self.process.join()
        _logger.warning("worker %d ended, starting another%s", self.process.pid, self._reason())
        self.connection.close()
        pause = self._started + _RESTART_SECONDS - time.monotonic()
        if not connection.wait([stop], max(pause, 0)):
            self.start()

    def _reason(self) -> str:
        """Return why the process could not serve, where it told."""
        with contextlib.suppress(EOFError, OSError):
            while self.connection.poll():
                told = self.connection.recv_bytes()
                if told != READY:
                    return f": {told.decode()}"
        return ""

    def stop(self) -> None:
        """Tell the process to end what it is at, and stop."""
        if self.process.is_alive():
            self.process.terminate()

    def end(self) -> None:
        """End the process, whatever it is at."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def run(
    target: Target,
    sockets: Sequence[socket.socket],
    announce: Callable[[], None],
    shared: contextlib.AbstractContextManager[None],
) -> None:
    """Serve with a worker for each socket until a signal comes, then stop all and pass it on.

    Parameters
    ----------
    announce
        Called when all serve.
    shared
        What workers share: entered before the first starts, left when all have ended.

    Raises
    ------
    StorageError
        A worker cannot serve; those that can are stopped.
    """
    resource_tracker.ensure_running()  # else starting a worker does, and unblocks signals
    workers: list[Worker] = []
    with _signalled() as (stop, signals), shared:
        try:
            # One after another: the first makes what is not there yet.
            for number, listening in enumerate(sockets):
                workers.append(Worker(target, number, listening))
                if not workers[-1].wait_until_ready(stop):
                    break
            else:
                announce()
                _watch(workers, stop)
        finally:
            for listening in sockets:
                listening.close()  # who comes now would wait for nobody
            _stop(workers, stop)
    if signals:
        signal.raise_signal(signals[0])


def _watch(workers: Sequence[Worker], stop: int) -> None:
    """Replace workers that end, until there is something to read."""
    while stop not in (
        ended := connection.wait([stop, *(worker.process.sentinel for worker in workers)])
    ):
        for worker in workers:
            if worker.process.sentinel in ended:
                worker.replace(stop)


def _stop(workers: Sequence[Worker], stop: int) -> None:
    """Let workers come to an end, but not for too long, and not once another signal comes."""
    os.set_blocking(stop, False)
    with contextlib.suppress(BlockingIOError):
        os.read(stop, 1)
    for worker in workers:
        worker.stop()
    until = time.monotonic() + _LONGEST_STOP
    running = {worker.process.sentinel for worker in workers}
    while running:
        ended = connection.wait([stop, *running], max(until - time.monotonic(), 0))
        if not ended or stop in ended:
            break
        running.difference_update(ended)
    for worker in workers:
        worker.end()


@contextlib.contextmanager
def _blocked() -> Iterator[None]:
    """Let signals wait."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def accept_signals() -> None:
    """In a worker, take signals again; Ctrl+C is for the parent, which tells its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


@contextlib.contextmanager
def _signalled() -> Iterator[tuple[int, list[int]]]:
    """Give a descriptor that can be read once a signal came, and the signals."""
    found: list[int] = []
    readable, writable = os.pipe()

    def note(number: int, _: object) -> None:
        found.append(number)
        os.write(writable, b"\0")

    handlers = {number: signal.signal(number, note) for number in _SIGNALS}
    try:
        yield readable, found
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.close(readable)
        os.close(writable)
