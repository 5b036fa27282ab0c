# SPDX-License-Identifier: Apache-2.0
"""Blobs that no instance names: what they are, and whether they are on their way in or out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.services.check.findings import Finding, Kind
from tileserver.services.check.instances import InstanceCheck, named_of
from tileserver.services.check.reading import ReadBlob, read_blob
from tileserver.services.records import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tileserver.index import InstanceRecord
    from tileserver.index.audit import Audit, AuditedRow
    from tileserver.store.survey import Survey


class OrphanCheck:
    """Tells what blobs are that were not met by way of the index.

    Parameters
    ----------
    audit
        ``None`` where there is no index that can be read: then nobody knows who is an orphan.
    """

    def __init__(self, survey: Survey, audit: Audit | None) -> None:
        self._survey = survey
        self._audit = audit

    def findings(self, key: str) -> Iterator[Finding]:
        """Yield what is wrong with a blob now."""
        found = self._look(key)
        # Twice, since what is stored or deleted meanwhile can be between two looks.
        if found and not self._survey.is_under_way(key):
            yield from self._look(key)

    def _look(self, key: str) -> list[Finding]:
        blob = read_blob(self._survey, key)
        if blob is None:
            return []
        if blob.record is None:
            return [self._unreadable(key, blob)]
        if self._audit is None:
            is_at_its_place = key in keys_of(blob.record)
            return [] if is_at_its_place else [self._misplaced(key, blob.record)]
        row = self._audit.row(blob.record.sop_instance_uid)
        if row is not None and row.key == key:
            return list(InstanceCheck(self._survey, self._audit).findings(named_of(row), blob))
        return [self._orphan(key, blob.record, row)]

    def _orphan(self, key: str, record: InstanceRecord, row: AuditedRow | None) -> Finding:
        """Return what a blob is that the row of its instance, if there is one, does not name."""
        if key not in keys_of(record):
            return self._misplaced(key, record)
        if row is None:
            problem = "found an instance that the index does not know, expected none"
            return self._finding(Kind.ORPHAN, key, problem, record)
        if row.sha256 == record.sha256:
            problem = f"found a second file of the bytes of blob {row.key}, expected one"
            return self._finding(Kind.ORPHAN_COPY, key, problem, record)
        problem = f"found other bytes of the instance than in blob {row.key}, expected one file"
        return self._finding(Kind.ORPHAN_VERSION, key, problem, record)

    def _unreadable(self, key: str, blob: ReadBlob) -> Finding:
        kind = Kind.NO_INSTANCE if blob.sha256 else Kind.UNREADABLE
        return self._finding(kind, key, f"{blob.problem}; no instance names it")

    def _misplaced(self, key: str, record: InstanceRecord) -> Finding:
        problem = "found an instance under a name that is not its own; no instance names it"
        return self._finding(Kind.OTHER_INSTANCE, key, problem, record)

    def _finding(
        self, kind: Kind, key: str, problem: str, record: InstanceRecord | None = None
    ) -> Finding:
        uid = record.sop_instance_uid if record else None
        return Finding(kind, self._survey.blob_place(key), problem, uid, key)
