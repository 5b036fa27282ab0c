# SPDX-License-Identifier: Apache-2.0
"""What a disk can hold after a power cut, from a record of what a process did (``faults.c``).

Nothing more is taken for granted than POSIX says: bytes of a file are on disk once it was flushed,
names once their folder was; of all else any part may be, in any order, by pages. What was not on
disk when a flush failed never comes to be, as a later flush does not try again (Linux).

References
----------
https://pubs.opengroup.org/onlinepubs/9799919799/functions/fsync.html;
https://www.usenix.org/conference/atc20/presentation/rebello (what file systems do of failed fsync)
"""

from __future__ import annotations

import enum
import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from reliability.faults import Kind

_HEAD = struct.Struct("=IIIIQQ")
_PAGE = 4096


class Luck(enum.Enum):
    """Which part of what was not flushed is on disk."""

    NOTHING = "nothing"
    ANYTHING = "anything"
    EVERYTHING = "everything"


@dataclass(frozen=True)
class Event:
    """Something a process did."""

    kind: Kind
    inode: int
    offset: int
    path: str
    other: str
    data: bytes


def events(record: Path) -> Iterator[Event]:
    """Read a record; a last event that is cut off is left out."""
    data = record.read_bytes()
    place = 0
    while place + _HEAD.size <= len(data):
        kind, path, other, size, inode, offset = _HEAD.unpack_from(data, place)
        begin = place + _HEAD.size
        place = begin + path + other + size
        names = data[begin : begin + path + other].decode()
        yield Event(
            Kind(kind), inode, offset, names[:path], names[path:], data[place - size : place]
        )


@dataclass
class _Change:
    """A page of bytes, or a new size where there are none."""

    number: int
    offset: int
    data: bytes | None

    def apply(self, content: bytearray) -> None:
        if self.data is None:
            del content[self.offset :]
            content.extend(bytes(self.offset - len(content)))
            return
        content.extend(bytes(max(self.offset - len(content), 0)))
        content[self.offset : self.offset + len(self.data)] = self.data


@dataclass
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[_Change] = field(default_factory=list)

    def flush(self, until: int) -> None:
        for change in self.pending:
            if change.number <= until:
                change.apply(self.durable)
        self.give_up(until)

    def give_up(self, until: int) -> None:
        self.pending = [change for change in self.pending if change.number > until]


@dataclass(eq=False)
class _Folder:
    names: dict[str, _File | _Folder] = field(default_factory=dict)
    """That are on disk."""


@dataclass
class _Named:
    """A name in a folder that comes to be or goes, or both at once."""

    number: int
    folder: _Folder
    gone: str | None
    name: str | None
    entry: _File | _Folder | None
    gone_from: _Folder | None = None
    """Where a folder was moved from that was in another one: it is never in both, nor in none."""

    def apply(self, names: dict[_Folder, dict[str, _File | _Folder]]) -> None:
        if self.gone is not None:
            names.setdefault(self.gone_from or self.folder, {}).pop(self.gone, None)
        if self.name is not None:
            assert self.entry is not None
            names.setdefault(self.folder, {})[self.name] = self.entry


