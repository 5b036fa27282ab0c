# SPDX-License-Identifier: Apache-2.0
"""The process that children are forked from, with all modules loaded once: a start takes 10 ms.

A program that starts anew for each slide spends most of a second on its imports, more than a small
slide takes. So this one imports them, opens nothing, starts no thread, and forks for each request
that comes with a socket of its own. A child answers over that socket; when it has ended, however
it ended, its exit code follows. Nothing that a child does reaches another one, or the parent.

A child ends with its parent: the kernel closes the parent's end of the socket, and nobody needs
the result. What it has written stays for the next run to go on with.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import os
import selectors
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, NoReturn

from dicomizer.running.messages import Request, line, lines

if TYPE_CHECKING:
    from dicomizer.pipeline import Progress

_MODULES = (
    "dicomizer.cli.program",
    "dicomizer.convert",
    "dicomizer.pipeline.pyramid",
    "dicomizer.pipeline.recompress",
    "dicomizer.pixels.codecs.decode",
    "dicomizer.pixels.codecs.encode",
    "dicomizer.sources.generic_tiff",
    "dicomizer.sources.ndpi",
    "dicomizer.sources.openslide",
    "dicomizer.sources.svs",
    "dicomizer.verify",
    "dicomizer.send",
    "dicomizer.send.stow",
    "dicomizer.watch.look",
)
"""What most conversions need; a child imports the rest, such as a rarer format's reader."""
_SECONDS_BETWEEN_REPORTS = 0.2
_LONGEST_ERRORS = 4000


def main() -> NoReturn:
    """Serve requests over standard input, a socket, until it ends."""
    control = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdin, sys.stdout):
        os.dup2(null, stream.fileno())
    for name in _MODULES:
        importlib.import_module(name)
    gc.freeze()  # so that children share these pages
    with contextlib.suppress(KeyboardInterrupt):
        _Nursery(control).serve()
    os._exit(0)


class _Nursery:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, socket.socket] = {}
        self._woken, wakes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)

    def serve(self) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(self._control, selectors.EVENT_READ)
            ready.register(self._woken, selectors.EVENT_READ)
            while True:
                found = {key.fileobj for key, _ in ready.select()}
                if self._woken in found:
                    os.read(self._woken, 4096)
                    self._reap()
                if self._control in found and not self._fork():
                    return

    def _fork(self) -> bool:
        """Fork a child for the next request; false where the parent has gone."""
        data, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
        if not data:
            return False
        connection = socket.socket(fileno=descriptors[0])
        pid = os.fork()
        if pid == 0:
            self._control.close()
            for other in self._children.values():
                other.close()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _run(connection)
        self._children[pid] = connection
        return True

    def _reap(self) -> None:
        """Tell of children that have ended, in a line of its own whatever was cut before it."""
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            connection = self._children.pop(pid)
            code = os.waitstatus_to_exitcode(status)
            with contextlib.suppress(OSError), connection:
                connection.sendall(b"\n" + line({"exit": code}))


def _run(connection: socket.socket) -> NoReturn:
    """Do what is asked, in the child, and tell it."""
    os.setsid()  # with those that it starts, so that they can be ended together
    asked = next(lines(connection), None)
    if asked is None:
        os._exit(1)
    request = Request.of(asked)
    threading.Thread(target=_end_with_parent, args=(connection,), daemon=True).start()
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
    sys.argv = ["dicomizer", *request.arguments]
    told = _Teller(connection)
    told.tell({"pid": os.getpid()})

    from dicomizer.cli.program import run
    from dicomizer.cli.supervised import Supervision

    try:
        code = run(
            request.arguments, Supervision(told.report, request.metadata, request.keeps_states)
        )
    except BaseException as error:  # noqa: BLE001 - the process edge: the parent tells it
        code = 1
        sys.stderr.write(f"{type(error).__name__}: {error}")
    output, errors = sys.stdout.getvalue(), sys.stderr.getvalue()
    told.tell({"output": output, "errors": errors[-_LONGEST_ERRORS:]})
    # Libraries may crash in their clean-up, when all is said and done.
    os._exit(code)


def _end_with_parent(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.recv(1)
    os.killpg(0, signal.SIGKILL)


class _Teller:
    """Tells the parent how far the child is, not too often."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._next = 0.0

    def report(self, progress: Progress) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _SECONDS_BETWEEN_REPORTS
            self.tell({"done": progress.frames_done, "total": progress.frames_total})

    def tell(self, value: object) -> None:
        with contextlib.suppress(OSError):
            self._connection.sendall(line(value))


if __name__ == "__main__":
    main()
