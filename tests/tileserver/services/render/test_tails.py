# SPDX-License-Identifier: Apache-2.0
"""Windows that nothing tells hold nearly all samples, of all frames that are looked at."""

from __future__ import annotations

import numpy as np
import pytest

from tileserver.services.render.tails import evenly, tails


@pytest.mark.parametrize(
    ("dtype", "first"), [("uint8", 0), ("uint16", 0), ("int16", -300), ("float32", 0)]
)
def test_one_in_a_thousand_is_left_out_at_either_end(dtype, first):
    values = np.full((100, 100, 1), first + 50, dtype)
    values[0, :20] = [[first + number] for number in range(20)]
    values[1, :5] = first + 200

    found = tails([values])

    assert found == pytest.approx((first + 9, first + 50), abs=1)


def test_bright_values_of_one_frame_in_many_are_not_all_of_the_window():
    dark, bright = np.full((100, 100, 1), 10, np.uint16), np.full((2, 2, 1), 60000, np.uint16)

    assert tails([dark, bright]) == (10, 11)
    assert tails([dark, np.full((100, 100, 1), 900, np.uint16)]) == (10, 900)


def test_samples_that_are_not_there_tell_nothing():
    assert tails([]) is None
    assert tails([np.zeros((0, 5, 1), np.uint8)]) is None


def test_items_at_equal_distances_are_taken():
    assert evenly(range(10), 4) == [0, 2, 5, 7]
    assert evenly(range(3), 16) == [0, 1, 2]
    assert evenly([], 16) == []
