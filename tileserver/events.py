# SPDX-License-Identifier: Apache-2.0
"""What has happened to what is stored, and how others come to know.

An event is a row that is written in the same transaction as the change it tells of, with a number
that only ever grows. `Dispatcher` hands rows to those who react, after the commit, in order and at
least once: where each has come is stored, so that nothing is missed over a restart. The same rows
are the change feed.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

_logger = logging.getLogger(__name__)
_BATCH = 500
_LOOK_SECONDS = 1.0
"""How often to look for what other processes have changed."""


class EventKind(StrEnum):
    """What has happened; the names of the change feed."""

    INSTANCE_STORED = "InstanceStored"
    INSTANCE_DELETED = "InstanceDeleted"
    SERIES_DELETED = "SeriesDeleted"
    STUDY_DELETED = "StudyDeleted"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a study, a series or an instance.

    Parameters
    ----------
    sequence
        Grows with each event, over restarts and new indexes; 0 before the event is written.
    time
        Milliseconds since 1970 (UTC).
    """

    kind: EventKind
    study_instance_uid: str
    series_instance_uid: str | None = None
    sop_instance_uid: str | None = None
    sequence: int = 0
    time: int = 0


class EventLog(Protocol):
    """Where events are written, and how far each who reacts has come."""

    def events(self, since: int, limit: int) -> list[Event]:
        """Return the events after a sequence number, in order."""
        ...

    def cursor(self, name: str, *, from_beginning: bool) -> int:
        """Return how far a subscriber has come; a new one begins at the beginning or the end."""
        ...

    def move_cursor(self, name: str, sequence: int) -> None:
        """Store how far a subscriber has come."""
        ...


@dataclass(frozen=True, slots=True)
class _Subscription:
    name: str
    handle: Callable[[Event], None]
    kinds: frozenset[EventKind]
    from_beginning: bool


class Dispatcher:
    """Hands events to those who react, in a thread of one of the server's processes.

    A handler that raises gets the same event again; meanwhile other handlers go on.

    Parameters
    ----------
    lock
        File that the one process holds which delivers.
    """

    def __init__(self, log: EventLog, lock: Path) -> None:
        self._log = log
        self._lock = lock
        self._subscriptions: list[_Subscription] = []
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def subscribe(
        self,
        name: str,
        handle: Callable[[Event], None],
        kinds: Collection[EventKind] = tuple(EventKind),
        *,
        from_beginning: bool = False,
    ) -> None:
        """Let a function have the events of some kinds, under a name that stays the same.

        Parameters
        ----------
        from_beginning
            Whether a name that is new gets what happened before it came.
        """
        self._subscriptions.append(_Subscription(name, handle, frozenset(kinds), from_beginning))

    def start(self) -> None:
        """Begin to deliver, where anybody has subscribed.

        Who is new has their place from now on, so that nothing is missed that happens before they
        are looked after for the first time.
        """
        for each in self._subscriptions:
            self._log.cursor(each.name, from_beginning=each.from_beginning)
        if self._subscriptions:
            self._thread = threading.Thread(target=self._run, name="events", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Finish the event at hand and deliver no more."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def deliver(self) -> bool:
        """Deliver what there is; tell whether all of it was taken."""
        taken = [self._deliver_to(each) for each in self._subscriptions]
        return all(taken)

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            with locked(self._lock) as is_ours:
                while is_ours and not self._stopping.is_set():
                    self.deliver()
                    self._stopping.wait(_LOOK_SECONDS)

    def _deliver_to(self, to: _Subscription) -> bool:
        """Deliver in batches; what a crash leaves between handling and moving on comes again."""
        try:
            at = self._log.cursor(to.name, from_beginning=to.from_beginning)
            while events := self._log.events(at, _BATCH):
                for event in events:
                    if self._stopping.is_set():
                        return False
                    self._hand_over(to, event, at)
                    at = event.sequence
                self._log.move_cursor(to.name, at)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, others go on
            _logger.error("%s cannot take an event: %s", to.name, type(error).__name__)
            return False
        return True

    def _hand_over(self, to: _Subscription, event: Event, before: int) -> None:
        if event.kind not in to.kinds:
            return
        try:
            to.handle(event)
        except Exception:
            self._log.move_cursor(to.name, before)
            raise


@contextlib.contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold a lock that ends with the process; tell whether it is ours."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
