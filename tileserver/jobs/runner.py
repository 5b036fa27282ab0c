# SPDX-License-Identifier: Apache-2.0
"""Takes jobs from the queue and has each carried out, in one of the server's processes.

A lock says which process of all servers on a data folder that is. The processes of jobs hold it,
too, so that after a crash nobody takes it before the last of them is gone: whoever has it knows
that nothing is being carried out, and lets every job that still counts as running begin again.
No job is thus ever carried out twice at the same time.

The end of a job is written once what it left half is taken back.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tileserver.errors import NotFoundError, StorageError, TileserverError
from tileserver.job_queue import Progress, State, work_folder
from tileserver.jobs.child import Child, message_of
from tileserver.jobs.kind import kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tileserver.job_queue import Job, JobQueue, Leased
    from tileserver.services import Services
    from tileserver.settings import Settings

_logger = logging.getLogger(__name__)
LOCK_FILE = "jobs.lock"
PROCESS = "tileserver.job_process"
_LOOK_SECONDS = 0.2
_RENEW_SECONDS = 15.0
_REPORT_SECONDS = 0.5
_TIDY_SECONDS = 60.0
_LONGEST_WAIT = 3600
_STOPPING, _CANCELLED, _TOO_LONG, _NOT_WRITTEN = "stopping", "cancelled", "too long", "not written"


@dataclass(slots=True)
class _Running:
    held: Leased
    child: Child
    thread: threading.Thread | None = None


@dataclass(frozen=True, slots=True)
class _Failed:
    """How a process ended that brought no result."""

    problem: str
    may_pass: bool = False


class Runner:
    """Carries out jobs until it is stopped.

    Parameters
    ----------
    limits
        By kind, how many run at the same time.
    tidy
        Called now and then, by the one process that carries out jobs.
    """

    def __init__(
        self,
        queue: JobQueue,
        services: Services,
        settings: Settings,
        limits: Mapping[str, int],
        tidy: Callable[[], None],
    ) -> None:
        self._tidy = tidy
        self._tidied = 0.0
        self._queue = queue
        self._services = services
        self._settings = settings
        self._limits = limits
        self._stopping = threading.Event()
        self._running: dict[int, _Running] = {}
        self._renewed = 0.0
        self._seen = -1
        self._next_due = 0.0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, where jobs run on this server."""
        if self._settings.jobs_at_once:
            self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End all processes; their jobs wait for the next server."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        path = self._settings.data / LOCK_FILE
        while not self._stopping.wait(_LOOK_SECONDS):
            with _locked(path) as lock:
                if lock is not None:
                    self._serve(lock)

    def _serve(self, lock: int) -> None:
        self._at_last(lambda: self._queue.recover(are_all_gone=True))
        try:
            while not self._stopping.is_set():
                try:
                    self._step(lock)
                except (StorageError, OSError) as error:
                    _logger.error("jobs: %s", error)
                    self._stopping.wait(1.0)
                self._stopping.wait(_LOOK_SECONDS)
        finally:
            self._end_all()

    def _end_all(self) -> None:
        for running in list(self._running.values()):
            running.child.end(_STOPPING)
        for running in list(self._running.values()):
            if running.thread is not None:
                running.thread.join()

    def _step(self, lock: int) -> None:
        """Look after what runs, and begin what can be."""
        self._look_after()
        changes = self._queue.changes()
        if changes == self._seen and time.monotonic() < self._next_due:
            return
        self._seen = changes
        self._next_due = time.monotonic() + 1.0
        for number in self._queue.cancelling() & self._running.keys():
            self._running[number].child.end(_CANCELLED)
        while not self._stopping.is_set() and (held := self._queue.take(self._free())):
            self._begin(held, lock)

    def _look_after(self) -> None:
        now = time.monotonic()
        if now > self._tidied + _TIDY_SECONDS:
            self._tidied = now
            self._tidy()
        for running in list(self._running.values()):
            if now > running.child.deadline:
                running.child.end(_TOO_LONG)
        if now > self._renewed + _RENEW_SECONDS:
            self._renewed = now
            held = [running.held for running in list(self._running.values())]
            if held:
                self._queue.renew(held)

    def _free(self) -> dict[str, int]:
        """Return how many jobs of each kind can be begun."""
        running = [item.held.job.kind for item in list(self._running.values())]
        left = self._settings.jobs_at_once - len(running)
        return {kind: min(most - running.count(kind), left) for kind, most in self._limits.items()}

    def _begin(self, held: Leased, lock: int) -> None:
        if held.job.is_cancelling:
            self._settle(held, _CANCELLED)
            return
        try:
            needed = {number: self._queue.get(number).result or {} for number in held.job.needs}
            message = message_of(held, needed, self._queue.secret(), self._settings, lock)
            child = Child(PROCESS, message, lock, self._settings.job_seconds)
        except OSError as error:
            self._settle(held, _Failed(f"no process can be started: {error.strerror}", True))  # noqa: FBT003
            return
        running = self._running[held.job.id] = _Running(held, child)
        _logger.info("job %d: %s begins", held.job.id, held.job.kind)
        running.thread = threading.Thread(
            target=self._carry_out, args=(running,), name=f"job {held.job.id}", daemon=True
        )
        running.thread.start()

    def _carry_out(self, running: _Running) -> None:
        """Listen to a process until its end, and write what came of the job."""
        outcome: object = None
        reports = _Reports(self._queue, running.held)
        try:
            for told in running.child.lines():
                outcome = self._heard(running, told, reports) or outcome
        except StorageError as error:
            running.child.end(_NOT_WRITTEN)
            outcome = _Failed(str(error), may_pass=True)
        status = running.child.reap()
        with contextlib.suppress(StorageError):
            reports.end()
        if running.child.ended_for in (_STOPPING, _CANCELLED) and not isinstance(outcome, dict):
            outcome = running.child.ended_for
        elif outcome is None and running.child.ended_for is None:
            outcome = _death(status)
        self._settle(running.held, outcome)
        del self._running[running.held.job.id]

    def _heard(
        self, running: _Running, told: Mapping[str, object], reports: _Reports
    ) -> object | None:
        """Take a message; return what came of the job where it tells that."""
        if "result" in told:
            return told["result"]
        if "error" in told:
            return _Failed(str(told["error"]), bool(told.get("may_pass")))
        if "intend" in told:
            made = told["intend"]
            assert isinstance(made, list)
            self._queue.intend(running.held, [(item[0], item[1], item[2]) for item in made])
            running.child.confirm()
        elif "note" in told:
            self._queue.note(running.held, str(told["note"]))
        elif "progress" in told:
            progress = told["progress"]
            assert isinstance(progress, list)
            reports.take(Progress(*progress))
        return None

    def _settle(self, held: Leased, outcome: object) -> None:
        """Write what came of a job; what it left half is taken back before."""
        job = held.job
        if isinstance(outcome, dict):
            self._at_last(lambda: self._queue.finish(held, outcome))
            self._clear(job)
        elif outcome == _STOPPING:
            self._at_last(lambda: self._queue.interrupt(held))
            return
        elif outcome == _CANCELLED:
            self._take_back(job)
            self._at_last(lambda: self._queue.cancelled(held))
            self._clear(job)
        else:
            failed = outcome if isinstance(outcome, _Failed) else self._too_long()
            self._fail(held, failed)
        _logger.info("job %d: %s %s", job.id, job.kind, _state(self._queue, job.id))

    def _too_long(self) -> _Failed:
        return _Failed(f"it takes longer than the {self._settings.job_seconds:,} s of job_seconds")

    def _fail(self, held: Leased, failed: _Failed) -> None:
        attempt = held.job.attempts
        if failed.may_pass and attempt < kinds()[held.job.kind].attempts:
            seconds = min(self._settings.retry_seconds * 2 ** (attempt - 1), _LONGEST_WAIT)
            self._at_last(lambda: self._queue.postpone(held, failed.problem, seconds))
            return
        self._take_back(held.job)
        self._at_last(lambda: self._queue.fail(held, failed.problem))
        self._clear(held.job)

    def _take_back(self, job: Job) -> None:
        """Delete what a job has stored that was not stored before it."""

        def delete() -> None:
            for study, series, instance in self._queue.get(job.id).made:
                with contextlib.suppress(NotFoundError):
                    self._services.delete.take_back(study, series, instance)

        self._at_last(delete)

    def _clear(self, job: Job) -> None:
        shutil.rmtree(work_folder(self._settings.data, job.id), ignore_errors=True)

    def _at_last(self, write: Callable[[], object]) -> None:
        """Do what must be written, again and again where the disk does not take it.

        What is not written when the server stops is done by the next one.
        """
        while True:
            try:
                write()
            except TileserverError as error:
                _logger.error("jobs: %s", error)
                if self._stopping.wait(1.0):
                    return
            else:
                return


class _Reports:
    """Writes how far a job is, not at every step."""

    def __init__(self, queue: JobQueue, held: Leased) -> None:
        self._queue = queue
        self._held = held
        self._next = 0.0
        self._left: Progress | None = None

    def take(self, progress: Progress) -> None:
        """Take how far it is."""
        self._left = progress
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _REPORT_SECONDS
            self.end()

    def end(self) -> None:
        """Write what is not written yet."""
        if self._left is not None:
            self._queue.report(self._held, self._left)
            self._left = None


def _death(status: int) -> _Failed:
    told = f"signal {-status}" if status < 0 else f"status {status}"
    return _Failed(f"its process ended with {told} before it was done", may_pass=True)


def _state(queue: JobQueue, job: int) -> str:
    with contextlib.suppress(TileserverError):
        found = queue.get(job).state
        return "waits to be tried again" if found is State.WAITING else f"is {found}"
    return "ended"


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    """Give the descriptor of a lock, ``None`` where another has it.

    It ends with the last process that has the descriptor.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
    finally:
        os.close(descriptor)
