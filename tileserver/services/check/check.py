# SPDX-License-Identifier: Apache-2.0
"""The whole check, in the order in which it tells.

Index and worklist as files → every instance of the index against its blob, in the order in which
they came, which is about the order on the disk → blobs that nobody named → the index against itself
→ what crashes left. Whatever looks wrong with an instance or a blob is looked at once more, some
time later, before it is told: others store, replace and delete meanwhile.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tileserver.errors import DamagedIndexError
from tileserver.index.audit import Audit, integrity_problems
from tileserver.index.beside import abandoned_folders
from tileserver.services.check.findings import Finding, Kind
from tileserver.services.check.instances import InstanceCheck
from tileserver.services.check.orphans import OrphanCheck
from tileserver.services.check.seen import SeenKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from tileserver.index.audit import Contradiction, NamedRow
    from tileserver.services.check.reading import ReadBlob
    from tileserver.store.survey import Survey

THREADS = 2
_AHEAD = 8
"""Blobs that are read before the first of them is compared."""
_LATER_SECONDS = 1.0
_MOST_SUSPECTS = 10_000
_TABLES = {"study_key": "the keys it is found by", "patient_name_text": "the text of its name"}


@dataclass(slots=True)
class Extent:
    """How much was looked at."""

    instances: int = 0
    blobs: int = 0
    bytes_read: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a check has come.

    Parameters
    ----------
    done, total
        Bytes, or instances where bytes are not read; no total where it is not known.
    """

    step: str
    done: int = 0
    total: int | None = None


