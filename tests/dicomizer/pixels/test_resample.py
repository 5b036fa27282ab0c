# SPDX-License-Identifier: Apache-2.0
"""Pixels reduced by two, cut and padded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomizer.pixels.resample import crop, halve, pad


def noise(rows: int, columns: int, samples: int, dtype: str) -> np.ndarray:
    random = np.random.default_rng(rows * 1000 + columns)
    return random.integers(0, np.iinfo(dtype).max + 1, (rows, columns, samples)).astype(dtype)


def test_half_is_the_mean_of_four_with_halves_rounded_up():
    pixels = np.array([[[0], [1]], [[0], [1]]], np.uint8)

    assert halve(pixels).tolist() == [[[1]]]


def test_last_odd_row_and_column_count_twice():
    pixels = np.array([[[10], [20], [30]], [[30], [40], [50]], [[7], [8], [9]]], np.uint8)

    assert halve(pixels).tolist() == [[[25], [40]], [[8], [9]]]


def test_half_of_sixteen_bits_does_not_overflow():
    pixels = np.full((2, 2, 1), 65535, np.uint16)

    assert halve(pixels).tolist() == [[[65535]]]


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("samples", [1, 3])
@given(rows=st.integers(1, 19), columns=st.integers(1, 19))
def test_half_is_exact_for_every_size_and_format(dtype, samples, rows, columns):
    pixels = noise(rows, columns, samples, dtype)

    half = halve(pixels)

    assert half.shape == ((rows + 1) // 2, (columns + 1) // 2, samples)
    assert half.dtype == dtype
    for row in range(half.shape[0]):
        for column in range(half.shape[1]):
            below, beside = min(2 * row + 1, rows - 1), min(2 * column + 1, columns - 1)
            four = [
                pixels[y, x].astype(int) for y in (2 * row, below) for x in (2 * column, beside)
            ]
            assert half[row, column].tolist() == ((sum(four) + 2) // 4).tolist()


def test_half_of_a_view_is_that_of_its_copy():
    pixels = noise(20, 30, 3, "uint8")[3:17:2, 1:28]

    assert halve(pixels).tolist() == halve(pixels.copy()).tolist()


def test_padding_repeats_the_last_row_and_column():
    pixels = np.array([[[1], [2]], [[3], [4]]], np.uint8)

    assert pad(pixels, 3, 4)[..., 0].tolist() == [[1, 2, 2, 2], [3, 4, 4, 4], [3, 4, 4, 4]]


def test_padding_to_the_same_size_copies_nothing():
    pixels = noise(4, 5, 3, "uint8")

    assert pad(pixels, 4, 5) is pixels


def test_cropping_undoes_padding_without_a_copy():
    pixels = noise(4, 5, 3, "uint16")
    padded = pad(pixels, 8, 8)

    cut = crop(padded, 4, 5)

    assert cut.tolist() == pixels.tolist()
    assert cut.base is not None
