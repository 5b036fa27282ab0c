# SPDX-License-Identifier: Apache-2.0
"""What is done to a picture after it is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from tileserver.pictures.geometry import Size
from tileserver.pictures.transform import (
    bitonal,
    flipped,
    gray,
    on_background,
    rotated,
    rotated_size,
)

PICTURE = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)


def test_columns_and_rows_are_reversed():
    first = PICTURE[:, :, :1]

    assert flipped(first, columns=True, rows=False)[0, :, 0].tolist() == [6, 3, 0]
    assert flipped(first, columns=False, rows=True)[:, 0, 0].tolist() == [9, 0]


@pytest.mark.parametrize(
    ("degrees", "first"), [(0, [[0, 3, 6], [9, 12, 15]]), (90, [[9, 0], [12, 3], [15, 6]]),
                           (180, [[15, 12, 9], [6, 3, 0]]), (270, [[6, 15], [3, 12], [0, 9]])]
)  # fmt: skip
def test_right_angles_are_exact_and_clockwise(degrees, first):
    assert rotated(PICTURE, degrees)[:, :, 0].tolist() == first


def test_another_angle_keeps_all_and_stands_on_white():
    picture = np.zeros((40, 60, 3), dtype=np.uint8)
    picture[:, 30:] = (200, 0, 0)

    turned = rotated(picture, 30)

    width, height = rotated_size(Size(60, 40), 30)
    assert abs(turned.shape[1] - width) <= 2
    assert abs(turned.shape[0] - height) <= 2
    assert turned[0, 0].tolist() == [255, 255, 255]
    middle = (turned.shape[0] // 2, turned.shape[1] // 2)
    # Clockwise: what was on the right is lower.
    assert turned[middle[0] + 6, middle[1] + 10].tolist() == [200, 0, 0]
    assert turned[middle[0] - 6, middle[1] - 10].tolist() == [0, 0, 0]


def test_grey_pictures_are_turned_too():
    assert rotated(np.zeros((8, 4, 1), dtype=np.uint8), 45).shape[2] == 1


def test_grey_is_the_luma_of_jpeg_and_black_is_below_its_middle():
    picture = np.array([[[255, 0, 0], [0, 255, 0], [128, 128, 128], [127, 127, 127]]], np.uint8)

    assert gray(picture)[0, :, 0].tolist() == [76, 150, 128, 127]
    assert bitonal(picture)[0, :, 0].tolist() == [0, 255, 255, 0]


def test_a_smaller_picture_stands_on_white():
    found = on_background(np.zeros((1, 2, 3), np.uint8), 1, 1, Size(4, 3))

    assert found[:, :, 0].tolist() == [[255] * 4, [255, 0, 0, 255], [255] * 4]
