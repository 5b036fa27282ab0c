# SPDX-License-Identifier: Apache-2.0
"""The service: looks at the inbox again and again, and has slides worked on as many at once as fit.

All that must not be forgotten is in the journal; what this process remembers beside it is only
since when files have been at rest, and what is being worked on.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from dicomizer.errors import SourceError, TargetError
from dicomizer.running.budget import budget, memory_of
from dicomizer.running.children import Children, StoppedError
from dicomizer.running.content import digest_of, states_of, total_bytes
from dicomizer.running.locks import waited_lock
from dicomizer.running.schedule import Schedule, Task
from dicomizer.targets.durable import durable_folders
from dicomizer.targets.explained import explained
from dicomizer.watch.aside import FOLDERS, Aside
from dicomizer.watch.changes import told_of_changes
from dicomizer.watch.journal import Journal, State
from dicomizer.watch.options import After
from dicomizer.watch.seen import fingerprint, slides_in
from dicomizer.watch.steps import Steps
from dicomizer.watch.still import Stillness, is_written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dicomizer.running.content import States
    from dicomizer.running.schedule import Start
    from dicomizer.watch.options import WatchOptions
    from dicomizer.watch.steps import Tell

_LEAST_WAIT_SECONDS = 0.02
_SETTLED = (State.DONE, State.FAILED, State.UNMATCHED)


@contextlib.contextmanager
def watching(options: WatchOptions, journal: Journal, tell: Tell) -> Iterator[Service]:
    """Give the service of an inbox, which runs when it is told to.

    Raises
    ------
    TargetError
        A folder is not there or cannot be written, or another service works at the inbox.
    """
    _check(options)
    with explained("cannot be written to", options.work):
        durable_folders(options.work, mode=0o700)
    # The lock of the work folder is that of the journal's results; that of the inbox keeps out
    # a service with another journal, where the inbox is on a file system with locks.
    with (
        waited_lock(options.work) as work,
        waited_lock(options.inbox) as inbox,
        Children((*work, *inbox)) as children,
    ):
        aside = Aside(options.inbox, options.after, journal)
        steps = Steps(options, journal, children, aside, tell)
        yield Service(options, journal, children, steps)


class Service:
    """A watch folder in service."""

    def __init__(
        self,
        options: WatchOptions,
        journal: Journal,
        children: Children,
        steps: Steps,
    ) -> None:
        self._options = options
        self._journal = journal
        self._children = children
        self._steps = steps
        self._stillness = Stillness(options.settle_seconds)
        self._schedule = Schedule(budget(), options.jobs, largest_first=False)
        self._wake = threading.Event()
        self._work: dict[str, Callable[[int], None]] = {}
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._futures: dict[Future[None], str] = {}
        self._without = frozenset(options.inbox / name for name in FOLDERS.values())
        self.is_told = False
        self.waiting = 0

    def run(self, is_over: Callable[[bool], bool] = lambda _is_idle: False) -> None:
        """Serve until ``is_over``, which is asked after each look with whether nothing is to do.

        Raises
        ------
        TargetError
            The journal or the inbox cannot be used any more.
        """
        self._clear_work()
        with (
            ThreadPoolExecutor(self._schedule.jobs, "slide") as pool,
            self._changes() as self.is_told,
        ):
            try:
                while True:
                    self._wake.clear()
                    wait = self._look(pool)
                    if is_over(self._is_idle()):
                        return
                    self._wake.wait(max(wait, _LEAST_WAIT_SECONDS))
            finally:
                self._children.stop()

    def _changes(self) -> contextlib.AbstractContextManager[bool]:
        if not self._options.has_events:
            return contextlib.nullcontext(enter_result=False)
        return told_of_changes(self._options.inbox, self._wake.set)

    def _look(self, pool: ThreadPoolExecutor) -> float:
        """Look at the inbox and the journal, and begin what is to be done; return how long to wait.

        Raises
        ------
        TargetError
            As from `run`.
        """
        self._collect()
        if not self._options.inbox.is_dir():
            raise TargetError(
                "the inbox is not there any more",
                file=self._options.inbox,
                remedy="see whether its disk or share is mounted, and start again",
            )
        found = slides_in(self._options.inbox, self._without)
        wait = self._take_in(found)
        self._go_on()
        while (start := self._schedule.start()) is not None:
            self._futures[pool.submit(self._run, start)] = start.task.key
        next_try = self._journal.next_try()
        if next_try is not None:
            wait = min(wait, max(next_try - time.time(), 0.05))
        return wait

    def _collect(self) -> None:
        """Take notice of work that has ended; an error of it is one of the service."""
        for future in [item for item in self._futures if item.done()]:
            key = self._futures.pop(future)
            self._schedule.end(key)
            with self._lock:
                self._busy.discard(key)
            with contextlib.suppress(StoppedError):
                future.result()

    def _take_in(self, found: dict[Path, States]) -> float:
        """Begin with what has come in and is at rest; return when to look again."""
        at_rest = self._stillness.update(found)
        seen = self._journal.sightings()
        wait = self._options.poll_seconds
        self.waiting = 0
        for path, states in found.items():
            name = str(path.relative_to(self._options.inbox))
            marks = fingerprint(states)
            known = seen.get(name)
            if known is not None and known[0] == marks:
                self._seen_again(name, marks, known[1])
            elif self._stillness.is_still(at_rest[path]):
                if not is_written(states):
                    self._add(name, total_bytes(states), path, self._arrival(name, path, states))
                else:
                    self.waiting += 1
                    wait = min(wait, 1.0)
            else:
                self.waiting += 1
                wait = min(wait, self._options.settle_seconds - at_rest[path])
        for name in seen.keys() - {str(path.relative_to(self._options.inbox)) for path in found}:
            if not (self._options.inbox / name).exists():
                self._journal.forget(name)
        return wait

    def _seen_again(self, name: str, marks: str, content: str) -> None:
        """Begin with what is to be done about a slide that was taken in before."""
        record = self._journal.record(content)
        path = self._options.inbox / name
        is_aside = record.state in _SETTLED and record.is_settled
        is_lost = not (self._options.inbox / record.path).exists()
        if record.state is State.GONE or (record.state is State.UNMATCHED and is_lost):
            self._journal.bring_back(content, name, marks)
        elif is_aside and self._options.after is not After.KEEP:
            self._add(name, 0, path, lambda _: self._steps.copy(record, name, marks))

    def _go_on(self) -> None:
        """Begin with what the journal says is left to be done."""
        for record in self._journal.open_records(time.time()):
            path = self._options.inbox / record.path
            self._add(record.content, record.slide_bytes, path, self._advance(record.content))

    def _add(self, key: str, slide_bytes: int, path: Path, work: Callable[[int], None]) -> None:
        with self._lock:
            if key in self._busy:
                return
            self._busy.add(key)
            self._work[key] = work
        self._schedule.add(Task(key, slide_bytes, memory_of(path)))

    def _run(self, start: Start) -> None:
        try:
            self._work.pop(start.task.key)(start.threads)
        finally:
            self._wake.set()

    def _arrival(self, name: str, path: Path, states: States) -> Callable[[int], None]:
        """Return the work of taking a slide in: its content is read, and noted with its place."""

        def arrive(_threads: int) -> None:
            with contextlib.suppress(SourceError):  # it has just vanished
                content = digest_of(states)
                if states_of(path) == states:
                    self._journal.arrive(name, fingerprint(states), content, total_bytes(states))

        return arrive

    def _advance(self, content: str) -> Callable[[int], None]:
        return lambda threads: self._steps.advance(self._journal.record(content), threads)

    def _is_idle(self) -> bool:
        """Tell whether nothing comes in, runs or waits for another attempt."""
        return self._schedule.is_idle and self.waiting == 0 and not self._journal.is_open()

    def _clear_work(self) -> None:
        """Remove what was left of slides of which nothing is to be done."""
        kept = {
            record.content[:32]
            for record in self._journal.all()
            if record.state in (State.NEW, State.CONVERTED, State.UNMATCHED)
        }
        for folder in self._options.work.iterdir():
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)


def _check(options: WatchOptions) -> None:
    """Fail where the inbox cannot be watched as asked."""
    if not options.inbox.is_dir():
        raise TargetError("found no folder to watch", file=options.inbox, remedy="check the path")
    if options.after is not After.KEEP and not os.access(options.inbox, os.W_OK):
        raise TargetError(
            "slides cannot be moved out of it: no permission to write",
            file=options.inbox,
            remedy="ask for the permission, or leave them where they are by --after keep",
        )
    if options.out is not None:
        inbox, out = options.inbox.resolve(), options.out.resolve()
        if inbox == out or inbox in out.parents:
            raise TargetError(
                "the results would lie in the inbox",
                file=options.out,
                remedy="choose a folder beside it",
            )
