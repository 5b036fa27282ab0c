# SPDX-License-Identifier: Apache-2.0
"""Pixels put aside: few in memory, many in a file that does not grow."""

from __future__ import annotations

import tempfile

import numpy as np
import pytest

from dicomizer.pipeline.shelf import Shelf


def never():
    raise AssertionError("no file is needed")


def tile(number: int, rows: int = 8) -> np.ndarray:
    return np.full((rows, 5, 3), number, np.uint16)


def test_few_pixels_stay_in_memory():
    shelf = Shelf(never, 2 * tile(0).nbytes)

    takes = [shelf.put(tile(number)) for number in (1, 2)]

    assert [int(take()[0, 0, 0]) for take in takes] == [1, 2]


def test_memory_is_free_again_for_others():
    shelf = Shelf(never, tile(0).nbytes)

    for number in range(5):
        assert (shelf.put(tile(number))() == number).all()


@pytest.mark.parametrize("most_bytes", [0, 3 * tile(0).nbytes, 10**6])
def test_what_is_put_aside_comes_back_in_any_order(most_bytes):
    with tempfile.TemporaryFile() as file:
        shelf = Shelf(lambda: file, most_bytes)
        takes = {number: shelf.put(tile(number, rows=4 + number % 3)) for number in range(12)}

        for number in (7, 0, 11, 3, 4, 1, 2, 10, 9, 5, 6, 8):
            np.testing.assert_array_equal(takes[number](), tile(number, rows=4 + number % 3))


def test_places_in_the_file_are_used_again():
    with tempfile.TemporaryFile() as file:
        shelf = Shelf(lambda: file, 0)

        for number in range(50):
            first, second = shelf.put(tile(number)), shelf.put(tile(number + 1))
            assert (first() == number).all()
            assert (second() == number + 1).all()

        assert file.seek(0, 2) == 2 * tile(0).nbytes


def test_views_are_stored_as_they_look():
    with tempfile.TemporaryFile() as file:
        pixels = np.arange(240, dtype=np.uint8).reshape(10, 8, 3)[::2, 1:5]

        found = Shelf(lambda: file, 0).put(pixels)()

    np.testing.assert_array_equal(found, pixels)
