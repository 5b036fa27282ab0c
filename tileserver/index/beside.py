# SPDX-License-Identifier: Apache-2.0
"""A folder beside the index for the one that takes its place; a crash leaves it, and others see it.

It is locked for as long as the process lives that fills it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = ".reindex-"


@contextlib.contextmanager
def folder_beside(folder: Path) -> Iterator[Path]:
    """Give an empty folder within another that is gone afterwards, and take away abandoned ones."""
    remove_abandoned(folder)
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=_PREFIX) as made,
        _locked(Path(made)) as is_ours,
    ):
        assert is_ours
        yield Path(made)


def abandoned_folders(folder: Path) -> list[Path]:
    """Return the folders that a crash left."""
    return [path for path in sorted(folder.glob(f"{_PREFIX}*")) if _is_abandoned(path)]


def remove_abandoned(folder: Path) -> None:
    """Remove the folders that a crash left."""
    for path in abandoned_folders(folder):
        shutil.rmtree(path, ignore_errors=True)


def _is_abandoned(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), _locked(path) as is_ours:
        # Who has just made one has not filled it before it is locked.
        return is_ours and any(path.iterdir())
    return False


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Hold a lock that ends with the process; tell whether it is ours."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)
