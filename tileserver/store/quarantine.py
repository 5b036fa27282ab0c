# SPDX-License-Identifier: Apache-2.0
"""Files that are put aside: out of the way of the server, and never lost.

Where a damaged blob is put aside, the same instance can be sent again and is stored.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tileserver.store.layout import flush_folder

if TYPE_CHECKING:
    from pathlib import Path

_FOLDER = "quarantine"


def put_aside(folder: Path, path: Path) -> Path:
    """Move a file out of the way, durably; return where it is.

    Parameters
    ----------
    folder
        Of the store.
    """
    made = folder / _FOLDER
    if not made.is_dir():
        made.mkdir(exist_ok=True)
        flush_folder(folder)
    target, number = made / path.name, 1
    while not _moved(path, target):
        target, number = made / f"{path.name}.{number}", number + 1
    return target


def put_back(aside: Path, path: Path) -> bool:
    """Move a file back to its place, if that is free; tell whether it was."""
    return _moved(aside, path)


def _moved(path: Path, target: Path) -> bool:
    """Move a file to a name that is free, durably; tell whether it is."""
    try:
        os.link(path, target)
    except FileExistsError:
        return False
    flush_folder(target.parent)
    path.unlink()
    flush_folder(path.parent)
    return True
