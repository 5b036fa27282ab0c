# SPDX-License-Identifier: Apache-2.0
"""What may be done about findings, while others read and store: nothing that could lose anything.

Removed is what nobody was told of (parts of files, of lists and of indexes), what a deletion had
promised to remove, and a second file where the first was just read and is whole. A whole instance
that the index does not know is taken into it. Blobs that are damaged, or that nobody knows, are
moved to ``quarantine/`` in the data folder, and only when that is asked for.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from tileserver.errors import ConflictError, StorageError
from tileserver.index.beside import remove_abandoned
from tileserver.services.check.findings import Finding, Kind
from tileserver.services.check.reading import read_blob
from tileserver.services.delete import finish_abandoned
from tileserver.services.records import keys_of
from tileserver.services.unsettled import finish_unsettled
from tileserver.store import locked
from tileserver.store.quarantine import put_aside, put_back

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tileserver.index import Index
    from tileserver.store import BlobStore
    from tileserver.store.survey import Survey

_PUT_ASIDE = frozenset(
    {
        Kind.CHANGED_BYTES,
        Kind.WRONG_SIZE,
        Kind.OTHER_INSTANCE,
        Kind.NO_INSTANCE,
        Kind.UNREADABLE,
        Kind.ORPHAN_VERSION,
    }
)


class Repair:
    """Does what may be done about findings.

    Parameters
    ----------
    open_archive
        Gives store and index; called when something is to be done.
    is_mending, is_putting_aside
        What was asked for.
    """

    def __init__(
        self,
        survey: Survey,
        open_archive: Callable[[], tuple[BlobStore, Index]],
        *,
        is_mending: bool,
        is_putting_aside: bool,
    ) -> None:
        self._survey = survey
        self._open = open_archive
        self._is_mending = is_mending
        self._is_putting_aside = is_putting_aside
        self._opened: tuple[BlobStore, Index] | None = None

    def close(self) -> None:
        """Close what was opened."""
        if self._opened is not None:
            self._opened[1].close()

    def attempt(self, finding: Finding) -> Finding:
        """Return a finding, and what was done about it, if anything could be."""
        try:
            done = self._done(finding)
        except (StorageError, OSError, ConflictError):
            done = None
        return replace(finding, done=done, is_solved=done is not None and self._is_solved(finding))

    def _is_solved(self, finding: Finding) -> bool:
        """Tell whether the index names the blob of a finding no more, or as it now is."""
        if finding.kind not in _PUT_ASIDE or finding.uid is None:
            return True
        named = self._archive()[1].find(finding.uid)
        return named is None or named.key != finding.key

    def _done(self, finding: Finding) -> str | None:
        kind = finding.kind
        if self._is_putting_aside and kind in _PUT_ASIDE and finding.key:
            return self._quarantine(finding.key, finding.uid)
        if self._is_putting_aside and kind is Kind.DAMAGED_LIST:
            return self._told(put_aside(self._survey.folder, self._path(finding)))
        if self._is_mending and kind in self._MENDED:
            return self._MENDED[kind](self, finding)
        return None

    def _take_in(self, finding: Finding) -> str | None:
        """Take a whole instance into the index."""
        store, index = self._archive()
        finish_unsettled(store, index)
        named = index.find(str(finding.uid))
        if named is not None and named.key == finding.key:
            return "taken into the index"
        blob = read_blob(self._survey, str(finding.key))
        if blob is None or blob.record is None or finding.key not in keys_of(blob.record):
            return None
        index.add(replace(blob.record, key=str(finding.key)))
        return "taken into the index"

    def _remove_copy(self, finding: Finding) -> str | None:
        """Remove a second file, where the first is whole and named, and nobody names the second."""
        store, index = self._archive()
        key = str(finding.key)
        second = read_blob(self._survey, key)
        named = index.find(str(finding.uid))
        if second is None or named is None or named.key == key:
            return None
        first = read_blob(self._survey, named.key)
        if first is None or first.sha256 != second.sha256 or first.sha256 != named.sha256:
            return None
        with index.knowing([key, named.key]) as known:
            if known != {named.key}:
                return None
            store.remove([key])
        return "removed"

    def _remove_partial(self, finding: Finding) -> str | None:
        """Settle what was being received, as a start does, and remove what was being written."""
        finish_unsettled(*self._archive())
        path = self._path(finding)
        with locked.left_behind(path) as descriptor:
            if descriptor is not None and os.fstat(descriptor).st_nlink == 1:
                path.unlink()
        return None if path.exists() else "removed"

    def _finish_deletion(self, finding: Finding) -> str | None:
        finish_abandoned(*self._archive())
        return None if self._path(finding).exists() else "finished"

    def _remove_index(self, finding: Finding) -> str | None:
        remove_abandoned(self._survey.folder)
        return None if self._path(finding).exists() else "removed"

    _MENDED = {  # noqa: RUF012 - never changed
        Kind.ORPHAN: _take_in,
        Kind.ORPHAN_COPY: _remove_copy,
        Kind.PARTIAL_FILE: _remove_partial,
        Kind.ABANDONED_DELETION: _finish_deletion,
        Kind.ABANDONED_INDEX: _remove_index,
    }

    def _quarantine(self, key: str, uid: str | None) -> str | None:
        """Put a blob aside; back, where it is not as it was found: somebody stored it anew."""
        _, index = self._archive()
        place = self._survey.path(key)
        aside = put_aside(self._survey.folder, place)
        if uid is not None and self._is_whole(aside, uid, key):
            put_back(aside, place)
            return None
        index.generation.advance()
        return self._told(aside)

    def _is_whole(self, aside: Path, uid: str, key: str) -> bool:
        """Tell whether a blob is the one that the index names by its key."""
        named = self._archive()[1].find(uid)
        blob = read_blob(self._survey, aside)
        if named is None or named.key != key or blob is None or blob.record is None:
            return False
        return blob.sha256 == named.sha256 and key in keys_of(blob.record)

    def _told(self, aside: Path) -> str:
        return f"moved to {self._survey.place(aside)}"

    def _path(self, finding: Finding) -> Path:
        return self._survey.folder / finding.place

    def _archive(self) -> tuple[BlobStore, Index]:
        if self._opened is None:
            self._opened = self._open()
        return self._opened
