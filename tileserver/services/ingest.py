# SPDX-License-Identifier: Apache-2.0
"""The one way in: bytes as received → checked → stored → indexed → acknowledged.

Each step is durable before the next: the blob is on disk before the index names it, and the index
is on disk before anybody is told. A crash between leaves a blob that nobody was promised, which
a new index will find.
"""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from tileserver.errors import (
    BusyError,
    ConflictError,
    RefusedInstanceError,
    StorageError,
    TileserverError,
    WrongStudyError,
)
from tileserver.index import InstanceRecord
from tileserver.services.assemble import assemble
from tileserver.services.delete import carry_out
from tileserver.services.in_the_way import make_way
from tileserver.services.misplaced import find_misplacement
from tileserver.services.oddities import Oddity
from tileserver.services.records import key_of_version, read_record
from tileserver.services.reindex import reindex
from tileserver.services.soundness import Soundness, has_bytes
from tileserver.services.stored_again import StoredAgain
from tileserver.services.turns import Turns
from tileserver.settings import Duplicates

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from tileserver.decoding import Decoders
    from tileserver.index import Index, StoredInstance
    from tileserver.services.assemble import BulkParts
    from tileserver.services.reindex import Reindexed
    from tileserver.store import BlobState, BlobStore, Incoming

_logger = logging.getLogger(__name__)
_MISPLACED = {
    Oddity.OTHER_PATIENT: "the patient is not that of the study",
    Oddity.OTHER_STUDY: "the series is one of another study too",
}
_CHUNK = 1 << 20
_ATTEMPTS = 8
_AT_ONCE = 16
"""Instances of all requests that are read and written to disk at the same time."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """An instance that is stored.

    Parameters
    ----------
    is_new
        ``False`` where the instance was stored before.
    warning
        What is odd, or ``None``: the bytes are stored as they came all the same.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    is_new: bool
    warning: Oddity | None = None


_Outcome = Ingested | TileserverError
_Checked = tuple[InstanceRecord, Oddity | None]


