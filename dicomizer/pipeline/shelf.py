# SPDX-License-Identifier: Apache-2.0
"""Pixels put aside until others join them: in memory while they are few, in a file beyond that.

Of a wide slide with large tiles a whole row of them waits for the next row, at every level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from dicomizer.pipeline.tiles import Pixels

    Take = Callable[[], Pixels]
    """Gives back what was put aside; to be called once."""


class Shelf:
    """A place for pixels.

    Parameters
    ----------
    open_file
        Opens an empty file, to be written and read; called once, and only if it is needed.
    most_bytes
        Held in memory.
    """

    def __init__(self, open_file: Callable[[], BinaryIO], most_bytes: int) -> None:
        self._open_file = open_file
        self._left = most_bytes
        self._file: BinaryIO | None = None
        self._end = 0
        self._free: dict[int, list[int]] = {}
        """Offsets of places that can be used again, by their size."""

    def put(self, pixels: Pixels) -> Take:
        """Put pixels aside and return what gives them back."""
        size = pixels.nbytes
        if size > self._left:
            return self._write(pixels)
        self._left -= size

        def take() -> Pixels:
            self._left += size
            return pixels

        return take

    def _write(self, pixels: Pixels) -> Take:
        if self._file is None:
            self._file = self._open_file()
        file, offset = self._file, self._place(pixels.nbytes)
        file.seek(offset)
        file.write(np.ascontiguousarray(pixels).data)
        shape, dtype, size = pixels.shape, pixels.dtype, pixels.nbytes

        def take() -> Pixels:
            file.seek(offset)
            self._free[size].append(offset)
            back = np.empty(shape, dtype)
            file.readinto(back.data)  # type: ignore[attr-defined]  # BinaryIO lacks it
            return back

        return take

    def _place(self, size: int) -> int:
        free = self._free.setdefault(size, [])
        if free:
            return free.pop()
        self._end += size
        return self._end - size
