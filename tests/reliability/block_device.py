# SPDX-License-Identifier: Apache-2.0
"""A block device that remembers each write and each flush, below a real file system.

A process of its own serves one file by FUSE; a loop device lies on it. What reaches the file is
what the kernel has written to the device, and a flush of the device is an fsync of the file. From
the record follows what a disk can hold when the power is cut at any moment: all that was written
before the last flush, and of what was written since any part, in any order.

References
----------
https://docs.kernel.org/admin-guide/device-mapper/log-writes.html (the same in the kernel);
https://docs.kernel.org/filesystems/fuse/fuse.html
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
import random
import stat
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_BLOCK = 4096
_NAME = "image"
_FILE = 2
"""Number of the file; 1 is the folder that it lies in."""
_WRITE, _FLUSH = 1, 2
_LOGGED = struct.Struct("=IIQ")
_IN, _OUT = struct.Struct("=IIQQIIII"), struct.Struct("=IiQ")
_ATTRIBUTES = struct.Struct("=6Q10I")
_SPAN = struct.Struct("=QQIIQII")
_READ_LIMIT = (1 << 20) + (64 << 10)
_FOR_LONG = 1 << 20


class _Server:
    """Answers the kernel's requests about the file."""

    def __init__(self, device: int, size: int, log: Path, clock: Path) -> None:
        self._device = device
        self._size = size
        self._content = mmap.mmap(-1, size)
        self._log = log.open("wb", buffering=0)
        with clock.open("r+b") as file:
            self._clock = mmap.mmap(file.fileno(), 8)
        self._count = 0

    def run(self) -> None:
        """Answer until the file system is unmounted."""
        while True:
            try:
                request = os.read(self._device, _READ_LIMIT)
            except OSError as error:
                if error.errno == errno.ENODEV:
                    return
                if error.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                    continue
                raise
            _, opcode, unique, node, *_ = _IN.unpack_from(request)
            if opcode in _UNANSWERED:
                continue
            answer = _ANSWERS.get(opcode, _Server._unknown)
            try:
                body, problem = answer(self, node, memoryview(request)[_IN.size :]), 0
            except OSError as error:
                body, problem = b"", error.errno or errno.EIO
            os.write(self._device, _OUT.pack(_OUT.size + len(body), -problem, unique) + body)

    def _note(self, kind: int, offset: int, data: bytes | memoryview) -> None:
        self._log.write(b"".join((_LOGGED.pack(kind, len(data), offset), data)))
        self._count += 1
        self._clock[:8] = self._count.to_bytes(8, sys.byteorder)

    def _unknown(self, node: int, body: memoryview) -> bytes:
        raise OSError(errno.ENOSYS, "not known")

    def _init(self, node: int, body: memoryview) -> bytes:
        big_writes, max_pages = 1 << 5, 1 << 22
        flags = big_writes | max_pages
        limits = struct.pack("=HHIIHHI", 64, 48, 1 << 20, 1, 256, 0, 0)
        return struct.pack("=4I", 7, 31, 1 << 17, flags) + limits + bytes(28)

    def _attributes(self, node: int) -> bytes:
        mode, size = (stat.S_IFREG | 0o600, self._size) if node == _FILE else (0o40700, 0)
        times = (0,) * 6
        return _ATTRIBUTES.pack(node, size, size // 512, *times, mode, 1, 0, 0, 0, _BLOCK, 0)

    def _lookup(self, node: int, body: memoryview) -> bytes:
        if bytes(body).rstrip(b"\0") != _NAME.encode():
            raise OSError(errno.ENOENT, "no such file")
        return struct.pack("=4Q2I", _FILE, 0, _FOR_LONG, _FOR_LONG, 0, 0) + self._attributes(_FILE)

    def _getattr(self, node: int, body: memoryview) -> bytes:
        return struct.pack("=QII", _FOR_LONG, 0, 0) + self._attributes(node)

    def _open(self, node: int, body: memoryview) -> bytes:
        return struct.pack("=QII", 0, 0, 0)

    def _read(self, node: int, body: memoryview) -> bytes:
        _, offset, size, *_ = _SPAN.unpack_from(body)
        return self._content[offset : offset + size]

    def _write(self, node: int, body: memoryview) -> bytes:
        _, offset, size, *_ = _SPAN.unpack_from(body)
        data = body[_SPAN.size : _SPAN.size + size]
        self._content[offset : offset + size] = bytes(data)
        self._note(_WRITE, offset, data)
        return struct.pack("=II", size, 0)

    def _flush(self, node: int, body: memoryview) -> bytes:
        self._note(_FLUSH, 0, b"")
        return b""

    def _nothing(self, node: int, body: memoryview) -> bytes:
        return b""


_UNANSWERED = (2, 36, 42)
"""FORGET, INTERRUPT, BATCH_FORGET."""
_ANSWERS: dict[int, Callable[[_Server, int, memoryview], bytes]] = {
    1: _Server._lookup,
    3: _Server._getattr,
    4: _Server._getattr,  # SETATTR: of times, which nobody asks for
    14: _Server._open,
    15: _Server._read,
    16: _Server._write,
    18: _Server._nothing,  # RELEASE
    20: _Server._flush,
    25: _Server._nothing,  # FLUSH: of a descriptor that is closed
    26: _Server._init,
    38: _Server._nothing,  # DESTROY
}


def _mount(folder: Path) -> int:
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,max_read={1 << 20}"
    if libc.mount(b"recorded", bytes(folder), b"fuse", 0, options.encode()):
        raise OSError(ctypes.get_errno(), "cannot mount")
    return device


def main() -> None:
    """Serve the file until it is unmounted."""
    folder, size, log, clock = sys.argv[1:]
    device = _mount(Path(folder))
    sys.stdout.write("mounted\n")
    sys.stdout.flush()
    _Server(device, int(size), Path(log), Path(clock)).run()


@dataclass(frozen=True)
class Recorded:
    """A mounted file system of which all writes are recorded."""

    folder: Path
    log: Path
    _clock: mmap.mmap

    def clock(self) -> int:
        """Return how much was recorded."""
        return int.from_bytes(self._clock[:8], sys.byteorder)


@contextlib.contextmanager
def recorded_file_system(folder: Path, size: int) -> Iterator[Recorded]:
    """Mount a new ext4 on a device that remembers all, or skip."""
    devices = (Path("/dev/fuse"), Path("/dev/loop-control"))
    if os.geteuid() != 0 or not all(device.exists() for device in devices):
        pytest.skip("mounting needs the superuser, /dev/fuse and /dev/loop-control")
    fuse, mounted = folder / "fuse", folder / "mounted"
    clock, log = folder / "clock", folder / "log"
    for each in (fuse, mounted):
        each.mkdir()
    clock.write_bytes(bytes(8))
    with contextlib.ExitStack() as cleanup:
        process = subprocess.Popen(
            [sys.executable, __file__, str(fuse), str(size), str(log), str(clock)],
            stdout=subprocess.PIPE,
            text=True,
        )
        cleanup.callback(process.wait, timeout=60)
        assert process.stdout
        cleanup.enter_context(process.stdout)
        if process.stdout.readline() != "mounted\n":
            pytest.skip("a file system by FUSE cannot be mounted here")
        cleanup.callback(subprocess.run, ["umount", "-l", fuse], check=False)
        subprocess.run(["mkfs.ext4", "-q", "-F", fuse / _NAME], check=True)
        subprocess.run(["mount", "-o", "loop", fuse / _NAME, mounted], check=True)
        cleanup.callback(subprocess.run, ["umount", mounted], check=True)
        with clock.open("r+b") as file, mmap.mmap(file.fileno(), 8) as shared:
            yield Recorded(mounted, log, shared)


def cuts(log: Path, size: int, moments: list[int], target: Path, seed: int) -> Iterator[int]:
    """Write, for each moment, an image of what the disk held when the power was cut then."""
    rng = random.Random(seed)
    durable, touched = bytearray(size), set[int]()
    pending: list[tuple[int, bytes]] = []
    wanted = iter(sorted(moments))
    moment = next(wanted, None)
    for count, (kind, offset, data) in enumerate(_logged(log), 1):
        if kind == _FLUSH:
            for place, block in pending:
                durable[place : place + len(block)] = block
                touched.add(place // _BLOCK)
            pending = []
        else:
            pending += [
                (offset + place, data[place : place + _BLOCK])
                for place in range(0, len(data), _BLOCK)
            ]
        if count == moment:
            _write_image(target, durable, touched, _lucky(pending, rng))
            yield moment
            moment = next(wanted, None)


def _lucky(pending: list[tuple[int, bytes]], rng: random.Random) -> list[tuple[int, bytes]]:
    """Choose which of the blocks that were not flushed are on the disk, all the same."""
    share = rng.choice([0.0, 0.2, 0.5, 0.8, 1.0])
    return [each for each in pending if rng.random() < share]


def _logged(log: Path) -> Iterator[tuple[int, int, bytes]]:
    with log.open("rb") as file:
        while head := file.read(_LOGGED.size):
            kind, size, offset = _LOGGED.unpack(head)
            yield kind, offset, file.read(size)


def _write_image(
    target: Path, durable: bytearray, touched: set[int], lucky: list[tuple[int, bytes]]
) -> None:
    with target.open("wb") as file:
        file.truncate(len(durable))
        for number in sorted(touched):
            file.seek(number * _BLOCK)
            file.write(memoryview(durable)[number * _BLOCK : (number + 1) * _BLOCK])
        for place, block in lucky:
            file.seek(place)
            file.write(block)


if __name__ == "__main__":
    main()
