# SPDX-License-Identifier: Apache-2.0
"""Room on a disk that is kept free for what makes room on it.

To delete, a list and a transaction must be written first; even to read the index after a start
SQLite needs some kilobytes beside it. On a full disk neither would be had, and nothing could be
done from within the server. So a file is kept that holds nothing but room, and is emptied for as
long as such work is done. Meanwhile nothing is stored, by any process, or the room would be gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from typing import TYPE_CHECKING

from tileserver.store.problems import FULL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOST = 4 << 20
"""Bytes: the log of a transaction, and what SQLite maps, with some to spare."""
_LEAST = 64 << 10
_SHARE = 8
"""Of a small disk, this part of it is kept."""
_FREE_SHARE = 4
"""Of what is kept, this part must be free beside it for anything to be stored."""
_ALLOCATE = getattr(os, "posix_fallocate", None)
"""Not every system has it."""


class Reserve:
    """A file ``reserve`` of so many bytes; all processes on a folder share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "reserve"

    def missing(self) -> int:
        """Return how many bytes are too few for anything to be stored, after a try to get them."""
        size, disk = self._size(), shutil.disk_usage(self._folder)
        wanted = _share(disk.total)
        if size < wanted:
            size = self._fill(wanted)
            disk = shutil.disk_usage(self._folder)
        return max(wanted - size, 0) + max(wanted // _FREE_SHARE - disk.free, 0)

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """Free the room; who comes second waits until it is there again."""
        with self._opened() as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.ftruncate(descriptor, 0)
            try:
                yield
            finally:
                with contextlib.suppress(OSError):
                    _take(descriptor, 0, _share(shutil.disk_usage(self._folder).total))

    def _size(self) -> int:
        try:
            return os.stat(self._path).st_size  # noqa: PTH116 - on the way of each instance
        except FileNotFoundError:
            return 0

    def _fill(self, wanted: int) -> int:
        """Take what room there is; return what is taken, nothing while the room is lent."""
        try:
            with self._opened() as descriptor:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return _take(descriptor, os.fstat(descriptor).st_size, wanted)
        except BlockingIOError:
            return 0
        except OSError as error:
            # What can keep no room for other reasons (limits, file systems) can store all the same.
            return 0 if error.errno in FULL else wanted

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _share(total: int) -> int:
    return min(_MOST, total // _SHARE)


def _take(descriptor: int, size: int, wanted: int) -> int:
    """Let a file grow as near to a size as there is room for; return its size."""
    step = wanted
    while size < wanted and step >= _LEAST:
        try:
            _allocate(descriptor, size, min(step, wanted - size))
            size += min(step, wanted - size)
        except OSError as error:
            if error.errno not in FULL:
                raise
            os.ftruncate(descriptor, size)
            step //= 2
    return size


def _allocate(descriptor: int, begin: int, length: int) -> None:
    if _ALLOCATE is not None:
        _ALLOCATE(descriptor, begin, length)
    else:
        os.pwrite(descriptor, bytes(length), begin)
