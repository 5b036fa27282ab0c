# SPDX-License-Identifier: Apache-2.0
"""Range headers are read as RFC 9110 14 says, in bounded time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.dicomweb.ranges import MOST_RANGES, ByteRange, asked_ranges
from tileserver.errors import RangeNotSatisfiableError


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-4", [(0, 5)]),
        ("bytes=5-", [(5, 10)]),
        ("bytes=-3", [(7, 10)]),
        ("bytes=-300", [(0, 10)]),
        ("bytes=8-300", [(8, 10)]),
        ("bytes=0-0,9-9", [(0, 1), (9, 10)]),
        ("Bytes= 0-1 , 3-4", [(0, 2), (3, 5)]),
        ("bytes=0-1,20-30", [(0, 2)]),
        (None, []),
        ("items=0-4", []),
        ("bytes=", []),
        ("bytes=-", []),
        ("bytes=4-1", []),
        ("bytes=a-b", []),
        ("bytes=0-1,x", []),
        ("bytes=²-3", []),
        ("bytes=1-2-3", []),
        ("bytes=0-99999999999999999999", [(0, 10)]),
        ("bytes=3-" + "9" * 5000, [(3, 10)]),
        ("bytes=-99999999999999999999", [(0, 10)]),
        ("bytes=" + "0" * 100 + "3-" + "0" * 100 + "5", [(3, 6)]),
        ("bytes=99999999999999999999-1", []),
    ],
)
def test_ranges_of_ten_bytes(header, expected):
    assert asked_ranges(header, 10) == [ByteRange(*pair) for pair in expected]


@pytest.mark.parametrize(
    "header",
    [
        "bytes=10-",
        "bytes=" + "9" * 26 + "-",
        "bytes=10-12,20-",
        "bytes=-0",
        "bytes=0-9,0-9",
        "bytes=" + "0-0," * MOST_RANGES,
    ],
)
def test_ranges_that_cannot_be_had(header):
    with pytest.raises(RangeNotSatisfiableError) as raised:
        asked_ranges(header, 10)

    assert raised.value.size == 10


def test_nothing_has_no_ranges():
    with pytest.raises(RangeNotSatisfiableError):
        asked_ranges("bytes=0-", 0)


def test_fifty_thousand_ranges_take_no_time():
    header = "bytes=" + ",".join(f"{number}-{number}" for number in range(50_000))

    start = time.perf_counter()
    with pytest.raises(RangeNotSatisfiableError):
        asked_ranges(header, 1 << 30)

    assert time.perf_counter() - start < 0.05


@given(st.text(), st.integers(0, 100))
def test_any_text_is_ranges_within_the_size_or_none(text, size):
    try:
        found = asked_ranges(f"bytes={text}", size)
    except RangeNotSatisfiableError:
        return
    assert all(0 <= one.start < one.stop <= size for one in found)
    assert sum(one.length for one in found) <= size


@given(st.integers(1, 1000), st.data())
def test_one_range_is_the_slice_it_says(size, data):
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, 2 * size))
    content = bytes(number % 251 for number in range(size))

    (found,) = asked_ranges(f"bytes={first}-{last}", size)

    assert content[found.start : found.stop] == content[first : last + 1]
    assert found.content_range(size) == f"bytes {first}-{min(last, size - 1)}/{size}"
