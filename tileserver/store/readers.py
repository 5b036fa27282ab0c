# SPDX-License-Identifier: Apache-2.0
"""Those who read many blobs for one answer, and blobs that are removed before they have.

Such an answer tells its length, and begins, long before it comes to its last blob; and thousands
of blobs cannot be held open. So a reader holds a lock on a file of its own in ``reading/`` from
before it looks anything up. Who removes a blob while anybody does moves it to ``removed/``, where
it is found by what it was, and from where it goes once nobody reads who was there before.

Locks end with their process, so that a crash leaves nothing to wait for.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING

from tileserver.store import locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TICK_NS = 2_000_000_000
"""No file system tells times apart less well."""


class Readers:
    """The readers of a store, of all processes.

    Parameters
    ----------
    folder
        Of the store; blobs lie in it, on the same file system.
    """

    def __init__(self, folder: Path) -> None:
        self._reading = folder / "reading"
        self._removed = folder / "removed"
        self._reading.mkdir(exist_ok=True)
        self._removed.mkdir(exist_ok=True)
        self.sweep()

    @contextlib.contextmanager
    def lease(self) -> Iterator[None]:
        """Keep what is removed from now on; where that cannot be told anybody, it is not kept."""
        with contextlib.ExitStack() as cleanup:
            with contextlib.suppress(OSError):
                cleanup.enter_context(self._locked_file())
            yield
        self.sweep()

    def is_anybody(self) -> bool:
        """Tell whether anybody reads."""
        return self._oldest() is not None

    def keep(self, path: Path) -> None:
        """Move a blob to where readers find it, as one that was removed now.

        Its time is changed before, for `sweep`; and again, so that who opened it meanwhile can
        tell that it is removed.
        """
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            place = self.place(path.stem, version_of(status))
            now = max(time.time_ns(), status.st_mtime_ns + _TICK_NS)
            os.utime(path, ns=(now, now))
            path.rename(place)
            os.utime(place, ns=(now, now + _TICK_NS))

    def keep_copy(self, path: Path) -> None:
        """Let readers find a blob that another is about to take the place of."""
        status = path.stat()
        place = self.place(path.stem, version_of(status))
        with contextlib.suppress(FileExistsError):
            place.hardlink_to(path)
        removed = max(time.time_ns(), status.st_mtime_ns) + _TICK_NS
        os.utime(place, ns=(removed, removed))

    def place(self, key: str, version: str) -> Path:
        """Return where a blob lies that was removed while somebody read."""
        return self._removed / f"{key}-{version}"

    def sweep(self) -> None:
        """Remove for good what no reader can want any more."""
        # Listed first: who comes between the two has no use for what is listed.
        listed = [(each, removed) for each in _entries(self._removed) if (removed := _time(each))]
        if not listed:
            return
        oldest = self._oldest()
        for entry, removed in listed:
            if oldest is None or removed < oldest:
                _unlink(entry.path)

    def _oldest(self) -> int | None:
        """Return when the oldest of those began who read, and forget those who ended."""
        begun = [_begin_of_reader(entry) for entry in _entries(self._reading)]
        return min((time for time in begun if time is not None), default=None)

    @contextlib.contextmanager
    def _locked_file(self) -> Iterator[None]:
        descriptor, path = locked.new_file(self._reading)
        try:
            yield
        finally:
            _unlink(path)
            os.close(descriptor)


def version_of(status: os.stat_result) -> str:
    """Return a name of a file's bytes that no other file has for as long as this one is there."""
    return f"{status.st_ino:x}"


def _begin_of_reader(entry: os.DirEntry[str]) -> int | None:
    """Return when a reader began; ``None``, and away with its file, if it ended."""
    try:
        descriptor = os.open(entry.path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        _unlink(entry.path)
        return None
    except BlockingIOError:
        return os.fstat(descriptor).st_mtime_ns
    finally:
        os.close(descriptor)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(entries)


def _time(entry: os.DirEntry[str]) -> int | None:
    """Return the time of a file, ``None`` where another sweep was sooner."""
    try:
        return entry.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108 - a name of os.scandir
