# SPDX-License-Identifier: Apache-2.0
"""The sources that are done with: out of the inbox, with all their files, or back if it was not it.

Where they go is in the journal before the first file is moved, so that a move that was broken off
is completed. The file by which a slide is found goes last.
"""

from __future__ import annotations

import datetime as dt
import errno
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from dicomizer.errors import TargetError
from dicomizer.job import FileState
from dicomizer.sources.companions import parts_of
from dicomizer.targets.explained import explained
from dicomizer.watch.journal import State
from dicomizer.watch.options import After
from dicomizer.watch.seen import fingerprint_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dicomizer.watch.journal import Journal, Record

FOLDERS = {State.DONE: "done", State.FAILED: "failed", State.UNMATCHED: "unmatched"}
_DELETING = ".dicomizer-deleting"
_TOKEN = 8


class Aside:
    """Puts sources aside.

    Parameters
    ----------
    after
        What becomes of those that are done; others are moved, unless nothing may be touched.
    """

    def __init__(self, inbox: Path, after: After, journal: Journal) -> None:
        self._inbox = inbox
        self._after = after
        self._journal = journal

    def settle(self, record: Record, more: Sequence[Path] = ()) -> Record:
        """Put the source of a slide aside, as its state says, and note that.

        Parameters
        ----------
        more
            Files that came with it, such as one with its metadata.

        Raises
        ------
        TargetError
            It cannot be moved.
        """
        source = self._inbox / record.path
        path = record.path
        if self._after is not After.KEEP:
            if record.target is None:
                # What lies there by now may be another slide, which comes by itself.
                if fingerprint_at(source) != record.fingerprint:
                    return self._settled(record, path)
                target = self._target(record, source)
                record = self._journal.change(record.content, is_durable=True, target=str(target))
            moved = self._move(record, source, more)
            path = str(moved.relative_to(self._inbox)) if moved else record.path
        return self._settled(record, path)

    def copy(self, record: Record, path: str, fingerprint: str) -> None:
        """Put another copy of a slide aside, of which nothing is left to be done.

        Raises
        ------
        TargetError
            It cannot be moved.
        """
        source = self._inbox / path
        if self._after is After.KEEP or fingerprint_at(source) != fingerprint:
            return
        target = self._folder(record.state) / Path(path).parent / record.content[:_TOKEN]
        with explained("cannot be moved out of the inbox", source):
            while (self._inbox / target / source.name).exists():
                target /= "copy"
            for part in parts_of(source):
                _move(part, self._inbox / target / part.name)
            self._delete(target)
        self._journal.forget(path)

    def _settled(self, record: Record, path: str) -> Record:
        # What is kept is known when it is seen again.
        return self._journal.settle(record, path, is_seen=self._after is After.KEEP)

    def _folder(self, state: State) -> Path:
        if state is State.DONE and self._after is After.DELETE:
            return Path(_DELETING)
        return Path(FOLDERS[state])

    def _target(self, record: Record, source: Path) -> Path:
        """Return the folder for a source, below the inbox: one of its own where names meet."""
        folder = self._folder(record.state) / Path(record.name).parent
        parts = parts_of(source)
        if any((self._inbox / folder / part.name).exists() for part in parts):
            return folder / record.content[:_TOKEN]
        return folder

    def _move(self, record: Record, source: Path, more: Sequence[Path]) -> Path | None:
        """Move a source; return where it is, ``None`` where it was deleted, or was not it."""
        assert record.target is not None
        folder = self._inbox / record.target
        with explained("cannot be moved out of the inbox", source):
            for part in (*more, *parts_of(source)):
                if part.exists():
                    _move(part, folder / part.name)
            moved = folder / source.name
            if not _is_it(moved, record.fingerprint):
                _move_back(moved, source, record.content)
                return None
            if record.state is State.FAILED:
                _write_reason(moved, record)
            return None if self._delete(Path(record.target)) else moved

    def _delete(self, target: Path) -> bool:
        """Remove what was moved to be removed."""
        if target.parts[0] != _DELETING:
            return False
        shutil.rmtree(self._inbox / _DELETING, ignore_errors=True)
        return True


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        raise TargetError(
            "it lies on another file system than the inbox",
            file=source,
            remedy="give the inbox a file system of its own, or --after keep",
        ) from error
    for folder in (target.parent, source.parent):
        _flush(folder)


def _is_it(moved: Path, fingerprint: str) -> bool:
    """Tell whether a file is one of those that the content was read from."""
    if not moved.is_file():
        return moved.is_dir()
    return str(FileState.of(moved)) in fingerprint.split("|")


def _move_back(moved: Path, source: Path, content: str) -> None:
    """Put back what took the place of a slide in the moment in which it was moved."""
    free = source
    if source.exists():
        free = source.with_name(f"{source.stem}-{content[:_TOKEN]}{source.suffix}")
    _move(moved, free)


def _write_reason(moved: Path, record: Record) -> None:
    moment = dt.datetime.fromtimestamp(record.changed).astimezone().isoformat(timespec="seconds")
    lines = [f"{moment}  {moved.name} could not be converted.", "", f"Reason: {record.reason}"]
    if record.remedy:
        lines.append(f"What to do: {record.remedy}")
    lines += ["", "To try it again, move it back to the watch folder."]
    partial = moved.with_name(f".{moved.name}.reason.new")
    partial.write_text("\n".join(lines) + "\n", "utf-8")
    partial.replace(reason_of(moved))


def reason_of(moved: Path) -> Path:
    """Return the file that tells why a slide failed."""
    return moved.with_name(f"{moved.name}.reason.txt")


def _flush(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return  # a folder that may be written and not read
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
