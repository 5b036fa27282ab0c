# SPDX-License-Identifier: Apache-2.0
"""What was being received when a process ended: it may be half, whole, or stored already.

The file in ``incoming/`` goes last of all, after the index was told, so that it leads to a blob
that the index may not name. Nobody was promised that blob; but it is whole, and in the way of
others of its UID.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, BinaryIO

from tileserver.store import locked
from tileserver.store.layout import flush_folder
from tileserver.store.problems import explained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SUFFIX = ".part"


class Unsettled:
    """A file that was received whole, and has at least one more name.

    Parameters
    ----------
    path_of
        Gives the path of the blob of a key.
    """

    def __init__(self, file: BinaryIO, path_of: Callable[[str], Path]) -> None:
        self._file = file
        self._path_of = path_of

    @property
    def size(self) -> int:
        """Bytes in all."""
        return os.fstat(self._file.fileno()).st_size

    def file(self) -> BinaryIO:
        """Return a file object at the beginning."""
        self._file.seek(0)
        return self._file

    def is_under(self, key: str) -> bool:
        """Tell whether this very file is the blob of a key."""
        return is_same(self._file.fileno(), self._path_of(key))

    def put_again(self, key: str) -> None:
        """Give the blob of a key its name anew, durably.

        That it has it is not enough: where the folder could not be flushed the process may have
        ended for that, and a later flush would not try again what was given up.
        """
        path = self._path_of(key)
        with explained("cannot store"):
            path.unlink()
            path.hardlink_to(self._file.name)
            flush_folder(path.parent)

    def forget(self) -> None:
        """Settled: remove the name by which it was received."""
        os.unlink(self._file.name)  # noqa: PTH108 - a name of a file object


def unsettled(folder: Path, path_of: Callable[[str], Path]) -> Iterator[Unsettled]:
    """Yield, one after the other, files of processes that ended; no other process gets the same.

    Those that have no other name are nothing, and are removed.
    """
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with locked.left_behind(path) as descriptor:
            if descriptor is None:
                continue
            if os.fstat(descriptor).st_nlink == 1:
                path.unlink(missing_ok=True)
                continue
            with path.open("rb") as file:
                yield Unsettled(file, path_of)


def is_same(descriptor: int, path: Path) -> bool:
    """Tell whether an open file is the one at a path."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False
