# SPDX-License-Identifier: Apache-2.0
"""Wakes the connections of this process when there is something for their subscribers.

What this process writes is noticed at once. What other workers write is found by looking, so that
it does not matter which of them a subscriber is connected to.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from typing import TYPE_CHECKING

from tileserver.errors import ForbiddenError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tileserver.ups.model import Notice
    from tileserver.ups.store import WorklistStore

_logger = logging.getLogger(__name__)
_LOOK_SECONDS = 0.25
_BATCH = 16
MOST_CONNECTIONS = 1000


class Hub:
    """The subscribers that are connected to this process; used in its event loop."""

    def __init__(self, store: WorklistStore) -> None:
        self._store = store
        self._listeners: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._count = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        store.on_change(self._wake)

    @contextlib.contextmanager
    def listening(self, aetitle: str) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever there may be something new.

        Raises
        ------
        ForbiddenError
            There are too many connections.
        """
        if self._count >= MOST_CONNECTIONS:
            raise ForbiddenError(f"there are {MOST_CONNECTIONS} connections already")
        news = asyncio.Event()
        self._listeners[aetitle].add(news)
        self._count += 1
        if self._looking is None:
            self._loop = asyncio.get_running_loop()
            self._looking = self._loop.create_task(self._look())
        try:
            yield news
        finally:
            self._leave(aetitle, news)

    def _leave(self, aetitle: str, news: asyncio.Event) -> None:
        self._count -= 1
        self._listeners[aetitle].discard(news)
        if not self._listeners[aetitle]:
            del self._listeners[aetitle]
        if not self._count and self._looking is not None:
            self._looking.cancel()
            self._looking = self._loop = None

    def cursor(self, aetitle: str) -> int:
        """Return the number of the last report that a subscriber has had."""
        with self._store.reading() as records:
            return records.notices.delivered(aetitle)

    def waiting(self, aetitle: str, after: int) -> list[Notice]:
        """Return some of the reports behind a number, in order."""
        with self._store.reading() as records:
            return records.notices.waiting(aetitle, after, _BATCH)

    def delivered(self, aetitle: str, sequence: int) -> None:
        """Store that reports up to a number were sent."""
        with self._store.writing() as records:
            records.notices.deliver(aetitle, sequence)

    def _wake(self) -> None:
        """Look at once; called in whatever thread has written."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(self._changed.set)

    async def _look(self) -> None:
        seen = 0
        while True:
            self._changed.clear()
            with contextlib.suppress(StorageError):
                recipients, newest = await asyncio.to_thread(self._recipients, seen)
                seen = max(seen, newest)
                for aetitle in recipients & self._listeners.keys():
                    for news in self._listeners[aetitle]:
                        news.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _LOOK_SECONDS)

    def _recipients(self, after: int) -> tuple[set[str], int]:
        with self._store.reading() as records:
            newest = records.notices.newest()
            return (records.notices.recipients(after) if newest > after else set()), newest
