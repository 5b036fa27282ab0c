# SPDX-License-Identifier: Apache-2.0
"""Regions in micrometres for programs: the pixels, their shape, and what lies outside."""

from __future__ import annotations

import io

import numpy as np
import pytest
from picture_archive import BASE, CT, EXACT, PLAIN, PYRAMID, mean_difference, pixels_of, reduced


def region(pictures, query, series=EXACT):
    return pictures.tiles(series, f"/region?{query}")


def test_a_region_at_the_stored_resolution_is_the_stored_pixels(pictures):
    answer = region(pictures, "x=25&y=10&width=60&height=40")

    assert answer.headers["content-type"] == "image/png"
    assert (pixels_of(answer) == PLAIN[20:100, 50:170]).all()
    assert answer.headers["x-region-shape"] == "80,120,3"
    assert answer.headers["x-region-mpp"] == "0.5,0.5"
    assert answer.headers["x-region-box"] == "50,20,120,80"


def test_raw_samples_are_what_numpy_reads(pictures):
    raw = region(pictures, "x=25&y=10&width=60&height=40&mpp=1&format=raw")
    saved = region(pictures, "x=25&y=10&width=60&height=40&mpp=1&format=npy")

    shape = tuple(map(int, raw.headers["x-region-shape"].split(",")))
    samples = np.frombuffer(raw.content, raw.headers["x-region-dtype"]).reshape(shape)
    assert raw.headers["content-type"] == "application/octet-stream"
    assert shape == (40, 60, 3)
    assert mean_difference(samples.astype(int), reduced(PLAIN[20:100, 50:170], 60, 40)) < 0.6
    assert (np.load(io.BytesIO(saved.content)) == samples).all()


def test_a_region_that_begins_within_a_pixel_is_moved_by_as_much(pictures):
    found = pixels_of(region(pictures, "x=25.25&y=10&width=60&height=40"))

    between = (PLAIN[20:100, 50:170].astype(int) + PLAIN[20:100, 51:171]) / 2
    assert np.abs(found - between).max() <= 1


def test_what_lies_outside_is_white_and_nothing_moves(pictures):
    found = pixels_of(region(pictures, "x=-10&y=90&width=30&height=30"))

    assert found.shape == (60, 60, 3)
    assert (found[:20, 20:] == PLAIN[180:, :40]).all()
    assert (found[20:] == 255).all()
    assert (found[:, :20] == 255).all()
    outside = pixels_of(region(pictures, "x=5000&y=0&width=10&height=10"))
    assert outside.shape == (20, 20, 3)
    assert (outside == 255).all()


@pytest.mark.parametrize("mpp", ["0.5", "0.8", "1", "3", "7"])
def test_a_pyramid_gives_the_same_at_any_resolution(pictures, mpp):
    found = pixels_of(region(pictures, f"x=0&y=0&width=350&height=250&mpp={mpp}", PYRAMID))

    assert mean_difference(found, reduced(BASE, found.shape[1], found.shape[0])) < 2.5


def test_coordinates_of_the_slide(pictures):
    # The first pixel is at 20 mm, 40 mm; columns go down y, rows down x.
    found = pixels_of(
        region(pictures, "origin=slide&x=19969.75&y=39949.75&width=20&height=40&format=png")
    )

    # 10.25 to 30.25 um along x are rows 21 to 61, 10.25 to 50.25 um along y columns 21 to 101.
    assert (found == PLAIN[21:61, 21:101]).all()


@pytest.mark.parametrize(
    "query",
    [
        "",
        "x=0&y=0&width=10",
        "x=0&y=0&width=10&height=0",
        "x=0&y=0&width=10&height=10&mpp=0",
        "x=0&y=0&width=10&height=10&format=tiff",
        "x=0&y=0&width=100000&height=100000",
        "x=0&y=0&width=1000&height=1000&mpp=0.0001",
        "x=0&y=0&width=9999999999&height=1",
        "x=nan&y=0&width=10&height=10",
        "x=0&y=0&width=10&height=10&origin=moon",
    ],
)
def test_other_regions_are_bad_requests(pictures, query):
    answer = region(pictures, query)

    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "message"}


def test_an_image_without_spacing_has_no_micrometres(pictures):
    answer = pictures.tiles(CT, f"/instances/{CT}.1/region?x=0&y=0&width=10&height=10")

    assert answer.status_code == 400
    assert "size of its pixels" in answer.json()["message"]


def test_a_region_that_the_client_has_is_not_sent_again(pictures):
    path = f"/tiles/{EXACT.rpartition('.')[0]}/{EXACT}/region?x=0&y=0&width=10&height=10"
    first = pictures.get(path)
    again = pictures.get(path, **{"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