class Ingest:
    """Stores instances.

    Parameters
    ----------
    decoders
        Decode pictures that come in place of frames.
    duplicates
        What to do with other bytes of a stored instance: refuse them, keep the first, or replace.
    """

    def __init__(
        self,
        store: BlobStore,
        index: Index,
        decoders: Decoders,
        duplicates: Duplicates = Duplicates.REFUSE,
    ) -> None:
        self._store = store
        self._index = index
        self._decoders = decoders
        self._duplicates = duplicates
        self._sound = Soundness(store)
        self._again = StoredAgain(index, self._sound)
        self._turns = Turns()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="ingest")

    def receive(self) -> Incoming:
        """Begin to receive an instance; hand it to `accept` when it is whole."""
        return self._store.receive()

    def accept_all(
        self, incoming: Sequence[Incoming], study_instance_uid: str | None = None
    ) -> list[_Outcome]:
        """Store several instances at once: many flushes of the disk then cost like one.

        Returns
        -------
        outcomes
            For each, in order, what `accept` would return or raise.
        """

        def accept_what_is_left(left: Sequence[Incoming]) -> list[_Outcome]:
            # Many may send the same at once: the second finds what the first has stored.
            with self._turns.of(item.sha256 for item in left):
                accept = partial(self._accept_new, study_instance_uid=study_instance_uid)
                return self._again_or(self._again.find_sound, left, study_instance_uid, accept)

        find, accept = self._again.find, accept_what_is_left
        outcomes = self._again_or(find, incoming, study_instance_uid, accept)
        _log_misplaced(outcomes)
        return outcomes

    def _again_or(
        self,
        find: Callable[[Incoming, str | None], Ingested | None],
        incoming: Sequence[Incoming],
        study_instance_uid: str | None,
        accept: Callable[[Sequence[Incoming]], list[_Outcome]],
    ) -> list[_Outcome]:
        """Return those that are stored already as they come, and what becomes of all others."""
        known = [find(item, study_instance_uid) for item in incoming]
        left = [item for item, found in zip(incoming, known, strict=True) if found is None]
        outcomes = iter(accept(left) if left else ())
        return [next(outcomes) if found is None else found for found in known]

    def _accept_new(
        self, incoming: Sequence[Incoming], study_instance_uid: str | None
    ) -> list[_Outcome]:
        if len(incoming) > 1:
            outcomes = self._accept_several(incoming, study_instance_uid)
        else:
            outcomes = [self._outcome(partial(self._accept_one, incoming[0], study_instance_uid))]
        for item, outcome in zip(incoming, outcomes, strict=True):
            if isinstance(outcome, Ingested):
                self._again.note(item, outcome)
            else:
                self._take_back(item)
        return outcomes

    def _accept_several(
        self, incoming: Sequence[Incoming], study_instance_uid: str | None
    ) -> list[_Outcome]:
        checked = [self._checked_or_error(item, study_instance_uid) for item in incoming]
        whole = [
            (item, found)
            for item, found in zip(incoming, checked, strict=True)
            if isinstance(found, tuple)
        ]
        stored = iter(self._store_each_once(whole) if whole else ())
        return [next(stored) if isinstance(found, tuple) else found for found in checked]

    def _store_each_once(self, several: Sequence[tuple[Incoming, _Checked]]) -> list[_Outcome]:
        """Store several; what comes twice is found by the second, when the first is on disk."""
        firsts: dict[bytes, tuple[Incoming, _Checked]] = {}
        for item, checked in several:
            firsts.setdefault(checked[0].sha256, (item, checked))
        found = self._store_several(list(firsts.values()))
        stored = dict(zip(firsts, found, strict=True))
        return [
            stored.pop(checked[0].sha256)
            if checked[0].sha256 in stored
            else self._outcome(partial(self._settle_at_last, item, *checked))
            for item, checked in several
        ]

    def _store_several(self, several: Sequence[tuple[Incoming, _Checked]]) -> list[_Outcome]:
        known = self._index.known(record.sop_instance_uid for _, (record, _) in several)
        prepared = list(self._pool.map(partial(self._prepare, known), several))
        ready = [found for found in prepared if isinstance(found, _Prepared) and found.is_kept]
        are_added = self._add([found.record for found in ready])
        return [
            self._outcome(partial(self._settle_prepared, item, found, are_added=are_added))
            if isinstance(found, _Prepared)
            else found
            for (item, _), found in zip(several, prepared, strict=True)
        ]

    def _checked_or_error(
        self, incoming: Incoming, study_instance_uid: str | None
    ) -> _Checked | TileserverError:
        try:
            return _checked(incoming, study_instance_uid)
        except (RefusedInstanceError, StorageError) as error:
            return error

    def _prepare(
        self, known: Container[str], checked: tuple[Incoming, _Checked]
    ) -> _Prepared | TileserverError:
        """Store the blob of an instance, where its UID is free."""
        incoming, (record, oddity) = checked
        try:
            is_kept = record.sop_instance_uid not in known and incoming.keep(record.key)
        except StorageError as error:
            return type(error)(str(error), _sop_uids(record))
        return _Prepared(record, oddity, is_kept)

    def _add(self, records: Sequence[InstanceRecord]) -> bool:
        """Add to the index, in order; tell whether all were: else each is to be added alone."""
        with contextlib.suppress(ConflictError, StorageError):
            if records:
                self._index.add(*records)
            return True
        return False

    def _settle_prepared(
        self, incoming: Incoming, found: _Prepared, *, are_added: bool
    ) -> Ingested:
        if not (found.is_kept and are_added):
            stored = self._settle_at_last(incoming, found.record, found.oddity)
            return replace(stored, is_new=stored.is_new or found.is_kept)
        self._keep_what_went(incoming, found.record)
        return self._placed(found.record, found.oddity, is_new=True)

    def _outcome(self, store: Callable[[], Ingested]) -> _Outcome:
        try:
            return store()
        except (RefusedInstanceError, StorageError, BusyError) as error:
            return error

    def accept(self, incoming: Incoming, study_instance_uid: str | None = None) -> Ingested:
        """Store an instance that was received whole; durable on return.

        Parameters
        ----------
        study_instance_uid
            Where given, the study that the instance must belong to.

        Raises
        ------
        InvalidInstanceError
            The bytes are no Part 10 file, or have no valid UIDs.
        WrongStudyError
            The instance belongs to another study.
        ConflictError
            An instance of this UID is stored with other bytes.
        StorageError
            The disk does not take it.
        """
        (outcome,) = self.accept_all([incoming], study_instance_uid)
        if isinstance(outcome, TileserverError):
            raise outcome
        return outcome

    def _accept_one(self, incoming: Incoming, study_instance_uid: str | None) -> Ingested:
        record, oddity = _checked(incoming, study_instance_uid)
        return self._settle_at_last(incoming, record, oddity)

    def _take_back(self, incoming: Incoming) -> None:
        """Let nothing lie under a key that the index does not name, or leave it for the start."""
        try:
            for key in incoming.kept:
                with self._index.knowing([key]) as known:
                    if key not in known:
                        incoming.take_back(key)
        except StorageError:
            incoming.leave()

    def _settle_at_last(
        self, incoming: Incoming, record: InstanceRecord, oddity: Oddity | None
    ) -> Ingested:
        for _ in range(_ATTEMPTS):
            # What is looked up may be deleted or replaced by others before the next step.
            try:
                return self._settle(incoming, record, oddity)
            except _ChangedError:
                continue
            except StorageError as error:
                raise type(error)(str(error), _sop_uids(record)) from error
        raise BusyError("the instance is stored and deleted by others all the time")

    def _settle(
        self, incoming: Incoming, record: InstanceRecord, oddity: Oddity | None
    ) -> Ingested:
        stored = self._index.find(record.sop_instance_uid)
        if stored is None:
            self._keep_first(incoming, record)
            return self._placed(record, oddity, is_new=True)
        if stored.sha256 == record.sha256:
            self._keep_again(incoming, record, stored)
            return self._placed(record, oddity, is_new=False)
        if self._duplicates is Duplicates.KEEP_FIRST:
            return _ingested(record, Oddity.OTHER_BYTES_KEPT, is_new=False)
        if self._duplicates is not Duplicates.REPLACE:
            raise _conflict(record)
        self._replace(incoming, record, stored)
        return self._placed(record, oddity, is_new=True)

    def _placed(self, record: InstanceRecord, oddity: Oddity | None, *, is_new: bool) -> Ingested:
        """Tell of an instance that is stored; that it contradicts its study goes over all else."""
        return _ingested(record, find_misplacement(self._index, record) or oddity, is_new=is_new)

    def _keep_first(self, incoming: Incoming, record: InstanceRecord) -> None:
        """Store blob and record."""
        self._keep_or_find(incoming, record)
        try:
            self._index.add(record)
        except ConflictError:
            raise _ChangedError from None
        self._keep_what_went(incoming, record)

    def _keep_or_find(self, incoming: Incoming, record: InstanceRecord) -> None:
        """Store a blob, where it is not there with these very bytes."""
        if incoming.keep(record.key) or self._is_under(record.key, record.sha256):
            return
        # Another request is storing it now, or the index was lost, or its file is damaged.
        make_way(self._store, self._index, record.key)
        raise _ChangedError

    def _keep_what_went(self, incoming: Incoming, record: InstanceRecord) -> None:
        """Store a blob again that was condemned, and went before the index named it again.

        Nothing stays of an instance that was deleted between its record and this look.
        """
        if not self._store.has(record.key):
            incoming.keep(record.key)
            self._take_back(incoming)

    def _keep_again(
        self, incoming: Incoming, record: InstanceRecord, stored: StoredInstance
    ) -> None:
        """Put a blob back that was lost or damaged: "known already" must be true of the disk."""
        found = self._store.state(stored.key)
        if self._sound.is_sound(stored):
            return
        with self._sound.doubting(stored):
            if found is None:
                incoming.keep(stored.key)
            else:
                self._keep_instead(incoming, stored.key, found)
        if self._index.find(stored.sop_instance_uid) != stored:
            raise _ChangedError  # it was not lost but is being deleted
        self._renew(record, stored)

    def _renew(self, record: InstanceRecord, stored: StoredInstance) -> None:
        """Let the index say what the bytes say: it may have been made of the damaged ones."""
        uid = stored.sop_instance_uid
        found = self._index.metadata(stored.study_instance_uid, stored.series_instance_uid, uid)
        is_as_made = [text for _, text in found] == [record.metadata.whole()]
        if not is_as_made or self._index.frames(uid) != record.frames:
            try:
                self._index.replace(stored, replace(record, key=stored.key))
            except ConflictError:
                raise _ChangedError from None

    def _keep_instead(self, incoming: Incoming, key: str, damaged: BlobState) -> None:
        """Put a blob in place of a damaged one."""
        with self._index.knowing([key]) as known:
            if not known or not incoming.keep_instead(key, damaged):
                raise _ChangedError
        _logger.warning("blob %s was damaged; it was sent again, and is whole", key)

    def _replace(self, incoming: Incoming, record: InstanceRecord, stored: StoredInstance) -> None:
        """Put these bytes in place of others: beside them, then in the index, then alone."""
        new = replace(record, key=key_of_version(record))
        self._keep_or_find(incoming, new)
        with self._store.condemning([stored.key], instead=new.key) as listed:
            has_come = None
            try:
                self._index.replace(stored, new)
                has_come = True
            except ConflictError:
                has_come = False
                raise _ChangedError from None
            finally:
                carry_out(self._store, self._index, listed, has_come=has_come)

    def _is_under(self, key: str, sha256: bytes) -> bool:
        try:
            return has_bytes(self._store, key, sha256)
        except StorageError:
            if self._store.has(key):
                raise
            raise _ChangedError from None  # deleted by now

    def assemble(
        self, metadata: object, parts: BulkParts, study_instance_uid: str | None = None
    ) -> Ingested:
        """Put an instance together from metadata, as DICOM JSON, and bulk data; store it.

        Raises
        ------
        TileserverError
            As `accept`; also where metadata and bulk data make no instance.
        """
        with self.receive() as incoming:
            is_coerced = assemble(metadata, parts, incoming, self._decoders)
            stored = self.accept(incoming, study_instance_uid)
        if is_coerced and stored.warning is None:
            return replace(stored, warning=Oddity.COERCED)
        return stored

    def add_file(self, file: BinaryIO) -> Ingested:
        """Copy an open file into the store.

        Raises
        ------
        TileserverError
            As `accept`.
        """
        with self.receive() as incoming:
            while chunk := file.read(_CHUNK):
                incoming.write(chunk)
            return self.accept(incoming)

    def exchange(self, file: BinaryIO, stored: StoredInstance) -> None:
        """Put an open file in place of a stored instance, whatever is set of duplicates.

        At any moment, and after a crash at any moment, the one or the other is stored, whole.

        Raises
        ------
        InvalidInstanceError
            The file is no Part 10 file.
        ConflictError
            The file is another instance, or the one that was found is stored no longer.
        StorageError
            The disk does not take it; all is as it was.
        """
        with self.receive() as incoming:
            while chunk := file.read(_CHUNK):
                incoming.write(chunk)
            try:
                record, _ = _checked(incoming, stored.study_instance_uid)
                if record.sha256 != stored.sha256:
                    self._exchange(incoming, record, stored)
            except TileserverError:
                self._take_back(incoming)
                raise

    def _exchange(self, incoming: Incoming, record: InstanceRecord, stored: StoredInstance) -> None:
        uids = record.series_instance_uid, record.sop_instance_uid
        for _ in range(_ATTEMPTS):
            is_there = self._index.find(record.sop_instance_uid) == stored
            if not is_there or uids != (stored.series_instance_uid, stored.sop_instance_uid):
                raise ConflictError("it was replaced or deleted meanwhile", _sop_uids(record))
            with contextlib.suppress(_ChangedError):
                self._replace(incoming, record, stored)
                return
        raise BusyError("the instance is stored and deleted by others all the time")

    def reindex(self) -> Reindexed:
        """Make the index anew from the stored files, while others read and store."""
        return reindex(self._store, self._index)


