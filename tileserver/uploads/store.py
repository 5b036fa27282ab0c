# SPDX-License-Identifier: Apache-2.0
"""Uploads on disk: a folder for each, in ``uploads`` of the data folder.

In it are ``about.json``, written once; ``part``, the bytes that came; and ``offset``, how many of
them are on disk for sure. Bytes are flushed before the offset says so, and only the offset is told
to a client: what a crash leaves behind it is cut off when the upload goes on.

The last step puts the file into ``files`` of its own folder, or of that of its group, and once all
are there a file ``whole`` beside them. Each step is done again where a crash was between, with the
same end.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from tileserver.errors import FullDiskError, NotFoundError, StorageError, TooLargeError
from tileserver.job_queue.places import (
    FILES,
    flush_folder,
    is_whole,
    mark_whole,
    upload_folder,
)
from tileserver.uploads.model import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ABOUT, _PART, _OFFSET, _LOCK = "about.json", "part", "offset", "lock"
_MAKING_SECONDS = 3600
"""After which what is still being made is not any more."""
_FLUSHED_EVERY = 64 << 20
_LEAST_LEFT = 256 << 20
"""Bytes of the disk that uploads leave to all else, or a fortieth of a small one."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload that was begun.

    Parameters
    ----------
    created
        Seconds since 1970.
    """

    id: str
    asked: Asked
    created: float

    @property
    def delivery(self) -> str:
        """Name of the folder that its file goes to: that of its group, or its own."""
        return self.asked.group_folder or self.id


class UploadStore:
    """The uploads of a data folder."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._root = data / "uploads"

    def create(self, asked: Asked) -> Upload:
        """Begin an upload; durable on return.

        Raises
        ------
        FullDiskError
            There is no room for it.
        StorageError
            The disk does not take it.
        """
        upload = Upload(secrets.token_hex(16), asked, time.time())
        with _explained():
            self._root.mkdir(exist_ok=True)
            disk = shutil.disk_usage(self._root)
            if disk.free - min(_LEAST_LEFT, disk.total // 40) < asked.length:
                raise FullDiskError("there is no room on the disk for an upload of this length")
            # Made under a name that nobody looks at, so that there is no upload in parts.
            beside = self._root / f"{upload.id}.new"
            beside.mkdir(mode=0o700)
            about = {"id": upload.id, "created": upload.created, **asdict(asked)}
            _write(beside / _ABOUT, json.dumps(about))
            (beside / _PART).touch()
            flush_folder(beside)
            beside.rename(self._root / upload.id)
            flush_folder(self._root)
        return upload

    def get(self, upload: str) -> Upload:
        """Return an upload.

        Raises
        ------
        NotFoundError
            There is none, or it was a group.
        """
        try:
            about = json.loads((upload_folder(self._data, upload) / _ABOUT).read_text("utf-8"))
        except FileNotFoundError as error:
            raise NotFoundError("there is no such upload") from error
        identity, created = about.pop("id"), about.pop("created")
        return Upload(identity, Asked(**about), created)

    def offset(self, upload: Upload) -> int:
        """Return how many bytes are on disk for sure."""
        try:
            return int((self._folder(upload) / _OFFSET).read_text("ascii"))
        except FileNotFoundError:
            return 0

    def is_received(self, upload: Upload) -> bool:
        """Tell whether all bytes are there."""
        return self.offset(upload) == upload.asked.length

    @contextlib.contextmanager
    def receiving(self, upload: Upload) -> Iterator[Receiving | None]:
        """Give what takes further bytes; ``None`` where another request is at it.

        What it has taken is on disk in the end, however it is left.
        """
        with self._locked(self._folder(upload)) as is_ours:
            if not is_ours:
                yield None
                return
            with _explained(), (self._folder(upload) / _PART).open("r+b") as file:
                taking = Receiving(file, self._folder(upload), self.offset(upload), upload)
                try:
                    yield taking
                finally:
                    taking.settle()

    def deliver(self, upload: Upload) -> bool:
        """Put a received file where its slide is; tell whether all of that is there."""
        folder = upload_folder(self._data, upload.delivery)
        with _explained():
            folder.mkdir(exist_ok=True)
            with self._locked(folder, is_waiting=True):
                self._put(upload, folder / FILES / upload.asked.name, folder)
                files = sum(len(names) for _, _, names in os.walk(folder / FILES))
                if files >= upload.asked.files and not is_whole(folder):
                    mark_whole(folder)
                return is_whole(folder)

    def _put(self, upload: Upload, final: Path, folder: Path) -> None:
        part = self._folder(upload) / _PART
        if not part.exists():
            return  # before a crash
        final.parent.mkdir(parents=True, exist_ok=True)
        part.rename(final)
        flush_folder(self._folder(upload))
        place = final.parent
        while place != folder.parent:
            flush_folder(place)
            place = place.parent
        flush_folder(self._root)

    def remove(self, upload: Upload) -> None:
        """Remove an upload; a file that was delivered to a group stays there."""
        self.remove_folder(upload.id)

    def remove_folder(self, name: str) -> None:
        """Remove a folder of an upload or a group."""
        folder = upload_folder(self._data, name)
        gone = folder.with_name(f"{name}.gone")
        with _explained():
            with contextlib.suppress(FileNotFoundError):
                folder.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)

    def list(self) -> Iterator[Upload]:
        """Yield all uploads."""
        for path in sorted(self._root.iterdir()) if self._root.is_dir() else ():
            with contextlib.suppress(NotFoundError):
                yield self.get(path.name)

    def folders(self) -> Iterator[tuple[str, float]]:
        """Yield the names of all folders of uploads and groups, with when each was last changed."""
        for path in list(self._root.iterdir()) if self._root.is_dir() else ():
            if not path.suffix:
                with contextlib.suppress(FileNotFoundError):
                    yield path.name, max(item.stat().st_mtime for item in (path, *path.iterdir()))

    def clear(self) -> None:
        """Remove what crashes have left of uploads that were never there, or are there no more."""
        for path in list(self._root.iterdir()) if self._root.is_dir() else ():
            with contextlib.suppress(FileNotFoundError):
                is_old = time.time() - path.stat().st_mtime > _MAKING_SECONDS
                if path.suffix == ".gone" or (path.suffix == ".new" and is_old):
                    shutil.rmtree(path, ignore_errors=True)

    def _folder(self, upload: Upload) -> Path:
        return upload_folder(self._data, upload.id)

    @contextlib.contextmanager
    def _locked(self, folder: Path, *, is_waiting: bool = False) -> Iterator[bool]:
        try:
            descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError as error:
            raise NotFoundError("there is no such upload") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if is_waiting else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
        finally:
            os.close(descriptor)


