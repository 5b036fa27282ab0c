# SPDX-License-Identifier: Apache-2.0
"""The change feed: what has happened since a number that the caller was told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tileserver.events import Event
    from tileserver.index import Index


@dataclass(frozen=True, slots=True)
class Page:
    """Some events in order, and where to go on.

    Parameters
    ----------
    last
        What to give as ``since`` next.
    has_more
        Whether there is more already.
    """

    events: list[Event]
    last: int
    has_more: bool


class Changes:
    """Tells what has happened."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def since(self, sequence: int, limit: int) -> Page:
        """Return the events after a sequence number."""
        events = self._index.events(sequence, limit + 1)
        some = events[:limit]
        last = some[-1].sequence if some else max(sequence, self._index.last_event())
        return Page(some, last, len(events) > limit)
