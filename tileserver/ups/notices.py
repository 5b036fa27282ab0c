# SPDX-License-Identifier: Apache-2.0
"""Rows of event reports on their way to subscribers, within a transaction.

Each subscriber has a queue of its own, in which the oldest make way for the newest when there are
too many; so it is bounded, whether or not anybody ever comes for it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from tileserver.ups.model import Notice
from tileserver.ups.reports import EVENT_TYPE
from tileserver.ups.tables import notice, subscriber

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from tileserver.ups.model import Attributes, EventType

LONGEST_QUEUE = 10_000


class Notices:
    """What is told to whom."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, aetitles: Iterable[str], reports: Iterable[Attributes]) -> None:
        """Put reports into the queues of subscribers."""
        texts = [json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in reports]
        rows = [{"aetitle": each, "report": text} for each in aetitles for text in texts]
        if rows:
            self._connection.execute(insert(notice), rows)
        for aetitle in {str(row["aetitle"]) for row in rows}:
            self._cut(aetitle)

    def _cut(self, aetitle: str) -> None:
        mine = notice.c.aetitle == aetitle
        last = (
            select(notice.c.sequence)
            .where(mine)
            .order_by(notice.c.sequence.desc())
            .limit(1)
            .offset(LONGEST_QUEUE)
        )
        self._connection.execute(
            delete(notice).where(mine, notice.c.sequence <= last.scalar_subquery())
        )

    def waiting(self, aetitle: str, after: int, limit: int) -> list[Notice]:
        """Return what comes behind a number, in order."""
        query = (
            select(notice.c.sequence, notice.c.report)
            .where(notice.c.aetitle == aetitle, notice.c.sequence > after)
            .order_by(notice.c.sequence)
            .limit(limit)
        )
        return [
            Notice(row.sequence, json.loads(row.report)) for row in self._connection.execute(query)
        ]

    def newest(self) -> int:
        """Return the number of the last report of all."""
        return int(self._connection.execute(select(func.max(notice.c.sequence))).scalar() or 0)

    def recipients(self, after: int) -> set[str]:
        """Return who has reports behind a number."""
        query = select(notice.c.aetitle).where(notice.c.sequence > after).distinct()
        return set(self._connection.execute(query).scalars())

    def delivered(self, aetitle: str) -> int:
        """Return the number of the last report that was sent to a subscriber."""
        query = select(subscriber.c.delivered).where(subscriber.c.aetitle == aetitle)
        return int(self._connection.execute(query).scalar() or 0)

    def deliver(self, aetitle: str, sequence: int) -> None:
        """Note that reports up to a number were sent."""
        statement = upsert(subscriber).values(aetitle=aetitle, delivered=sequence)
        moved = func.max(subscriber.c.delivered, sequence)
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["aetitle"], set_={"delivered": moved})
        )

    def is_waiting(self, aetitle: str, kind: EventType) -> bool:
        """Tell whether a report of a kind was not sent yet."""
        found = func.json_extract(notice.c.report, f'$."{EVENT_TYPE}".Value[0]') == int(kind)
        query = select(
            exists().where(
                notice.c.aetitle == aetitle, notice.c.sequence > self.delivered(aetitle), found
            )
        )
        return bool(self._connection.execute(query).scalar())

    def forget(self, aetitle: str) -> None:
        """Empty the queue of somebody who is subscribed to nothing any more."""
        for table in (notice, subscriber):
            self._connection.execute(delete(table).where(table.c.aetitle == aetitle))
