# SPDX-License-Identifier: Apache-2.0
"""The measures, against figures of scikit-image 0.25 and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dicomizer.pixels.resample import halve
from dicomizer.verify.expected import mean_of_2x2
from dicomizer.verify.measure import measure, psnr, squared_error


def pictures(dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """Return waves, and the same with a pattern added."""
    y, x = np.mgrid[0:40, 0:64].astype(np.float64)
    waves = (120 + 100 * np.sin(x / 7 + y / 5)).round()
    other = np.clip(waves + (x * 7 + y * 13) % 17 - 8, 0, 255).round()
    scale = 257 if dtype is np.uint16 else 1
    return (waves * scale).astype(dtype)[..., None], (other * scale).astype(dtype)[..., None]


@pytest.mark.parametrize(("dtype", "peak"), [(np.uint8, 255), (np.uint16, 65535)])
def test_measures_are_those_of_scikit_image(dtype, peak):
    """structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False)."""
    error = measure(*pictures(dtype), peak)

    assert error.ssim == pytest.approx(0.9690698, abs=2e-6)
    assert psnr(error.squares, error.samples, peak) == pytest.approx(34.3258647)
    assert error.largest == 8 * peak // 255


def test_nothing_differs():
    pixels, _ = pictures(np.uint8)

    error = measure(pixels, pixels.copy(), 255)

    assert (error.squares, error.largest, error.ssim) == (0, 0, 1.0)
    assert psnr(error.squares, error.samples, 255) == math.inf


def test_errors_of_whole_range_do_not_overflow():
    black, white = np.zeros((64, 64, 3), np.uint16), np.full((64, 64, 3), 65535, np.uint16)

    assert squared_error(black, white) == 65535**2 * 64 * 64 * 3
    assert measure(black, white, 65535).largest == 65535
    assert psnr(squared_error(black, white), black.size, 65535) == 0


def test_color_is_compared_by_its_luma():
    grey, other = pictures(np.uint8)

    in_color = measure(np.repeat(grey, 3, axis=2), np.repeat(other, 3, axis=2), 255)

    assert in_color.ssim == pytest.approx(measure(grey, other, 255).ssim, abs=1e-6)
    assert in_color.samples == 3 * grey.size


def test_an_image_smaller_than_the_window():
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 6, 1) * 10

    assert 0 < measure(pixels, 230 - pixels + 1, 255).ssim + 1 < 1
    assert measure(pixels, pixels + 1, 255).ssim > 0.99


@given(
    st.sampled_from([np.uint8, np.uint16]).flatmap(
        lambda dtype: arrays.arrays(
            dtype, st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]))
        )
    )
)
def test_the_mean_is_that_of_the_conversion_though_made_otherwise(pixels):
    half = mean_of_2x2(pixels)

    assert half.dtype == pixels.dtype
    assert np.array_equal(half, halve(pixels))


def test_halves_are_rounded_up_and_odd_edges_count_twice():
    pixels = np.array([[1, 2, 9], [2, 1, 10], [7, 8, 4]], np.uint8)[..., None]

    assert mean_of_2x2(pixels)[..., 0].tolist() == [[2, 10], [8, 4]]
