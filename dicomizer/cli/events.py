# SPDX-License-Identifier: Apache-2.0
"""What happens in a conversion, told to a program line by line on standard error.

``{"event": "progress", "file": "level-0.dcm", "frames_done": 64, "frames_total": 6400}`` now and
then, and ``{"event": "written", "files": ["/.../level-2.dcm"]}`` for each instance that is whole
and on disk. Until all are, its files are in a hidden folder; then they are in OUT.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dicomizer.pipeline import Progress

_SECONDS = 0.2
"""From one line of progress to the next."""


class Events:
    """Prints events."""

    def __init__(self) -> None:
        self._next = 0.0

    def report(self, progress: Progress) -> None:
        """Tell how far it is, unless that was told just now."""
        if time.monotonic() < self._next and progress.frames_done < progress.frames_total:
            return
        self._next = time.monotonic() + _SECONDS
        _print(
            event="progress",
            file=progress.file_name,
            frames_done=progress.frames_done,
            frames_total=progress.frames_total,
        )

    def tell(self, files: Sequence[Path]) -> None:
        """Tell of an instance that is on disk."""
        _print(event="written", files=[str(path.absolute()) for path in files])


def _print(**event: object) -> None:
    click.echo(json.dumps(event), err=True)
