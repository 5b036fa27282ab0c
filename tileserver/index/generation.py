# SPDX-License-Identifier: Apache-2.0
"""A number that changes when something that was stored is so no longer.

All processes of a server map the same eight bytes, so that asking costs less than a microsecond:
what a cache got at one generation holds for as long as the number is the same.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_NUMBER = struct.Struct("=Q")


class Generation:
    """The number, shared by way of a file.

    Parameters
    ----------
    path
        Of the file; made when it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._take_room()
        self._map = mmap.mmap(self._file, _NUMBER.size)

    def _take_room(self) -> None:
        """Write the number as it is: a page without room would end the process that writes it."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            found = os.pread(self._file, _NUMBER.size, 0)
            os.pwrite(self._file, found.ljust(_NUMBER.size, b"\0"), 0)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    @property
    def value(self) -> int:
        """The number of now; read it before what is to be cached."""
        return int(_NUMBER.unpack_from(self._map)[0])

    def advance(self) -> None:
        """Let everything that was cached be asked for again."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            _NUMBER.pack_into(self._map, 0, (self.value + 1) % (1 << 64))
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()
        os.close(self._file)
