# SPDX-License-Identifier: Apache-2.0
"""Whether stored files have the bytes that they were stored with, as far as is told before reading.

A size is looked at each time. Bytes are read where the file was written to since, or some time has
gone by: what comes again and again is not read as often.
"""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from tileserver.errors import LostBlobError, StorageError
from tileserver.services.records import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tileserver.index import StoredInstance
    from tileserver.store import BlobState, BlobStore

_MOST = 2048
"""Files, of some 500 bytes each."""
_SECONDS = 60.0
"""A disk can change bytes without a word; by then a check may have found them."""


class Soundness:
    """Files that were read of late, and were as they were stored; safe to use from threads.

    Parameters
    ----------
    clock
        Gives seconds.
    """

    def __init__(self, store: BlobStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._read: OrderedDict[str, tuple[BlobState, bytes, float]] = OrderedDict()
        self._doubted: set[str] = set()
        self._lock = threading.Lock()

    def is_known(self, found: StoredInstance) -> bool:
        """Tell whether the file of an instance is sound without reading it."""
        read = self._read.get(found.key)
        if read is None or found.key in self._doubted:
            return False
        state, sha256, moment = read
        return (
            sha256 == found.sha256
            and state == self._store.state(found.key)
            and self._clock() - moment < _SECONDS
        )

    def is_sound(self, found: StoredInstance) -> bool:
        """Tell whether the file of an instance is sound; it is read where that is not known.

        Raises
        ------
        StorageError
            It cannot be told.
        """
        if self.is_known(found):
            return True
        moment, state = self._clock(), self._store.state(found.key)
        if state is None or state.size != found.size or found.key in self._doubted:
            return False
        try:
            is_sound = has_bytes(self._store, found.key, found.sha256)
        except LostBlobError:
            return False
        if is_sound:
            self._note(found, state, moment)
        return is_sound

    @contextlib.contextmanager
    def doubting(self, found: StoredInstance) -> Iterator[None]:
        """Take a file for damaged until it is replaced: if a flush fails, it may come back."""
        self._doubted.add(found.key)
        yield
        self._doubted.discard(found.key)

    def _note(self, found: StoredInstance, state: BlobState, moment: float) -> None:
        with self._lock:
            self._read[found.key] = state, found.sha256, moment
            self._read.move_to_end(found.key)
            if len(self._read) > _MOST:
                self._read.popitem(last=False)


def has_bytes(store: BlobStore, key: str, sha256: bytes) -> bool:
    """Tell whether a stored file has the bytes of a digest; not where its disk cannot read it.

    Raises
    ------
    StorageError
        It is not there or cannot be opened.
    """
    with store.open(key) as blob:
        try:
            return digest_of(blob) == sha256
        except OSError as error:
            raise_unless_damaged(key, error)
            return False


def raise_unless_damaged(key: str, error: OSError) -> None:
    """Raise an error in reading a file as one of the server, unless the disk has lost the bytes."""
    if error.errno != errno.EIO:
        raise StorageError(f"blob {key} cannot be read: {error.strerror or error}") from error
