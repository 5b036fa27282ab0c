# SPDX-License-Identifier: Apache-2.0
"""Bytes of known length that are read when they are sent, whole or in part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tileserver.store import Blob, BlobStore

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """Bytes of known length.

    Parameters
    ----------
    modified
        Seconds since 1970 when they came.
    read
        Yields the bytes from one place to before another.
    """

    length: int
    modified: int
    read: Callable[[int, int], Iterator[bytes]]

    def pieces(self) -> Iterator[bytes]:
        """Yield all bytes."""
        return self.read(0, self.length)


def blob_bytes(store: BlobStore, key: str, blob: Blob, *, begin: int, length: int) -> StoredBytes:
    """Return bytes that lie in a blob, which is opened again when they are read."""
    version = blob.version

    def read(start: int, stop: int) -> Iterator[bytes]:
        with store.open(key, version) as opened:
            for offset in range(begin + start, begin + stop, _CHUNK):
                yield opened.pread(min(_CHUNK, begin + stop - offset), offset)

    return StoredBytes(length, blob.modified, read)


def memory_bytes(data: bytes, modified: int) -> StoredBytes:
    """Return bytes that are at hand."""

    def read(start: int, stop: int) -> Iterator[bytes]:
        yield data[start:stop]

    return StoredBytes(len(data), modified, read)