class Disk:
    """A disk that a process writes to."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._number = 0
        self._files: dict[int, _File] = {}
        self._folders: dict[str, _Folder] = {self._root: _Folder()}
        self._pending: list[_Named] = []
        self._flushes: dict[int, int] = {}

    def begin_with(self, folder: Path) -> None:
        """Have all that lies below the root by now on the disk, before anything happens."""
        for path in sorted(folder.iterdir()):
            entry: _File | _Folder
            if path.is_dir():
                entry = self._folders[str(path)] = _Folder()
            else:
                entry = self._files[path.stat().st_ino] = _File(bytearray(path.read_bytes()))
            self._folders[str(folder)].names[path.name] = entry
            if path.is_dir():
                self.begin_with(path)

    def take(self, event: Event) -> None:
        """Let the next thing happen."""
        self._number += 1
        _DO[event.kind](self, event)

    def cut(self, target: Path, luck: Luck, rng: random.Random) -> None:
        """Write what is on the disk when the power is cut now."""

        def is_there() -> bool:
            return luck is Luck.EVERYTHING or (luck is Luck.ANYTHING and rng.random() < 0.5)

        names = {folder: dict(folder.names) for folder in self._known()}
        for named in self._pending:
            if is_there():
                named.apply(names)
        written: dict[int, Path] = {}

        def write(folder: _Folder, place: Path) -> None:
            for name, entry in sorted(names.get(folder, {}).items()):
                if isinstance(entry, _Folder):
                    (place / name).mkdir()
                    write(entry, place / name)
                elif id(entry) in written:
                    (place / name).hardlink_to(written[id(entry)])
                elif not name.endswith("-shm"):
                    written[id(entry)] = place / name
                    (place / name).write_bytes(self._content(entry, is_there))

        write(self._top, target)

    @property
    def _top(self) -> _Folder:
        return self._folders[self._root]

    def _known(self) -> set[_Folder]:
        """Return all folders that may be on the disk."""
        found = {self._top, *self._folders.values()}
        found |= {item.entry for item in self._pending if isinstance(item.entry, _Folder)}
        left = list(found)
        while left:
            inner = {item for item in left.pop().names.values() if isinstance(item, _Folder)}
            left += inner - found
            found |= inner
        return found

    def _content(self, file: _File, is_there: Callable[[], bool]) -> bytes:
        content = bytearray(file.durable)
        for change in file.pending:
            if is_there():
                change.apply(content)
        return bytes(content)

    def _name(self, gone: str | None, name: str | None, entry: _File | _Folder | None) -> None:
        folder = self._folders[str(PurePosixPath(name or gone or "").parent)]
        self._pending.append(_Named(self._number, folder, _last(gone), _last(name), entry))

    def _create(self, event: Event) -> None:
        self._files[event.inode] = _File()
        self._name(None, event.path, self._files[event.inode])

    def _mkdir(self, event: Event) -> None:
        self._files.pop(event.inode, None)  # the number is used again
        self._folders[event.path] = _Folder()
        self._name(None, event.path, self._folders[event.path])

    def _link(self, event: Event) -> None:
        self._name(None, event.other, self._files[event.inode])

    def _rename(self, event: Event) -> None:
        if event.path in self._folders:
            self._rename_folder(event.path, event.other)
            return
        file = self._files[event.inode]
        if PurePosixPath(event.path).parent == PurePosixPath(event.other).parent:
            self._name(event.path, event.other, file)
        else:
            self._name(None, event.other, file)
            self._name(event.path, None, None)

    def _rename_folder(self, path: str, other: str) -> None:
        above = self._folders[str(PurePosixPath(path).parent)]
        self._name(path, other, self._folders[path])
        self._pending[-1].gone_from = above
        for inner in [item for item in self._folders if f"{item}/".startswith(f"{path}/")]:
            self._folders[other + inner.removeprefix(path)] = self._folders.pop(inner)

    def _rmdir(self, event: Event) -> None:
        self._folders.pop(event.path, None)
        self._name(event.path, None, None)

    def _unlink(self, event: Event) -> None:
        self._name(event.path, None, None)

    def _write(self, event: Event) -> None:
        file = self._files[event.inode]
        place, end = event.offset, event.offset + len(event.data)
        while place < end:
            next_page = min((place // _PAGE + 1) * _PAGE, end)
            data = event.data[place - event.offset : next_page - event.offset]
            file.pending.append(_Change(self._number, place, data))
            place = next_page

    def _truncate(self, event: Event) -> None:
        self._files[event.inode].pending.append(_Change(self._number, event.offset, None))

    def _flush_begins(self, event: Event) -> None:
        self._flushes[event.offset] = self._number

    def _flush_ends(self, event: Event) -> None:
        until = self._flushes.pop(event.offset)
        if event.inode in self._files:
            self._files[event.inode].flush(until)
        elif event.path in self._folders:
            folder = self._folders[event.path]
            self._flush_names(lambda named: _is_of(named, folder) and named.number <= until)

    def _flush_fails(self, event: Event) -> None:
        if event.inode in self._files:
            self._files[event.inode].give_up(self._number)
        elif event.path in self._folders:
            folder = self._folders[event.path]
            self._pending = [named for named in self._pending if not _is_of(named, folder)]

    def _flush_all(self, event: Event) -> None:
        for file in self._files.values():
            file.flush(self._number)
        self._flush_names(lambda named: True)

    def _flush_names(self, is_flushed: Callable[[_Named], bool]) -> None:
        names = {folder: folder.names for folder in self._known()}
        for named in self._pending:
            if is_flushed(named):
                named.apply(names)
        self._pending = [named for named in self._pending if not is_flushed(named)]


def _is_of(named: _Named, folder: _Folder) -> bool:
    return folder in (named.folder, named.gone_from)


def _last(path: str | None) -> str | None:
    return None if path is None else PurePosixPath(path).name


_DO: dict[Kind, Callable[[Disk, Event], None]] = {
    Kind.CREATE: Disk._create,
    Kind.MKDIR: Disk._mkdir,
    Kind.LINK: Disk._link,
    Kind.RENAME: Disk._rename,
    Kind.UNLINK: Disk._unlink,
    Kind.RMDIR: Disk._rmdir,
    Kind.WRITE: Disk._write,
    Kind.TRUNCATE: Disk._truncate,
    Kind.SYNC: Disk._flush_begins,
    Kind.SYNC_END: Disk._flush_ends,
    Kind.SYNC_FAILED: Disk._flush_fails,
    Kind.SYNC_ALL: Disk._flush_all,
}
