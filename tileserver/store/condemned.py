# SPDX-License-Identifier: Apache-2.0
"""Blobs that are to go: written down durably before the index forgets them.

Without that, a crash between index and blob would leave a blob that a new index finds: a deleted
instance would come back. A list is locked for as long as the process lives that carries it out, so
that others tell work under way from what a crash left behind.

The first line of a list is the key of the blob that takes the place of the others, if any.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_logger = logging.getLogger(__name__)
_SUFFIX = ".keys"
_KEY = re.compile(rb"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Condemned:
    """Keys of blobs that are to go.

    Parameters
    ----------
    keys
        Of the blobs.
    instead
        Key of the blob that takes their place, or ``None`` where nothing does.
    """

    keys: tuple[str, ...]
    instead: str | None
    path: Path


@contextlib.contextmanager
def written(folder: Path, keys: Sequence[str], instead: str | None) -> Iterator[Condemned]:
    """Write a list down durably, and hold its lock; it stays until somebody removes it."""
    final = folder / f"{uuid.uuid4().hex}{_SUFFIX}"
    beside = final.with_suffix(".part")
    with beside.open("xb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            file.write("\n".join((instead or "", *keys)).encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
            beside.rename(final)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
        yield Condemned(tuple(keys), instead, final)


@contextlib.contextmanager
def abandoned(folder: Path) -> Iterator[list[Condemned]]:
    """Give the lists that a crash left behind, and hold their locks."""
    with contextlib.ExitStack() as files:
        found = []
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            with contextlib.suppress(FileNotFoundError, BlockingIOError):
                file = files.enter_context(path.open("rb"))
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not path.exists():  # who held the lock may just have finished
                    continue
                if is_whole(path):
                    found.append(_read(file, path))
                else:
                    _logger.error("%s is damaged and left alone; see tileserver check", path)
        yield found


def all_keys(folder: Path) -> set[str]:
    """Return the keys on all lists."""
    keys: set[str] = set()
    for path in folder.glob(f"*{_SUFFIX}"):
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            keys.update(_read(file, path).keys)  # of a damaged list, what can be read
    return keys


def is_whole(path: Path) -> bool:
    """Tell whether a list makes sense; its disk may have changed it.

    Raises
    ------
    FileNotFoundError
        It has gone.
    """
    lines = path.read_bytes().split(b"\n")
    instead, *keys = lines
    return bool(keys) and all(_KEY.fullmatch(key) for key in (*keys, *filter(None, [instead])))


def _read(file: BinaryIO, path: Path) -> Condemned:
    instead, *keys = file.read().decode("ascii", "replace").split("\n")
    return Condemned(tuple(keys), instead or None, path)
