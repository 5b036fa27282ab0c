# SPDX-License-Identifier: Apache-2.0
"""The syntax of IIIF image requests (Image API 3.0, section 4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.errors import BadRequestError
from tileserver.pictures.geometry import MOST_PIXELS, Box, Size
from tileserver.tiles.iiif_request import read_region, read_request, read_rotation, read_size

IMAGE = Size(300, 200)
"""The image of the examples in the specification."""


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("full", Box(0, 0, 300, 200)),
        ("square", Box(50, 0, 200, 200)),
        ("125,15,120,140", Box(125, 15, 120, 140)),
        ("pct:41.6,7.5,40,70", Box(125, 15, 120, 140)),
        ("125,15,200,200", Box(125, 15, 175, 185)),
        ("pct:41.6,7.5,66.6,100", Box(125, 15, 175, 185)),
        ("pct:0,0,100,100", Box(0, 0, 300, 200)),
        ("pct:0,0,.01,.01", Box(0, 0, 1, 1)),
        ("299,199,9,9", Box(299, 199, 1, 1)),
    ],
)
def test_regions(text, box):
    assert read_region(text, IMAGE) == box


@pytest.mark.parametrize(
    "text",
    ["", "all", "1,2,3", "1,2,3,4,5", "0,0,0,10", "0,0,10,0", "300,0,10,10", "-1,0,10,10",
     "1.5,0,10,10", "pct:0,0,0,10", "pct:101,0,10,10", "pct:+1,0,10,10", "px:1,2,3,4",
     "pct:1e1,0,5,5", "nan,0,1,1", ":1,2,3,4", "pct:", "²,0,1,1"],
)  # fmt: skip
def test_other_regions_are_refused(text):
    with pytest.raises(BadRequestError):
        read_region(text, IMAGE)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("max", Size(300, 200)),
        ("150,", Size(150, 100)),
        (",150", Size(225, 150)),
        ("pct:50", Size(150, 100)),
        ("225,100", Size(225, 100)),
        ("!225,100", Size(150, 100)),
        ("^360,", Size(360, 240)),
        ("^,240", Size(360, 240)),
        ("^pct:120", Size(360, 240)),
        ("^360,360", Size(360, 360)),
        ("^!360,360", Size(360, 240)),
        ("!360,360", Size(300, 200)),
        ("^max", Size(10033, 6688)),
        ("1,", Size(1, 1)),
    ],
)
def test_sizes(text, size):
    assert read_size(text, Box.whole(IMAGE)) == size


@pytest.mark.parametrize(
    "text",
    ["", "full", "301,", ",201", "pct:101", "360,360", "0,", ",0", "0,0", "^0,", ",", "!10,",
     "!,10", "pct:0", "pct:0.1", "pct:-5", "^100000,100000", "^pct:10000000", "1.5,", "^", "!",
     "^^10,10", "!^10,10", "10,10,10", "99999999999,"],
)  # fmt: skip
def test_other_sizes_are_refused(text):
    with pytest.raises(BadRequestError):
        read_size(text, Box.whole(IMAGE))


def test_max_is_kept_within_the_limit():
    size = read_size("max", Box(0, 0, 100_000, 50_000))

    assert size == Size(11585, 5792)
    assert size.pixels <= MOST_PIXELS


@pytest.mark.parametrize(
    ("text", "rotation"),
    [
        ("0", (False, 0)),
        ("90", (False, 90)),
        ("!0", (True, 0)),
        ("!180", (True, 180)),
        ("22.5", (False, 22.5)),
        ("360", (False, 0)),
        (".5", (False, 0.5)),
    ],
)
def test_rotations(text, rotation):
    assert read_rotation(text) == rotation


@pytest.mark.parametrize("text", ["", "!", "-90", "361", "360.1", "+5", "1e1", "nan", "90!", "!!0"])
def test_other_rotations_are_refused(text):
    with pytest.raises(BadRequestError):
        read_rotation(text)


@pytest.mark.parametrize(
    "last", ["default", "default.", ".jpg", "default.bmp", "grey.jpg", "native.jpg", "default.JPG"]
)
def test_other_qualities_and_formats_are_refused(last):
    with pytest.raises(BadRequestError):
        read_request(IMAGE, "full", "max", "0", last)


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("full/max/0/default.jpg", "full/max/0/default.jpg"),
        ("0,0,300,200/300,200/360/color.png", "full/max/0/default.png"),
        ("pct:0,0,50,50/150,/!22.50/gray.jpg", "0,0,150,100/max/!22.5/gray.jpg"),
        ("full/!150,150/90/bitonal.webp", "full/150,100/90/bitonal.webp"),
        ("full/^600,/0/default.jpg", "full/^600,400/0/default.jpg"),
        ("full/^max/0/default.jpg", "full/^max/0/default.jpg"),
        ("square/max/0/default.jpg", "50,0,200,200/max/0/default.jpg"),
    ],
)
def test_canonical_forms(path, canonical):
    assert read_request(IMAGE, *path.split("/")).canonical() == canonical


numbers = st.from_regex(r"[0-9.]{1,6}", fullmatch=True)
regions = (
    st.sampled_from(["full", "square"])
    | st.lists(st.integers(0, 400), min_size=4, max_size=4).map(lambda v: ",".join(map(str, v)))
    | st.lists(numbers, min_size=4, max_size=4).map(lambda v: "pct:" + ",".join(v))
    | st.text(max_size=12)
)
request_sizes = (
    st.sampled_from(["max", "^max"])
    | st.from_regex(r"\^?!?[0-9]{0,5},[0-9]{0,5}", fullmatch=True)
    | numbers.map(lambda n: f"^pct:{n}")
    | st.text(max_size=12)
)
rotations = st.from_regex(r"!?[0-9]{1,3}(\.[0-9]{1,3})?", fullmatch=True) | st.text(max_size=6)


@given(regions, request_sizes, rotations, st.sampled_from(["default.jpg", "gray.png"]))
def test_any_request_is_refused_or_has_a_canonical_form_that_means_the_same(
    region, size, rotation, last
):
    try:
        request = read_request(IMAGE, region, size, rotation, last)
    except BadRequestError:
        return

    again = read_request(IMAGE, *request.canonical().split("/"))
    assert (again.box, again.size) == (request.box, request.size)
    assert (again.is_mirrored, again.degrees) == (request.is_mirrored, request.degrees)
    assert again.canonical() == request.canonical()
    assert 1 <= request.size.pixels <= MOST_PIXELS