@dataclass(slots=True)
class Receiving:
    """Takes the bytes of one request; not more than the upload is to have."""

    file: BinaryIO
    folder: Path
    offset: int
    upload: Upload
    begin: int = field(init=False)
    recorded: int = field(init=False)
    is_held: bool = False
    """Whether bytes count only when `accept` says so, as they may not be what was sent."""

    def __post_init__(self) -> None:
        self.begin = self.recorded = self.offset
        self.file.truncate(self.offset)
        self.file.seek(self.offset)

    def write(self, data: bytes) -> None:
        """Take bytes."""
        if self.offset + len(data) > self.upload.asked.length:
            raise TooLargeError("these are more bytes than Upload-Length says")
        with _explained():
            self.file.write(data)
            self.offset += len(data)
            if self.offset - self.recorded >= _FLUSHED_EVERY and not self.is_held:
                self.settle()

    def accept(self) -> None:
        """Let all bytes count."""
        self.is_held = False

    def settle(self) -> None:
        """Flush what counts, and then say so."""
        if self.is_held or self.offset == self.recorded:
            return
        with _explained():
            self.file.flush()
            os.fsync(self.file.fileno())
            beside = self.folder / f"{_OFFSET}.new"
            _write(beside, str(self.offset))
            beside.rename(self.folder / _OFFSET)
            flush_folder(self.folder)
            self.recorded = self.offset


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise NotFoundError("the upload was removed") from error
        import errno

        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        kind = FullDiskError if is_full else StorageError
        raise kind(f"the upload cannot be stored: {error.strerror}") from error
