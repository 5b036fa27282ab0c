# SPDX-License-Identifier: Apache-2.0
"""What the function of a kind has to do its job with, within the job's own process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tileserver.errors import JobError
from tileserver.job_queue.places import result_file, work_folder
from tileserver.jobs.kind import not_now, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tileserver.index import StoredInstance
    from tileserver.job_queue.model import Made, Parameters
    from tileserver.jobs.messages import Line
    from tileserver.services import Services
    from tileserver.settings import Settings

    Event = Mapping[str, Any]

_LOOK_SECONDS = 1.0
_LEAST_FREE = 256 << 20
"""Bytes of the disk that jobs leave to the server, or a fortieth of a small one."""
_CUT_OFF = 400
_MAY_PASS = ("TargetError", "TransientError", "ConnectionLostError", "BusyError")
"""Errors of dicomizer: the disk, or a peer, may do later."""


@dataclass(slots=True)
class Task:
    """A job at hand.

    Parameters
    ----------
    needed
        Results of the jobs that it needed, by their number.
    secret
        A text that is this archive's own.
    lock
        Descriptor that every process of a job holds, so that no server begins it a second time
        before all are gone.
    """

    id: int
    parameters: Parameters
    attempt: int
    needed: Mapping[int, Mapping[str, Any]]
    secret: str
    settings: Settings
    services: Services
    line: Line
    lock: int
    _looked: float = field(default=0.0)

    @property
    def folder(self) -> Path:
        """Folder for what is made on the way; what an earlier attempt left is in it."""
        found = work_folder(self.settings.data, self.id)
        found.mkdir(parents=True, exist_ok=True)
        return found

    def result_file(self, suffix: str = ".zip") -> Path:
        """Return the file for whoever asked."""
        found = result_file(self.settings.data, self.id, suffix)
        found.parent.mkdir(exist_ok=True)
        return found

    def progress(self, text: str, done: int = 0, total: int = 0) -> None:
        """Tell how far it is."""
        self.line.send({"progress": [text, done, total]})

    def note(self, text: str) -> None:
        """Write a line to the job's log."""
        self.line.send({"note": text})

    def intend(self, made: Sequence[Made]) -> None:
        """Have it written down what is about to be stored; on return it is, durably."""
        self.line.send({"intend": made})
        self.line.wait()

    def check_disk(self) -> None:
        """Make sure, now and then, that the job takes no more of the disk than it may.

        Raises
        ------
        JobError
            It does, or there is too little left.
        """
        if time.monotonic() < self._looked + _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        disk = shutil.disk_usage(self.settings.data)
        if disk.free < min(_LEAST_FREE, disk.total // 40):
            raise not_now(f"the disk has {disk.free >> 20:,} MiB left; give it some room")
        taken = sum(_sizes(self.folder))
        if taken > self.settings.job_disk_bytes:
            most = self.settings.job_disk_bytes
            raise refused(f"it takes more than the {most:,} bytes of job_disk_bytes")

    def stored(self, study: str, series: str | None = None) -> Sequence[StoredInstance]:
        """Return the instances of a study or series.

        Raises
        ------
        NotFoundError
            There are none.
        """
        return self.services.retrieve.instances(study, series)

    def dicomizer(self, *arguments: str, on_event: Callable[[Event], None]) -> dict[str, Any]:
        """Run dicomizer, which prints JSON; return its document.

        Parameters
        ----------
        on_event
            Called with each line of JSON on its standard error.

        Raises
        ------
        JobError
            It failed.
        """
        out = self.folder / "dicomizer.json"
        with out.open("wb") as stdout:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "dicomizer", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
                pass_fds=(self.lock,),
                cwd=self.folder,
            )
        try:
            said = self._follow(process, on_event)
            status = process.wait()
        finally:
            process.kill()
            process.wait()
        return _document(out, status, said, self.settings)

    def _follow(self, process: subprocess.Popen[bytes], on_event: Callable[[Event], None]) -> str:
        """Hand over events as they come; return the last that was said otherwise."""
        assert process.stderr is not None
        said = ""
        with process.stderr as lines:
            while text := lines.readline(1 << 16):
                event = _event(text)
                if event is None:
                    said = text.decode(errors="replace").strip() or said
                else:
                    on_event(event)
                self.check_disk()
        return said


def _sizes(folder: Path) -> Iterator[int]:
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                status = os.lstat(os.path.join(root, name))  # noqa: PTH118 - thousands
            except FileNotFoundError:
                continue
            # What is stored already lies here by a further name only.
            yield status.st_blocks * 512 if status.st_nlink == 1 else 0


def _event(text: bytes) -> Event | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "event" in found else None


def _document(out: Path, status: int, said: str, settings: Settings) -> dict[str, Any]:
    """Return what dicomizer printed, or raise what it failed of."""
    try:
        document = json.loads(out.read_bytes())
    except ValueError:
        document = {}
    if "error" in document:
        raise _failure(document["error"])
    if document:
        return dict(document)
    if "MemoryError" in said or "Cannot allocate memory" in said:
        most = settings.job_memory_bytes
        raise refused(f"it takes more memory than the {most:,} bytes of job_memory_bytes")
    if status < 0:
        raise refused(f"dicomizer was ended by signal {-status}: the file is more than it can bear")
    raise refused(f"dicomizer ended with status {status}: {said[:_CUT_OFF]}")


def _failure(error: Mapping[str, Any]) -> JobError:
    """Return an error of dicomizer without the name of the file, which is ours."""
    problem = ": ".join(filter(None, (error.get("place"), error.get("problem"))))
    text = "; ".join(filter(None, (problem or error.get("message"), error.get("remedy"))))
    may_pass = error.get("type") in _MAY_PASS
    return JobError(text, may_pass=may_pass)
