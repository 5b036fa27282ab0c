# SPDX-License-Identifier: Apache-2.0
"""Where in the data folder jobs and uploads have their files; no name comes from a client."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from tileserver.errors import NotFoundError

if TYPE_CHECKING:
    from pathlib import Path

FILES = "files"
"""Folder of the files of an upload, within its own."""
RESULT_TYPES = {".zip": "application/zip", ".tif": "image/tiff", ".ome.tif": "image/tiff"}
"""Media types of files that jobs make, by what their names end with."""
_WHOLE = "whole"
JOBS_FILE = "jobs.sqlite"
_UPLOAD = re.compile(r"[0-9a-f]{32}", re.ASCII)


def work_folder(data: Path, job: int) -> Path:
    """Return the folder in which a job may write; it goes when the job has ended well."""
    return data / "jobs" / str(job)


def result_file(data: Path, job: int, suffix: str = ".zip") -> Path:
    """Return the file that a job makes for whoever asked; it goes with its record.

    Parameters
    ----------
    suffix
        One of `RESULT_TYPES`.
    """
    return data / "results" / f"{job}{suffix}"


def made_file(data: Path, job: int) -> tuple[Path, str] | None:
    """Return the file that a job has made and its suffix, ``None`` where it has made none."""
    for suffix in RESULT_TYPES:
        path = result_file(data, job, suffix)
        if path.is_file():
            return path, suffix
    return None


def upload_folder(data: Path, upload: object) -> Path:
    """Return the folder of an upload, whether it is there or not.

    Raises
    ------
    NotFoundError
        This is the name of none.
    """
    if not isinstance(upload, str) or not _UPLOAD.fullmatch(upload):
        raise NotFoundError("there is no such upload")
    return data / "uploads" / upload


def is_whole(folder: Path) -> bool:
    """Tell whether all files of an upload are there."""
    return (folder / _WHOLE).is_file()


def mark_whole(folder: Path) -> None:
    """Write down, durably, that all files of an upload are there."""
    with (folder / _WHOLE).open("ab") as file:
        os.fsync(file.fileno())
    flush_folder(folder)


def flush_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
