# SPDX-License-Identifier: Apache-2.0
"""The role of a store: what services need of a folder today and of object storage one day."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

    from tileserver.store.condemned import Condemned
    from tileserver.store.unsettled import Unsettled


class BlobState(NamedTuple):
    """What can be told of a blob without reading it; another one where anybody has written to it.

    Parameters
    ----------
    stamp
        What changes with the file and its bytes, as far as its disk knows.
    """

    size: int
    stamp: tuple[int, ...]


class Blob(Protocol):
    """Stored bytes, open for reading at any place; used as a context manager."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        ...

    @property
    def modified(self) -> int:
        """Seconds since 1970 when it was stored."""
        ...

    @property
    def version(self) -> str:
        """Name of these very bytes, for as long as the store or a reader has them."""
        ...

    def pread(self, length: int, offset: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``; fewer only at the end."""
        ...

    def read_now(self, length: int, offset: int) -> bytes | bytearray | None:
        """Return as many bytes, or ``None`` where that would have to wait, or cannot be told."""
        ...

    def is_removed(self) -> bool:
        """Tell whether the store has the blob no more."""
        ...

    def file(self) -> BinaryIO:
        """Return a file object at the beginning; it closes with the blob."""
        ...

    def close(self) -> None:
        """Close it."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class Incoming(Protocol):
    """Bytes being received; used as a context manager that discards what was not kept."""

    def write(self, data: bytes) -> None:
        """Take more bytes."""
        ...

    def file(self) -> BinaryIO:
        """Return a file object at the beginning of what was received; it came now."""
        ...

    @property
    def sha256(self) -> bytes:
        """Digest of all bytes so far."""
        ...

    @property
    def size(self) -> int:
        """Bytes so far."""
        ...

    def keep(self, key: str) -> bool:
        """Store the bytes under a key, durably; tell whether it was free."""
        ...

    def keep_instead(self, key: str, damaged: BlobState) -> bool:
        """Store the bytes in place of a damaged blob, durably; tell whether it still was that.

        Who reads the damaged one may go on. Nobody may remove or store it meanwhile.
        """
        ...

    @property
    def kept(self) -> Sequence[str]:
        """Keys that the bytes were stored under, even where `keep` failed then."""
        ...

    def take_back(self, key: str) -> None:
        """Remove what `keep` has stored under a key, durably; nothing where it is gone by now."""
        ...

    def leave(self) -> None:
        """Discard nothing: the next start will see what is right, by `BlobStore.unsettled`."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class BlobStore(Protocol):
    """Bytes under keys, written once and never changed.

    A key is 64 hexadecimal digits; services make it from a UID.
    """

    def receive(self) -> Incoming:
        """Begin to receive a blob.

        Raises
        ------
        FullDiskError
            There is no room for any.
        """
        ...

    def open(self, key: str, version: str | None = None) -> Blob:
        """Open a blob.

        Parameters
        ----------
        version
            Where given, these bytes and no others, even where they were removed while `reading`.

        Raises
        ------
        StorageError
            It is not there or cannot be read.
        """
        ...

    def reading(self) -> AbstractContextManager[None]:
        """Keep what is removed from now on, for who opens it by its version."""
        ...

    def free_bytes(self) -> int:
        """Return how much more can be stored.

        Raises
        ------
        StorageError
            The store cannot be reached.
        """
        ...

    def check_room(self) -> None:
        """Make sure that there is room for anything to be stored.

        Raises
        ------
        FullDiskError
            There is none.
        StorageError
            The store cannot be reached.
        """
        ...

    def lending_room(self) -> AbstractContextManager[None]:
        """Free room that is kept for what must be done on a full disk; nothing else is stored."""
        ...

    def has(self, key: str) -> bool:
        """Tell whether there is a blob under a key."""
        ...

    def state(self, key: str) -> BlobState | None:
        """Return what can be told of a blob without reading it, ``None`` where there is none.

        Raises
        ------
        StorageError
            It cannot be told.
        """
        ...

    def put_aside(self, key: str, found: BlobState) -> bool:
        """Move a blob out of the way, durably; tell whether it still was the one that was found.

        It is never lost. Nobody may remove or store it meanwhile.
        """
        ...

    def keys_at_rest(self, most: int) -> list[str]:
        """Return keys of blobs that nobody is storing, was storing in a crash, or is to remove.

        At most so many, and of the moment only if nobody may change the index.
        """
        ...

    def condemning(
        self, keys: Sequence[str], instead: str | None = None
    ) -> AbstractContextManager[Condemned]:
        """Write down, durably, which blobs are to go; `finish` ends it.

        What is written down and not finished outlives a crash.
        """
        ...

    def abandoned(self) -> AbstractContextManager[list[Condemned]]:
        """Give what a crash has left of `condemning`."""
        ...

    def condemned_keys(self) -> set[str]:
        """Return the keys of all blobs that are to go, by whomever."""
        ...

    def remove(self, keys: Iterable[str]) -> None:
        """Remove blobs, not yet durably."""
        ...

    def finish(self, listed: Condemned) -> None:
        """Make durable what was removed, and forget the list."""
        ...

    def unsettled(self) -> Iterator[Unsettled]:
        """Yield what a crash has left of `receive`, whole and under a key."""
        ...

    def list_keys(self) -> Iterator[str]:
        """Yield the keys of all blobs, in the order they came."""
        ...
