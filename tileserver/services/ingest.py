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
from dicomizer.dicom.encapsulation import FrameIndex, read_frame_index
from dicomizer.dicom.part10 import Part10Header, read_header
from dicomizer.errors import CorruptDicomError, DicomError
from tileserver.errors import ConflictError, StorageError, TileserverError
from tileserver.index import InstanceRecord, StoredFrames
from tileserver.services.attributes import SERIES_ATTRIBUTES, STUDY_ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from tileserver.index import Index, StoredInstance
    from tileserver.store import Blob, BlobStore, Incoming

_CHUNK = 1 << 20
_FRAME_LIMIT = 100_000_000


class WrongStudyError(TileserverError):
    """An instance was sent to another study than its own."""


class InvalidInstanceError(TileserverError):
    """The bytes are no instance that could be stored.

    Parameters
    ----------
    uids
        SOP class and instance UID where they could be read.
    """

    def __init__(self, message: str, uids: tuple[str, str] | None = None) -> None:
        super().__init__(message)
        self.uids = uids


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
        record = read_record(incoming.complete(), incoming.sha256, incoming.size)
        if study_instance_uid not in (None, record.study_instance_uid):
            raise WrongStudyError("the instance belongs to another study")
        stored = self._index.find(record.sop_instance_uid)
        if stored is None and not self._keep(incoming, record):
            stored = self._index.find(record.sop_instance_uid)
        if stored is not None:
            _check_identical(stored, record)
        return Ingested(
            record.study_instance_uid,
            record.series_instance_uid,
            record.sop_instance_uid,
            record.sop_class_uid,
            is_new=stored is None,
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
        """Make the index anew from the stored files.

        Returns
        -------
        count
            Of instances indexed.
        unreadable
            Keys of blobs that are no instance; they are left where they are.
        """
        unreadable: list[str] = []
        return self._index.replace_all(self._stored_records(unreadable)), unreadable

    def _stored_records(self, unreadable: list[str]) -> Iterator[InstanceRecord]:
        for key in self._store.list_keys():
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
                    raise ConflictError("an instance of this UID is stored with other bytes")
        try:
            self._index.add(record)
        except ConflictError:
            return False
        return True


def _check_identical(stored: StoredInstance, record: InstanceRecord) -> None:
    if stored.sha256 != record.sha256:
        raise ConflictError("an instance of this UID is stored with other bytes")


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
        The bytes are no Part 10 file, or have no valid UIDs.
    """
    try:
        header = read_header(file)
        study, series, instance, sop_class = _uids(header.dataset)
        frames = _frames(file, header, size)
    except DicomError as error:
        raise InvalidInstanceError(str(error)) from error
    metadata = to_json(header.dataset)
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
        study={tag: value for tag, value in attributes.items() if tag in STUDY_ATTRIBUTES},
        series={tag: value for tag, value in attributes.items() if tag in SERIES_ATTRIBUTES},
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


def _frames(file: BinaryIO, header: Part10Header, size: int) -> FrameIndex | None:
    place, dataset = header.pixel_data, header.dataset
    if place is None:
        return None
    number_of_frames = _positive(dataset, "NumberOfFrames", 1)
    if number_of_frames > _FRAME_LIMIT:
        raise CorruptDicomError(f"found {number_of_frames} frames", place="NumberOfFrames")
    if place.length is None:
        extended = None
        if "ExtendedOffsetTable" in dataset and "ExtendedOffsetTableLengths" in dataset:
            extended = (dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths)
        return read_frame_index(_FileReader(file), place.offset, number_of_frames, extended)
    if place.offset + place.length > size:
        raise CorruptDicomError(
            f"Pixel Data ends at byte {place.offset + place.length}, the file at byte {size}",
            remedy="the file is cut short; send it again",
        )
    return _native_frames(dataset, place.offset, place.length, number_of_frames)


def _native_frames(
    dataset: Dataset, offset: int, length: int, number_of_frames: int
) -> FrameIndex | None:
    """Divide native Pixel Data; frames of single bits need not begin at a byte: they have none."""
    import numpy as np

    bits = _positive(dataset, "BitsAllocated", 0)
    samples = _positive(dataset, "SamplesPerPixel", 1)
    pixels = _positive(dataset, "Rows", 0) * _positive(dataset, "Columns", 0)
    frame_bits = pixels * samples * bits
    if not frame_bits or frame_bits % 8 or frame_bits // 8 * number_of_frames > length:
        return None
    starts = np.arange(number_of_frames, dtype=np.uint64) * np.uint64(frame_bits // 8)
    lengths = np.full(number_of_frames, frame_bits // 8, dtype=np.uint64)
    return FrameIndex(starts + np.uint64(offset), lengths, {})


def _positive(dataset: Dataset, keyword: str, default: int) -> int:
    value = dataset.get(keyword)
    if value is None or value == "":
        return default
    try:
        number = int(value)
    except (TypeError, ValueError) as error:
        raise CorruptDicomError("found no whole number", place=keyword) from error
    if number < 0:
        raise CorruptDicomError(f"found {number}", place=keyword)
    return number


class _FileReader:
    """Random access to an open file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def pread(self, length: int, offset: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``."""
        self._file.seek(offset)
        return self._file.read(length)
