# SPDX-License-Identifier: Apache-2.0
"""The one way in: bytes as received → checked → stored → indexed → acknowledged.

Each step is durable before the next: the blob is on disk before the index names it, and the index
is on disk before anybody is told. A crash between leaves a blob that nobody was promised, which
a new index will find.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from dicomizer.dicom import uids
from dicomizer.dicom.dicom_json import to_json
from dicomizer.dicom.part10 import read_header
from dicomizer.errors import CorruptDicomError, DicomError
from tileserver.errors import (
    ConflictError,
    InvalidInstanceError,
    StorageError,
    WrongStudyError,
)
from tileserver.index import InstanceRecord, StoredFrames
from tileserver.services.attributes import SERIES_ATTRIBUTES, STUDY_ATTRIBUTES, picked
from tileserver.services.frames import locate_frames
from tileserver.services.pixel_reference import with_pixel_reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from tileserver.index import Index, StoredInstance
    from tileserver.store import Blob, BlobStore, Incoming

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Ingested:
    """An instance that is stored.

    Parameters
    ----------
    is_new
        ``False`` where the identical bytes were stored before.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    is_new: bool


class Ingest:
    """Stores instances."""

    def __init__(self, store: BlobStore, index: Index) -> None:
        self._store = store
        self._index = index

    def receive(self) -> Incoming:
        """Begin to receive an instance; hand it to `accept` when it is whole."""
        return self._store.receive()

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
        record = read_record(incoming.file(), incoming.sha256, incoming.size)
        if study_instance_uid not in (None, record.study_instance_uid):
            raise WrongStudyError("the instance belongs to another study", _sop_uids(record))
        stored = self._index.find(record.sop_instance_uid)
        is_new = stored is None and self._keep(incoming, record)
        if not is_new:
            _check_identical(stored or self._index.find(record.sop_instance_uid), record)
            # A blob that was lost since is put back: "known already" must be true of the disk.
            incoming.keep(record.key)
        return Ingested(
            record.study_instance_uid,
            record.series_instance_uid,
            record.sop_instance_uid,
            record.sop_class_uid,
            is_new=is_new,
        )

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

    def reindex(self) -> tuple[int, list[str]]:
        """Make the index anew from the stored files, while others read and store.

        Returns
        -------
        count
            Of instances indexed.
        unreadable
            Keys of blobs that are no instance; they are left where they are.
        """
        unreadable: list[str] = []
        seen: set[str] = set()
        count = self._index.replace_all(
            self._stored_records(seen, unreadable), late=self._stored_records(seen, unreadable)
        )
        return count, unreadable

    def _stored_records(self, seen: set[str], unreadable: list[str]) -> Iterator[InstanceRecord]:
        """Yield the records of blobs that nobody has seen yet."""
        for key in self._store.list_keys():
            if key in seen:
                continue
            seen.add(key)
            try:
                with self._store.open(key) as blob:
                    record = read_record(blob.file(), _digest(blob), blob.size)
            except (InvalidInstanceError, StorageError):
                unreadable.append(key)
                continue
            if record.key == key:
                yield record
            else:
                unreadable.append(key)

    def _keep(self, incoming: Incoming, record: InstanceRecord) -> bool:
        """Store blob and record; tell whether it was this call that did."""
        if not incoming.keep(record.key):
            # Another request is storing it now, or a crash came between blob and index.
            with self._store.open(record.key) as blob:
                if _digest(blob) != record.sha256:
                    raise _conflict(record)
        try:
            self._index.add(record)
        except ConflictError:
            return False
        return True


def _check_identical(stored: StoredInstance | None, record: InstanceRecord) -> None:
    if stored is None:
        raise StorageError("the index has and has not an instance; run: tileserver reindex")
    if stored.sha256 != record.sha256:
        raise _conflict(record)


def _conflict(record: InstanceRecord) -> ConflictError:
    return ConflictError("an instance of this UID is stored with other bytes", _sop_uids(record))


def _sop_uids(record: InstanceRecord) -> tuple[str, str]:
    return record.sop_class_uid, record.sop_instance_uid


def _digest(blob: Blob) -> bytes:
    digest = hashlib.sha256()
    for offset in range(0, blob.size, _CHUNK):
        digest.update(blob.pread(_CHUNK, offset))
    return digest.digest()


def read_record(file: BinaryIO, sha256: bytes, size: int) -> InstanceRecord:
    """Read what the index keeps of an instance.

    Raises
    ------
    InvalidInstanceError
        The bytes are no Part 10 file, have no valid UIDs, or contradict themselves.
    """
    known: tuple[str, str] | None = None
    try:
        header = read_header(file)
        study, series, instance, sop_class = _uids(header.dataset)
        known = sop_class, instance
        frames = locate_frames(file, header, size)
    except DicomError as error:
        raise InvalidInstanceError(str(error), known) from error
    metadata = with_pixel_reference(to_json(header.dataset), file, header)
    attributes = json.loads(metadata)
    return InstanceRecord(
        study_instance_uid=study,
        series_instance_uid=series,
        sop_instance_uid=instance,
        sop_class_uid=sop_class,
        transfer_syntax_uid=header.transfer_syntax_uid,
        key=hashlib.sha256(instance.encode()).hexdigest(),
        sha256=sha256,
        size=size,
        study=picked(attributes, STUDY_ATTRIBUTES),
        series=picked(attributes, SERIES_ATTRIBUTES),
        metadata=metadata,
        frames=StoredFrames.pack(frames) if frames is not None else None,
    )


def _uids(dataset: Dataset) -> tuple[str, str, str, str]:
    keywords = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
    values = [str(dataset.get(keyword) or "") for keyword in keywords]
    for keyword, value in zip(keywords, values, strict=True):
        if not uids.is_uid(value):
            raise CorruptDicomError("found no valid UID", place=keyword)
    study, series, instance, sop_class = values
    return study, series, instance, sop_class
