# SPDX-License-Identifier: Apache-2.0
"""The rows of an instance, and how they differ from what its bytes say."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from tileserver.index.records import StoredFrames
    from tileserver.index.rows import Rows


class NamedRow(NamedTuple):
    """What tells where the bytes of an instance are; of any type, where the row is damaged."""

    id: int
    sop_instance_uid: str
    key: str
    sha256: bytes
    size: int


class AuditedRow(NamedTuple):
    """All that the index says of an instance; of any type, where it is damaged."""

    id: int
    sop_instance_uid: str
    key: str
    sha256: bytes
    size: int
    study_instance_uid: str | None
    series_instance_uid: str | None
    sop_class_uid: str
    transfer_syntax_uid: str
    summary: str
    attributes: str
    frame_table: bytes | None
    fragments: str | None
    position: int | None
    per_frame: str | None


_NAMED = "i.id, i.sop_instance_uid, i.key, i.sha256, i.size"
_AUDITED = (
    f"SELECT {_NAMED}, s.study_instance_uid, e.series_instance_uid, i.sop_class_uid, "  # noqa: S608 - names of our own
    "i.transfer_syntax_uid, i.summary, i.attributes, f.frame_table, f.fragments, p.position, "
    "p.attributes FROM instance AS i LEFT JOIN series AS e ON e.id = i.series_id "
    "LEFT JOIN study AS s ON s.id = e.study_id LEFT JOIN frames AS f ON f.instance_id = i.id "
    "LEFT JOIN per_frame AS p ON p.instance_id = i.id WHERE i.sop_instance_uid = CAST(? AS TEXT)"
)


def named_page(connection: sqlite3.Connection, after: int, limit: int) -> list[NamedRow]:
    """Return some instances in the order they came."""
    rows = connection.execute(
        f"SELECT {_NAMED} FROM instance AS i WHERE i.id > ? ORDER BY i.id LIMIT ?",  # noqa: S608 - names of our own
        (after, limit),
    )
    return [NamedRow(*row) for row in rows.fetchall()]


def audited_row(connection: sqlite3.Connection, sop_instance_uid: str) -> AuditedRow | None:
    """Return what the index says of an instance now."""
    # As bytes: a damaged text cannot be handed back as one.
    uid = str(sop_instance_uid).encode("utf-8", "surrogateescape")
    row = connection.execute(_AUDITED, (uid,)).fetchone()
    return AuditedRow(*row) if row else None


def differences(row: AuditedRow, expected: Rows) -> list[str]:
    """Return the names of columns, and tags of attributes, that say other than the bytes."""
    return [*_other_columns(row, expected), *_other_attributes(row, expected)]


def _other_columns(row: AuditedRow, expected: Rows) -> Iterator[str]:
    record = expected.record
    position, per_frame = expected.per_frame or (None, None)
    pairs: Sequence[tuple[str, object, object]] = (
        ("study_instance_uid", row.study_instance_uid, record.study_instance_uid),
        ("series_instance_uid", row.series_instance_uid, record.series_instance_uid),
        ("sop_instance_uid", row.sop_instance_uid, record.sop_instance_uid),
        ("sop_class_uid", row.sop_class_uid, record.sop_class_uid),
        ("transfer_syntax_uid", row.transfer_syntax_uid, record.transfer_syntax_uid),
        ("size", row.size, record.size),
        ("summary", row.summary, expected.summary),
        ("position of per_frame", row.position, position),
        ("per_frame", row.per_frame, per_frame),
    )
    yield from (name for name, found, wanted in pairs if found != wanted)
    if not _are_same_frames(row, record.frames):
        yield "frames"


def _are_same_frames(row: AuditedRow, expected: StoredFrames | None) -> bool:
    if row.frame_table is None or expected is None:
        return row.frame_table is None and expected is None
    if row.fragments != expected.fragments:
        return False
    # Another build of zlib packs the same table in other bytes.
    return row.frame_table == expected.table or _unpacked(row.frame_table) == _unpacked(
        expected.table
    )


def _unpacked(table: bytes) -> bytes | None:
    try:
        return zlib.decompress(table)
    except (TypeError, zlib.error):
        return None


def _other_attributes(row: AuditedRow, expected: Rows) -> list[str]:
    """Return the tags of attributes that differ; their values are nobody's business here."""
    if row.attributes == expected.attributes:
        return []
    try:
        found = json.loads(row.attributes)
    except (TypeError, ValueError):
        return ["attributes (no JSON)"]
    wanted = expected.record.metadata.attributes
    if not isinstance(found, dict):
        return ["attributes (no object)"]
    tags = sorted(tag for tag in {*found, *wanted} if found.get(tag) != wanted.get(tag))
    return [f"attributes {' '.join(tags[:8])}" if tags else "attributes (as text)"]
