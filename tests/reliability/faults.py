# SPDX-License-Identifier: Apache-2.0
"""Faults of the disk, put before the C library of a child process; see ``faults.c``."""

from __future__ import annotations

import contextlib
import ctypes
import enum
import mmap
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

_SOURCE = Path(__file__).with_name("faults.c")
_FOR_EVER = (1 << 64) - 1


class Kind(enum.IntFlag):
    """What a process does to files."""

    CREATE = 1
    WRITE = 2
    SYNC = 4
    LINK = 8
    RENAME = 16
    UNLINK = 32
    MKDIR = 64
    TRUNCATE = 128
    ALLOCATE = 256
    UTIME = 512
    SYNC_END = 1024
    RMDIR = 2048
    SYNC_ALL = 4096
    SYNC_FAILED = 8192


EVERY_CHANGE = Kind(0xFFF & ~Kind.SYNC_END)
NEEDS_ROOM = Kind.CREATE | Kind.WRITE | Kind.LINK | Kind.RENAME | Kind.MKDIR | Kind.ALLOCATE


class _Shared(ctypes.Structure):
    _fields_ = (
        ("calls", ctypes.c_uint64),
        ("events", ctypes.c_uint64),
        ("first", ctypes.c_uint64),
        ("last", ctypes.c_uint64),
        ("kinds", ctypes.c_uint32),
        ("error", ctypes.c_int32),
        ("room", ctypes.c_int64),
        ("only", ctypes.c_char * 64),
    )


class Control:
    """What the process is to meet; both sides map the same file."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(ctypes.sizeof(_Shared)))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), ctypes.sizeof(_Shared))
        self._shared = _Shared.from_buffer(self._map)
        self.disarm()

    def arm(
        self,
        first: int,
        *,
        error: int = 0,
        kinds: Kind = EVERY_CHANGE,
        only: str = "",
        times: int = 1,
    ) -> None:
        """Let calls from the ``first`` on fail, ``times`` of them; or kill the process at it.

        A ``first`` of 0 counts calls and does nothing; ``times`` of 0 is for ever.
        """
        self._shared.kinds = 0
        self._shared.calls = 0
        self._shared.error = error
        self._shared.only = only.encode()
        self._shared.first = first or _FOR_EVER
        self._shared.last = first + times - 1 if times and first else _FOR_EVER
        self._shared.kinds = kinds

    def leave_room(self, size: int) -> None:
        """Let files grow by so many bytes in all, as a quota does; by any, where negative."""
        self._shared.room = size

    def disarm(self) -> int:
        """Let everything go well again; return how many calls were counted."""
        self._shared.kinds = 0
        self._shared.room = -1
        return self._shared.calls

    @property
    def events(self) -> int:
        """How much was recorded."""
        return self._shared.events


def library(folder: Path) -> Path:
    """Build what is put before the C library, or skip."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or os.uname().sysname != "Linux":
        pytest.skip("faults of the disk need Linux and a C compiler (Debian: gcc libc6-dev)")
    built = folder / "faults.so"
    made = subprocess.run(
        [compiler, "-O1", "-shared", "-fPIC", "-o", built, _SOURCE, "-pthread"],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"faults of the disk cannot be built: {made.stderr[:200]}")
    return built


def environment(
    built: Path, root: Path, control: Path, record: Path | None = None
) -> dict[str, str]:
    """Return the environment of a process that is to meet faults below ``root``."""
    found = os.environ | {
        "LD_PRELOAD": str(built),
        "FAULTS_ROOT": str(root),
        "FAULTS_CONTROL": str(control),
    }
    return found | ({"FAULTS_RECORD": str(record)} if record is not None else {})


@contextlib.contextmanager
def running(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """End a process with the block."""
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
