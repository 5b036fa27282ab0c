# SPDX-License-Identifier: Apache-2.0
"""Blobs that are to go: written down durably before the index forgets them.

Without that, a crash between index and blob would leave a blob that a new index finds: a deleted
instance would come back. A list is locked for as long as the process lives that carries it out, so
that others tell work under way from what a crash left behind.

The first line of a list is the key of the blob that takes the place of the others, if any.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tileserver.store import locked
from tileserver.store.layout import flush_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_logger = logging.getLogger(__name__)
_SUFFIX = ".keys"
_BESIDE = ".part"
"""Of a list that is not written down yet: nothing is condemned by it."""
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
    descriptor, name = locked.new_file(folder, _BESIDE)
    beside = Path(name)
    final = beside.with_suffix(_SUFFIX)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - it has no path to be opened by
        try:
            file.write("\n".join((instead or "", *keys)).encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
            beside.rename(final)
            flush_folder(folder)
        except OSError:
            for path in (beside, final):
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            raise
        yield Condemned(tuple(keys), instead, final)


@contextlib.contextmanager
def abandoned(folder: Path) -> Iterator[list[Condemned]]:
    """Give the lists that a crash left behind, and hold their locks."""
    with contextlib.ExitStack() as files:
        found = []
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            if files.enter_context(locked.left_behind(path)) is None:
                continue
            if is_whole(path):
                found.append(_read(path))
            else:
                _logger.error("%s is damaged and left alone; see tileserver check", path)
        yield found


def remove_unwritten(folder: Path) -> None:
    """Remove what a crash has left of lists that were never written down."""
    locked.remove_left_behind(folder, f"*{_BESIDE}")


def all_keys(folder: Path) -> set[str]:
    """Return the keys on all lists."""
    keys: set[str] = set()
    for path in folder.glob(f"*{_SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):
            keys.update(_read(path).keys)  # of a damaged list, what can be read
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


def _read(path: Path) -> Condemned:
    instead, *keys = path.read_text("ascii", "replace").split("\n")
    return Condemned(tuple(keys), instead or None, path)
