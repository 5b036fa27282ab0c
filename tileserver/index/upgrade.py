# SPDX-License-Identifier: Apache-2.0
"""An index of an earlier version becomes one of this version, from its own rows.

The stored files are not read: an archive of terabytes would take days. Tables get the columns that
they lack, or are put aside, read in the order in which instances came, and dropped; all in one
transaction: a crash leaves the index as it was.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from tileserver.errors import DamagedIndexError
from tileserver.index import schema
from tileserver.index.insertion import add
from tileserver.index.key_rows import renew_keys
from tileserver.index.records import InstanceRecord, Metadata, StoredFrames
from tileserver.index.rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Index, Row, Table

_logger = logging.getLogger(__name__)
_BATCH = 500
_TOLD_EVERY = 50_000
_CACHE_KIB = 256 << 10
_TABLES_1 = ("study", "series", "instance", "frames")


def _version_1(connection: Connection) -> Iterator[InstanceRecord]:
    last = 0
    while True:
        rows = connection.exec_driver_sql(
            "SELECT i.id, s.study_instance_uid, e.series_instance_uid, i.sop_instance_uid, "
            "i.sop_class_uid, i.transfer_syntax_uid, i.key, i.sha256, i.size, "
            "s.attributes AS study, e.attributes AS series, i.attributes AS metadata, "
            "f.frame_table, f.fragments "
            "FROM old_instance AS i JOIN old_series AS e ON e.id = i.series_id "
            "JOIN old_study AS s ON s.id = e.study_id "
            "LEFT JOIN old_frames AS f ON f.instance_id = i.id "
            "WHERE i.id > ? ORDER BY i.id LIMIT ?",
            (last, _BATCH),
        ).all()
        if not rows:
            return
        yield from map(_record_1, rows)
        last = rows[-1].id


def _record_1(row: Row[tuple[object, ...]]) -> InstanceRecord:
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
        metadata=Metadata.of_text(row.metadata),
        frames=StoredFrames(row.frame_table, row.fragments) if has_frames else None,
    )


def _from_1(connection: Connection) -> Iterator[int]:
    """Fill the tables anew from the old ones."""
    _put_aside(connection, _TABLES_1)
    schema.tables.create_all(connection)
    for record in _version_1(connection):
        add(connection, rows_of(record))
        yield 1
    for name in reversed(_TABLES_1):
        connection.exec_driver_sql(f"DROP TABLE old_{name}")


def _from_2(connection: Connection) -> Iterator[int]:
    """Note of each series what its instances are found by, and whether they agree in it."""
    for column in (
        "first_keys TEXT NOT NULL DEFAULT ''",
        "differing_codes INTEGER NOT NULL DEFAULT 0",
    ):
        connection.exec_driver_sql(f"ALTER TABLE series ADD COLUMN {column}")
    _index(schema.study, "study_by_id").create(connection)
    studies = connection.exec_driver_sql("SELECT id, number_of_instances FROM study").all()
    for study in studies:
        renew_keys(connection, study.id)
        yield study.number_of_instances


UPGRADES: dict[str, Callable[[Connection], Iterator[int]]] = {"1": _from_1, "2": _from_2}
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


def _index(table: Table, name: str) -> Index:
    return next(each for each in table.indexes if each.name == name)


def _put_aside(connection: Connection, names: tuple[str, ...]) -> None:
    """Rename tables; their indexes go, since the new ones have the same names."""
    indexes = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    ).scalars()
    for name in indexes.all():
        connection.exec_driver_sql(f'DROP INDEX "{name}"')
    for name in names:
        connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO old_{name}")
