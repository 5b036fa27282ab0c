# SPDX-License-Identifier: Apache-2.0
"""A folder as store: ``blobs/ab/<key>.dcm``, and ``incoming/`` for what is being received.

A blob is written beside, flushed to disk, linked to its name if that is free, and the folder
flushed: a crash at any moment leaves a whole blob or none. What a crash left in ``incoming/`` is
told by `FolderBlobStore.unsettled`; what another process is writing is locked by it.
``condemned/`` has lists of blobs that are to go, ``removed/`` those that went while somebody read,
``reading/`` who does; ``reserve`` is room for work on a full disk; ``layout`` tells that all lies
as said here.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Self

from tileserver.errors import FullDiskError, LostBlobError, StorageError
from tileserver.store import condemned, locked, quarantine
from tileserver.store.base import BlobState
from tileserver.store.flushing import Flushes
from tileserver.store.layout import bring_up_to_date, flush_folder, make_folders
from tileserver.store.listing import is_key, keys_in_order
from tileserver.store.problems import explained
from tileserver.store.readers import Readers, version_of
from tileserver.store.reserve import Reserve
from tileserver.store.unsettled import SUFFIX, Unsettled, is_same, unsettled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path
    from types import TracebackType

    from tileserver.store.condemned import Condemned

_NOWAIT = getattr(os, "RWF_NOWAIT", None)
"""Only Linux has it."""
_HELD = 64 << 10
"""Bytes that are held in memory of each that is being received."""
_ALL_HELD = 32 << 20
_HASHED_ASIDE = 256 << 10
"""Bytes from which hashing goes on in a thread while they are written."""
_FLUSHED_ASIDE = 64 << 20
_aside = ThreadPoolExecutor(8, thread_name_prefix="store")
_MOST_FOLDERS = 32
"""Folders that are flushed one by one; for more, one flush of everything is sooner done."""


class Moments:
    """Times, no two of them the same: a file system's own are up to 10 ms apart.

    By them the blobs stand in the order in which they came also where the index was lost.
    """

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        """Return nanoseconds since 1970, behind all that were given before."""
        with self._lock:
            self._last = max(time.time_ns(), self._last + 1)
            return self._last


_moments = Moments()


class FolderBlob:
    """A stored file, open for reading."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("rb", buffering=0)
            self._descriptor = self._file.fileno()
            status = os.fstat(self._descriptor)
            self._size, self._modified_ns = status.st_size, status.st_mtime_ns
            self._version = version_of(status)
        except OSError as error:
            kind = LostBlobError if isinstance(error, FileNotFoundError) else StorageError
            raise kind(f"blob {path.stem} cannot be read: {error.strerror}") from error

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._size

    @property
    def modified(self) -> int:
        """Seconds since 1970 when it was stored."""
        return self._modified_ns // 1_000_000_000

    @property
    def version(self) -> str:
        """Name of these very bytes."""
        return self._version

    def pread(self, length: int, offset: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``; fewer only at the end."""
        data = os.pread(self._file.fileno(), length, offset)
        while data and len(data) < length:
            more = os.pread(self._file.fileno(), length - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data

    def read_now(self, length: int, offset: int) -> bytearray | None:
        """Return as many bytes, or ``None`` where that would have to wait, or cannot be told.

        Linux tells (preadv2(2), RWF_NOWAIT), of most file systems on disks.
        """
        if _NOWAIT is None:
            return None
        data = bytearray(length)
        try:
            count = os.preadv(self._descriptor, (data,), offset, _NOWAIT)
        except OSError:  # EAGAIN, EOPNOTSUPP; what else is wrong is told to who waits
            return None
        return data if count == length else None

    def is_removed(self) -> bool:
        """Tell whether the store has the blob no more."""
        status = os.fstat(self._descriptor)
        # Where somebody reads, it goes later; nothing else changes its time.
        return status.st_nlink == 0 or status.st_mtime_ns != self._modified_ns

    def file(self) -> BinaryIO:
        """Return a file object at the beginning; it closes with the blob."""
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Close it."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class DurableFolders:
    """Folders below a root whose names this process knows to be on disk, and flushes of them.

    That a folder exists is not enough: another process may have made it and not flushed it yet.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.flushes = Flushes()
        self._durable = {root}
        self._making = threading.RLock()

    def make(self, folder: Path) -> None:
        """Make a folder and those above it, durably."""
        if folder in self._durable:
            return
        # One at a time: else another could find it here, flush it, and believe that it is on disk
        # after the first has failed.
        with self._making:
            self._make(folder)

    def _make(self, folder: Path) -> None:
        self.make(folder.parent)
        folder.mkdir(exist_ok=True)
        try:
            flush_folder(folder.parent)
        except OSError:
            # Flushed again, it could be said to be on disk though it was given up; made again, not.
            with contextlib.suppress(OSError):  # another has put something in it
                folder.rmdir()
            raise
        self._durable.add(folder)


class Memory:
    """Bytes that all that is being received may hold in memory together."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Take some; tell whether there are so many."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give(self, size: int) -> None:
        """Give some back."""
        with self._lock:
            self._left += size


class FolderIncoming:
    """Bytes being received: in memory while they are few, then in a file.

    The file lies in a folder of the same file system as its final one. Of what is stored already,
    or no instance at all, nothing is ever written.
    """

    def __init__(
        self, folder: Path, blobs: DurableFolders, readers: Readers, memory: Memory
    ) -> None:
        self._blobs = blobs
        self._readers = readers
        self._memory = memory
        self._hash = hashlib.sha256()
        self._hashing: Future[None] | None = None
        self._flushing: Future[None] | None = None
        self._size = self._flushed = 0
        self._kept: list[str] = []
        self._is_settled = True
        self._folder = folder
        self._path = ""
        self._held: bytearray | None = bytearray()
        self._opened: BinaryIO | None = None
        self._came: int | None = None

    @property
    def sha256(self) -> bytes:
        """Digest of all bytes so far."""
        self._wait_for_hash()
        return self._hash.digest()

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._size

    def write(self, data: bytes) -> None:
        """Take more bytes."""
        self._wait_for_hash()
        if len(data) >= _HASHED_ASIDE:
            self._hashing = _aside.submit(self._hash.update, data)
        else:
            self._hash.update(data)
        self._size += len(data)
        if self._held is not None and self._size <= _HELD and self._memory.take(len(data)):
            self._held += data
            return
        with explained("cannot receive"):
            self._file.write(data)
            if self._size - self._flushed >= _FLUSHED_ASIDE:
                self._begin_flush()

    @property
    def _file(self) -> BinaryIO:
        """The file; from the first look at it on, all is in it."""
        if self._opened is None:
            descriptor, self._path = locked.new_file(self._folder, SUFFIX)
            self._opened = os.fdopen(descriptor, "w+b")
            self._opened.write(self._held or b"")
            self._let_go()
        return self._opened

    def _let_go(self) -> None:
        """Hold nothing in memory any more."""
        held, self._held = self._held, None
        self._memory.give(len(held or b""))

    def _begin_flush(self) -> None:
        """Let the disk begin with what has come: at the end little is left to wait for."""
        self._wait_for_flush()
        self._flushed = self._size
        self._flushing = _aside.submit(os.fdatasync, self._file.fileno())

    def _wait_for_hash(self) -> None:
        pending, self._hashing = self._hashing, None
        if pending is not None:
            pending.result()

    def _wait_for_flush(self) -> None:
        """Wait for a flush; its error must not get lost, as the next flush would not tell it."""
        pending, self._flushing = self._flushing, None
        if pending is not None:
            pending.result()

    def file(self) -> BinaryIO:
        """Return a file object at the beginning of what was received; it came now."""
        self._came = _moments.next()
        if self._held is not None:
            return io.BytesIO(self._held)
        with explained("cannot receive"):
            self._file.flush()
        self._file.seek(0)
        return self._file

    def keep(self, key: str) -> bool:
        """Store the bytes under a key, durably; tell whether it was free."""
        final = blob_path(self._blobs.root, key)
        with explained("cannot store"):
            self._flush(self._came or _moments.next())
            self._blobs.make(final.parent)
            # Flushed also where it was taken: whoever took it may not have come this far.
            with self._blobs.flushes.changing(final.parent):
                is_free = _link(self._path, final)
                if is_free:
                    self._kept.append(key)
        return is_free

    def keep_instead(self, key: str, damaged: BlobState) -> bool:
        """Store the bytes in place of a damaged blob, durably; tell whether it still was that."""
        final = blob_path(self._blobs.root, key)
        with explained("cannot store"):
            if _state(final) != damaged:
                return False
            # It keeps the time of the other, by which it has its place among all.
            self._flush(final.stat().st_mtime_ns)
            if self._readers.is_anybody():
                self._readers.keep_copy(final)
            with self._blobs.flushes.changing(final.parent):
                self._rename_over(final)
                self._kept.append(key)
        return True

    def _rename_over(self, final: Path) -> None:
        """Give the file another name, and let whoever had it go."""
        beside = locked.free_name(self._folder, SUFFIX)
        os.link(self._path, beside)
        try:
            os.replace(beside, final)  # noqa: PTH105 - names as strings
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(beside)  # noqa: PTH108
            raise

    @property
    def kept(self) -> Sequence[str]:
        """Keys that the bytes were stored under."""
        return tuple(self._kept)

    def take_back(self, key: str) -> None:
        """Remove what `keep` has stored under a key, durably; nothing where it is gone by now."""
        final = blob_path(self._blobs.root, key)
        with explained("cannot take back"):
            if is_same(self._file.fileno(), final):
                with self._blobs.flushes.changing(final.parent):
                    final.unlink(missing_ok=True)

    def leave(self) -> None:
        """Let the bytes lie where they were received, for the next start to see what is right."""
        self._is_settled = False

    def _flush(self, came: int) -> None:
        """Make the bytes durable, and the file's time that at which they came."""
        self._wait_for_flush()
        self._file.flush()
        os.utime(self._file.fileno(), ns=(came, came))
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._wait_for_hash()
        # Closing flushes what a full disk has refused before; the first error counts.
        with contextlib.suppress(OSError):
            self._wait_for_flush()
        self._let_go()
        if self._opened is None:
            return
        if self._is_settled:
            # While it is locked: nobody else may take it for left behind.
            with contextlib.suppress(OSError):
                os.unlink(self._path)  # noqa: PTH108 - on the way of each instance
        with contextlib.suppress(OSError):
            self._opened.close()


class FolderBlobStore:
    """A folder as store.

    Raises
    ------
    StorageError
        The folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._blobs = folder / "blobs"
        self._incoming = folder / "incoming"
        self._condemned = folder / "condemned"
        with explained(f"the data folder {folder} cannot be made"):
            make_folders(folder, self._blobs, self._incoming, self._condemned)
            bring_up_to_date(folder)
            condemned.remove_unwritten(self._condemned)
            self._readers = Readers(folder)
        self._folders = DurableFolders(self._blobs)
        self._memory = Memory(_ALL_HELD)
        self._reserve = Reserve(folder)
        with contextlib.suppress(OSError):  # a full disk is told to those who store
            self._reserve.missing()

    def receive(self) -> FolderIncoming:
        """Begin to receive a blob."""
        self.check_room()
        return FolderIncoming(self._incoming, self._folders, self._readers, self._memory)

    def open(self, key: str, version: str | None = None) -> FolderBlob:
        """Open a blob."""
        path = blob_path(self._blobs, key)
        if version is None:
            return FolderBlob(path)
        with contextlib.suppress(LostBlobError):
            blob = FolderBlob(path)
            if blob.version == version:
                return blob
            blob.close()
        return FolderBlob(self._readers.place(key, version))

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Keep what is removed from now on, for who opens it by its version."""
        with contextlib.ExitStack() as cleanup:
            with explained("cannot read"):
                cleanup.enter_context(self._readers.lease())
            yield

    def free_bytes(self) -> int:
        """Return how much more can be stored."""
        with explained("the data folder cannot be reached"):
            return shutil.disk_usage(self._blobs).free

    def check_room(self) -> None:
        """Make sure that there is room for anything to be stored."""
        with explained("the data folder cannot be reached"):
            missing = self._reserve.missing()
        if missing:
            raise FullDiskError(
                f"the disk is full: {missing:,} bytes more are needed for anything to be stored; "
                "delete studies, or give it room"
            )

    @contextlib.contextmanager
    def lending_room(self) -> Iterator[None]:
        """Free room that is kept for what must be done on a full disk."""
        with contextlib.ExitStack() as cleanup:
            with explained("the reserve of room cannot be used"):
                cleanup.enter_context(self._reserve.lent())
            yield

    def has(self, key: str) -> bool:
        """Tell whether there is a blob under a key."""
        return blob_path(self._blobs, key).exists()

    def state(self, key: str) -> BlobState | None:
        """Return what can be told of a blob without reading it, ``None`` where there is none."""
        with explained(f"blob {key} cannot be looked at"):
            return _state(blob_path(self._blobs, key))

    def put_aside(self, key: str, found: BlobState) -> bool:
        """Move a blob out of the way, durably; tell whether it still was the one that was found."""
        path = blob_path(self._blobs, key)
        with explained("cannot put aside"):
            if _state(path) != found:
                return False
            quarantine.put_aside(self._folder, path)
        return True

    def keys_at_rest(self, most: int) -> list[str]:
        """Return keys of blobs that nobody is storing, was storing in a crash, or is to remove."""
        with explained("the data folder cannot be read"):
            going = self.condemned_keys()
            at_rest = (
                path.stem
                for path in self._blobs.glob("??/*.dcm")
                if is_key(path.stem) and path.stem not in going and not self._is_coming(path)
            )
            return list(itertools.islice(at_rest, most))

    def _is_coming(self, path: Path) -> bool:
        """Tell whether a blob has its first name still, or has gone."""
        status = _status(path)
        if status is None or status.st_nlink == 1:
            return status is None
        received = map(_status, self._incoming.glob(f"*{SUFFIX}"))
        return any(each is not None and os.path.samestat(each, status) for each in received)

    @contextlib.contextmanager
    def condemning(self, keys: Sequence[str], instead: str | None = None) -> Iterator[Condemned]:
        """Write down, durably, which blobs are to go; `finish` ends it."""
        with contextlib.ExitStack() as cleanup:
            with explained("cannot delete"):
                listed = cleanup.enter_context(condemned.written(self._condemned, keys, instead))
            yield listed

    @contextlib.contextmanager
    def abandoned(self) -> Iterator[list[Condemned]]:
        """Give what a crash has left of `condemning`."""
        with condemned.abandoned(self._condemned) as found:
            yield found

    def condemned_keys(self) -> set[str]:
        """Return the keys of all blobs that are to go, by whomever."""
        return condemned.all_keys(self._condemned)

    def remove(self, keys: Iterable[str]) -> None:
        """Remove blobs, not yet durably."""
        with explained("cannot delete"):
            is_read = self._readers.is_anybody()
            for path in (blob_path(self._blobs, key) for key in keys):
                if is_read:
                    self._readers.keep(path)
                else:
                    path.unlink(missing_ok=True)

    def finish(self, listed: Condemned) -> None:
        """Make durable what was removed, and forget the list."""
        keys = (*listed.keys, *filter(None, [listed.instead]))
        folders = {blob_path(self._blobs, key).parent for key in keys}
        with explained("cannot delete"):
            if len(folders) > _MOST_FOLDERS:
                os.sync()
            else:
                for folder in folders:
                    if folder.is_dir():
                        flush_folder(folder)
            listed.path.unlink(missing_ok=True)
            # Else it could come back by a power cut, when the same is stored again.
            flush_folder(self._condemned)

    def unsettled(self) -> Iterator[Unsettled]:
        """Yield what a crash has left of `receive`, whole and under a key."""
        return unsettled(self._incoming, partial(blob_path, self._blobs))

    def list_keys(self) -> Iterator[str]:
        """Yield the keys of all blobs, in the order they came."""
        yield from keys_in_order(self._blobs)


def has_store(folder: Path) -> bool:
    """Tell whether a folder is one of a store, before anything is made in it."""
    return (folder / "blobs").is_dir()


def blob_path(blobs: Path, key: str) -> Path:
    """Return where the blob of a key lies; nothing but a key can name a path."""
    if not is_key(key):
        raise StorageError("a blob is named by something else than a key")
    return blobs / key[:2] / f"{key}.dcm"


def _status(path: Path) -> os.stat_result | None:
    try:
        return os.stat(path)  # noqa: PTH116 - on the way of each instance
    except FileNotFoundError:
        return None


def _state(path: Path) -> BlobState | None:
    status = _status(path)
    if status is None:
        return None
    return BlobState(status.st_size, (status.st_ino, status.st_mtime_ns, status.st_ctime_ns))


def _link(path: str, name: Path) -> bool:
    """Give a file another name; tell whether it was free."""
    try:
        os.link(path, name)
    except FileExistsError:
        return False
    return True
