# SPDX-License-Identifier: Apache-2.0
"""A private folder for files that only pass through, found again by who goes on with them.

It lies where temporary files do. What a killed process left in it stays for the next one with the
same errand.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dicomizer.errors import TargetError
from dicomizer.targets.folder import locked
from dicomizer.targets.journal import is_private

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PREFIX = "dicomizer-unsent-"


@contextlib.contextmanager
def room_for(errand: Sequence[str]) -> Iterator[Path]:
    """Give the folder of an errand, for this process alone.

    Parameters
    ----------
    errand
        What is done, by which the folder is found again.

    Raises
    ------
    TargetError
        It cannot be made, is not this user's own, or another process works in it.
    """
    digest = hashlib.sha256("\0".join([str(os.geteuid()), *errand]).encode("utf-8", "replace"))
    folder = Path(tempfile.gettempdir()) / f"{_PREFIX}{digest.hexdigest()[:16]}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        is_own = is_private(folder)
    except OSError as error:
        raise TargetError(
            f"cannot be made: {error.strerror or error}", file=folder, remedy="name a folder OUT"
        ) from error
    if not is_own:
        raise TargetError(
            "found something of another user, expected a private folder",
            file=folder,
            remedy="name a folder OUT",
        )
    lock = locked(folder)
    try:
        # A lock of its own: within the folder, conversions lock what they write to.
        yield folder / "slide"
    finally:
        if lock is not None:
            os.close(lock)


def remove_room(folder: Path) -> None:
    """Remove what `room_for` gave."""
    shutil.rmtree(folder.parent, ignore_errors=True)
