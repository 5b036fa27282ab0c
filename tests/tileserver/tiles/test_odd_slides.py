# SPDX-License-Identifier: Apache-2.0
"""Sparse tiles and fluorescence, on every way to a picture."""

from __future__ import annotations

import numpy as np
import pytest
from picture_archive import (
    LEVEL_FRAMES,
    ODD_STUDY,
    SPARSE,
    STAIN_VALUES,
    STAINS,
    picture,
    pixels_of,
)

WINDOW = "512,1024,linear-exact"


def tile(pictures, series, rest):
    return pictures.get(f"/tiles/{ODD_STUDY}/{series}{rest}")


@pytest.mark.parametrize(
    "rest",
    [
        "/iiif/128,0,128,128/max/0/default.jpg",
        "/slide_files/9/1_0.jpg",
        "/xyz/2/1/0.jpg",
        "/region?x=64&y=0&width=64&height=64",
    ],
)
def test_a_missing_tile_is_white_and_never_another_one(pictures, rest):
    answer = tile(pictures, SPARSE, rest)

    assert answer.content not in LEVEL_FRAMES[1]
    assert (pixels_of(answer) == 255).all()


@pytest.mark.parametrize("rest", ["/xyz/2/0/0.jpg", "/slide_files/9/0_0.jpg"])
def test_other_sparse_tiles_are_the_stored_frames(pictures, rest):
    assert tile(pictures, SPARSE, rest).content == LEVEL_FRAMES[1][0]


def test_a_rendered_sparse_level_has_all_its_frames_in_their_places(pictures):
    path = f"/studies/{ODD_STUDY}/series/{SPARSE}/instances/{SPARSE}.1/rendered"

    found = pixels_of(pictures.server.get(path, "image/png"))

    assert found.shape == (250, 350, 3)
    assert (found[:128, 128:256] == 255).all()
    assert (found[:128, :128] == picture(LEVEL_FRAMES[1][0])).all()
    assert (found[128:, 128:256] == picture(LEVEL_FRAMES[1][4])[:122]).all()


def shade(number):
    return np.clip(STAIN_VALUES[number] / 1024 * 255, 0, 255)


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        ([f"DAPI,0000ff,{WINDOW}"], (None, None, 0)),
        ([f"FITC,00ff00,{WINDOW}"], (None, 1, None)),
        ([f"DAPI,0000ff,{WINDOW}", f"FITC,00ff00,{WINDOW}"], (None, 1, 0)),
        ([f"DAPI,ff0000,{WINDOW}", f"FITC,0000ff,{WINDOW}"], (0, None, 1)),
    ],
)
@pytest.mark.parametrize(
    "rest",
    [
        "/iiif/full/max/0/default.png",
        "/slide_files/6/0_0.png",
        "/xyz/0/0/0.png",
        "/region?x=0&y=0&width=32&height=32",
    ],
)
def test_channels_are_blended_with_window_and_colour(pictures, rest, channels, expected):
    query = "&".join(f"channel={channel}" for channel in channels)

    found = pixels_of(tile(pictures, STAINS, f"{rest}{'&' if '?' in rest else '?'}{query}"))

    for sample, number in enumerate(expected):
        wanted = np.zeros((64, 64)) if number is None else shade(number)
        assert np.abs(found[:, :, sample] - wanted).max() <= 1.5


def test_an_optical_path_that_is_not_there_is_a_bad_request(pictures):
    answer = tile(pictures, STAINS, "/xyz/0/0/0.png?channel=TRITC")

    assert answer.status_code == 400
    assert "DAPI, FITC" in answer.json()["message"]


def test_a_focal_plane_that_is_not_there_is_not_found(pictures):
    assert tile(pictures, STAINS, "/xyz/0/0/0.png?plane=0").status_code == 200
    assert tile(pictures, STAINS, "/xyz/0/0/0.png?plane=1").status_code == 404
