# SPDX-License-Identifier: Apache-2.0
"""A batch: each slide in a child process, as many at once as fit; none harms another.

The order of steps makes it safe to be killed at any moment. That a slide is begun is on disk in
the manifest before its folder is touched, so that whatever is found there later is this batch's
own. The child moves its files into place when all are on disk, and leaves states by which the same
conversion finds them again; these go only when the result is in the manifest. Children hold the
lock of the batch's folder as well: the next run begins when the last of them has ended.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dicomizer
from dicomizer.batch.events import Advanced, Begun, Ended, Result
from dicomizer.batch.manifest import BEGUN, Manifest
from dicomizer.errors import DicomizerError, SourceError, TargetError
from dicomizer.running.budget import budget, memory_of
from dicomizer.running.children import Children, StoppedError
from dicomizer.running.content import digest_of, states_of, total_bytes
from dicomizer.running.locks import waited_lock
from dicomizer.running.messages import Request
from dicomizer.running.reasons import crash_of
from dicomizer.running.schedule import Schedule, Task
from dicomizer.targets.durable import durable_folders
from dicomizer.targets.explained import explained
from dicomizer.targets.folder import forget_states, instances_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from dicomizer.batch.events import Event
    from dicomizer.batch.manifest import Entry
    from dicomizer.batch.slides import BatchSlide
    from dicomizer.running import messages
    from dicomizer.running.content import States
    from dicomizer.running.schedule import Start


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How to convert a batch.

    Parameters
    ----------
    arguments
        Options of ``dicomizer convert`` for every slide.
    overwrite
        Whether slides that are in the way may be replaced.
    threads
        Of each conversion; ``None`` for its share of the cores.
    jobs
        Slides at the same time; ``None`` for one on each core.
    """

    arguments: tuple[str, ...] = ()
    overwrite: bool = False
    threads: int | None = None
    jobs: int | None = None

    def digest(self, metadata: dict[str, Any] | None) -> str:
        """Return what differs where the result would."""
        asked = json.dumps([dicomizer.__version__, self.arguments, metadata], sort_keys=True)
        return hashlib.sha256(asked.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class _Work:
    """A slide that is to be converted.

    Parameters
    ----------
    options
        Digest of how.
    is_ours
        Whether what its folder holds is of an earlier run of this batch.
    """

    slide: BatchSlide
    folder: Path
    states: States
    metadata: dict[str, Any] | None
    options: str
    is_ours: bool


def run_batch(
    slides: Sequence[BatchSlide],
    out: Path,
    options: BatchOptions,
    tell: Callable[[Event], None],
) -> dict[Result, int]:
    """Convert slides, each to its folder below ``out``, and return how many ended how.

    Parameters
    ----------
    tell
        Called for all that happens, by several threads, one at a time each.

    Raises
    ------
    TargetError
        The folder or the manifest cannot be written, or another batch writes to the folder.
    """
    with explained("cannot be written to", out):
        durable_folders(out)
    with (
        waited_lock(out) as lock,
        contextlib.closing(Manifest(out)) as manifest,
        Children(lock) as children,
    ):
        batch = _Batch(slides, out, options, manifest, children)
        totals = batch.run(tell)
        manifest.finish(slide.name for slide in slides)
    return totals


class _Batch:
    def __init__(
        self,
        slides: Sequence[BatchSlide],
        out: Path,
        options: BatchOptions,
        manifest: Manifest,
        children: Children,
    ) -> None:
        self._slides = slides
        self._out = out
        self._options = options
        self._manifest = manifest
        self._children = children
        self._schedule = Schedule(budget(), options.jobs)
        self._work: dict[str, _Work] = {}
        self._totals = dict.fromkeys(Result, 0)

    def run(self, tell: Callable[[Event], None]) -> dict[Result, int]:
        for slide in self._slides:
            done = self._look(slide)
            if done is not None:
                self._count(done, tell)
        with ThreadPoolExecutor(self._schedule.jobs, "slide") as pool:
            try:
                self._convert_all(pool, tell)
            except BaseException:
                self._children.stop()
                raise
        return self._totals

    def _convert_all(self, pool: ThreadPoolExecutor, tell: Callable[[Event], None]) -> None:
        running: dict[Future[Ended], str] = {}
        while not self._schedule.is_idle:
            while (start := self._schedule.start()) is not None:
                running[pool.submit(self._convert, start, tell)] = start.task.key
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                self._schedule.end(running.pop(future))
                self._count(future.result(), tell)

    def _count(self, ended: Ended, tell: Callable[[Event], None]) -> None:
        self._totals[ended.result] += 1
        if ended.result is not Result.SKIPPED:
            self._manifest.add(dict(ended.entry))
            if ended.result is Result.CONVERTED:
                forget_states(self._work[ended.slide].folder)
        tell(ended)

    def _look(self, slide: BatchSlide) -> Ended | None:
        """Return what is known without converting: it is done, or cannot be; else let it wait."""
        last = self._manifest.last(slide.name)
        folder = self._out / slide.out
        is_ours = _is_ours(last, slide.out)
        try:
            states = states_of(slide.path)
            metadata = slide.metadata() if slide.metadata else None
            digest = self._options.digest(metadata)
            if last is not None and _is_done(last, folder, states, digest):
                forget_states(folder)  # of a run that was killed just before it would have
                return Ended(slide.name, Result.SKIPPED, last)
            if not is_ours and not self._options.overwrite:
                _check_free(folder)
        except DicomizerError as error:
            entry = _entry(slide, Result.FAILED, error.document())
            if is_ours:
                entry["out"] = str(slide.out)
            return Ended(slide.name, Result.FAILED, entry)
        self._work[slide.name] = _Work(slide, folder, states, metadata, digest, is_ours)
        self._schedule.add(Task(slide.name, total_bytes(states), memory_of(slide.path)))
        return None

    def _convert(self, start: Start, tell: Callable[[Event], None]) -> Ended:
        """Convert a slide in a child; a failure is its result."""
        work, threads = self._work[start.task.key], self._options.threads or start.threads
        name = work.slide.name
        begun = time.perf_counter()
        tell(Begun(name, start.task.file_bytes, threads))
        told: Entry = {
            **_entry(work.slide, None),
            "slide_bytes": start.task.file_bytes,
            "out": str(work.slide.out),
            "options": work.options,
            "state": _told_states(work.states),
        }
        try:
            self._manifest.add({**told, "result": BEGUN})
            told["sha256"] = digest_of(work.states)
            ended = self._children.run(
                Request(self._arguments(work, threads), work.metadata, keeps_states=True),
                lambda done, total: tell(Advanced(name, done, total)),
            )
            if states_of(work.slide.path) != work.states:
                raise SourceError("the file was changed while it was read", file=work.slide.path)
            result = _result(ended, work.slide.path)
        except StoppedError:
            raise
        except DicomizerError as error:
            result = {"result": Result.FAILED.value, "error": error.document()}
        told |= result
        told |= {"seconds": round(time.perf_counter() - begun, 3), "ended": _now()}
        return Ended(name, Result(told["result"]), told)

    def _arguments(self, work: _Work, threads: int) -> tuple[str, ...]:
        overwrite = ("--overwrite",) if self._options.overwrite or work.is_ours else ()
        options = (*self._options.arguments, *overwrite, "--threads", str(threads), "--json")
        return ("convert", *options, "--", str(work.slide.path), str(work.folder))


def _entry(
    slide: BatchSlide, result: Result | None, error: dict[str, str | None] | None = None
) -> Entry:
    entry: Entry = {"slide": slide.name, "file": str(slide.path.absolute())}
    if result is not None:
        entry |= {"result": result.value, "ended": _now()}
    return entry | ({"error": error} if error else {})


def _result(ended: messages.Ended, slide: Path) -> Entry:
    """Return what a child's document tells of the result."""
    document = ended.document
    if "instances" not in document:
        error = document.get("error") or crash_of(ended, slide).document()
        return {"result": Result.FAILED.value, "error": error}
    is_sent = document.get("sent", {}).get("complete", True)
    told: Entry = {
        "result": (Result.CONVERTED if is_sent else Result.UNSENT).value,
        "instances": len(document["instances"]),
        "file_bytes": document["file_bytes"],
        "study_instance_uid": document["study_instance_uid"],
        "series_instance_uid": document["series_instance_uid"],
        "bad_tiles": len(document["bad_tiles"]),
        "notes": document["notes"],
        "files": [name for item in document["instances"] for name in item["files"]],
    }
    if not is_sent:
        told["error"] = _unsent(document["sent"], slide)
    return told


def _unsent(sent: dict[str, Any], slide: Path) -> dict[str, str | None]:
    bad = [item for item in sent["instances"] if item["state"] in ("refused", "failed")]
    problem = f"{len(bad)} of {len(sent['instances'])} instances are not at {sent['to']}"
    if bad:
        problem += f": {bad[0]['reason']}"
    return TargetError(problem, file=slide, remedy="the same command goes on").document()


def _is_done(last: Entry, folder: Path, states: States, options: str) -> bool:
    """Tell whether an earlier run did just this, and nothing of it is gone."""
    return (
        last.get("result") == Result.CONVERTED.value
        and last.get("options") == options
        and last.get("state") == _told_states(states)
        and all((folder / name).is_file() for name in last.get("files", ()))
    )


def _is_ours(last: Entry | None, out: Path) -> bool:
    """Tell whether all that a folder holds was made by a run that did not end well."""
    return (
        last is not None
        and last.get("out") == str(out)
        and last.get("result") != Result.CONVERTED.value
    )


def _check_free(folder: Path) -> None:
    with explained("cannot be read", folder):
        found = instances_in(folder)
    if found:
        raise TargetError(
            f"already holds {found[0].name}",
            file=folder,
            remedy="choose another folder, or replace the slide in it with --overwrite",
        )


def _told_states(states: Iterable[Any]) -> list[list[Any]]:
    return [[state.path.name, state.size, state.modified_ns] for state in states]


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
