# SPDX-License-Identifier: Apache-2.0
"""The index anew from the stored files, while others read, store and delete."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tileserver.errors import InvalidInstanceError, LostBlobError, StorageError
from tileserver.services.delete import finish_abandoned
from tileserver.services.records import digest_of, keys_of, read_record
from tileserver.store import is_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tileserver.index import Index, InstanceRecord, NamedBlob
    from tileserver.store import BlobStore


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What became of the stored files.

    Parameters
    ----------
    count
        Of instances indexed.
    unreadable
        Keys of blobs that are no instance, or cannot be read; they are left where they are.
    lost
        UIDs of instances that the old index had, and whose blobs are gone.
    changed
        UIDs of instances whose bytes are others than the old index knew. Its digests are kept, or
        nobody could tell any more.
    """

    count: int
    unreadable: list[str]
    lost: list[str]
    changed: list[str]


def reindex(store: BlobStore, index: Index) -> Reindexed:
    """Make the index anew."""
    finish_abandoned(store, index)
    reading = _StoredRecords(store, index)
    count = index.replace_all(reading, late=reading, forget=reading.forget)
    index.note_left_aside(len(reading.unreadable))
    lost = [uid for uid in reading.missing if index.find(uid) is None]
    return Reindexed(count, reading.unreadable, lost, reading.changed)


class _StoredRecords:
    """The records of blobs that are to stay; those that were not seen before, each time.

    They come in the order of the old index, so that answers keep theirs; what it does not know
    comes in the order of the store.
    """

    def __init__(self, store: BlobStore, index: Index) -> None:
        self._store = store
        self._index = index
        self._seen: set[bytes] = set()  # half the size of their digits
        self.unreadable: list[str] = []
        self.missing: list[str] = []
        self.changed: list[str] = []

    def forget(self, keys: Iterable[str]) -> None:
        """Take what is stored under the keys for unseen."""
        self._seen.difference_update(map(bytes.fromhex, keys))

    def __iter__(self) -> Iterator[InstanceRecord]:
        condemned = self._store.condemned_keys()
        for named, key in self._keys():
            packed = bytes.fromhex(key)
            if packed in self._seen or key in condemned:
                continue
            self._seen.add(packed)
            record = self._record(key, named)
            if record is not None:
                yield record

    def _keys(self) -> Iterator[tuple[NamedBlob | None, str]]:
        yield from ((named, named.key) for named in self._index.named_blobs() if is_key(named.key))
        yield from ((None, key) for key in self._store.list_keys())

    def _record(self, key: str, named: NamedBlob | None) -> InstanceRecord | None:
        try:
            with self._store.open(key) as blob:
                record, _ = read_record(blob.file(), digest_of(blob), blob.size)
        except LostBlobError:
            self._miss(named)
            return None
        except (InvalidInstanceError, StorageError, OSError):
            self.unreadable.append(key)
            return None
        if named is not None and named.sha256 != record.sha256:
            record = replace(record, sha256=named.sha256)
            self.changed.append(record.sop_instance_uid)
        if key in keys_of(record):
            return replace(record, key=key)
        self.unreadable.append(key)
        return None

    def _miss(self, named: NamedBlob | None) -> None:
        """Remember that a blob is gone, unless its instance was deleted meanwhile."""
        stored = None if named is None else self._index.find(named.sop_instance_uid)
        if stored is not None and named is not None and stored.key == named.key:
            self.missing.append(named.sop_instance_uid)
