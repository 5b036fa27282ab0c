# SPDX-License-Identifier: Apache-2.0
"""What a batch shows: a live table on a terminal, and lines of JSON everywhere else."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from dicomizer.batch.events import Advanced, Begun, Ended, Event, Result
from dicomizer.cli.options import counted, say
from dicomizer.errors import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.table import Table

    from dicomizer.batch.slides import BatchSlide

_FRESH = 8
"""Slides shown after they have ended."""
_NOT_TOLD = frozenset({"state", "options", "files", "slide", "result"})
"""Of a manifest's line: for the next run, or told anyway."""
_STYLES = {Result.CONVERTED: "green", Result.FAILED: "red", Result.UNSENT: "yellow"}


class Display(ABC):
    """Shows what a batch tells; threads may tell at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Take up what happened."""
        with self._lock:
            self._take(event)

    @abstractmethod
    def end(self, totals: Mapping[Result, int]) -> None:
        """Tell what came of all."""

    @abstractmethod
    def _take(self, event: Event) -> None: ...


@contextlib.contextmanager
def display(
    slides: Sequence[BatchSlide], out: Path, *, is_table: bool, is_quiet: bool
) -> Iterator[Display]:
    """Give what shows a batch.

    Parameters
    ----------
    is_table
        Whether for a person at a terminal.
    is_quiet
        Whether only failures are told.
    """
    if not is_table:
        yield _Lines(out, is_quiet=is_quiet)
        return
    shown = _Live(len(slides), out, is_quiet=is_quiet)
    with shown.running():
        yield shown


class _Lines(Display):
    """A line of JSON for each event but the progress of slides."""

    def __init__(self, out: Path, *, is_quiet: bool) -> None:
        super().__init__()
        self._out = out
        self._is_quiet = is_quiet
        self._start = time.monotonic()

    def end(self, totals: Mapping[Result, int]) -> None:
        if not self._is_quiet:
            counts = {result.value: number for result, number in totals.items()}
            seconds = round(time.monotonic() - self._start, 3)
            _print({"event": "end", **counts, "seconds": seconds, "out": str(self._out)})

    def _take(self, event: Event) -> None:
        match event:
            case Begun() if not self._is_quiet:
                told = {"slide_bytes": event.slide_bytes, "threads": event.threads}
                _print({"event": "begun", "slide": event.slide, **told})
            case Ended(result=Result.SKIPPED) if not self._is_quiet:
                _print({"event": "skipped", "slide": event.slide, "out": event.entry["out"]})
            case Ended() if not (self._is_quiet and event.result.is_good):
                entry = {key: value for key, value in event.entry.items() if key not in _NOT_TOLD}
                _print({"event": event.result.value, "slide": event.slide, **entry})


def _print(value: Mapping[str, Any]) -> None:
    click.echo(json.dumps(value))


@dataclass
class _Row:
    """A slide of the live table."""

    slide_bytes: int
    start: float
    done: int = 0
    total: int = 0
    result: Result | None = None
    seconds: float = 0.0
    told: str = ""


class _Live(Display):
    """The slides that run and those that ended last, and how many are left."""

    def __init__(self, slides: int, out: Path, *, is_quiet: bool) -> None:
        super().__init__()
        self._slides = slides
        self._out = out
        self._is_quiet = is_quiet
        self._start = time.monotonic()
        self._rows: dict[str, _Row] = {}
        self._counts = dict.fromkeys(Result, 0)
        self._failures: list[str] = []

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Draw four times a second until it is left."""
        from rich.live import Live

        if self._is_quiet:
            yield
            return
        with Live(get_renderable=self._table, refresh_per_second=4, transient=True):
            yield

    def end(self, totals: Mapping[Result, int]) -> None:
        for failure in self._failures:
            say(failure, err=True)
        if self._is_quiet:
            return
        told = ", ".join(
            f"{number:,} {_words(result)}" for result, number in totals.items() if number
        )
        seconds = time.monotonic() - self._start
        say(
            f"{counted(self._slides, 'slide')}: {told} in {_clock(seconds)} → {self._out}; "
            f"all of them in {self._out / 'manifest.jsonl'}"
        )

    def _take(self, event: Event) -> None:
        match event:
            case Begun():
                self._rows[event.slide] = _Row(event.slide_bytes, time.monotonic())
            case Advanced() if event.slide in self._rows:
                row = self._rows[event.slide]
                row.done, row.total = event.frames_done, event.frames_total
            case Ended():
                self._ended(event)

    def _ended(self, event: Ended) -> None:
        self._counts[event.result] += 1
        if event.result is Result.SKIPPED:
            return
        row = self._rows.pop(event.slide, _Row(0, time.monotonic()))
        row.result, row.seconds = event.result, time.monotonic() - row.start
        if not event.result.is_good:
            row.told = event.entry.get("error", {}).get("message", "")
            self._failures.append(f"{event.result.value}: {event.slide}: {row.told}")
        self._rows[event.slide] = row  # behind those that run
        ended = [name for name, item in self._rows.items() if item.result is not None]
        for name in ended[:-_FRESH]:
            del self._rows[name]

    def _table(self) -> Table:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        with self._lock:
            rows, ended = dict(self._rows), sum(self._counts.values())
            counts = dict(self._counts)
        table = Table(box=None, header_style="dim", pad_edge=False, expand=True)
        for heading, justify in (("slide", "left"), ("size", "right"), ("time", "right")):
            table.add_column(heading, justify=justify, no_wrap=True, overflow="ellipsis")  # type: ignore[arg-type]
        table.add_column("", ratio=1, no_wrap=True, overflow="ellipsis")
        for name, row in sorted(rows.items(), key=lambda item: item[1].result is None):
            if row.result is None:
                seconds = time.monotonic() - row.start
                state: Any = ProgressBar(total=row.total or None, completed=row.done, width=40)
            else:
                seconds = row.seconds
                told = visible(f"{_words(row.result)} {row.told}")
                state = Text(told, _STYLES.get(row.result, ""))
            size = f"{row.slide_bytes / 1e6:,.1f} MB"
            table.add_row(Text(visible(name)), size, _clock(seconds), state)
        told = ", ".join(f"{number:,} {_words(item)}" for item, number in counts.items() if number)
        table.caption = f"{ended:,} of {counted(self._slides, 'slide')}{': ' if told else ''}{told}"
        table.caption_justify = "left"
        return table


def _words(result: Result) -> str:
    return "done before" if result is Result.SKIPPED else result.value


def _clock(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return (
        f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
    )
