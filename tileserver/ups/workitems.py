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
from tileserver.ups.keys import clause, keys_of
from tileserver.ups.model import State, Workitem, tag
from tileserver.ups.reports import STATE
from tileserver.ups.tables import gone, subscription, workitem, workitem_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from tileserver.index import Condition
    from tileserver.ups.model import Attributes

SOP_INSTANCE = tag("SOPInstanceUID")
_DELETED_AT_ONCE = 100
"""What is due is deleted as requests come, a few with each."""
_FREQUENT = 2000
"""Workitems with a key from which on it is not looked for by that alone."""
_IDS = "SELECT k.workitem_id FROM workitem_key AS k WHERE"
_COLUMNS: dict[tuple[str, ...], str] = {(STATE,): "state", (SOP_INSTANCE,): "uid"}


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
        added = insert(workitem).values(uid=item.uid, **_columns(item)).returning(workitem.c.id)
        self._renew_keys(self._connection.execute(added).scalar_one(), item.attributes)

    def replace(self, item: Workitem, ended: int | None = None) -> None:
        """Store what has become of a workitem.

        Parameters
        ----------
        ended
            When it came into a final state, in milliseconds since 1970.
        """
        columns = _columns(item) | {"ended": ended}
        changed = (
            update(workitem)
            .where(workitem.c.uid == item.uid)
            .values(**columns)
            .returning(workitem.c.id)
        )
        number = self._connection.execute(changed).scalar_one()
        self._renew_keys(number, item.attributes)

    def renew_all_keys(self) -> None:
        """Make anew what all workitems are found by."""
        self._connection.execute(delete(workitem_key))
        stored = self._connection.execute(select(workitem.c.id, workitem.c.attributes))
        for number, text in stored.all():
            self._renew_keys(number, json.loads(text))

    def _renew_keys(self, number: int, attributes: Attributes) -> None:
        mine = workitem_key.c.workitem_id == number
        query = select(workitem_key.c.code, workitem_key.c.value).where(mine)
        before = {(row.code, row.value) for row in self._connection.execute(query)}
        after = keys_of(attributes)
        for code, value in sorted(before - after):
            old = delete(workitem_key).where(
                mine, workitem_key.c.code == code, workitem_key.c.value == value
            )
            self._connection.execute(old)
        if after - before:
            rows = [(code, value, number) for code, value in sorted(after - before)]
            self._connection.exec_driver_sql("INSERT INTO workitem_key VALUES (?, ?, ?)", rows)

    def search(
        self, conditions: Sequence[Condition], limit: int, offset: int, counted: int
    ) -> tuple[list[Attributes], int]:
        """Return what matches, in the order of creation, and how many more there are.

        Parameters
        ----------
        counted
            How far these are counted.
        """
        where = all_of([self._found_by_key(conditions), _matching(conditions)])
        found = self._connection.exec_driver_sql(
            f"SELECT attributes FROM workitem WHERE {where.text} "  # noqa: S608 - names of our own
            "ORDER BY id LIMIT ? OFFSET ?",
            (*where.values, limit + counted, offset),
        ).all()
        return [json.loads(text) for (text,) in found[:limit]], len(found[limit:])

    def _found_by_key(self, conditions: Sequence[Condition]) -> Sql:
        """Return what narrows a search down before workitems are looked into.

        That is the rarest key; of keys that are all frequent, what has them all; of a single
        frequent one nothing, as a page of answers is soon full.
        """
        if any(each.path == (SOP_INSTANCE,) for each in conditions):
            return all_of([])
        found = [part for part in map(clause, conditions) if part is not None]
        counts = [(self._count(part), number) for number, part in enumerate(found)]
        if counts and min(counts)[0] < _FREQUENT:
            found = [found[min(counts)[1]]]
        elif len(found) == 1:
            found = []
        return all_of(Sql(f"id IN ({_IDS} {part.text})", part.values) for part in found)

    def _count(self, part: Sql) -> int:
        query = f"SELECT count(*) FROM ({_IDS} {part.text} LIMIT {_FREQUENT})"  # noqa: S608
        return int(self._connection.exec_driver_sql(query, part.values).scalar_one())

    def matching(self, conditions: Sequence[Condition]) -> Iterator[Workitem]:
        """Yield all workitems that match, as they are read."""
        where = _matching(conditions)
        found = self._connection.exec_driver_sql(
            "SELECT uid, state, transaction_uid, attributes FROM workitem "  # noqa: S608
            f"WHERE {where.text} ORDER BY id",
            where.values,
        )
        yield from map(_of_row, found)

    def matches(self, item: Workitem, conditions: Sequence[Condition]) -> bool:
        """Tell whether a workitem matches, as it is given and not as it is stored."""
        where = _matching(conditions)
        found = self._connection.exec_driver_sql(
            f"SELECT {where.text} FROM "  # noqa: S608
            "(SELECT ? AS uid, ? AS state, ? AS attributes) AS workitem",
            (*where.values, item.uid, item.state, _json(item.attributes)),
        )
        return bool(found.scalar())

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
        "attributes": _json(item.attributes),
    }


def _json(attributes: Attributes) -> str:
    return json.dumps(attributes, ensure_ascii=False, separators=(",", ":"))


def _of_row(row: Any) -> Workitem:
    return Workitem(row.uid, State(row.state), row.transaction_uid, json.loads(row.attributes))


def _matching(conditions: Sequence[Condition]) -> Sql:
    """Return what rows have to fulfil; what stands in a column that has an index, by that, too."""
    parts = [of_dataset("workitem.attributes", conditions)]
    for condition in conditions:
        column, match = _COLUMNS.get(condition.path), condition.match
        if column and len(match) == 1 and isinstance(match[0], OneOf):
            values = match[0].values
            parts.append(Sql(f"{column} IN ({marks(len(values))})", values))
    return all_of(parts)
