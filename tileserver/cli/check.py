# SPDX-License-Identifier: Apache-2.0
"""``tileserver check``: tells whether all that is stored is as it was stored."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from typing import TYPE_CHECKING

import click

from tileserver.cli.options import settings_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tileserver.configuration import Loaded
    from tileserver.services.check import Extent, Finding, Progress

PROBLEMS = 1
NOT_ABLE = 2


@click.command()
@settings_options("data")
@click.option(
    "--fast", is_flag=True, help="Look at names, sizes and the index alone: no stored byte is read."
)
@click.option(
    "--repair",
    is_flag=True,
    help="Finish broken-off deletions, take whole instances that the index does not know into it, "
    "and remove what crashes left of files, and second copies. Nothing that was acknowledged, and "
    "no only copy, is ever removed.",
)
@click.option(
    "--quarantine",
    is_flag=True,
    help="Move damaged blobs, and those that no instance may have, to the folder quarantine. The "
    "server then answers that they are missing, and takes the same instances when they are sent "
    "again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def check(
    context: click.Context,
    loaded: Loaded,
    *,
    fast: bool,
    repair: bool,
    quarantine: bool,
    as_json: bool,
) -> None:
    """Check that all that is stored is as it was stored.

    Reads every stored byte and compares its digest with the index, what each instance says with
    what the index says of it, the index with itself, and looks for files that are missing or that
    nobody names. Without --repair and --quarantine nothing is changed. A server on the same data
    folder may be running, and goes on storing and deleting meanwhile.

    Prints a line for each problem: its kind, place and instance, what was found, what was expected,
    and what to do; never values of patients.

    Exit codes: 0 all is well by now; 1 there are problems; 2 the folder cannot be
    checked, or wrong usage; 130 interrupted.
    """
    from tileserver.app import check_of, repair_of
    from tileserver.errors import TileserverError

    begun = time.monotonic()
    told = _Document() if as_json else _Lines()
    with _progress(show=sys.stderr.isatty()) as report:
        try:
            checked = check_of(loaded.settings, fast=fast, report=report)
            mending = repair_of(loaded.settings, is_mending=repair, is_putting_aside=quarantine)
            with contextlib.closing(mending):
                for finding in checked.findings():
                    told.tell(mending.attempt(finding))
        except TileserverError as error:
            told.fail(str(error))
            context.exit(NOT_ABLE)
    told.end(checked.extent, time.monotonic() - begun)
    context.exit(PROBLEMS if told.problems else 0)


class _Told:
    """Counts what is told."""

    def __init__(self) -> None:
        self.problems = self.solved = 0

    def tell(self, finding: Finding) -> None:
        """Tell a finding."""
        if finding.is_solved:
            self.solved += 1
        else:
            self.problems += 1

    def end(self, extent: Extent, seconds: float) -> None:
        """Tell how much was looked at."""

    def fail(self, problem: str) -> None:
        """Tell why it cannot be checked."""
        click.echo(f"tileserver: {problem}", err=True)


class _Lines(_Told):
    """A line for each finding, and one for all."""

    def tell(self, finding: Finding) -> None:
        super().tell(finding)
        click.echo(finding.line())

    def end(self, extent: Extent, seconds: float) -> None:
        parts = [
            f"{extent.instances:,} instances",
            f"{extent.blobs:,} blobs",
            f"{extent.bytes_read:,} bytes read in {seconds:.0f} s",
            f"{self.problems:,} problems",
        ]
        parts += [f"{self.solved:,} solved"] * bool(self.solved)
        click.echo(", ".join(parts))


class _Document(_Told):
    """One JSON object, printed as it comes: there can be as many findings as instances."""

    def __init__(self) -> None:
        super().__init__()
        self._separator = '{"findings": ['

    def tell(self, finding: Finding) -> None:
        super().tell(finding)
        click.echo(f"{self._separator}\n  {json.dumps(finding.document())}", nl=False)
        self._separator = ","

    def end(self, extent: Extent, seconds: float) -> None:
        summary = {
            "instances": extent.instances,
            "blobs": extent.blobs,
            "bytes_read": extent.bytes_read,
            "seconds": round(seconds, 1),
            "problems": self.problems,
            "solved": self.solved,
        }
        click.echo(f'{self._closed()}, "summary": {json.dumps(summary)}}}')

    def fail(self, problem: str) -> None:
        super().fail(problem)
        begin = f"{self._closed()}, " if self._separator == "," else "{"
        click.echo(f'{begin}"error": {json.dumps(problem)}}}')

    def _closed(self) -> str:
        """Return the end of the findings."""
        return "\n]" if self._separator == "," else f"{self._separator}]"


@contextlib.contextmanager
def _progress(*, show: bool) -> Iterator[Callable[[Progress], None]]:
    """Give a function that draws a progress bar, or one that does nothing."""
    if not show:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("opening", total=None)
        yield lambda at: bar.update(task, description=at.step, completed=at.done, total=at.total)
