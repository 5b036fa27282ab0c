# SPDX-License-Identifier: Apache-2.0
"""What tells one slide from another, whatever it is called and wherever it lies."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dicomizer.errors import SourceError
from dicomizer.job import FileState
from dicomizer.sources.companions import files_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    States = tuple[FileState, ...]


def states_of(slide: Path) -> States:
    """Return the state of each file of a slide now.

    Raises
    ------
    SourceError
        One cannot be looked at, or there is none.
    """
    try:
        _check_kind(slide)
        states = tuple(map(FileState.of, files_of(slide)))
    except OSError as error:
        raise SourceError(error.strerror or str(error), file=error.filename or slide) from error
    if not states:
        raise SourceError("the folder holds no file", file=slide)
    return states


def _check_kind(slide: Path) -> None:
    """Refuse what would block whoever opens it, and say of a link that it is one."""
    if slide.is_symlink() and not slide.exists():
        raise SourceError(
            "the link leads to no file",
            file=slide,
            remedy="bring back what it leads to, or remove it",
        )
    if slide.exists() and not (slide.is_file() or slide.is_dir()):
        raise SourceError("found a device or pipe, expected a slide file", file=slide)


def total_bytes(states: Iterable[FileState]) -> int:
    """Return the size of all files."""
    return sum(state.size for state in states)


def digest_of(states: States) -> str:
    """Return the SHA-256 of a slide's file; of several, that of the sorted digests of all.

    So it is the same under another name.

    Raises
    ------
    SourceError
        A file cannot be read.
    """
    digests = sorted(map(_digest, (state.path for state in states)))
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode("ascii")).hexdigest()


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror or error}", file=path) from error