class _ChangedError(Exception):
    """What was looked up is true no longer; look again."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An instance that was read, and whether its blob is stored under a key that was free."""

    record: InstanceRecord
    oddity: Oddity | None
    is_kept: bool


def _checked(incoming: Incoming, study_instance_uid: str | None) -> _Checked:
    record, oddity = read_record(incoming.file(), incoming.sha256, incoming.size)
    if study_instance_uid not in (None, record.study_instance_uid):
        raise WrongStudyError("the instance belongs to another study", _sop_uids(record))
    return record, oddity


def _log_misplaced(outcomes: Sequence[_Outcome]) -> None:
    """Write how many instances contradict their study: its keeper has to know."""
    warnings = Counter(item.warning for item in outcomes if isinstance(item, Ingested))
    for oddity, text in _MISPLACED.items():
        if warnings[oddity]:
            _logger.warning("%d stored though %s", warnings[oddity], text)


def _ingested(record: InstanceRecord, oddity: Oddity | None, *, is_new: bool) -> Ingested:
    return Ingested(
        record.study_instance_uid,
        record.series_instance_uid,
        record.sop_instance_uid,
        record.sop_class_uid,
        is_new,
        oddity,
    )


def _conflict(record: InstanceRecord) -> ConflictError:
    return ConflictError("an instance of this UID is stored with other bytes", _sop_uids(record))


def _sop_uids(record: InstanceRecord) -> tuple[str, str]:
    return record.sop_class_uid, record.sop_instance_uid
