# SPDX-License-Identifier: Apache-2.0
"""The layout of the folder of blobs, and the way from that of earlier builds to it.

Earlier builds had ``blobs/ab/cd/<key>.dcm``. Blobs are moved by renaming when a store is opened. A
file ``layout`` is written once all are moved and on disk: a crash before it lets the next opening
go on, and with it nothing is looked for. Whoever opens meanwhile waits.
"""

from __future__ import annotations

import contextlib
import fcntl
import filecmp
import logging
import os
import re
from typing import TYPE_CHECKING

from tileserver.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_logger = logging.getLogger(__name__)
_MARKER = "layout"
_LAYOUT = "2"
_PAIR = re.compile(r"[0-9a-f]{2}")
_BLOB = re.compile(r"[0-9a-f]{64}\.dcm")


def bring_up_to_date(folder: Path) -> None:
    """Give the blobs of a data folder their places in this layout.

    Raises
    ------
    OSError
        The folder cannot be read or written.
    StorageError
        It is of a later build.
    """
    if is_marked(folder):
        return
    blobs = folder / "blobs"
    with _alone(blobs):
        if is_marked(folder):
            return
        moved = sum(_move_below(outer) for outer in _pairs(blobs))
        _mark(folder)
    if moved:
        _logger.info("moved %d blobs to the layout of this version", moved)


def flush_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(*folders: Path) -> None:
    """Make folders that are missing, with those above them; none where one may not be on disk.

    Flushed again after a failure, a name could be said to be on disk though it was given up; made
    again, not.
    """
    made: list[Path] = []
    try:
        for folder in folders:
            made += _made(folder)
        # Those that were there too: who made them may have been killed before it flushed them.
        for parent in {folder.parent for folder in (*folders, *made)}:
            _flush_any(parent)
    except OSError:
        for folder in reversed(made):
            with contextlib.suppress(OSError):  # another has put something in it
                folder.rmdir()
        raise


def _made(folder: Path) -> list[Path]:
    """Make a folder; return it and what was made above it, from above to below."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()][::-1]
    for each in missing:
        each.mkdir(exist_ok=True)
    return missing


def _flush_any(folder: Path) -> None:
    try:
        flush_folder(folder)
    except PermissionError:  # names can be made in it, but not be read
        os.sync()


def is_marked(folder: Path) -> bool:
    """Tell whether all blobs lie as said here.

    Raises
    ------
    StorageError
        They lie as a later build has them.
    """
    try:
        found = (folder / _MARKER).read_text("ascii", errors="replace").strip()
    except FileNotFoundError:
        return False
    if found != _LAYOUT:
        raise StorageError(
            f"the data folder has layout {found[:16]!r}, expected {_LAYOUT}; "
            "use the version that made it, or a later one"
        )
    return True


def _mark(folder: Path) -> None:
    beside = folder / f"{_MARKER}.part"
    with beside.open("w", encoding="ascii") as file:
        file.write(f"{_LAYOUT}\n")
        file.flush()
        os.fsync(file.fileno())
    beside.rename(folder / _MARKER)
    flush_folder(folder)


@contextlib.contextmanager
def _alone(blobs: Path) -> Iterator[None]:
    """Keep other processes from moving the same blobs."""
    descriptor = os.open(blobs, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _pairs(folder: Path) -> list[Path]:
    """Return the folders that are named by two digits of a key."""
    return sorted(path for path in folder.iterdir() if _PAIR.fullmatch(path.name) and path.is_dir())


def _move_below(outer: Path) -> int:
    """Move the blobs of inner folders into the outer one, durably; return how many."""
    inner = _pairs(outer)
    moved = sum(
        _move(path, outer / path.name)
        for folder in inner
        for path in sorted(folder.iterdir())
        if _BLOB.fullmatch(path.name)
    )
    if not inner:
        return 0
    # New names first: a file system need not write them before it forgets the old ones.
    flush_folder(outer)
    for folder in inner:
        flush_folder(folder)
        with contextlib.suppress(OSError):  # something foreign is in it
            folder.rmdir()
    flush_folder(outer)
    return moved


def _move(path: Path, final: Path) -> bool:
    """Move a blob and tell so; none is overwritten, and none with other bytes lost."""
    if not final.exists():
        path.rename(final)
        return True
    if filecmp.cmp(path, final, shallow=False):
        path.unlink()
    else:
        _logger.warning("blob %s is there twice, with different bytes: see %s", path.stem, path)
    return False
