# SPDX-License-Identifier: Apache-2.0
"""A file, or a file with a folder beside it, that appears when all is written, or not at all."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dicomizer.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PREFIX = ".dicomizer-export-"
_REMEDIES = {
    errno.ENOSPC: "free some space or choose another folder",
    errno.EDQUOT: "free some of your quota or choose another folder",
    errno.EFBIG: "raise the limit on the size of files",
}
_REMEDY = "choose a folder that you may write to"


@contextlib.contextmanager
def new_files(out: Path, names: Sequence[str], *, overwrite: bool) -> Iterator[Path]:
    """Give a folder to write into; in the end what bears the names moves beside one another.

    Parameters
    ----------
    out
        The file that is asked for, the last to appear.
    names
        Of all that is written, in the order in which it shall appear.

    Raises
    ------
    TargetError
        One of them is there already, or they cannot be written.
    """
    try:
        _check([out.parent / name for name in names], overwrite=overwrite)
        out.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(out.parent)
        partial = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=out.parent))
        lock = _locked(partial)
        try:
            yield partial
            _publish(partial, out.parent, names)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
            os.close(lock)
    except OSError as error:
        raise TargetError(
            f"cannot be written: {error.strerror or error}",
            file=out,
            remedy=_REMEDIES.get(error.errno or 0, _REMEDY),
        ) from error


def flushed_size(path: Path) -> int:
    """Wait until a file is on disk, and return how many bytes it has."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return os.fstat(file.fileno()).st_size


def _check(paths: Sequence[Path], *, overwrite: bool) -> None:
    for path in paths:
        is_ours = path.is_dir() == path.name.endswith("_files")
        if os.path.lexists(path) and not (overwrite and is_ours):
            raise TargetError(
                "exists already", file=path, remedy="choose another name, or give --overwrite"
            )


def _publish(partial: Path, folder: Path, names: Sequence[str]) -> None:
    """Move all into place; a folder that is replaced first moves out of the way."""
    replaced = partial / ".replaced"
    for name in names:
        if (folder / name).is_dir():
            (folder / name).rename(replaced)
        try:
            (partial / name).replace(folder / name)
        except OSError:
            if replaced.exists():
                replaced.rename(folder / name)
            raise


def _locked(folder: Path) -> int:
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def _remove_abandoned(folder: Path) -> None:
    """Remove what a killed export left behind: the lock of its folder ended with it."""
    for path in folder.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            lock = _locked(path)
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)
