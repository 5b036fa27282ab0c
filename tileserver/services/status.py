# SPDX-License-Identifier: Apache-2.0
"""Whether store and index can be used, and how much is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tileserver.index import Counts, Index
    from tileserver.store import BlobStore


class Status:
    """Looks after store and index."""

    def __init__(self, store: BlobStore, index: Index) -> None:
        self._store = store
        self._index = index

    def problems(self, *, for_reading: bool = False) -> list[str]:
        """Return what keeps the server from its work.

        Parameters
        ----------
        for_reading
            Whether it is enough that what is stored can be read, as on a full disk.
        """
        found = []
        looks: list[Callable[[], object]] = [self._index.counts, self._store.free_bytes]
        if not for_reading:
            looks.append(self._store.check_room)
        for look in looks:
            try:
                look()
            except StorageError as error:
                found.append(str(error))
        return list(dict.fromkeys(found))  # several may stumble over the same

    def counts(self) -> Counts:
        """Return how much is stored.

        Raises
        ------
        StorageError
            The index cannot be read.
        """
        return self._index.counts()

    def free_bytes(self) -> int:
        """Return how much more can be stored.

        Raises
        ------
        StorageError
            The store cannot be reached.
        """
        return self._store.free_bytes()

    def stored_bytes(self) -> int:
        """Return how many bytes all stored instances have."""
        return self._index.stored_bytes()

    def oldest_studies(self, after: int, limit: int = 100) -> list[tuple[int, str, int]]:
        """Return number, UID and bytes of some studies, in the order in which they first came.

        Parameters
        ----------
        after
            The number of the last that was had; 0 to begin with.
        """
        return self._index.oldest_studies(after, limit)
