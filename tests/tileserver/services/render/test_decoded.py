# SPDX-License-Identifier: Apache-2.0
"""Decoded frames are kept within a bound, and nobody can write to them."""

from __future__ import annotations

import mmap

import numpy as np
import pytest

from tileserver.services.render.decoded import DecodedFrames

FRAME_BYTES = mmap.PAGESIZE
"""Of a small frame: it has a page of its own."""


def frame(value: int) -> np.ndarray:
    return np.full((4, 4, 3), value, np.uint8)


def place(number: int, digest: bytes = b"digest") -> tuple[str, bytes, int]:
    return "key", digest, number


def test_a_frame_is_that_of_its_bytes_and_its_number():
    kept = DecodedFrames()
    kept.keep(place(1), frame(1))

    found = kept.get(place(1))

    assert found is not None
    assert (found == 1).all()
    assert kept.get(place(2)) is None
    assert kept.get(place(1, b"other")) is None
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 0


def test_what_was_not_asked_for_the_longest_goes_first():
    kept = DecodedFrames(most_bytes=20 * FRAME_BYTES)
    for number in range(21):
        kept.keep(place(number), frame(number))
        kept.get(place(0))

    assert [number for number in range(21) if kept.get(place(number)) is None] == [1]


def test_a_frame_as_large_as_many_is_not_kept():
    kept = DecodedFrames(most_bytes=15 * FRAME_BYTES)

    kept.keep(place(1), frame(1))

    assert kept.get(place(1)) is None


def test_what_is_kept_is_a_copy_in_pages_of_its_own():
    kept, samples = DecodedFrames(), np.arange(5 * 7 * 3, dtype=np.uint16).reshape(5, 7, 3)

    kept.keep(place(1), samples[:, ::2])
    found = kept.get(place(1))

    assert found is not None
    assert (found.dtype, found.shape) == (np.uint16, (5, 4, 3))
    assert found.tolist() == samples[:, ::2].tolist()
    assert isinstance(found.base, mmap.mmap)
