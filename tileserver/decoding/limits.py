# SPDX-License-Identifier: Apache-2.0
"""Bounds of a process that decodes, set by itself before it sees a frame, kept by the kernel.

What a system does not know is left out; Linux knows all of it.
"""

from __future__ import annotations

import contextlib
import math
import resource
from pathlib import Path
from typing import TYPE_CHECKING

from tileserver.decoding.pictures import Picture

if TYPE_CHECKING:
    from dicomizer.pixels.stored_frames import PixelDescription

MOST_SAMPLES = 1 << 27
"""Of a frame; those of slides have some hundred thousand."""
MOST_BYTES = 1 << 28
"""Of a stream."""
_ROOM_BYTES = 192 << 20
_BYTES_PER_SAMPLE = 24
"""OpenJPEG holds 8 bytes for a sample, libjxl some planes of floats; and the result, twice."""
_LEAST_SECONDS = 10.0
_SAMPLES_PER_SECOND = 2_000_000
"""A tenth of what the slowest codec does, as machines can be busy."""


def seconds_for(description: PixelDescription | Picture) -> float:
    """Return how long decoding a frame or picture may take."""
    return _LEAST_SECONDS + _samples(description) / _SAMPLES_PER_SECOND


def _samples(description: PixelDescription | Picture) -> int:
    if isinstance(description, Picture):
        return description.most_samples
    return description.rows * description.columns * description.samples


class Limits:
    """The bounds of this process, beside what it takes now."""

    def __init__(self) -> None:
        self._base = _address_space()
        _bound(resource.RLIMIT_CORE, 0, 0)
        _bound(resource.RLIMIT_FSIZE, 0, 0)
        if self._base:
            most = self._base + _room(MOST_SAMPLES) + MOST_BYTES
            _bound(resource.RLIMIT_AS, most, most)

    def allow(self, description: PixelDescription | Picture, stream_bytes: int) -> None:
        """Set how much memory and time of the processor the next frame may take."""
        if self._base:
            _, most = resource.getrlimit(resource.RLIMIT_AS)
            allowed = self._base + _room(_samples(description)) + stream_bytes
            _bound(resource.RLIMIT_AS, min(allowed, most), most)
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = used.ru_utime + used.ru_stime + seconds_for(description)
        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        _bound(resource.RLIMIT_CPU, math.ceil(seconds), most)


def _room(samples: int) -> int:
    return _ROOM_BYTES + samples * _BYTES_PER_SAMPLE


def _bound(kind: int, soft: int, hard: int) -> None:
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (soft, hard))


def _address_space() -> int:
    """Return the bytes of address space this process takes, 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()
