# SPDX-License-Identifier: Apache-2.0
"""Subscriptions: who hears of which workitems, and whose locks keep them from being deleted.

References
----------
PS3.18 11.10 to 11.12, PS3.4 CC.2.3 (table CC.2.3-2: state transitions of subscriptions)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.errors import ForbiddenError, NotFoundError
from tileserver.ups import reports
from tileserver.ups.model import WORKLIST, WORKLISTS, EventType, GlobalSubscription

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tileserver.ups.service import ReadFilter
    from tileserver.ups.store import Records, WorklistStore

MOST_GLOBAL = 1000
"""Subscriptions to worklists: each is looked at with each new workitem."""


class Subscriptions:
    """The subscriptions of a server."""

    def __init__(self, store: WorklistStore, read_filter: ReadFilter) -> None:
        self._store = store
        self._read_filter = read_filter

    def subscribe(self, uid: str, aetitle: str, *, deletion_lock: bool) -> None:
        """Subscribe to a workitem; its state is told at once.

        Raises
        ------
        NotFoundError, GoneError
            There is none, or no longer.
        """
        with self._store.writing() as records:
            workitem = records.workitems.find(uid)
            records.subscribers.subscribe(aetitle, uid, deletion_lock=deletion_lock)
            records.notices.add([aetitle], [reports.state_report(workitem)])

    def subscribe_globally(self, asked: GlobalSubscription) -> None:
        """Subscribe to all workitems of a worklist that there are and will be.

        Their states are told at once where they are to be locked.

        Raises
        ------
        ForbiddenError
            There are too many such subscriptions.
        """
        conditions = self._read_filter(asked.filter)
        with self._store.writing() as records:
            records.subscribers.subscribe_globally(asked)
            if records.subscribers.count() > MOST_GLOBAL:
                raise ForbiddenError(f"there are {MOST_GLOBAL} subscriptions to worklists already")
            found = []
            for workitem in records.workitems.matching(conditions):
                records.subscribers.include(asked, workitem.uid)
                if asked.deletion_lock:
                    found.append(reports.state_report(workitem))
            records.notices.add([asked.aetitle], found)

    def unsubscribe(self, uid: str, aetitle: str) -> None:
        """End a subscription; that to the worklist ends all others of the subscriber, too.

        Raises
        ------
        NotFoundError
            There is no such subscription.
        """
        with self._store.writing() as records:
            if not _end(records, uid, aetitle):
                raise NotFoundError("there is no such subscription")
            _forget_unsubscribed(records, aetitle)

    def suspend(self, uid: str, aetitle: str) -> None:
        """Subscribe to no further workitems; subscriptions to those that there are stay.

        Raises
        ------
        NotFoundError
            There is no such subscription.
        """
        with self._store.writing() as records:
            if not records.subscribers.suspend(aetitle, uid):
                raise NotFoundError("there is no such subscription")
            _forget_unsubscribed(records, aetitle)

    def tell_restart(self, fallback: Iterable[str] = ()) -> None:
        """Tell all subscribers that the server was restarted, unless they are still to hear so.

        Parameters
        ----------
        fallback
            AE titles that are told whether or not they are subscribed to anything.
        """
        kind = EventType.SERVER_STATUS_CHANGE
        with self._store.writing() as records:
            everybody = sorted({*records.subscribers.all_aetitles(), *fallback})
            aetitles = [each for each in everybody if not records.notices.is_waiting(each, kind)]
            records.notices.add(aetitles, [reports.restarted()])


def _end(records: Records, uid: str, aetitle: str) -> bool:
    if uid not in WORKLISTS:
        return records.subscribers.unsubscribe(aetitle, uid)
    if uid == WORKLIST:
        return records.subscribers.forget(aetitle)
    was_suspended = not records.subscribers.suspend(aetitle, uid)
    return records.subscribers.exclude(aetitle, uid) or not was_suspended


def _forget_unsubscribed(records: Records, aetitle: str) -> None:
    """Keep no queue for somebody who is subscribed to nothing any more."""
    if not records.subscribers.is_subscribed(aetitle):
        records.notices.forget(aetitle)
