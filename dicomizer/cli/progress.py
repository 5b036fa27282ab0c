# SPDX-License-Identifier: Apache-2.0
"""The progress bar of verbs that take their time."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dicomizer.errors import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dicomizer.pipeline import Progress


@contextlib.contextmanager
def progress(*, show: bool) -> Iterator[Callable[[Progress], None]]:
    """Give a function that draws a progress bar, or one that does nothing."""
    if not show:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description:<14}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("frames"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("opening", total=None)

        def report(progress: Progress) -> None:
            bar.update(
                task,
                description=visible(progress.file_name),
                completed=progress.frames_done,
                total=progress.frames_total,
            )

        yield report
