# SPDX-License-Identifier: Apache-2.0
"""``dicomizer convert`` of many slides: options for the children, what is shown, exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from dicomizer.cli.given import given_options

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.batch.run import BatchOptions

SOME_FAILED = 3
_OWN = frozenset({"slide", "out", "metadata", "overwrite", "threads", "jobs", "quiet", "as_json"})
"""Parameters that are the batch's own, or that it gives each slide anew."""
_TABLE_SUFFIXES = frozenset({".csv", ".tsv"})
_WILDCARDS = frozenset("*?[")


def is_many(source: Path) -> bool:
    """Tell whether what a person names is many slides; readers are loaded for a folder only."""
    may_be = (
        source.is_dir()
        or source.suffix.lower() in _TABLE_SUFFIXES
        or bool(_WILDCARDS & set(str(source)))
    )
    if not may_be:
        return False
    from dicomizer.batch.slides import is_batch

    return is_batch(source)


def convert_many(context: click.Context, source: Path, out: Path | None, jobs: int | None) -> int:
    """Convert many slides and return the exit code.

    Raises
    ------
    DicomizerError
        Nothing can be converted at all: no slide is found, or OUT cannot be written.
    """
    if out is None:
        raise click.UsageError("give the folder OUT, in which each slide has its own")
    _check(context)

    from dicomizer.batch.events import Result
    from dicomizer.batch.run import run_batch
    from dicomizer.batch.slides import slides_of
    from dicomizer.cli.batch_display import display

    options = _options(context, jobs)
    slides = slides_of(source, context.params["metadata"], out)
    is_table = sys.stdout.isatty() and not context.params["as_json"]
    try:
        with display(slides, out, is_table=is_table, is_quiet=context.params["quiet"]) as tell:
            totals = run_batch(slides, out, options, tell)
    except KeyboardInterrupt as stop:
        stop.add_note(f"what is done is in {out}, and the same command goes on")
        raise
    tell.end(totals)
    bad = totals[Result.FAILED] + totals[Result.UNSENT]
    return 0 if not bad else 1 if bad == len(slides) else SOME_FAILED


def _check(context: click.Context) -> None:
    """Fail before minutes of work where an option is wrong."""
    from dicomizer.cli.conversion import read_options
    from dicomizer.cli.sending import Sending

    values = dict(context.params)
    Sending.read(values.pop("address"), values)
    read_options({**values, "metadata": None})


def _options(context: click.Context, jobs: int | None) -> BatchOptions:
    from dicomizer.batch.run import BatchOptions

    return BatchOptions(
        given_options(context, {item.name or "" for item in context.command.params} - _OWN),
        overwrite=context.params["overwrite"],
        threads=context.params["threads"],
        jobs=jobs,
    )
