# SPDX-License-Identifier: Apache-2.0
"""What the index keeps of an instance, read from its file; and the keys that the file may have."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, BinaryIO

from dicomizer.dicom import uids
from dicomizer.dicom.attributes import read_attributes
from dicomizer.errors import CorruptDicomError, DicomError
from tileserver.errors import InvalidInstanceError
from tileserver.index import InstanceRecord, Metadata, StoredFrames
from tileserver.index.attributes import SERIES_ATTRIBUTES, STUDY_ATTRIBUTES, picked
from tileserver.services.frames import locate_frames
from tileserver.services.oddities import Oddity, find_oddity
from tileserver.services.pixel_reference import pixel_elements

if TYPE_CHECKING:
    from dicomizer.dicom.attributes import Values
    from tileserver.store import Blob

_CHUNK = 1 << 20


def keys_of(record: InstanceRecord) -> tuple[str, str]:
    """Return the keys that bytes of an instance may have: as its first, or in place of others."""
    return record.key, key_of_version(record)


def key_of_version(record: InstanceRecord) -> str:
    """Return the key of bytes that take the place of others: not theirs."""
    name = f"{record.sop_instance_uid} {record.sha256.hex()}"
    return hashlib.sha256(name.encode()).hexdigest()


def digest_of(blob: Blob) -> bytes:
    """Return the SHA-256 of a blob's bytes."""
    digest = hashlib.sha256()
    for offset in range(0, blob.size, _CHUNK):
        digest.update(blob.pread(_CHUNK, offset))
    return digest.digest()


def read_record(file: BinaryIO, sha256: bytes, size: int) -> tuple[InstanceRecord, Oddity | None]:
    """Read what the index keeps of an instance, and what is odd about it.

    Raises
    ------
    InvalidInstanceError
        The bytes are no Part 10 file, have no valid UIDs, or contradict themselves.
    """
    known: tuple[str, str] | None = None
    try:
        found = read_attributes(file)
        study, series, instance, sop_class = _uids(found.values)
        if not uids.is_uid(found.transfer_syntax_uid):
            raise CorruptDicomError("found no valid UID", place="TransferSyntaxUID")
        known = sop_class, instance
        frames = locate_frames(file, found, size)
    except DicomError as error:
        raise InvalidInstanceError(str(error), known) from error
    metadata = Metadata.of_elements({**found.elements, **pixel_elements(file, found)})
    attributes = metadata.attributes
    record = InstanceRecord(
        study_instance_uid=study,
        series_instance_uid=series,
        sop_instance_uid=instance,
        sop_class_uid=sop_class,
        transfer_syntax_uid=found.transfer_syntax_uid,
        key=hashlib.sha256(instance.encode()).hexdigest(),
        sha256=sha256,
        size=size,
        study=picked(attributes, STUDY_ATTRIBUTES),
        series=picked(attributes, SERIES_ATTRIBUTES),
        metadata=metadata,
        frames=StoredFrames.pack(frames) if frames is not None else None,
    )
    return record, find_oddity(found, attributes)


def _uids(found: Values) -> tuple[str, str, str, str]:
    keywords = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
    values = [str(found.get(keyword) or "") for keyword in keywords]
    for keyword, value in zip(keywords, values, strict=True):
        if not uids.is_uid(value):
            raise CorruptDicomError("found no valid UID", place=keyword)
    study, series, instance, sop_class = values
    return study, series, instance, sop_class
