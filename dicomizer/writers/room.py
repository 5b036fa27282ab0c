# SPDX-License-Identifier: Apache-2.0
"""Moving bytes within a file, and from one to another, a piece at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_PIECE = 8 << 20


def pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the next ``size`` bytes of a file."""
    while size > 0:
        piece = file.read(min(size, _PIECE))
        if not piece:
            raise OSError("a temporary file has lost some of its bytes")
        size -= len(piece)
        yield piece


def make_room(file: BinaryIO, start: int, room: int) -> None:
    """Move all from ``start`` on by ``room`` bytes, and stand at the new end."""
    stop = file.seek(0, 2)
    while stop > start:
        first = max(start, stop - _PIECE)
        file.seek(first)
        piece = file.read(stop - first)
        file.seek(first + room)
        file.write(piece)
        stop = first
    file.seek(0, 2)
