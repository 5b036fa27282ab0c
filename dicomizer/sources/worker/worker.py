# SPDX-License-Identifier: Apache-2.0
"""The parent's side: a child process that answers requests, and what its death means."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import dicomizer
from dicomizer.errors import CorruptSourceError, SourceError
from dicomizer.sources.worker.messages import Message, read_message, write_message

if TYPE_CHECKING:
    from typing import Self

_PIPE_BYTES = 1 << 20
"""So that a child can go on while its last reply waits."""
_TIMERS = frozenset({signal.SIGPROF, signal.SIGALRM})


class Worker:
    """A child process that reads one slide file.

    Parameters
    ----------
    program
        Module that calls `child.serve`.
    path
        Of the slide file; for error messages.

    Raises
    ------
    SourceError
        The process cannot be started.
    """

    def __init__(self, program: str, path: Path) -> None:
        self._path = path
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                pipesize=_PIPE_BYTES,
            )
        except OSError as error:
            raise SourceError(
                f"a process to read it cannot be started: {error.strerror or error}", file=path
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, request: Message, place: str | None = None) -> Message:
        """Send a request and wait for its reply; see `send` and `receive`."""
        self.send(request)
        return self.receive(place)

    def send(self, request: Message) -> None:
        """Send a request, to be answered after those sent before."""
        stream = self._process.stdin
        assert stream is not None
        # A child that has died is found when its reply is read.
        with contextlib.suppress(BrokenPipeError):
            write_message(stream, request)

    def receive(self, place: str | None = None) -> Message:
        """Wait for the reply to the first request that has none yet.

        Parameters
        ----------
        place
            In the file, for error messages.

        Raises
        ------
        CorruptSourceError
            The child reports an error, crashed, or ran into one of its limits.
        """
        stream = self._process.stdout
        assert stream is not None
        try:
            reply = read_message(stream)
        except (EOFError, ValueError) as error:
            raise self._death(place) from error
        if "error" in reply.values:
            raise CorruptSourceError(
                f"cannot be read: {reply.values['error']}", file=self._path, place=place
            )
        return reply

    def close(self) -> None:
        """End the child, whatever it is doing."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._process.wait()

    def _death(self, place: str | None) -> CorruptSourceError:
        self._process.kill()
        return CorruptSourceError(
            f"the process that reads it {_cause(self._process.wait())}",
            file=self._path,
            place=place,
            remedy="the file is damaged; copy it again",
        )


def _cause(status: int) -> str:
    if -status in _TIMERS:
        return "took too long"
    if status < 0:
        return f"crashed ({signal.Signals(-status).name})"
    return f"ended with status {status}"


def _environment() -> dict[str, str]:
    """Return an environment in which the child imports this package, and has few threads."""
    root = str(Path(dicomizer.__file__).parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1"}