@dataclass(slots=True)
class Check:
    """Checks a data folder.

    Parameters
    ----------
    index
        Path of the index.
    others
        Paths of other SQLite files.
    fast
        Whether to leave the bytes of blobs unread.
    """

    survey: Survey
    index: Path
    others: Sequence[Path] = ()
    fast: bool = False
    report: Callable[[Progress], None] = lambda _: None
    extent: Extent = field(default_factory=Extent)

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong, as it is found.

        Raises
        ------
        StorageError
            The folder or its index is of another version, or cannot be reached.
        """
        yield from self._layout()
        yield from self._others()
        with contextlib.ExitStack() as opened:
            try:
                audit = opened.enter_context(contextlib.closing(Audit(self.index)))
            except DamagedIndexError as error:
                yield self._damaged(str(error))
                yield from self._blobs(OrphanCheck(self.survey, None), SeenKeys())
            else:
                yield from self._of_index(audit)
        yield from self._leftovers()

    def _layout(self) -> Iterator[Finding]:
        problem = self.survey.layout_problem()
        if problem:
            yield Finding(Kind.LAYOUT, "layout", problem)

    def _others(self) -> Iterator[Finding]:
        self.report(Progress("databases"))
        for path in self.others:
            if path.exists():
                for problem in integrity_problems(path, thorough=not self.fast):
                    yield Finding(Kind.WORKLIST_DAMAGED, path.name, f"found {problem}")

    def _of_index(self, audit: Audit) -> Iterator[Finding]:
        problems = integrity_problems(self.index, thorough=not self.fast)
        yield from map(self._damaged, problems)
        seen = SeenKeys()
        try:
            yield from self._instances(audit, seen)
            yield from self._blobs(OrphanCheck(self.survey, audit), seen)
            self.report(Progress("index"))
            yield from map(_contradicting, audit.contradictions())
        except DamagedIndexError as error:
            if not problems:
                yield self._damaged(str(error))

    def _instances(self, audit: Audit, seen: SeenKeys) -> Iterator[Finding]:
        """Check each instance, reading some blobs ahead."""
        checked = InstanceCheck(self.survey, audit)
        count, size = audit.totals()
        suspects = _Suspects(checked, fast=self.fast)
        for row, is_suspect in self._looked_at(checked, audit.named()):
            seen.add(row.key)
            self.extent.instances += 1
            if is_suspect:
                suspects.add(row.sop_instance_uid)
            yield from suspects.due()
            done = self.extent.instances if self.fast else self.extent.bytes_read
            self.report(Progress("instances", done, count if self.fast else size))
        yield from suspects.all()

    def _looked_at(
        self, checked: InstanceCheck, rows: Iterator[NamedRow]
    ) -> Iterator[tuple[NamedRow, bool]]:
        """Yield each row, and whether anything looks wrong with it."""
        if self.fast:
            yield from ((row, not checked.is_there(row)) for row in rows)
            return
        with ThreadPoolExecutor(THREADS, thread_name_prefix="check") as pool:
            ahead: deque[tuple[NamedRow, Future[ReadBlob | None]]] = deque()
            for row in rows:
                ahead.append((row, pool.submit(checked.read, row)))
                if len(ahead) == _AHEAD:
                    yield self._compared(checked, *ahead.popleft())
            while ahead:
                yield self._compared(checked, *ahead.popleft())

    def _compared(
        self, checked: InstanceCheck, row: NamedRow, reading: Future[ReadBlob | None]
    ) -> tuple[NamedRow, bool]:
        blob = reading.result()
        if blob is not None:
            self.extent.bytes_read += blob.size
        return row, any(checked.findings(row, blob))

    def _blobs(self, orphans: OrphanCheck, seen: SeenKeys) -> Iterator[Finding]:
        for listed in self.survey.folders():
            self.report(Progress("files", self.extent.blobs))
            self.extent.blobs += len(listed.blobs)
            by_place = sorted(listed.blobs, key=lambda key: listed.blobs[key].inode())
            for key in seen.unseen(by_place):
                yield from orphans.findings(key)
            for path in listed.foreign:
                problem = "found what is no blob, expected blobs alone"
                yield Finding(Kind.FOREIGN_FILE, self.survey.place(path), problem)

    def _leftovers(self) -> Iterator[Finding]:
        survey = self.survey
        whole, damaged = survey.abandoned_lists()
        for path in whole:
            yield _left(Kind.ABANDONED_DELETION, survey.place(path))
        for path in damaged:
            problem = "found what is no list of keys, expected one"
            yield Finding(Kind.DAMAGED_LIST, survey.place(path), problem)
        for path in _still_there(survey.abandoned_partials):
            yield _left(Kind.PARTIAL_FILE, survey.place(path))
        for path in abandoned_folders(survey.folder):
            yield _left(Kind.ABANDONED_INDEX, survey.place(path))

    def _damaged(self, problem: str) -> Finding:
        return Finding(Kind.INDEX_DAMAGED, self.index.name, f"found {problem}")


class _Suspects:
    """Instances that looked wrong, to be looked at once more when some time has gone by."""

    def __init__(self, checked: InstanceCheck, *, fast: bool) -> None:
        self._checked = checked
        self._fast = fast
        self._waiting: deque[tuple[float, str]] = deque()

    def add(self, sop_instance_uid: str) -> None:
        self._waiting.append((time.monotonic() + _LATER_SECONDS, sop_instance_uid))

    def due(self) -> Iterator[Finding]:
        """Yield what is wrong still with those who have waited long enough."""
        while self._waiting and (
            self._waiting[0][0] <= time.monotonic() or len(self._waiting) > _MOST_SUSPECTS
        ):
            yield from self._next()

    def all(self) -> Iterator[Finding]:
        """Yield what is wrong still with all of them."""
        while self._waiting:
            yield from self._next()

    def _next(self) -> Iterator[Finding]:
        moment, uid = self._waiting.popleft()
        time.sleep(max(moment - time.monotonic(), 0))
        yield from self._checked.look_again(uid, fast=self._fast)


def _still_there(look: Callable[[], list[Path]]) -> list[Path]:
    """Return what is found now and later: a file is there a moment before its lock is."""
    first = look()
    if not first:
        return []
    time.sleep(_LATER_SECONDS)
    later = set(look())
    return [path for path in first if path in later]


def _left(kind: Kind, place: str) -> Finding:
    return Finding(kind, place, "found what a crash left, expected nothing")


def _contradicting(found: Contradiction) -> Finding:
    names = ", ".join(_TABLES.get(name, name) for name in found.names)
    if found.level == "changes":
        return Finding(Kind.CHANGES_DIFFER, "index.sqlite, changes", names, found.uid)
    problem = f"found other than its instances say in {names}"
    return Finding(Kind.INDEX_DIFFERS, f"index.sqlite, {found.level}", problem, found.uid)
