# SPDX-License-Identifier: Apache-2.0
"""The parts of jobs, put together."""

from __future__ import annotations

import contextlib
import re
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tileserver.errors import ConfigurationError, NotFoundError
from tileserver.job_queue import JOBS_FILE, JobQueue
from tileserver.job_queue.rows import now
from tileserver.jobs.kind import kind_of, kinds
from tileserver.jobs.parameters import Surroundings
from tileserver.jobs.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tileserver.job_queue import Asked, Job
    from tileserver.job_queue.model import Parameters
    from tileserver.services import Services
    from tileserver.settings import Settings

_DAY = 86_400_000
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_ADDRESS = re.compile(r"(https?|dicoms?)://\S+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of a server: the queue, and what carries them out."""

    queue: JobQueue
    runner: Runner
    surroundings: Surroundings
    settings: Settings

    @classmethod
    def open(cls, settings: Settings, services: Services) -> Jobs:
        """Open the queue in the data folder.

        Raises
        ------
        StorageError
            It cannot be used.
        ConfigurationError
            A peer or a limit that is set makes no sense.
        """
        peers, limits = peers_of(settings), _limits(settings)
        queue = JobQueue(settings.data / JOBS_FILE)
        surroundings = Surroundings(
            settings.data, peers, queue.get, settings.quota_bytes > 0, queue.is_protected
        )
        runner = Runner(queue, services, settings, limits, lambda: _tidy(queue, settings))
        return cls(queue, runner, surroundings, settings)

    def start(self) -> None:
        """Begin to carry out jobs."""
        self.runner.start()

    def close(self) -> None:
        """End what is carried out, which waits then, and close the queue."""
        self.runner.stop()
        self.queue.close()

    def check(self, name: str, parameters: Parameters) -> None:
        """Make sure that a job can be asked for so, by a rule.

        Raises
        ------
        BadRequestError
            There is no such kind, or its parameters make no sense.
        """
        if name != "verify":  # of which only the conversion tells what it is about
            # Its UIDs stand for any, so that no study is meant that is protected.
            anywhere = replace(self.surroundings, is_protected=lambda _: False)
            kind_of(name).check(parameters, anywhere)

    def ask(self, asked: Asked) -> Job:
        """Put a job on the queue; durable on return.

        Raises
        ------
        BadRequestError
            There is no such kind, or its parameters make no sense.
        NotFoundError
            It is about something that is not there.
        ConflictingStateError
            It would delete what is protected.
        """
        kind = kind_of(asked.kind)
        parameters = kind.check(asked.parameters, self.surroundings)
        needs = asked.needs
        if isinstance(about := parameters.get("convert"), int):
            needs = (*needs, about)  # what is to be verified must be there
        return self.queue.add(replace(asked, parameters=parameters, needs=needs))


def peers_of(settings: Settings) -> dict[str, str]:
    """Return the addresses of peers by name.

    Raises
    ------
    ConfigurationError
        One is none.
    """
    found = {}
    for text in settings.peers:
        name, _, address = text.partition("=")
        if not _NAME.fullmatch(name) or not _ADDRESS.fullmatch(address):
            raise ConfigurationError(
                f"peers: found {text!r}, expected a name and an address such as "
                "pacs=dicom://PACS@pacs.example.org:11112"
            )
        found[name] = address
    return found


def _limits(settings: Settings) -> dict[str, int]:
    """Return how many jobs of each kind run at the same time."""
    found = {kind.name: kind.most_at_once for kind in kinds().values()}
    for text in settings.job_limits:
        name, _, count = text.partition("=")
        if name not in found or not count.isdecimal():
            raise ConfigurationError(
                f"job_limits: found {text!r}, expected a kind and a number such as convert=1; "
                f"kinds are {', '.join(found)}"
            )
        found[name] = int(count)
    return found


def _tidy(queue: JobQueue, settings: Settings) -> None:
    """Forget jobs that ended long ago, and remove files of jobs that are not there any more."""
    queue.forget(now() - settings.keep_jobs_days * _DAY)
    for path, number in _files(settings.data):
        job = None
        with contextlib.suppress(NotFoundError):
            job = queue.get(number)
        if path.is_dir() and (job is None or job.is_final):
            shutil.rmtree(path, ignore_errors=True)
        elif path.is_file() and job is None:
            path.unlink(missing_ok=True)


def _files(data: Path) -> Iterator[tuple[Path, int]]:
    for folder in (data / "jobs", data / "results"):
        for path in folder.iterdir() if folder.is_dir() else ():
            number, _, _ = path.name.partition(".")
            if number.isdecimal():
                yield path, int(number)
