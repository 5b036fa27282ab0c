# SPDX-License-Identifier: Apache-2.0
"""An index of an earlier version becomes one of this version, from its own rows.

The stored files are not read: an archive of terabytes would take days. Tables get the columns that
they lack, or are put aside, read in the order in which instances came, and dropped; all in one
transaction: a crash leaves the index as it was.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tileserver.errors import DamagedIndexError
from tileserver.index import schema
from tileserver.index.attributes import SERIES_ATTRIBUTES, STUDY_ATTRIBUTES, picked
from tileserver.index.insertion import add
from tileserver.index.records import InstanceRecord, Metadata, StoredFrames
from tileserver.index.rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Row

_logger = logging.getLogger(__name__)
_BATCH = 500
_TOLD_EVERY = 50_000
_CACHE_KIB = 256 << 10
_TABLES_1 = ("study", "series", "instance", "frames")
_TABLES_2 = (*_TABLES_1, "per_frame")
_DERIVED = ("patient_name_text", "study_key")
"""Tables that are filled anew."""
_COLUMNS_1 = (
    "i.id, s.study_instance_uid, e.series_instance_uid, i.sop_instance_uid, "
    "i.sop_class_uid, i.transfer_syntax_uid, i.key, i.sha256, i.size, "
    "s.attributes AS study, e.attributes AS series, i.attributes AS metadata, "
    "f.frame_table, f.fragments"
)
_JOINED_1 = (
    "old_instance AS i JOIN old_series AS e ON e.id = i.series_id "
    "JOIN old_study AS s ON s.id = e.study_id LEFT JOIN old_frames AS f ON f.instance_id = i.id"
)


def _version_1(connection: Connection) -> Iterator[InstanceRecord]:
    for row in _rows(connection, _COLUMNS_1, _JOINED_1):
        yield _record(row, Metadata.of_text(row.metadata))


def _version_2(connection: Connection) -> Iterator[InstanceRecord]:
    """Studies and series of this version told values of instances that may be deleted by now."""
    columns = f"{_COLUMNS_1}, p.position, p.attributes AS per_frame"
    joined = f"{_JOINED_1} LEFT JOIN old_per_frame AS p ON p.instance_id = i.id"
    for row in _rows(connection, columns, joined):
        found = json.loads(row.metadata)
        per_frame = None if row.position is None else (row.position, row.per_frame)
        record = _record(row, Metadata(found, row.metadata, per_frame))
        yield replace(
            record,
            study=picked(found, STUDY_ATTRIBUTES),
            series=picked(found, SERIES_ATTRIBUTES),
        )


def _rows(connection: Connection, columns: str, joined: str) -> Iterator[Row[Any]]:
    """Yield rows in the order in which instances came."""
    last = 0
    while True:
        rows = connection.exec_driver_sql(
            f"SELECT {columns} FROM {joined} WHERE i.id > ? ORDER BY i.id LIMIT ?",  # noqa: S608 - names of our own
            (last, _BATCH),
        ).all()
        if not rows:
            return
        yield from rows
        last = rows[-1].id


def _record(row: Row[Any], metadata: Metadata) -> InstanceRecord:
    has_frames = row.frame_table is not None
    return InstanceRecord(
        study_instance_uid=row.study_instance_uid,
        series_instance_uid=row.series_instance_uid,
        sop_instance_uid=row.sop_instance_uid,
        sop_class_uid=row.sop_class_uid,
        transfer_syntax_uid=row.transfer_syntax_uid,
        key=row.key,
        sha256=row.sha256,
        size=row.size,
        study=json.loads(row.study),
        series=json.loads(row.series),
        metadata=metadata,
        frames=StoredFrames(row.frame_table, row.fragments) if has_frames else None,
    )


def _from_1(connection: Connection) -> Iterator[int]:
    return _filled_anew(connection, _TABLES_1, _version_1)


def _from_2(connection: Connection) -> Iterator[int]:
    return _filled_anew(connection, _TABLES_2, _version_2)


def _filled_anew(
    connection: Connection,
    names: tuple[str, ...],
    read: Callable[[Connection], Iterator[InstanceRecord]],
) -> Iterator[int]:
    """Fill the tables anew from the old ones."""
    _put_aside(connection, names)
    schema.tables.create_all(connection)
    for record in read(connection):
        add(connection, rows_of(record))
        yield 1
    for name in reversed(names):
        connection.exec_driver_sql(f"DROP TABLE old_{name}")


UPGRADES: dict[str, Callable[[Connection], Iterator[int]]] = {
    "1": _from_1,
    "2": _from_2,
    "3": _from_2,
}
"""By version: what makes its tables those of this one; yields of how many instances."""


def upgrade(connection: Connection, version: str) -> None:
    """Make the tables of a version in `UPGRADES` those of this one, in the transaction at hand.

    Raises
    ------
    DamagedIndexError
        A row cannot be read.
    """
    count = connection.exec_driver_sql("SELECT count(*) FROM instance").scalar_one()
    _logger.info("the index has version %s: upgrading %d instances", version, count)
    connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE_KIB}")
    done = 0
    try:
        for some in UPGRADES[version](connection):
            is_told = (done + some) // _TOLD_EVERY > done // _TOLD_EVERY
            done += some
            if is_told:
                _logger.info("upgrading the index: %d of %d instances", done, count)
    except ValueError as error:  # its message can hold a value
        raise DamagedIndexError(
            "the index cannot be upgraded: a row of it is damaged; run: tileserver reindex"
        ) from error
    _logger.info("the index is upgraded to version %d", schema.VERSION)


def _put_aside(connection: Connection, names: tuple[str, ...]) -> None:
    """Rename tables; their indexes and triggers go, since the new ones have the same names."""
    for kind in ("INDEX", "TRIGGER"):
        found = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = ? AND sql IS NOT NULL", (kind.lower(),)
        )
        for name in found.scalars().all():
            connection.exec_driver_sql(f'DROP {kind} "{name}"')
    for name in _DERIVED:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
    for name in names:
        connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO old_{name}")
