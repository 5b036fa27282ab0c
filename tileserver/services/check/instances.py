# SPDX-License-Identifier: Apache-2.0
"""Instances of the index against their blobs, as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.index.audit import differences
from tileserver.index.rows import rows_of
from tileserver.services.check.findings import Finding, Kind
from tileserver.services.check.reading import ReadBlob, read_blob
from tileserver.services.records import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tileserver.index import InstanceRecord
    from tileserver.index.audit import Audit, AuditedRow, NamedRow
    from tileserver.store.survey import Survey

_SHOWN = 16
"""Digits of a digest that tell it from others at a glance."""


class InstanceCheck:
    """Compares what the index says of instances with their blobs."""

    def __init__(self, survey: Survey, audit: Audit) -> None:
        self._survey = survey
        self._audit = audit

    def read(self, row: NamedRow) -> ReadBlob | None:
        """Read the blob of an instance; safe to use from several threads."""
        return read_blob(self._survey, str(row.key))

    def is_there(self, row: NamedRow) -> bool:
        """Tell whether there is a blob of the size that the index says."""
        return self._survey.size(str(row.key)) == row.size

    def findings_of_file(self, row: NamedRow) -> Iterator[Finding]:
        """Yield what is wrong with the file of a blob without reading it."""
        found = self._survey.size(str(row.key))
        if found is None:
            yield self._missing(row)
        elif found != row.size:
            yield self._wrong_size(row, found)

    def findings(self, row: NamedRow, blob: ReadBlob | None) -> Iterator[Finding]:
        """Yield what is wrong; nothing is so far, where an instance was changed meanwhile."""
        if blob is None:
            yield self._missing(row)
        elif blob.sha256 is None:
            yield self._finding(Kind.UNREADABLE, row, str(blob.problem))
        elif blob.sha256 != row.sha256:
            yield self._changed(row, blob)
        elif blob.record is None:
            yield self._finding(Kind.NO_INSTANCE, row, str(blob.problem))
        elif row.key not in keys_of(blob.record):
            yield self._other_instance(row, blob.record)
        else:
            yield from self._differing(row, blob.record)

    def look_again(self, sop_instance_uid: str, *, fast: bool) -> list[Finding]:
        """Return what is wrong with an instance now; nothing where it is gone."""
        row = self._audit.row(sop_instance_uid)
        if row is None:
            return []
        named = named_of(row)
        if fast:
            return list(self.findings_of_file(named))
        return list(self.findings(named, self.read(named)))

    def _missing(self, row: NamedRow) -> Finding:
        return self._finding(Kind.MISSING, row, f"found no file, expected {row.size} bytes")

    def _wrong_size(self, row: NamedRow, size: int) -> Finding:
        problem = f"found {size} bytes, expected {row.size}"
        return self._finding(Kind.WRONG_SIZE, row, problem)

    def _changed(self, row: NamedRow, blob: ReadBlob) -> Finding:
        if blob.record is not None and blob.record.sop_instance_uid != row.sop_instance_uid:
            return self._other_instance(row, blob.record)
        if blob.size != row.size:
            return self._wrong_size(row, blob.size)
        found, expected = (_shown(digest) for digest in (blob.sha256, row.sha256))
        problem = f"found SHA-256 {found}, expected {expected}"
        return self._finding(Kind.CHANGED_BYTES, row, problem)

    def _other_instance(self, row: NamedRow, record: InstanceRecord) -> Finding:
        uid = record.sop_instance_uid
        problem = (
            "found a name that is not of its bytes, expected one made of its UID"
            if uid == row.sop_instance_uid
            else f"found the bytes of instance {uid}, expected its own"
        )
        return self._finding(Kind.OTHER_INSTANCE, row, problem)

    def _differing(self, named: NamedRow, record: InstanceRecord) -> Iterator[Finding]:
        row = self._audit.row(named.sop_instance_uid)
        if row is None:
            return
        if row.sop_instance_uid != record.sop_instance_uid:
            yield self._other_instance(named, record)
        elif other := differences(row, rows_of(record)):
            problem = f"found other than the file says in {', '.join(other)}"
            yield self._finding(Kind.INDEX_DIFFERS, named, problem)

    def _finding(self, kind: Kind, row: NamedRow, problem: str) -> Finding:
        key, uid = str(row.key), str(row.sop_instance_uid)
        return Finding(kind, self._survey.blob_place(key), problem, uid, key)


def named_of(row: AuditedRow) -> NamedRow:
    """Return the beginning of a row."""
    from tileserver.index.audit import NamedRow

    return NamedRow(row.id, row.sop_instance_uid, row.key, row.sha256, row.size)


def _shown(digest: object) -> str:
    return f"{digest.hex()[:_SHOWN]}…" if isinstance(digest, bytes) else "what is no digest"
