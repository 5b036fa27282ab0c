# SPDX-License-Identifier: Apache-2.0
"""The viewport parameter (PS3.18 8.3.5.1.3) and the region of the URI service."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.dicomweb.viewport import Viewport, read_uri_region, read_viewport
from tileserver.errors import BadRequestError
from tileserver.pictures.geometry import Box, Size

IMAGE = Size(1000, 600)


@pytest.mark.parametrize(
    ("text", "box", "size", "flips"),
    [
        ("500,500", Box(0, 0, 1000, 600), Size(500, 300), (False, False)),
        ("200,60", Box(0, 0, 1000, 600), Size(100, 60), (False, False)),
        ("100,100,10,20,50,25", Box(10, 20, 50, 25), Size(100, 50), (False, False)),
        ("100,100,10,20", Box(10, 20, 990, 580), Size(100, 59), (False, False)),
        ("100,100,,,50,50", Box(0, 0, 50, 50), Size(100, 100), (False, False)),
        ("100,100,,,-50,50", Box(0, 0, 50, 50), Size(100, 100), (True, False)),
        ("100,100,,,,-600", Box(0, 0, 1000, 600), Size(100, 60), (False, True)),
        ("100,100,900,500,500,500", Box(900, 500, 100, 100), Size(100, 100), (False, False)),
        ("2000,2000,0.5,0.25,100.5,50", Box(0.5, 0.25, 100.5, 50), Size(2000, 995), (False, False)),
        ("1,1", Box(0, 0, 1000, 600), Size(1, 1), (False, False)),
    ],
)
def test_a_viewport_is_a_region_and_the_largest_picture_of_its_shape(text, box, size, flips):
    viewport = read_viewport(text)

    assert viewport.box(IMAGE) == box
    assert viewport.picture_size(box, 1 << 20) == size
    assert (viewport.flips_columns, viewport.flips_rows) == flips


@pytest.mark.parametrize(
    "text",
    ["", "100", "0,100", "100,0", "-1,100", "100,100,1,2,3,4,5", "1e3,100", "100.5,100", "a,b",
     "100,100,-1,0", "100,100,0,0,0,10", "100,100,nan,0", "99999,1", "²,1"],
)  # fmt: skip
def test_a_viewport_that_makes_no_sense_is_refused(text):
    with pytest.raises(BadRequestError):
        read_viewport(text)


def test_a_region_outside_of_the_image_is_refused():
    with pytest.raises(BadRequestError, match="outside"):
        read_viewport("10,10,1000,0").box(IMAGE)


def test_without_a_viewport_the_image_goes_in_its_own_size_up_to_a_limit():
    assert Viewport().picture_size(Box.whole(IMAGE), 1 << 20) == IMAGE
    assert Viewport().picture_size(Box.whole(IMAGE), 60_000) == Size(316, 189)


@given(st.text(max_size=40) | st.from_regex(r"[0-9,.\-]{0,30}", fullmatch=True))
def test_any_text_is_read_or_refused(text):
    try:
        viewport = read_viewport(text)
    except BadRequestError:
        return
    try:
        box = viewport.box(IMAGE)
        size = viewport.picture_size(box, 1 << 20)
    except BadRequestError:
        return
    assert viewport.size
    assert 1 <= size.width <= viewport.size.width
    assert 1 <= size.height <= viewport.size.height
    assert 0 <= box.x < box.x + box.width <= 1000.0001


@pytest.mark.parametrize(
    ("text", "region"),
    [("0,0,1,1", (0, 0, 1000, 600)), ("0.25,0.5,0.75,1.0", (250, 300, 500, 300))],
)
def test_a_region_of_the_uri_service_is_in_shares_of_the_image(text, region):
    assert read_uri_region(text, IMAGE) == region


@pytest.mark.parametrize("text", ["0,0,1", "0,0,0,1", "0.5,0,0.2,1", "0,0,1,1.5", "-0.1,0,1,1", ""])
def test_other_regions_of_the_uri_service_are_refused(text):
    with pytest.raises(BadRequestError):
        read_uri_region(text, IMAGE)
