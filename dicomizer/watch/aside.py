# SPDX-License-Identifier: Apache-2.0
"""The sources that are done with: out of the inbox, with all their files, or back if it was not it.

Where they go is in the journal before the first file is moved, so that a move that was broken off
is completed. The file by which a slide is found goes last.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from dicomizer.errors import TargetError
from dicomizer.job import FileState
from dicomizer.sources.companions import parts_of
from dicomizer.targets.durable import durable_folders, flush_folder
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

    def is_to_return(self, record: Record) -> bool:
        """Tell whether a slide that is to be tried again lies where it was put aside."""
        is_aside = Path(record.path).parts[0] in FOLDERS.values()
        return self._after is not After.KEEP and (is_aside or record.target is not None)

    def bring_back(self, record: Record, more: Sequence[Path] = ()) -> Record:
        """Move the source of a slide back to where it came, and note that.

        Where it goes is in the journal before the first file is moved, as with `settle`; so a move
        that was broken off is completed. Others bring slides there meanwhile, so nothing is ever
        replaced.

        Parameters
        ----------
        more
            Files that came with it; one whose name is taken there stays.

        Raises
        ------
        TargetError
            It cannot be moved.
        """
        source = self._inbox / record.path
        if record.target is None:
            target = self._free(Path(record.name).parent, source, record.content)
            record = self._journal.change(record.content, is_durable=True, target=str(target))
        assert record.target is not None
        folder = self._inbox / record.target
        with explained("cannot be moved back to the inbox", source):
            for part in more:
                with contextlib.suppress(FileExistsError):
                    _move_new(part, folder / part.name)
            self._move_parts(record, source, folder)
            reason_of(source).unlink(missing_ok=True)
        return self._journal.returned(record, str(Path(record.target, source.name)))

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
        return self._free(folder, source, record.content)

    def _free(self, folder: Path, source: Path, content: str) -> Path:
        """Return a folder, or one in it, where nothing has the names of a source's files."""
        if any((self._inbox / folder / part.name).exists() for part in parts_of(source)):
            return folder / content[:_TOKEN]
        return folder

    def _move(self, record: Record, source: Path, more: Sequence[Path]) -> Path | None:
        """Move a source; return where it is, ``None`` where it was deleted, or was not it."""
        assert record.target is not None
        folder = self._inbox / record.target
        with explained("cannot be moved out of the inbox", source):
            for part in more:
                _move(part, folder / part.name)
            self._move_parts(record, source, folder)
            moved = folder / source.name
            if not _is_it(moved, record.fingerprint):
                _move_back(moved, source, record.content)
                return None
            if record.state is State.FAILED:
                _write_reason(moved, record)
            return None if self._delete(Path(record.target)) else moved

    def _move_parts(self, record: Record, source: Path, folder: Path) -> None:
        try:
            for part in filter(Path.exists, parts_of(source)):
                _move_new(part, folder / part.name)
        except FileExistsError:
            # Somebody has just brought another file of this name: a place of its own, next time.
            self._journal.change(record.content, target=None)
            raise

    def _delete(self, target: Path) -> bool:
        """Remove what was moved to be removed."""
        if target.parts[0] != _DELETING:
            return False
        shutil.rmtree(self._inbox / _DELETING, ignore_errors=True)
        return True


def _move(source: Path, target: Path) -> None:
    durable_folders(target.parent)
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
        flush_folder(folder)


def _move_new(source: Path, target: Path) -> None:
    """Move a file or folder to a name that nothing has, or fail; never replace what is there.

    A file has both names for a moment, so that a power cut takes at most one of them.

    Raises
    ------
    OSError
        As `FileExistsError` where the name is taken.
    """
    if source.is_dir():
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        _move(source, target)
        return
    durable_folders(target.parent)
    try:
        target.hardlink_to(source)
    except FileExistsError:
        if not target.samefile(source):  # else a kill came between this step and the next
            raise
    except OSError:  # a file system without links
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        _move(source, target)
        return
    flush_folder(target.parent)
    source.unlink()
    flush_folder(source.parent)


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
    lines += ["", "To try it again: dicomizer watch retry, or move it back to the watch folder."]
    partial = moved.with_name(f".{moved.name}.reason.new")
    partial.write_text("\n".join(lines) + "\n", "utf-8")
    partial.replace(reason_of(moved))


def reason_of(moved: Path) -> Path:
    """Return the file that tells why a slide failed."""
    return moved.with_name(f"{moved.name}.reason.txt")
