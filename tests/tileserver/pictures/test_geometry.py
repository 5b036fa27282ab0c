# SPDX-License-Identifier: Apache-2.0
"""Boxes and the pictures made of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.errors import BadRequestError
from tileserver.pictures.geometry import Box, Placement, Size, fitted, limited, placed

sides = st.integers(1, 200_000)


@given(sides, sides, sides, sides)
def test_a_fitted_picture_touches_its_frame(width, height, wide, high):
    size = fitted(Box(0, 0, width, height), Size(wide, high))

    assert 1 <= size.width <= wide
    assert 1 <= size.height <= high
    assert size.width == wide or size.height == high


@given(sides, sides, st.integers(1, 1 << 26))
def test_a_limited_picture_keeps_its_shape_and_its_limit(width, height, most):
    size = limited(Box(0, 0, width, height), most)

    assert size.pixels <= most
    assert size.width <= width
    assert size.height <= height
    if width * height <= most:
        assert size == Size(width, height)
    elif min(size.width, size.height) > 20:
        assert abs(size.width / size.height / (width / height) - 1) < 0.1


def test_too_large_a_picture_is_refused():
    with pytest.raises(BadRequestError, match="67,108,864"):
        Size(8193, 8192).checked()


@pytest.mark.parametrize(
    ("box", "size", "expected"),
    [
        (Box(0, 0, 100, 50), Size(50, 25), Placement(Box(0, 0, 100, 50), 0, 0, Size(50, 25))),
        (Box(-20, 0, 100, 50), Size(50, 25), Placement(Box(0, 0, 80, 50), 10, 0, Size(40, 25))),
        (Box(960, 580, 80, 40), Size(40, 20), Placement(Box(960, 580, 40, 20), 0, 0, Size(20, 10))),
    ],
)  # fmt: skip
def test_what_lies_outside_of_the_matrix_is_left_out_by_whole_pixels(box, size, expected):
    assert placed(box, size, Size(1000, 600)) == expected


def test_pixels_that_are_only_partly_covered_are_background():
    assert placed(Box(-10, -10, 2000, 2000), Size(20, 20), Size(1000, 600)) == Placement(
        Box(90, 90, 900, 500), 1, 1, Size(9, 5)
    )


@given(
    st.floats(-5000, 5000),
    st.floats(-5000, 5000),
    st.floats(0.5, 5000),
    st.floats(0.5, 5000),
    st.integers(1, 300),
    st.integers(1, 300),
)
def test_what_is_drawn_lies_within_matrix_and_picture(x, y, width, height, wide, high):
    found = placed(Box(x, y, width, height), Size(wide, high), Size(1000, 600))

    if found is None:
        return
    assert 0 <= found.x < found.x + found.size.width <= wide
    assert 0 <= found.y < found.y + found.size.height <= high
    assert found.box.x >= 0
    assert found.box.y >= 0
    assert found.box.x + found.box.width <= 1000 + 1e-6
    assert found.box.y + found.box.height <= 600 + 1e-6
    assert abs(found.box.width / found.size.width - width / wide) < 1e-6 * width + 1e-3


def test_nothing_is_drawn_of_what_lies_outside():
    assert placed(Box(1000, 0, 10, 10), Size(10, 10), Size(1000, 600)) is None
    assert placed(Box(0, -10, 10, 10), Size(10, 10), Size(1000, 600)) is None
