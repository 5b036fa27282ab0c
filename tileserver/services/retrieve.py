# SPDX-License-Identifier: Apache-2.0
"""Retrieval: instances, their metadata, frames and binary values, from disk by ranged reads.

What can be long is yielded piece by piece; its length is known before.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from dicomizer.dicom.dicom_json import bulk_value, with_bulk_address
from dicomizer.dicom.part10 import read_header
from dicomizer.errors import DicomError
from tileserver.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dicomizer.dicom.encapsulation import FrameIndex
    from tileserver.index import Index, StoredInstance
    from tileserver.store import BlobStore

_CACHED_FRAME_INDEXES = 64
_CHUNK = 1 << 20


class Retrieve:
    """Gives stored bytes and attributes."""

    def __init__(self, store: BlobStore, index: Index) -> None:
        self._store = store
        self._index = index
        # By digest, too: after a deletion other bytes may come under the same UID.
        self._frame_index = functools.lru_cache(_CACHED_FRAME_INDEXES)(self._load_frame_index)

    def instance(self, study: str, series: str, instance: str) -> StoredInstance:
        """Return an instance by the UIDs of its study, its series and itself.

        Raises
        ------
        NotFoundError
            There is none, or it belongs to another series or study.
        """
        found = self._index.find(instance)
        if found is None or (found.study_instance_uid, found.series_instance_uid) != (
            study,
            series,
        ):
            raise NotFoundError("there is no such instance")
        return found

    def instances(self, study: str, series: str | None = None) -> list[StoredInstance]:
        """Return the instances of a study or series.

        Raises
        ------
        NotFoundError
            There is no such study or series.
        """
        found = self._index.instances(study, series)
        if not found:
            raise NotFoundError("there is no such " + ("series" if series else "study"))
        return found

    def metadata(
        self, root: str, study: str, series: str | None = None, instance: str | None = None
    ) -> str:
        """Return the attributes of all instances below as a DICOM JSON array.

        Parameters
        ----------
        root
            Address of the DICOMweb service, which Bulk Data URIs begin with.

        Raises
        ------
        NotFoundError
            There is nothing of these UIDs.
        """
        found = self._index.metadata(study, series, instance)
        if not found:
            raise NotFoundError("there is no such study, series or instance")
        texts = [
            with_bulk_address(text, f"{root}{instance_path(item)}/bulkdata") for item, text in found
        ]
        return f"[{','.join(texts)}]"

    def frame_lengths(self, found: StoredInstance, frame_numbers: Sequence[int]) -> list[int]:
        """Return the bytes of frames by number, without what pads them to even length.

        Raises
        ------
        NotFoundError
            The instance has no frame of such a number.
        """
        index = self._frame_index(found.sop_instance_uid, found.sha256)
        if index is None:
            raise NotFoundError("the instance has no frames")
        for number in frame_numbers:
            if not 1 <= number <= len(index):
                raise NotFoundError(f"there is no frame {number}, the instance has {len(index)}")
        return [int(index.lengths[number - 1]) for number in frame_numbers]

    def frames(self, found: StoredInstance, frame_numbers: Iterable[int]) -> Iterator[bytes]:
        """Yield frames as stored, of numbers that `frame_lengths` has taken."""
        index = self._frame_index(found.sop_instance_uid, found.sha256)
        assert index is not None
        with self._store.open(found.key) as blob:
            for number in frame_numbers:
                runs = index.fragments(number - 1)
                yield b"".join([blob.pread(length, offset) for offset, length in runs])

    def bytes_of(self, found: StoredInstance) -> Iterator[bytes]:
        """Yield the Part 10 file of an instance as it was received."""
        with self._store.open(found.key) as blob:
            for offset in range(0, blob.size, _CHUNK):
                yield blob.pread(_CHUNK, offset)

    def check(self, found: StoredInstance) -> None:
        """Make sure that the file of an instance is there, before an answer begins.

        Raises
        ------
        StorageError
            It is not.
        """
        with self._store.open(found.key):
            pass

    def bulk_data(self, found: StoredInstance, path: str) -> bytes:
        """Return a binary value by the path in its Bulk Data URI.

        Raises
        ------
        NotFoundError
            There is no such value.
        """
        try:
            with self._store.open(found.key) as blob:
                return bulk_value(read_header(blob.file()).dataset, path)
        except DicomError as error:
            raise NotFoundError("there is no such binary value") from error

    def _load_frame_index(self, sop_instance_uid: str, _: bytes) -> FrameIndex | None:
        stored = self._index.frames(sop_instance_uid)
        return stored.unpack() if stored else None


def instance_path(found: StoredInstance) -> str:
    """Return the path of an instance below the DICOMweb root."""
    return (
        f"/studies/{found.study_instance_uid}/series/{found.series_instance_uid}"
        f"/instances/{found.sop_instance_uid}"
    )
