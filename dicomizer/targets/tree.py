# SPDX-License-Identifier: Apache-2.0
"""A new folder of many small files, which appears when all are written, or not at all."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dicomizer.errors import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def new_tree(folder: Path) -> Iterator[Path]:
    """Give a folder to write into that becomes ``folder`` in the end.

    Raises
    ------
    TargetError
        The folder holds something already, or cannot be written.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise TargetError(
                "exists already and is not empty", file=folder, remedy="choose another folder"
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".dicomizer-partial-", dir=folder.parent))
        try:
            yield partial
            partial.chmod(0o755)
            partial.replace(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise TargetError(
            f"cannot be written: {error.strerror or error}",
            file=folder,
            remedy="choose a folder that you may write to, with space for all files",
        ) from error
