# SPDX-License-Identifier: Apache-2.0
"""Work that must be done on a full disk too: with room that the store keeps for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tileserver.errors import DamagedIndexError, FullDiskError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tileserver.store import BlobStore

_Result = TypeVar("_Result")


class Room:
    """Finds room for what cannot wait."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    def enough_for(self, work: Callable[[], _Result]) -> _Result:
        """Return the result of some work, done again with more room where it failed without.

        Raises
        ------
        StorageError
            It failed for another reason, or again.
        """
        try:
            return work()
        except StorageError as error:
            if not is_for_want_of_room(self._store, error):
                raise
        try:
            with self._store.lending_room():
                return work()
        except StorageError as error:
            raise FullDiskError(f"the disk is full: {error}; give it some room") from error


def is_for_want_of_room(store: BlobStore, error: StorageError) -> bool:
    """Tell whether an error comes of a full disk.

    SQLite tells so of its files, but for those that it maps: these "cannot be opened".
    """
    if isinstance(error, DamagedIndexError | FullDiskError):
        return isinstance(error, FullDiskError)
    try:
        store.check_room()
    except FullDiskError:
        return True
    return False
