# SPDX-License-Identifier: Apache-2.0
"""Names that outlive a power cut: a file or folder is lost with the name that leads to it.

References
----------
https://pubs.opengroup.org/onlinepubs/9799919799/functions/fsync.html; fsync(2): flushing a file
does not flush the entry of the folder that holds it
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def flush_folder(folder: Path) -> None:
    """Have the names in a folder on disk on return, where the system can and we may read it."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def durable_folders(folder: Path, mode: int = 0o777) -> list[Path]:
    """Make a folder with those above it that are missing; their names are on disk on return.

    Parameters
    ----------
    mode
        Of the folder itself.

    Returns
    -------
    list of Path
        Those that were made, the outermost first.

    Raises
    ------
    OSError
        One cannot be made.
    """
    missing = []
    above = folder
    while not above.exists():
        missing.append(above)
        above = above.parent
    made: list[Path] = []
    try:
        for each in reversed(missing):
            each.mkdir(mode=mode if each == folder else 0o777, exist_ok=True)
            made.append(each)
            flush_folder(each.parent)
    except OSError:
        for each in reversed(made):
            with contextlib.suppress(OSError):
                each.rmdir()
        raise
    return made
