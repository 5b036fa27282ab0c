# SPDX-License-Identifier: Apache-2.0
"""Stored instances recompressed without loss, each in place of the one that it was made of.

An instance is written anew beside the stored one, read back and compared with it, and then stored
in its place in one step: whenever the job is ended, an instance is stored as it was or as it is to
be, whole. What the job was about to store is written down before, so that an attempt after a crash
knows what it has done, and goes on with what is left. Nothing is taken back when a job is
cancelled, as nothing was lost.

The instance keeps its UID: only what is compressed with loss is another one.

References
----------
PS3.3 C.7.6.1.1.5 (Lossy Image Compression), PS3.5 A.4 (encapsulated transfer syntaxes)
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomizer.errors import DicomizerError
from tileserver.errors import BadRequestError, ConflictError, NotFoundError
from tileserver.jobs.kind import Kind, not_now, refused
from tileserver.jobs.parameters import one_of, read_below
from tileserver.services.records import digest_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tileserver.index import StoredInstance
    from tileserver.job_queue.model import Parameters
    from tileserver.jobs.kind import Result
    from tileserver.jobs.parameters import Surroundings
    from tileserver.jobs.task import Task

_CODECS = ("htj2k", "jpegxl")
_JOURNAL, _NEW = "replaced.jsonl", "recompressed.dcm"
_TELL_SECONDS = 0.2


def _check(parameters: Parameters, _: Surroundings) -> Parameters:
    found = read_below(parameters, codec=one_of(*_CODECS))
    if "codec" not in found:
        raise BadRequestError(f"the parameter 'codec' is missing; expected {' or '.join(_CODECS)}")
    return found


@dataclass(slots=True)
class _Outcome:
    """What has become of the instances so far."""

    replaced: int = 0
    before: int = 0
    after: int = 0
    left: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def _run(task: Task) -> Result:
    series, instance = (task.parameters.get(name) for name in ("series", "instance"))
    stored = task.stored(str(task.parameters["study"]), str(series) if series else None)
    wanted = [item for item in stored if instance in (None, item.sop_instance_uid)]
    if not wanted:
        raise NotFoundError("there is no such instance")
    journal, outcome = _Journal(task.folder / _JOURNAL), _Outcome()
    work = _Progress(task, wanted)
    for item in wanted:
        work.begin(item)
        if (before := journal.size_before(item)) is not None:
            _count(outcome, before, item.size)  # done by an attempt before this
        else:
            _recompress(task, item, journal, work, outcome)
    if outcome.failures:
        several = f"{len(outcome.failures)} of {len(wanted)} instances are left: "
        raise refused((several if len(wanted) > 1 else "") + outcome.failures[0])
    work.end()
    return {
        "replaced": outcome.replaced,
        "left": outcome.left.total(),
        "reasons": dict(outcome.left),
        "bytes_before": outcome.before,
        "bytes_after": outcome.after,
    }


def _count(outcome: _Outcome, before: int, after: int) -> None:
    outcome.replaced += 1
    outcome.before += before
    outcome.after += after


def _recompress(
    task: Task, item: StoredInstance, journal: _Journal, work: _Progress, outcome: _Outcome
) -> None:
    """Recompress an instance, or tell why not."""
    from dicomizer.transcode import UnfitError

    uid = item.sop_instance_uid
    try:
        size = _replaced(task, item, journal, work)
    except UnfitError as error:
        outcome.left[error.problem] += 1
        task.note(f"{uid} stays as it is: {error.problem}")
    except (DicomizerError, _DamagedError) as error:
        # The others need not wait until this one is mended.
        outcome.failures.append(f"{uid}: {error}")
        task.note(f"{uid} is left, its recompression failed: {error}")
    else:
        _count(outcome, item.size, size)
        task.note(f"{uid}: {item.size:,} bytes are {size:,} bytes")


class _DamagedError(Exception):
    """A stored file does not have the bytes that it was stored with."""


def _replaced(task: Task, item: StoredInstance, journal: _Journal, work: _Progress) -> int:
    """Put a recompressed file in place of an instance; return its size."""
    from dicomizer.transcode import Target, transcode

    target = Target(str(task.parameters["codec"]))
    path = task.folder / _NEW
    with path.open("w+b") as out:
        try:
            with task.services.retrieve.opened(item) as blob:
                if digest_of(blob) != item.sha256:
                    raise _DamagedError("its file is not as it was stored; see tileserver check")
                done = transcode(blob.file(), out, target, work.report)
        except OSError as error:
            raise not_now(f"the disk does not do: {error.strerror or error}") from error
        work.tell("replacing")
        journal.write(item, done.transfer_syntax_uid)
        out.seek(0)
        try:
            task.services.ingest.exchange(out, item)
        except ConflictError as error:
            raise not_now(f"{item.sop_instance_uid}: {error}") from error
    path.unlink()
    return done.size


class _Journal:
    """What this job was about to replace, in this attempt and in those before it.

    Parameters
    ----------
    path
        In the job's folder, which outlives an attempt.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: dict[str, dict[str, object]] = {}
        with contextlib.suppress(FileNotFoundError), path.open() as lines:
            for line in lines:
                with contextlib.suppress(ValueError):  # broken off in a crash
                    found = json.loads(line)
                    self._written[found["uid"]] = found

    def size_before(self, item: StoredInstance) -> int | None:
        """Return the size that an instance had before this job, ``None`` where it is as it was."""
        found = self._written.get(item.sop_instance_uid)
        if (
            found is None
            or found["sha256"] == item.sha256.hex()
            or found["syntax"] != item.transfer_syntax_uid
        ):
            return None
        return int(str(found["size"]))

    def write(self, item: StoredInstance, transfer_syntax_uid: str) -> None:
        """Write down, durably, what is about to be replaced, and by what."""
        told = {
            "uid": item.sop_instance_uid,
            "sha256": item.sha256.hex(),
            "size": item.size,
            "syntax": transfer_syntax_uid,
        }
        with self._path.open("a") as file:
            file.write("\n" + json.dumps(told) + "\n")
            file.flush()
            os.fsync(file.fileno())


class _Progress:
    """Tells how far all instances are, each by its size, not at every frame."""

    def __init__(self, task: Task, wanted: Sequence[StoredInstance]) -> None:
        self._task = task
        self._total = sum(item.size for item in wanted)
        self._done = self._size = 0
        self._told = 0.0

    def begin(self, item: StoredInstance) -> None:
        """Begin an instance; the one before is done."""
        self._done += self._size
        self._size = item.size

    def report(self, text: str, done: int, total: int) -> None:
        """Tell how far the instance is, and look after the disk."""
        self._task.check_disk()
        if time.monotonic() > self._told + _TELL_SECONDS:
            self._told = time.monotonic()
            self._task.progress(text, self._done + self._size * done // total, self._total)

    def tell(self, text: str) -> None:
        """Tell what is being done to the instance at last."""
        self._task.progress(text, self._done + self._size, self._total)

    def end(self) -> None:
        """Tell that all is done."""
        self._task.progress("recompressed", self._total, self._total)


KIND = Kind("transcode", "recompress what is stored without loss", _check, _run)
