# SPDX-License-Identifier: Apache-2.0
"""Several workers on one file: requests are dealt out in turn, replies come back in order."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING

from dicomizer.sources.worker.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from dicomizer.sources.worker.messages import Message

_MOST_WORKERS = 2
"""Each has a library's caches of some 50 MB."""
_REQUESTS_AHEAD = 2
"""For each worker: one to work on while the reply to the other waits."""


class Team:
    """Workers that read one slide file, started when there is work for them.

    Whoever asks has workers of their own until the last reply: readings of several images at
    once, or one that is given up half way, never get each other's replies.

    Parameters
    ----------
    program
        Module that calls `child.serve`.
    opening
        Sent to each worker first.

    Raises
    ------
    SourceError
        The process cannot be started.
    CorruptSourceError
        The file cannot be opened.
    """

    def __init__(self, program: str, path: Path, opening: Message) -> None:
        self._program = program
        self._path = path
        self._opening = opening
        self._workers: set[Worker] = set()
        self._idle: list[Worker] = []
        worker, self.opened = self._start()
        """The reply to ``opening``."""
        self._idle.append(worker)

    def ask(self, request: Message, place: str) -> Message:
        """Return the reply to a single request.

        Raises
        ------
        CorruptSourceError
            As of `Worker.receive`.
        """
        (reply,) = self.replies([(request, place)])
        return reply

    def replies(self, requests: Iterable[tuple[Message, str]]) -> Iterator[Message]:
        """Yield the reply to each request, in order; a few are worked on ahead.

        Parameters
        ----------
        requests
            Each with its place in the file, for error messages.

        Raises
        ------
        CorruptSourceError
            As of `Worker.receive`.
        """
        workers: list[Worker] = []
        try:
            yield from self._dealt(requests, workers)
        except BaseException:
            for worker in workers:
                self._end(worker)
            raise
        self._idle += workers

    def close(self) -> None:
        """End all workers."""
        for worker in tuple(self._workers):
            self._end(worker)
        self._idle.clear()

    def _dealt(
        self, requests: Iterable[tuple[Message, str]], workers: list[Worker]
    ) -> Iterator[Message]:
        most = min(_MOST_WORKERS, os.cpu_count() or 1)
        waiting: deque[tuple[Worker, str]] = deque()
        for number, (request, place) in enumerate(requests):
            if number < most:
                workers.append(self._available())
            worker = workers[number % most]
            worker.send(request)
            waiting.append((worker, place))
            if len(waiting) == most * _REQUESTS_AHEAD:
                yield _received(*waiting.popleft())
        while waiting:
            yield _received(*waiting.popleft())

    def _available(self) -> Worker:
        return self._idle.pop() if self._idle else self._start()[0]

    def _start(self) -> tuple[Worker, Message]:
        worker = Worker(self._program, self._path)
        self._workers.add(worker)
        try:
            return worker, worker.ask(self._opening)
        except BaseException:
            self._end(worker)
            raise

    def _end(self, worker: Worker) -> None:
        self._workers.discard(worker)
        worker.close()


def _received(worker: Worker, place: str) -> Message:
    return worker.receive(place)
