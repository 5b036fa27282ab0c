# SPDX-License-Identifier: Apache-2.0
"""Files that belong to a process for as long as it lives, by a lock that ends with it.

So what a crash left behind is told from work under way, at once and in whichever process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def free_name(folder: Path, suffix: str = "") -> str:
    """Return a path that nobody has."""
    return f"{folder}/{secrets.token_hex(16)}{suffix}"


def new_file(folder: Path, suffix: str = "") -> tuple[int, str]:
    """Make a file, and hold its lock; return its descriptor and its path."""
    while True:
        path = free_name(folder, suffix)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            is_there = os.fstat(descriptor).st_nlink > 0
        except BaseException:
            os.close(descriptor)
            raise
        if is_there:
            return descriptor, path
        os.close(descriptor)  # taken for that of a process that ended


@contextlib.contextmanager
def left_behind(path: Path | str) -> Iterator[int | None]:
    """Hold the lock of a file, and give its descriptor; ``None`` where it is taken, or gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            # Who held the lock may just have finished.
            yield descriptor if os.fstat(descriptor).st_nlink else None
    finally:
        os.close(descriptor)


def is_taken(path: Path) -> bool:
    """Tell whether a living process holds the lock of a file.

    Raises
    ------
    FileNotFoundError
        It has gone.
    """
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def remove_left_behind(folder: Path, pattern: str) -> None:
    """Remove the files of a folder whose processes have ended."""
    for path in folder.glob(pattern):
        with left_behind(path) as descriptor:
            if descriptor is not None:
                path.unlink(missing_ok=True)
