# SPDX-License-Identifier: Apache-2.0
"""A folder as target: written beside, flushed, and moved into place when all is whole.

Nothing half-written is ever visible under a final name. Files go to a hidden folder within the
target; when the last is on disk they are renamed out of it. A failure removes the hidden folder,
and those folders above it that were made for it; what a killed process left, the next one goes on
with if it does the same, or removes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from dicomizer.errors import TargetError
from dicomizer.targets.durable import durable_folders, flush_folder
from dicomizer.targets.explained import explained
from dicomizer.targets.journal import (
    Journal,
    begin_publishing,
    belongs,
    end_publishing,
    publishing,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from types import TracebackType

_PARTIAL_PREFIX = ".dicomizer-partial-"
_OURS = re.compile(r"(scan-\d+-)?(level-\d+|label|overview|thumbnail)(-part-\d+)?\.dcm")
"""Names of any slide's files: one folder holds one slide, never levels of two."""


class FolderTarget:
    """A folder that receives the files of one slide, all or none.

    Parameters
    ----------
    folder
        Made when it does not exist.
    overwrite
        Whether the slide that the folder holds may be replaced, with all its files.
    job
        What is written; a conversion of the same that was killed is continued.
    keeps_states
        Whether to leave what a later conversion of the same needs to find all done.

    Raises
    ------
    TargetError
        The folder cannot be written to, holds a slide, or another conversion writes to it.
    """

    def __init__(
        self, folder: Path, *, overwrite: bool, job: str = "", keeps_states: bool = False
    ) -> None:
        self._keeps_states = keeps_states
        self._folder = folder
        self._names: list[str] = []
        self._made: list[Path] = []
        self._lock: int | None = None
        with self._explained("cannot be written to"):
            if folder.exists() and not folder.is_dir():
                raise TargetError("found a file, expected a folder", file=folder)
            try:
                self._made = durable_folders(folder)
                self._lock = locked(folder)
                _recover(folder, job)
                self._check(overwrite=overwrite)
                self._partial = _abandoned(folder, job) or _new_partial(folder)
                self.journal = Journal(self._partial, job)
            except BaseException:
                self._unlock()
                self._remove_made()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self._publish()
        else:
            self._discard()

    @contextlib.contextmanager
    def create(self, name: str) -> Iterator[BinaryIO]:
        """Open a file for writing, with what a killed process left in it; on leaving it is on disk.

        What is in it beyond the end that the writer leaves is cut off.
        """
        path = self._partial / name
        path.touch()
        with self._explained(f"{name} cannot be written"), path.open("r+b") as file:
            self._names.append(name)
            yield file
            file.flush()
            os.fsync(file.fileno())

    @contextlib.contextmanager
    def spool(self) -> Iterator[BinaryIO]:
        """Open a file without a name for what is put into files later."""
        with (
            self._explained("temporary frames cannot be written"),
            tempfile.TemporaryFile(dir=self._partial) as file,
        ):
            yield file

    def path(self, name: str) -> Path:
        """Return where a file will be found."""
        return self._folder / name

    def partial_path(self, name: str) -> Path:
        """Return where a file is until all are whole."""
        return self._partial / name

    def _explained(self, problem: str) -> AbstractContextManager[None]:
        return explained(problem, self._folder)

    def _check(self, *, overwrite: bool) -> None:
        for path in self._in_the_way():
            if not overwrite or not path.is_file():
                remedy = "choose another folder"
                if path.is_file():
                    remedy += ", or replace the slide in it with --overwrite"
                raise TargetError(f"already holds {path.name}", file=self._folder, remedy=remedy)

    def _in_the_way(self) -> list[Path]:
        """Return what bears a name that a file to come may have."""
        return instances_in(self._folder)

    def _publish(self) -> None:
        try:
            with self._explained("cannot be completed"):
                begin_publishing(self._partial, self._names)
                others = [path for path in self._in_the_way() if path.name not in self._names]
                for name in self._names:
                    (self._partial / name).replace(self._folder / name)
                flush_folder(self._folder)  # before anything that was there goes
                for path in others:
                    path.unlink()
                if others:
                    flush_folder(self._folder)
                if not self._keeps_states:
                    end_publishing(self._partial)
                    shutil.rmtree(self._partial)
        except BaseException:
            self._discard()
            raise
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _discard(self) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)
        self._unlock()
        self._remove_made()

    def _remove_made(self) -> None:
        for folder in reversed(self._made):
            with contextlib.suppress(OSError):
                folder.rmdir()


def instances_in(folder: Path) -> list[Path]:
    """Return what bears the name of a slide's file, sorted; nothing of a folder that is not there.

    Raises
    ------
    OSError
        The folder cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if _OURS.fullmatch(path.name))
    except FileNotFoundError:
        return []


def forget_states(folder: Path) -> None:
    """Remove what a conversion that keeps states has left beside its files, unless one runs now."""
    try:
        lock = locked(folder)
    except (TargetError, FileNotFoundError):
        return
    for partial in folder.glob(f"{_PARTIAL_PREFIX}*"):
        shutil.rmtree(partial, ignore_errors=True)
    if lock is not None:
        os.close(lock)


def locked(folder: Path) -> int | None:
    """Lock a folder and return the descriptor that holds the lock.

    The system lets go of the lock when the process ends, however it ends. ``None`` stands for a
    file system without locks.

    Raises
    ------
    TargetError
        Another conversion holds the lock.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise TargetError(
            "another conversion is writing to this folder",
            file=folder,
            remedy="wait for it, or choose another folder",
        ) from error
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _abandoned(folder: Path, job: str) -> Path | None:
    """Return what a killed conversion of the same left, and remove what others left.

    Whoever holds the lock is the only one that works here.
    """
    found = None
    for partial in sorted(folder.glob(f"{_PARTIAL_PREFIX}*")):
        if found is None and belongs(partial, job):
            found = partial
        else:
            shutil.rmtree(partial, ignore_errors=True)
    return found


def _recover(folder: Path, job: str) -> None:
    """Take back or complete what was killed while it moved its files into place."""
    for partial in folder.glob(f"{_PARTIAL_PREFIX}*"):
        names = publishing(partial)
        if belongs(partial, job):
            for name in names:
                if (folder / name).is_file() and not (partial / name).exists():
                    (folder / name).replace(partial / name)
            end_publishing(partial)
        else:
            for name in names:
                if (partial / name).is_file():
                    (partial / name).replace(folder / name)


def _new_partial(folder: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix=_PARTIAL_PREFIX, dir=folder))
