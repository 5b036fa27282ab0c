# SPDX-License-Identifier: Apache-2.0
"""Errors of the system while something is written, as errors of ours."""

from __future__ import annotations

import contextlib
import errno
from typing import TYPE_CHECKING

from dicomizer.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_REMEDIES = {
    errno.ENOSPC: "free some space or choose another folder",
    errno.EDQUOT: "free some of your quota or choose another folder",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.EROFS: "choose a folder that you may write to",
    errno.EFBIG: "raise the limit on the size of files",
}


@contextlib.contextmanager
def explained(problem: str, file: Path) -> Iterator[None]:
    """Raise a `TargetError` about a file or folder for an `OSError`."""
    try:
        yield
    except OSError as error:
        raise TargetError(
            f"{problem}: {error.strerror or error}",
            file=file,
            remedy=_REMEDIES.get(error.errno or 0),
        ) from error
