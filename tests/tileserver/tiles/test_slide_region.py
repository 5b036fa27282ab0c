# SPDX-License-Identifier: Apache-2.0
"""Regions in micrometres, from the corner of the matrix or in coordinates of the slide."""

from __future__ import annotations

import pytest

from tileserver.errors import BadRequestError
from tileserver.pictures.geometry import Box, Size
from tileserver.tiles.slide_region import SlidePlace, read_slide_region

ASKED = {"x": "100", "y": "50", "width": "200", "height": "80"}
USUAL = SlidePlace(20_000, 40_000, (0, -1, 0), (-1, 0, 0))
"""A slide with its label at the left, as scanners tell it: columns go down y, rows down x."""


def test_micrometres_from_the_corner_of_the_matrix():
    region = read_slide_region(ASKED | {"mpp": "1"})

    box = region.on_matrix((0.5, 0.25), None)

    assert box == Box(200, 200, 400, 320)
    assert region.picture_size((0.5, 0.25), box) == Size(200, 80)


def test_without_a_resolution_it_is_that_of_the_matrix():
    region = read_slide_region(ASKED)

    assert region.picture_size((0.5, 0.5), region.on_matrix((0.5, 0.5), None)) == Size(400, 160)


def test_a_region_may_begin_outside():
    assert read_slide_region(ASKED | {"x": "-10.5"}).on_matrix((0.5, 0.5), None).x == -21


def test_numbers_may_have_an_exponent_as_programs_write_them():
    region = read_slide_region(
        ASKED | {"x": "5.551115123125783e-17", "width": "2E+2", "mpp": "5e-1"}
    )

    assert (region.x, region.width, region.mpp) == (5.551115123125783e-17, 200, 0.5)


def test_a_region_of_the_slide_is_turned_as_the_matrix_is():
    # 10 um behind the first pixel in both directions, 200 um along x, 80 um along y.
    asked = {"x": "19790", "y": "39910", "width": "200", "height": "80", "origin": "slide"}

    box = read_slide_region(asked).on_matrix((0.5, 0.5), USUAL)

    assert box == Box(20.5, 20.5, 160, 400)


@pytest.mark.parametrize(
    "change",
    [{"x": "a"}, {"x": "1e"}, {"x": "e3"}, {"x": "1e3e3"}, {"x": "1e99"}, {"x": "1e999"},
     {"x": "1e3 "}, {"y": "infinity"}, {"width": "1e-400"}, {"width": "0"}, {"width": "-1"},
     {"mpp": "0"}, {"mpp": "nan"},
     {"x": "99999999"}, {"origin": "moon"}],
)  # fmt: skip
def test_other_regions_are_refused(change):
    with pytest.raises(BadRequestError):
        read_slide_region(ASKED | change)


@pytest.mark.parametrize("name", list(ASKED))
def test_what_is_missing_is_named(name):
    with pytest.raises(BadRequestError, match=f"expected {name}"):
        read_slide_region({key: value for key, value in ASKED.items() if key != name})


def test_too_large_a_picture_is_refused():
    region = read_slide_region(ASKED | {"mpp": "0.0000001"})

    with pytest.raises(BadRequestError, match="mpp"):
        region.picture_size((0.5, 0.5), region.on_matrix((0.5, 0.5), None))


def test_coordinates_of_the_slide_need_a_matrix_that_lies_straight_on_it():
    region = read_slide_region(ASKED | {"origin": "slide"})

    with pytest.raises(BadRequestError, match="turned"):
        region.on_matrix((0.5, 0.5), SlidePlace(0, 0, (0.6, 0.8, 0), (-0.8, 0.6, 0)))
    with pytest.raises(BadRequestError, match="does not tell"):
        region.on_matrix((0.5, 0.5), None)
