# SPDX-License-Identifier: Apache-2.0
"""Deletion of a study, a series or an instance, so that no crash brings back what was deleted.

The blobs are written down as condemned; the index forgets them, with the events, in one
transaction; the blobs go. Before the transaction all is as it was, behind it nothing is to be had,
and what a crash leaves is finished when a server starts or the index is made anew.

A blob goes only while nobody can change the index and only where the index does not name it: the
same instance may have come again meanwhile.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tileserver.errors import (
    BusyError,
    ConflictError,
    ForbiddenError,
    FullDiskError,
    NotFoundError,
    StorageError,
)
from tileserver.index import Below
from tileserver.services.room import is_for_want_of_room

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tileserver.index import Index
    from tileserver.store import BlobStore
    from tileserver.store.condemned import Condemned

_ATTEMPTS = 8
_AT_ONCE = 500
"""Blobs that are removed while others wait for the index."""


class Delete:
    """Deletes what is stored.

    Parameters
    ----------
    is_allowed
        Whether anything may be deleted.
    """

    def __init__(self, store: BlobStore, index: Index, *, is_allowed: bool = True) -> None:
        self._store = store
        self._index = index
        self._is_allowed = is_allowed

    def delete(self, study: str, series: str | None = None, instance: str | None = None) -> None:
        """Delete a study, a series or an instance; durable on return.

        Raises
        ------
        ForbiddenError
            The server is set to delete nothing.
        NotFoundError
            There is nothing of these UIDs.
        BusyError
            More came at each attempt.
        StorageError
            The disk does not take it; all is as it was, but for what a full disk has let go.
        """
        if not self._is_allowed:
            raise ForbiddenError("this server is set to delete nothing")
        self.take_back(study, series, instance)

    def take_back(self, study: str, series: str | None, instance: str | None) -> None:
        """Delete what the server itself has stored and was not to stay, on any server.

        Raises
        ------
        TileserverError
            As `delete`, but for `ForbiddenError`.
        """
        below = Below(study, series, instance)
        try:
            self._delete_at_last(below)
        except StorageError as error:
            if not is_for_want_of_room(self._store, error):
                raise
            with self._store.lending_room():
                self._delete_on_full_disk(below)

    def _delete_on_full_disk(self, below: Below) -> None:
        """Delete all at once; or else some and more, until that has made room for the rest."""
        with contextlib.suppress(StorageError):
            self._index.shorten_log()
        try:
            self._delete_at_last(below)
        except FullDiskError:
            if below.sop_instance_uid is not None:
                raise
            self._delete_by_parts(below)

    def _delete_by_parts(self, below: Below) -> None:
        count = 1
        while parts := self._index.parts_below(below, count):
            for part in parts:
                with contextlib.suppress(NotFoundError):  # somebody else was sooner
                    self._delete_on_full_disk(part)
            with contextlib.suppress(NotFoundError, FullDiskError):
                self._delete_at_last(below)
            count *= 2

    def _delete_at_last(self, below: Below) -> None:
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(ConflictError):
                self._delete(below)
                return
        raise BusyError("instances keep coming to what is to be deleted; try again later")

    def _delete(self, below: Below) -> None:
        keys = self._index.keys_below(below)
        if not keys:
            raise NotFoundError("there is no such study, series or instance")
        with self._store.condemning(keys) as listed:
            try:
                events = self._index.remove(below, keys)
            finally:
                carry_out(self._store, self._index, listed)
        if not events:
            raise NotFoundError("the study, series or instance is deleted already")

    def finish_abandoned(self) -> None:
        """Finish what a crash has left half done."""
        finish_abandoned(self._store, self._index)


def finish_abandoned(store: BlobStore, index: Index) -> None:
    """Carry out what a crash has left.

    Raises
    ------
    StorageError
        The disk does not take it.
    """
    with store.abandoned() as found:
        for listed in found:
            carry_out(store, index, listed)
        if found:
            index.generation.advance()


def carry_out(
    store: BlobStore, index: Index, listed: Condemned, *, has_come: bool | None = None
) -> None:
    """Remove the condemned blobs that the index does not name, durably.

    Parameters
    ----------
    has_come
        Whether a replacement has come about, where that is known.
    """
    keys: Sequence[str] = listed.keys
    if listed.instead is not None:
        has_come = _has_come(store, index, listed) if has_come is None else has_come
        keys = keys if has_come else [listed.instead]
    for begin in range(0, len(keys), _AT_ONCE):
        some = keys[begin : begin + _AT_ONCE]
        with index.knowing(some) as known:
            store.remove(key for key in some if key not in known)
    store.finish(listed)


def _has_come(store: BlobStore, index: Index, listed: Condemned) -> bool:
    """Tell whether a replacement took place: not where the index still has what it had before.

    Where the index names neither, it was lost since; where it names what is gone, it was brought
    back from a backup. The newer bytes are kept then.
    """
    if listed.instead is None or not store.has(listed.instead):
        return False
    with index.knowing(listed.keys) as known:
        return not any(store.has(key) for key in known)
