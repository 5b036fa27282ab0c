# SPDX-License-Identifier: Apache-2.0
"""Which files have come to rest: nothing changed for a while, and nobody has them open to write.

Times of files are compared with each other only, never with our clock: a file server has its own.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from dicomizer.job import FileState
    from dicomizer.running.content import States


class Stillness:
    """Remembers since when each slide has been as it is.

    Parameters
    ----------
    seconds
        After which it is at rest.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._since: dict[Path, tuple[States, float]] = {}

    def update(self, found: Mapping[Path, States]) -> dict[Path, float]:
        """Take up what is there now; return the seconds for which each slide has been at rest."""
        now = self._clock()
        self._since = {
            path: known
            if (known := self._since.get(path)) and known[0] == states
            else (states, now)
            for path, states in found.items()
        }
        return {path: now - since for path, (_, since) in self._since.items()}

    def is_still(self, seconds: float) -> bool:
        """Tell whether a slide that has been at rest for so long may be taken."""
        return seconds >= self._seconds


def is_written(states: Iterable[FileState]) -> bool:
    """Tell whether a process has a file open to write; false where the system does not tell.

    A read lease is granted only while nobody has. Network file systems, and files of others where
    we may not, know none.

    References
    ----------
    fcntl(2), "Leases"
    """
    return sys.platform == "linux" and any(_is_written(state.path) for state in states)


def _is_written(path: Path) -> bool:
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            # Whoever opens the file meanwhile has the lease broken by a signal, which is SIGIO
            # and would end us; SIGURG is ignored.
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except OSError as error:
            return error.errno == errno.EAGAIN
        finally:
            os.close(descriptor)
    return False
