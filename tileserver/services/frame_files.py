# SPDX-License-Identifier: Apache-2.0
"""Instances whose frames are asked for, kept open: their files, and where each frame lies.

What is kept is bounded in descriptors and in memory; what was not asked for the longest goes
first, and what is deleted as soon as somebody looks (`tileserver.tidying`). A file is closed when
the last one who reads it lets go of it, so that no descriptor is closed, and taken by another
file, under a reader.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from tileserver.errors import LostBlobError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dicomizer.dicom.encapsulation import FrameIndex
    from tileserver.index import StoredInstance
    from tileserver.store import Blob, BlobStore

MOST_OPEN = 2048
"""Such as all levels of 200 slides."""
MOST_BYTES = 256 << 20
"""16 bytes a frame: such as 200 slides of 60,000 frames."""
_BYTES_APART = 4096
"""About what an open file and its objects take beside the frame index."""


class FrameFile:
    """An instance with frames, open."""

    __slots__ = ("_blob", "_index", "found", "path")

    def __init__(self, found: StoredInstance, blob: Blob, index: FrameIndex) -> None:
        self.found = found
        self.path = found.path.encode()
        self._blob = blob
        self._index = index

    def __len__(self) -> int:
        return len(self._index)

    def __del__(self) -> None:
        self._blob.close()

    @property
    def memory(self) -> int:
        """Bytes it takes, about."""
        index = self._index
        return _BYTES_APART + index.offsets.nbytes + index.lengths.nbytes

    def is_of(self, found: StoredInstance) -> bool:
        """Tell whether the bytes are those of an instance, and still there."""
        return self.found == found and not self._blob.is_removed()

    def is_removed(self) -> bool:
        """Tell whether the store has the file no more."""
        return self._blob.is_removed()

    def length(self, number: int) -> int:
        """Return the bytes of a frame by its number, from 1 on."""
        return self._index.length(number - 1)

    def read(self, number: int) -> bytes:
        """Return a frame by its number, from 1 on."""
        runs = self._index.fragments(number - 1)
        stored = b"".join([self._blob.pread(length, offset) for offset, length in runs])
        return self._index.value(number - 1, stored)

    def read_now(self, number: int, largest: int) -> bytes | bytearray | None:
        """Return a frame by its number, from 1 on.

        ``None`` where there is none, it is larger than ``largest``, in several fragments, of bits
        that begin within a byte, or would have to be waited for.
        """
        index = self._index
        if not 1 <= number <= len(index.lengths) or number - 1 in index.fragmented or index.bits:
            return None
        length = index.lengths.item(number - 1)
        if length > largest:
            return None
        return self._blob.read_now(length, index.offsets.item(number - 1))


class FrameFiles:
    """The files that are kept open; safe to use from several threads.

    Parameters
    ----------
    load
        Gives where the frames of an instance lie, ``None`` where it has none.
    most_open, most_bytes
        Bounds of what is kept.
    """

    def __init__(
        self,
        store: BlobStore,
        load: Callable[[str], FrameIndex | None],
        most_open: int = MOST_OPEN,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._store = store
        self._load = load
        self._most_open = most_open
        self._most_bytes = most_bytes
        self._bytes = 0
        self._files: OrderedDict[str, FrameFile] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._files)

    def limit(self, most_open: int) -> None:
        """Bound how many are kept open, from the next one on."""
        self._most_open = most_open

    def peek(self, sop_instance_uid: str) -> FrameFile | None:
        """Return an instance if it is open, and its file still there; nothing is waited for."""
        with self._lock:
            file = self._files.get(sop_instance_uid)
            if file is None:
                return None
            self._files.move_to_end(sop_instance_uid)
        if file.is_removed():
            self.forget(sop_instance_uid)
            return None
        return file

    def opened(self, found: StoredInstance) -> FrameFile | None:
        """Return an instance, opened if it was not; ``None`` where it has no frames.

        Raises
        ------
        StorageError
            Its file cannot be opened, or is not whole.
        """
        with self._lock:
            file = self._files.get(found.sop_instance_uid)
            if file is not None:
                self._files.move_to_end(found.sop_instance_uid)
        if file is not None and file.is_of(found):
            return file
        index = self._load(found.sop_instance_uid)
        if index is None:
            return None
        blob = self._store.open(found.key)
        if blob.size != found.size:
            blob.close()
            raise LostBlobError(
                f"blob {found.key} has {blob.size} bytes, expected {found.size}; send it again"
            )
        file = FrameFile(found, blob, index)  # closes the blob from now on
        self._keep(file)
        return file

    def forget(self, sop_instance_uid: str) -> None:
        """Keep an instance no more, such as one that is deleted."""
        with self._lock:
            self._drop(sop_instance_uid)

    def forget_removed(self) -> None:
        """Keep no file that the store has no more: until it is closed its room is not free."""
        with self._lock:
            kept = list(self._files.items())
        for uid, file in kept:
            if file.is_removed():
                with self._lock:
                    if self._files.get(uid) is file:
                        self._drop(uid)

    def close(self) -> None:
        """Keep nothing any more."""
        with self._lock:
            self._files.clear()
            self._bytes = 0

    def _keep(self, file: FrameFile) -> None:
        uid = file.found.sop_instance_uid
        with self._lock:
            self._drop(uid)
            self._files[uid] = file
            self._bytes += file.memory
            while len(self._files) > 1 and (
                len(self._files) > self._most_open or self._bytes > self._most_bytes
            ):
                self._drop(next(iter(self._files)))

    def _drop(self, sop_instance_uid: str) -> None:
        dropped = self._files.pop(sop_instance_uid, None)
        if dropped is not None:
            self._bytes -= dropped.memory
