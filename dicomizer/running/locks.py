# SPDX-License-Identifier: Apache-2.0
"""One run at a time for each folder, and none before the children of the last one have ended."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from dicomizer.errors import TargetError
from dicomizer.targets.folder import locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PATIENCE_SECONDS = 30.0
"""Children of a run that was killed end with it, but one that is just being started needs a
while."""
_STEP_SECONDS = 0.05


@contextlib.contextmanager
def waited_lock(folder: Path, patience_seconds: float = _PATIENCE_SECONDS) -> Iterator[list[int]]:
    """Lock a folder; give the descriptors that hold the lock, for children to hold it too.

    Raises
    ------
    TargetError
        Another process holds it all the time, or the folder cannot be opened.
    """
    end = time.monotonic() + patience_seconds
    while True:
        try:
            lock = locked(folder)
            break
        except TargetError:
            if time.monotonic() > end:
                raise
            time.sleep(_STEP_SECONDS)
    try:
        yield [] if lock is None else [lock]
    finally:
        if lock is not None:
            os.close(lock)
