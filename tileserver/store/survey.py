# SPDX-License-Identifier: Apache-2.0
"""A data folder looked at without changing anything; who stores and deletes goes on meanwhile.

Locks tell what is under way from what a crash left: they end with their process.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

from tileserver.errors import StorageError
from tileserver.store import condemned, locked
from tileserver.store.folder import FolderBlob, blob_path
from tileserver.store.layout import is_marked
from tileserver.store.listing import folders, is_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tileserver.store.listing import Listed

_PAIR = re.compile(r"[0-9a-f]{2}")


class Survey:
    """A data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._blobs = folder / "blobs"
        self._incoming = folder / "incoming"
        self._condemned = folder / "condemned"

    def place(self, path: Path) -> str:
        """Return where a path lies in the data folder."""
        return str(path.relative_to(self.folder))

    def blob_place(self, key: str) -> str:
        """Return where the blob of a key lies in the data folder; the key, if it can be none."""
        return self.place(self.path(key)) if is_key(key) else f"blob {key[:80]!r}"

    def path(self, key: str) -> Path:
        """Return where the blob of a key lies.

        Raises
        ------
        StorageError
            It is no key.
        """
        return blob_path(self._blobs, key)

    def open(self, blob: str | Path) -> FolderBlob:
        """Open a blob by its key, or by its path where it was put aside.

        Raises
        ------
        StorageError
            It is not there or cannot be read.
        """
        return _hinted(FolderBlob(self.path(blob) if isinstance(blob, str) else blob))

    def size(self, key: str) -> int | None:
        """Return the size of a blob, ``None`` where it is not there."""
        try:
            return self.path(key).stat().st_size
        except (FileNotFoundError, StorageError):
            return None

    def folders(self) -> Iterator[Listed]:
        """Yield what lies where blobs lie, folder by folder."""
        return folders(self._blobs)

    def is_under_way(self, key: str) -> bool:
        """Tell whether somebody is storing a blob, or about to remove it."""
        if key in condemned.all_keys(self._condemned):
            return True
        try:
            status = self.path(key).stat()
        except FileNotFoundError:
            return True
        if status.st_nlink == 1:
            return False
        # Its first name goes when its request is answered, which may be now.
        return any(is_busy and _is_file(path, status.st_ino) for path, is_busy in self._partials())

    def abandoned_partials(self) -> list[Path]:
        """Return files that were being received, or lists being written, when a crash came."""
        return [path for path, is_busy in self._partials() if not is_busy]

    def _partials(self) -> Iterator[tuple[Path, bool]]:
        for folder in (self._incoming, self._condemned):
            for path in sorted(folder.glob("*.part")):
                with contextlib.suppress(FileNotFoundError):
                    yield path, locked.is_taken(path)

    def abandoned_lists(self) -> tuple[list[Path], list[Path]]:
        """Return lists of deletions that a crash broke off: those that make sense, and others."""
        whole: list[Path] = []
        damaged: list[Path] = []
        for path in sorted(self._condemned.glob("*.keys")):
            with contextlib.suppress(FileNotFoundError):
                if locked.is_taken(path):
                    continue
                (whole if condemned.is_whole(path) else damaged).append(path)
        return whole, damaged

    def layout_problem(self) -> str | None:
        """Return what is wrong with the file that tells how blobs lie.

        Raises
        ------
        StorageError
            Blobs lie as earlier or later builds had them.
        """
        if is_marked(self.folder):
            return None
        if any(_PAIR.fullmatch(path.name) for path in self._blobs.glob("??/??")):
            raise StorageError(
                "the data folder has the layout of an earlier build; "
                "a start of the server brings it up to date"
            )
        return "found no file, expected one that says 2"


def _is_file(path: Path, inode: int) -> bool:
    try:
        return path.stat().st_ino == inode
    except FileNotFoundError:
        return False


def _hinted(blob: FolderBlob) -> FolderBlob:
    """Tell the system that a blob is read from beginning to end."""
    with contextlib.suppress(AttributeError, OSError):  # not on every system
        os.posix_fadvise(blob.file().fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
    return blob
