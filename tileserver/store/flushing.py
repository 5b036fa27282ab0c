# SPDX-License-Identifier: Apache-2.0
"""Names made durable, where many make names in one folder at a time.

A failed flush is told once, to one: the system then gives up what it could not write, and whoever
flushes the same folder next is told that all went well. So whoever has changed a folder has to
know whether a flush since then has failed, be it another's.

References
----------
fsync(2); https://wiki.postgresql.org/wiki/Fsync_Errors
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections import Counter
from typing import TYPE_CHECKING

from tileserver.store.layout import flush_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Flushes:
    """Flushes of folders by this process; safe to use from several threads."""

    def __init__(self) -> None:
        self._failed: Counter[Path] = Counter()
        self._locks: dict[Path, threading.Lock] = {}

    @contextlib.contextmanager
    def changing(self, folder: Path) -> Iterator[None]:
        """Make what is done to the names in a folder durable at the end.

        Raises
        ------
        OSError
            It may not be: to be durable, it has to be undone and done again.
        """
        before = self._failed[folder]
        yield
        # One at a time: whoever comes next must know that this one failed.
        with self._locks.setdefault(folder, threading.Lock()):
            if self._failed[folder] != before:
                raise OSError(errno.EIO, os.strerror(errno.EIO), str(folder))
            try:
                flush_folder(folder)
            except OSError:
                self._failed[folder] += 1
                raise
