# SPDX-License-Identifier: Apache-2.0
"""Rows of workitems, within a transaction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, insert, select, update

from tileserver.errors import GoneError, NotFoundError
from tileserver.index import OneOf
from tileserver.index.matching import of_dataset
from tileserver.index.sql import Sql, all_of, marks
from tileserver.ups.model import State, Workitem
from tileserver.ups.reports import STATE
from tileserver.ups.tables import gone, subscription, workitem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from tileserver.index import Condition
    from tileserver.ups.model import Attributes

_DELETED_AT_ONCE = 100
"""What is due is deleted as requests come, a few with each."""


class Workitems:
    """The workitems that are stored."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, uid: str) -> Workitem:
        """Return a workitem.

        Raises
        ------
        NotFoundError
            There is none of this UID.
        GoneError
            There was one.
        """
        query = select(workitem).where(workitem.c.uid == uid)
        row = self._connection.execute(query).one_or_none()
        if row is not None:
            return _of_row(row)
        if self.is_gone(uid):
            raise GoneError("the workitem was deleted")
        raise NotFoundError("there is no such workitem")

    def is_gone(self, uid: str) -> bool:
        """Tell whether there was a workitem of this UID."""
        return bool(self._connection.execute(select(exists().where(gone.c.uid == uid))).scalar())

    def is_there(self, uid: str) -> bool:
        """Tell whether there is a workitem of this UID."""
        query = select(exists().where(workitem.c.uid == uid))
        return bool(self._connection.execute(query).scalar())

    def add(self, item: Workitem) -> None:
        """Store a new workitem."""
        self._connection.execute(insert(workitem).values(uid=item.uid, **_columns(item)))

    def replace(self, item: Workitem, ended: int | None = None) -> None:
        """Store what has become of a workitem.

        Parameters
        ----------
        ended
            When it came into a final state, in milliseconds since 1970.
        """
        columns = _columns(item) | {"ended": ended}
        self._connection.execute(
            update(workitem).where(workitem.c.uid == item.uid).values(**columns)
        )

    def search(
        self, conditions: Sequence[Condition], limit: int, offset: int = 0
    ) -> list[Attributes]:
        """Return what matches, in the order of creation."""
        where = _matching(conditions)
        found = self._connection.exec_driver_sql(
            f"SELECT attributes FROM workitem WHERE {where.text} "  # noqa: S608 - names of our own
            "ORDER BY id LIMIT ? OFFSET ?",
            (*where.values, limit, offset),
        )
        return [json.loads(text) for (text,) in found]

    def matching(
        self, conditions: Sequence[Condition], uid: str | None = None
    ) -> Iterator[Workitem]:
        """Yield all workitems that match, or the one of a UID if it does, as they are read."""
        where = _matching(conditions)
        if uid is not None:
            where = all_of([Sql("uid = ?", (uid,)), where])
        found = self._connection.exec_driver_sql(
            "SELECT uid, state, transaction_uid, attributes FROM workitem "  # noqa: S608
            f"WHERE {where.text} ORDER BY id",
            where.values,
        )
        yield from map(_of_row, found)

    def delete_due(self, before: int) -> None:
        """Delete what came into a final state before a time, unless somebody has a lock on it."""
        locked = exists().where(
            subscription.c.workitem_id == workitem.c.id, subscription.c.deletion_lock
        )
        query = (
            select(workitem.c.id, workitem.c.uid)
            .where(workitem.c.ended <= before, ~locked)
            .limit(_DELETED_AT_ONCE)
        )
        due = self._connection.execute(query).all()
        if due:
            self._connection.execute(insert(gone), [{"uid": row.uid} for row in due])
            ids = [row.id for row in due]
            self._connection.execute(delete(workitem).where(workitem.c.id.in_(ids)))


def _columns(item: Workitem) -> dict[str, Any]:
    return {
        "state": item.state,
        "transaction_uid": item.transaction_uid,
        "attributes": json.dumps(item.attributes, ensure_ascii=False, separators=(",", ":")),
    }


def _of_row(row: Any) -> Workitem:
    return Workitem(row.uid, State(row.state), row.transaction_uid, json.loads(row.attributes))


def _matching(conditions: Sequence[Condition]) -> Sql:
    """Return what rows have to fulfil; the state stands in a column that has an index, too."""
    parts = [of_dataset("workitem.attributes", conditions)]
    for condition in conditions:
        match = condition.match
        if condition.path == (STATE,) and len(match) == 1 and isinstance(match[0], OneOf):
            values = match[0].values
            parts.append(Sql(f"state IN ({marks(len(values))})", values))
    return all_of(parts)
