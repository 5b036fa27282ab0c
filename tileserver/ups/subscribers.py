# SPDX-License-Identifier: Apache-2.0
"""Rows of subscriptions, within a transaction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, insert, or_, select, true

from tileserver.ups.model import FILTERED_WORKLIST, GlobalSubscription
from tileserver.ups.tables import global_subscription, subscription, workitem

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

_INSERT = (
    "INSERT INTO subscription (workitem_id, aetitle, deletion_lock, origin) "
    "SELECT id, ?, ?, ? FROM workitem WHERE uid = ? "
)
_OVER = "ON CONFLICT DO UPDATE SET deletion_lock = excluded.deletion_lock, origin = excluded.origin"
# What came by a filter is of the whole worklist, too, once that is subscribed to.
_BESIDE = f"ON CONFLICT DO UPDATE SET origin = excluded.origin WHERE origin = '{FILTERED_WORKLIST}'"


class Subscribers:
    """Who is subscribed to what."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_workitem(self, uid: str) -> list[str]:
        """Return the AE titles that are subscribed to a workitem."""
        query = (
            select(subscription.c.aetitle)
            .join(workitem)
            .where(workitem.c.uid == uid)
            .order_by(subscription.c.aetitle)
        )
        return list(self._connection.execute(query).scalars())

    def globally(self) -> list[GlobalSubscription]:
        """Return all subscriptions to what will be created; of each title those with lock first."""
        query = select(global_subscription).order_by(
            global_subscription.c.aetitle,
            global_subscription.c.deletion_lock.desc(),
            global_subscription.c.uid,
        )
        return [
            GlobalSubscription(
                row.aetitle,
                row.uid,
                row.deletion_lock,
                tuple((name, value) for name, value in json.loads(row.filter)),
            )
            for row in self._connection.execute(query)
        ]

    def all_aetitles(self) -> list[str]:
        """Return everybody who is subscribed to anything."""
        query = select(subscription.c.aetitle).union(select(global_subscription.c.aetitle))
        return sorted(self._connection.execute(query).scalars())

    def count(self) -> int:
        """Return how many subscriptions to worklists there are."""
        query = select(func.count()).select_from(global_subscription)
        return int(self._connection.execute(query).scalar_one())

    def is_subscribed(self, aetitle: str) -> bool:
        """Tell whether somebody is subscribed to anything."""
        query = select(
            or_(
                exists().where(subscription.c.aetitle == aetitle),
                exists().where(global_subscription.c.aetitle == aetitle),
            )
        )
        return bool(self._connection.execute(query).scalar())

    def subscribe(self, aetitle: str, uid: str, *, deletion_lock: bool) -> None:
        """Subscribe to a workitem, with or without lock, whatever was before."""
        self._connection.exec_driver_sql(_INSERT + _OVER, (aetitle, deletion_lock, uid, uid))

    def include(self, by: GlobalSubscription, uid: str) -> None:
        """Subscribe to a workitem of a worklist; a subscription that is there keeps its lock."""
        values = (by.aetitle, by.deletion_lock, by.uid, uid)
        self._connection.exec_driver_sql(_INSERT + _BESIDE, values)

    def subscribe_globally(self, asked: GlobalSubscription) -> None:
        """Subscribe to what will be created, in place of a subscription to the same worklist."""
        self.suspend(asked.aetitle, asked.uid)
        self._connection.execute(
            insert(global_subscription).values(
                aetitle=asked.aetitle,
                uid=asked.uid,
                deletion_lock=asked.deletion_lock,
                filter=json.dumps(asked.filter),
            )
        )

    def suspend(self, aetitle: str, uid: str) -> bool:
        """End a subscription to what will be created; tell whether there was one."""
        found = self._connection.execute(
            delete(global_subscription).where(
                global_subscription.c.aetitle == aetitle, global_subscription.c.uid == uid
            )
        )
        return found.rowcount > 0

    def unsubscribe(self, aetitle: str, uid: str) -> bool:
        """End a subscription to a workitem; tell whether there was one."""
        numbers = select(workitem.c.id).where(workitem.c.uid == uid)
        return self._delete(aetitle, subscription.c.workitem_id.in_(numbers))

    def exclude(self, aetitle: str, origin: str) -> bool:
        """End the subscriptions to workitems that came by a worklist; tell if there were any."""
        return self._delete(aetitle, subscription.c.origin == origin)

    def forget(self, aetitle: str) -> bool:
        """End all subscriptions of somebody; tell whether there were any."""
        found = self._connection.execute(
            delete(global_subscription).where(global_subscription.c.aetitle == aetitle)
        )
        return self._delete(aetitle, true()) or found.rowcount > 0

    def _delete(self, aetitle: str, condition: ColumnElement[bool]) -> bool:
        found = self._connection.execute(
            delete(subscription).where(subscription.c.aetitle == aetitle, condition)
        )
        return found.rowcount > 0
