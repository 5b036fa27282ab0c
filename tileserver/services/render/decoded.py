# SPDX-License-Identifier: Apache-2.0
"""Frames that were decoded a moment ago: tiles beside each other are made of the same ones.

They lie in pages of their own, which go back to the system with them. Among what requests take and
leave again, frames of many sizes that come and go would leave holes that nothing fits in: the
memory of a busy server would grow for half an hour.
"""

from __future__ import annotations

import mmap
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dicomizer.pixels.stored_frames import Samples

MOST_BYTES = 64 << 20
"""Such as 340 frames of 256 by 256 pixels: what four large screens show."""

Place = tuple[str, bytes, int]
"""Key and digest of an instance, and the index of a frame."""


class DecodedFrames:
    """Decoded frames, bounded in bytes; what was not asked for the longest goes first.

    Safe to use from several threads. What comes out cannot be written to.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._frames: OrderedDict[Place, Samples] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, place: Place) -> Samples | None:
        """Return a frame if it is here."""
        with self._lock:
            found = self._frames.get(place)
            if found is not None:
                self._frames.move_to_end(place)
            return found

    def keep(self, place: Place, frame: Samples) -> None:
        """Keep a frame, if it is not as large as many."""
        frame.flags.writeable = False
        size = _page_bytes(frame)
        if size > self._most_bytes // 16:
            return
        with self._lock:
            if place in self._frames:
                return
            self._frames[place] = _in_pages(frame, size)
            self._bytes += size
            while self._bytes > self._most_bytes:
                _, dropped = self._frames.popitem(last=False)
                self._bytes -= _page_bytes(dropped)


def _page_bytes(frame: Samples) -> int:
    """Return the bytes of the pages that a frame fills."""
    return max(-(-frame.nbytes // mmap.PAGESIZE), 1) * mmap.PAGESIZE


def _in_pages(frame: Samples, size: int) -> Samples:
    copy: Samples = np.ndarray(frame.shape, frame.dtype, _pages(size))
    copy[...] = frame
    copy.flags.writeable = False
    return copy


def _pages(size: int) -> mmap.mmap:
    return mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # else they are a file
