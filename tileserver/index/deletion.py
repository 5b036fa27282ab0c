# SPDX-License-Identifier: Apache-2.0
"""Rows go: those of instances, and of series and studies that are left without any.

Series and studies that are left are then told by the first instance that is.

Tables that hang on study, series or instance by a foreign key are found in the schema, so that
whoever adds one need not think of this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table, delete, func, select, update

from tileserver.events import Event, EventKind
from tileserver.index.driver import driver_of
from tileserver.index.insertion import count_series
from tileserver.index.key_rows import forget_keys, renew_keys
from tileserver.index.renewal import renew_upper_rows
from tileserver.index.schema import BEGIN_OF_KEY, instance, series, study, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Select

    from tileserver.index.records import StoredInstance

_MOST_VALUES = 400
"""In one statement, twice: older SQLite has a limit of 999 parameters."""
_BEGIN = 16
"""Of a key, as `BEGIN_OF_KEY` has it."""


@dataclass(frozen=True, slots=True)
class Below:
    """A study, a series or an instance, and all that is below it."""

    study_instance_uid: str
    series_instance_uid: str | None = None
    sop_instance_uid: str | None = None

    def instances(self, *columns: Any) -> Select[Any]:
        """Return a query for columns of the instances below."""
        query = select(*columns).select_from(study.join(series).join(instance))
        query = query.where(study.c.study_instance_uid == self.study_instance_uid)
        if self.series_instance_uid is not None:
            query = query.where(series.c.series_instance_uid == self.series_instance_uid)
        if self.sop_instance_uid is not None:
            query = query.where(instance.c.sop_instance_uid == self.sop_instance_uid)
        return query


def keys_below(connection: Connection, below: Below) -> list[str]:
    """Return the keys of the blobs below."""
    return list(connection.execute(below.instances(instance.c.key)).scalars())


def parts_below(connection: Connection, below: Below, limit: int) -> list[Below]:
    """Return some of the instances below."""
    query = below.instances(series.c.series_instance_uid, instance.c.sop_instance_uid)
    rows = connection.execute(query.limit(limit))
    return [Below(below.study_instance_uid, row[0], row[1]) for row in rows]


def known_keys(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Return those of the keys that the index names."""
    known: set[str] = set()
    for begin in range(0, len(keys), _MOST_VALUES):
        some = keys[begin : begin + _MOST_VALUES]
        query = select(instance.c.key).where(
            BEGIN_OF_KEY.in_([key[:_BEGIN] for key in some]), instance.c.key.in_(some)
        )
        known.update(connection.execute(query).scalars())
    return known


def remove(connection: Connection, below: Below) -> list[Event]:
    """Remove all below in the transaction at hand; return what happened, nothing where nothing was.

    Of what falls as a whole, the highest is told, and with the last instance its series and study.
    """
    places = _places(connection, below)
    if not places:
        return []
    (study_id,) = {study_id for study_id, _, _ in places}
    forget_keys(connection, study_id)
    _remove_rows(connection, instance, below.instances(instance.c.id))
    events = _event_of_instance(below)
    for _, series_id, series_instance_uid in places:
        if _is_empty(connection, instance.c.series_id, series_id):
            _remove_rows(connection, series, series_id)
            if below.series_instance_uid is not None:
                events.append(
                    Event(EventKind.SERIES_DELETED, below.study_instance_uid, series_instance_uid)
                )
    if _is_empty(connection, series.c.study_id, study_id):
        _remove_rows(connection, study, study_id)
        events.append(Event(EventKind.STUDY_DELETED, below.study_instance_uid))
    else:
        study_id = renew_upper_rows(connection, study_id)
        recount(connection, study_id)
        renew_keys(connection, study_id)
    return events


def remove_exactly(connection: Connection, found: StoredInstance) -> list[Event]:
    """Remove an instance as it was found; nothing where its row names other bytes by now."""
    query = select(instance.c.key).where(instance.c.sop_instance_uid == found.sop_instance_uid)
    if connection.execute(query).scalar_one_or_none() != found.key:
        return []
    return remove(
        connection,
        Below(found.study_instance_uid, found.series_instance_uid, found.sop_instance_uid),
    )


def recount(connection: Connection, study_id: int) -> None:
    """Count anew what is stored in a study and its series."""
    in_series = (
        select(func.count())
        .where(instance.c.series_id == series.c.id)
        .correlate(series)
        .scalar_subquery()
    )
    connection.execute(
        update(series).where(series.c.study_id == study_id).values(number_of_instances=in_series)
    )
    in_study = select(func.sum(series.c.number_of_instances)).where(series.c.study_id == study_id)
    connection.execute(
        update(study)
        .where(study.c.id == study_id)
        .values(number_of_instances=in_study.scalar_subquery())
    )
    count_series(driver_of(connection), study_id)


def _places(connection: Connection, below: Below) -> list[tuple[int, int, str]]:
    """Return study, series and its UID of what is below."""
    query = below.instances(study.c.id, series.c.id, series.c.series_instance_uid).distinct()
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def _event_of_instance(below: Below) -> list[Event]:
    if below.sop_instance_uid is None:
        return []
    return [
        Event(
            EventKind.INSTANCE_DELETED,
            below.study_instance_uid,
            below.series_instance_uid,
            below.sop_instance_uid,
        )
    ]


def _remove_rows(connection: Connection, table: Table, ids: Any) -> None:
    """Remove rows by their id, and before them what hangs on them."""
    for dependent, column in _dependents(table):
        connection.execute(delete(dependent).where(column.in_(_several(ids))))
    connection.execute(delete(table).where(table.c.id.in_(_several(ids))))


def _several(ids: Any) -> Any:
    return [ids] if isinstance(ids, int) else ids


def _dependents(table: Table) -> Iterator[tuple[Table, Any]]:
    """Yield the tables that hang on a table, but for the next level, which is empty by then."""
    levels = (study, series, instance)
    for other in tables.sorted_tables:
        for column in other.columns:
            if other not in levels and column.references(table.c.id):
                yield other, column


def _is_empty(connection: Connection, column: Any, value: int) -> bool:
    return connection.execute(select(column).where(column == value).limit(1)).first() is None
