# SPDX-License-Identifier: Apache-2.0
"""Retrieval: instances, their metadata, frames and binary values, from disk by ranged reads.

What can be long is yielded piece by piece; its length is known before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.dicom.dicom_json import marked_paths, with_bulk_address
from tileserver.errors import LostBlobError, NotFoundError
from tileserver.index import Remembered
from tileserver.services.bulk import BulkData
from tileserver.services.frame_files import FrameFiles
from tileserver.services.packed import PackedTexts
from tileserver.services.stored_bytes import StoredBytes, blob_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from dicomizer.dicom.encapsulation import FrameIndex
    from tileserver.index import Index, StoredInstance
    from tileserver.services.frame_files import FrameFile
    from tileserver.store import Blob, BlobStore

_PAGE_CHARACTERS = 4 << 20
_REMEMBERED = 4096
_LARGEST_NOW = 1 << 20
_NO_FRAMES = "the instance has no frames that can be had one by one"


class Retrieve:
    """Gives stored bytes and attributes.

    ``frame_files`` is what it keeps open; it must be told to forget what is removed.
    ``packed`` are answers that were compressed.
    """

    def __init__(self, store: BlobStore, index: Index) -> None:
        self._store = store
        self._index = index
        self._bulk = BulkData(store)
        self.frame_files = FrameFiles(store, self._frame_index)
        self.packed = PackedTexts()
        self._find = Remembered(index.version, index.find, _REMEMBERED)

    def close(self) -> None:
        """Close the files that are kept open."""
        self.frame_files.close()

    def instance(self, study: str, series: str, instance: str) -> StoredInstance:
        """Return an instance by the UIDs of its study, its series and itself.

        Raises
        ------
        NotFoundError
            There is none, or it belongs to another series or study.
        """
        found = self._find.get(instance)
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
    ) -> Iterator[list[tuple[StoredInstance, str]]]:
        """Yield the attributes of all instances below, each as DICOM JSON, page by page.

        A page holds what makes some megabytes, or one instance that has more.

        Parameters
        ----------
        root
            Address of the DICOMweb service, which Bulk Data URIs begin with.
        """
        after, count = 0, 1
        while page := self._index.metadata_page(study, series, instance, after=after, limit=count):
            yield [
                (item, with_bulk_address(text, f"{root}{item.path}/bulkdata"))
                for _, item, text in page
            ]
            if len(page) < count:
                return
            after = page[-1][0]
            size = sum(len(text) for _, _, text in page)
            count = min(2 * count, max(count * _PAGE_CHARACTERS // max(size, 1), 1))

    def frame_lengths(self, found: StoredInstance, frame_numbers: Sequence[int]) -> list[int]:
        """Return the bytes of frames by number, without what pads them to even length.

        Raises
        ------
        NotFoundError
            The instance has no frame of such a number.
        """
        file = self.frame_files.opened(found)
        if file is None:
            raise NotFoundError(_NO_FRAMES)
        for number in frame_numbers:
            if not 1 <= number <= len(file):
                raise NotFoundError(f"there is no frame {number}, the instance has {len(file)}")
        return [file.length(number) for number in frame_numbers]

    def frames(self, found: StoredInstance, frame_numbers: Iterable[int]) -> Iterator[bytes]:
        """Return an iterator over frames as stored, of numbers that `frame_lengths` has taken.

        Raises
        ------
        NotFoundError
            The instance has none.
        StorageError
            The file is not there; once there is an iterator, it stays open.
        """
        file = self._with_frames(found)
        if file is None:
            raise NotFoundError(_NO_FRAMES)
        return map(file.read, frame_numbers)

    def frame(self, found: StoredInstance, number: int) -> bytes | None:
        """Return a frame as stored, ``None`` where the instance has none of that number."""
        file = self._with_frames(found)
        return file.read(number) if file is not None and 1 <= number <= len(file) else None

    def _with_frames(self, found: StoredInstance) -> FrameFile | None:
        file = self.frame_files.opened(found)
        if file is None and self.is_deleted(found):
            raise LostBlobError(f"the frames of blob {found.key} are not in the index any more")
        return file

    def frame_now(self, found: StoredInstance, number: int) -> bytes | None:
        """Return a frame as stored, ``None`` where anything had to be waited for."""
        file = self.frame_files.peek(found.sop_instance_uid)
        if file is None or file.found != found:
            return None
        frame = file.read_now(number, _LARGEST_NOW)
        return None if frame is None else bytes(frame)

    def number_of_frames(self, found: StoredInstance) -> int:
        """Return how many frames can be had one by one."""
        file = self.frame_files.opened(found)
        return 0 if file is None else len(file)

    def file(self, found: StoredInstance) -> StoredBytes:
        """Return the Part 10 file of an instance as it was received.

        Raises
        ------
        StorageError
            It is not there, or not whole.
        """
        with self._store.open(found.key) as blob:
            if blob.size != found.size:
                raise LostBlobError(
                    f"blob {found.key} has {blob.size} bytes, expected {found.size}; send it again"
                )
            return blob_bytes(self._store, found.key, blob, begin=0, length=found.size)

    def opened(self, found: StoredInstance) -> Blob:
        """Open the Part 10 file of an instance as it was received.

        Raises
        ------
        StorageError
            It is not there.
        """
        return self._store.open(found.key)

    def reading(self) -> AbstractContextManager[None]:
        """Keep what is deleted from now on for those who are at it; look nothing up before."""
        return self._store.reading()

    def is_deleted(self, found: StoredInstance) -> bool:
        """Tell whether an instance was deleted, or replaced, since it was found."""
        return self._index.find(found.sop_instance_uid) != found

    def bulk_value(self, found: StoredInstance, path: str) -> StoredBytes:
        """Return a binary value by the path in its Bulk Data URI.

        Raises
        ------
        NotFoundError
            There is no such value.
        """
        return self._bulk.value(found, path)

    def bulk_paths(self, found: StoredInstance) -> list[str]:
        """Return the paths of all binary values that metadata gives an address for."""
        page = self._index.metadata_page(
            found.study_instance_uid,
            found.series_instance_uid,
            found.sop_instance_uid,
            after=0,
            limit=1,
        )
        return [path for _, _, text in page for path in marked_paths(text)]

    def _frame_index(self, sop_instance_uid: str) -> FrameIndex | None:
        stored = self._index.frames(sop_instance_uid)
        return stored.unpack() if stored else None
