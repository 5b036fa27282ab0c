# SPDX-License-Identifier: Apache-2.0
"""Stored instances under names of a folder, for programs that want files."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tileserver.index import StoredInstance
    from tileserver.jobs.task import Task

_CHUNK = 1 << 20


def hand_out(task: Task, instances: Mapping[str, StoredInstance], name: str) -> Path:
    """Return a folder with stored instances under the names given; what was in it is gone.

    They are further names of the stored files where the disk has that, so that they take no room,
    and outlive a deletion.
    """
    folder = task.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file_name, found in instances.items():
        with task.services.retrieve.opened(found) as blob:
            _give(blob.file(), folder / file_name)
    return folder


def _give(file: BinaryIO, path: Path) -> None:
    try:
        os.link(f"/proc/self/fd/{file.fileno()}", path, follow_symlinks=True)
    except OSError:
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy, _CHUNK)
