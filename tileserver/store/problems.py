# SPDX-License-Identifier: Apache-2.0
"""What an operating system says of a disk, as errors of the server."""

from __future__ import annotations

import contextlib
import errno
from typing import TYPE_CHECKING

from tileserver.errors import FullDiskError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What an operating system says of a full disk, and of a quota that is used up."""


@contextlib.contextmanager
def explained(problem: str) -> Iterator[None]:
    """Tell an error of the operating system as one of the server."""
    try:
        yield
    except OSError as error:
        kind = FullDiskError if error.errno in FULL else StorageError
        raise kind(f"{problem}: {error.strerror or error}") from error
