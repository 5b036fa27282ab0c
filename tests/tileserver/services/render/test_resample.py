# SPDX-License-Identifier: Apache-2.0
"""Regions of an image at any size, against means and lines worked out pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tileserver.services.render.resample import Span, resample

NOISE = np.random.default_rng(5).integers(0, 256, (37, 53, 3), dtype=np.uint8)
# No neighbours differ by more than 16.
SMOOTH = (
    128
    + 50 * np.sin(np.arange(53) / 7)[None, :, None]
    + 60 * np.cos(np.arange(37) / 9)[:, None, None]
    + np.zeros(3)
).astype(np.uint8)


def mean_along(values: np.ndarray, span: Span) -> np.ndarray:
    """Return the mean of each interval of the first axis."""
    made = []
    for number in range(span.count):
        start, end = span.start + number * span.scale, span.start + (number + 1) * span.scale
        weights = [max(min(end, pixel + 1) - max(start, pixel), 0) for pixel in range(len(values))]
        made.append(np.tensordot(np.array(weights) / span.scale, values, 1))
    return np.array(made)


def line_along(values: np.ndarray, span: Span) -> np.ndarray:
    """Return the value at the centre of each interval, between centres of pixels."""
    made = []
    for number in range(span.count):
        centre = span.start + (number + 0.5) * span.scale - 0.5
        first = math.floor(centre)
        below, above = np.clip([first, first + 1], 0, len(values) - 1)
        made.append(values[below] * (first + 1 - centre) + values[above] * (centre - first))
    return np.array(made)


def expected(pixels: np.ndarray, across: Span, down: Span) -> np.ndarray:
    values = pixels.astype(np.float64)
    for axis, span in ((0, down), (1, across)):
        along = mean_along if span.scale >= 1 else line_along
        values = along(values.swapaxes(0, axis), span).swapaxes(0, axis)
    return values


@pytest.mark.parametrize(
    ("across", "down"),
    [
        (Span(0, 52, 26), Span(0, 36, 18)),
        (Span(1, 51, 17), Span(2, 33, 11)),
        (Span(3, 48, 20), Span(1, 36, 13)),  # whole borders, broken scale
        (Span(0.25, 52.5, 52), Span(0.5, 36, 36)),
    ],
)
def test_reduction_is_the_mean_over_the_interval_of_each_pixel(across, down):
    made = resample(NOISE, across, down)

    assert abs(made - expected(NOISE, across, down)).max() <= 1.3


def test_reduction_by_whole_numbers_from_between_pixels_is_exact():
    across, down = Span(3.75, 40, 10), Span(1.25, 30, 10)

    made = resample(NOISE, across, down)

    assert abs(made - expected(NOISE, across, down)).max() <= 1.3


def test_enlargement_lies_on_the_line_between_centres():
    across, down = Span(2.3, 10, 40), Span(4.6, 7, 31)

    made = resample(NOISE, across, down)

    assert abs(made - expected(NOISE, across, down)).max() <= 1.0


def test_enlargement_of_two_pixels_has_its_steps_where_the_convention_says():
    pixels = np.array([[[0], [80]]], np.uint8)

    made = resample(pixels, Span(0, 2, 8), Span(0, 1, 1))

    assert made[0, :, 0].tolist() == [0, 0, 10, 30, 50, 70, 80, 80]


def test_one_axis_may_grow_where_the_other_shrinks():
    for across, down in (
        (Span(3, 40, 10), Span(4.5, 9, 30)),
        (Span(4.5, 9, 30), Span(3, 30, 10)),
    ):
        made = resample(NOISE, across, down)

        assert abs(made - expected(NOISE, across, down)).max() <= 1.3


@pytest.mark.parametrize("dtype", ["uint16", "int16", "int32", "uint32"])
def test_deep_and_signed_samples_keep_their_type(dtype):
    pixels = (NOISE[..., :1].astype(dtype) * 100) - (9000 if dtype.startswith("i") else 0)
    pixels = pixels.astype(dtype)

    made = resample(pixels, Span(1, 51, 17), Span(2, 33, 11))
    larger = resample(pixels, Span(2, 8, 16), Span(2, 8, 16))

    assert made.dtype == larger.dtype == dtype
    assert abs(made - expected(pixels, Span(1, 51, 17), Span(2, 33, 11))).max() <= 1
    assert abs(larger - expected(pixels, Span(2, 8, 16), Span(2, 8, 16))).max() <= 1


@st.composite
def spans(draw: st.DrawFn, size: int) -> Span:
    length = draw(st.floats(0.5, size))
    start = draw(st.floats(0, size - length))
    return Span(start, length, draw(st.integers(1, 90)))


@settings(max_examples=150, deadline=None)
@given(spans(53), spans(37))
@example(Span(0, 22.25, 22), Span(0, 22.25, 22))  # as long as the image once it is whole pixels
def test_any_region_at_any_size_is_within_two_levels_of_the_definition(across, down):
    made = resample(SMOOTH, across, down)

    assert made.shape == (down.count, across.count, 3)
    # A 16th of a step for the borders, rounding of both axes and of the result.
    assert abs(made - expected(SMOOTH, across, down)).max() <= 3.1


@settings(max_examples=100, deadline=None)
@given(spans(53), st.data())
def test_a_window_of_what_is_needed_gives_the_same(across, data):
    down = data.draw(spans(37))
    (left, right), (top, bottom) = across.bounds(53), down.bounds(37)

    whole = resample(NOISE, across, down)
    part = resample(NOISE[top:bottom, left:right], across.moved(left), down.moved(top))

    assert abs(whole.astype(int) - part).max() <= 1


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 50), st.integers(0, 40), st.sampled_from([0.25, 0.5, 1, 2, 3]))
def test_parts_of_a_region_join_without_a_seam(count, first, scale):
    span = Span(0.5, min(count * scale, 50), count)
    first = min(first, count - 1)
    down = Span(0, 37, 37)

    whole = resample(SMOOTH, span, down)
    part = resample(SMOOTH, span.part(first, count), down)

    assert abs(whole[:, first:].astype(int) - part).max() <= 2
