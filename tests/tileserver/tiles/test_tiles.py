# SPDX-License-Identifier: Apache-2.0
"""Deep Zoom and XYZ tiles are the pixels of the slide, stored frames wherever they can be."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from picture_archive import (
    BASE,
    CT,
    EXACT,
    LEVEL_FRAMES,
    MPP,
    PLAIN,
    PYRAMID,
    STUDY,
    mean_difference,
    pixels_of,
    reduced,
)


def test_the_deep_zoom_document(pictures):
    answer = pictures.tiles(PYRAMID, "/slide.dzi")

    assert answer.headers["content-type"] == "application/xml"
    image = ET.fromstring(answer.text)
    assert image.tag == "{http://schemas.microsoft.com/deepzoom/2008}Image"
    assert image.attrib == {"Format": "jpg", "Overlap": "0", "TileSize": "128"}
    assert image[0].attrib == {"Width": "700", "Height": "500"}
    png = ET.fromstring(pictures.tiles(PYRAMID, "/slide.dzi?format=png").text)
    assert png.attrib["Format"] == "png"
    assert pictures.tiles(PYRAMID, "/slide.dzi?format=bmp").status_code == 400


def test_deep_zoom_tiles_are_the_slide(pictures):
    columns = [
        np.vstack(
            [pixels_of(pictures.tiles(EXACT, f"/slide_files/9/{x}_{y}.png")) for y in range(4)]
        )
        for x in range(5)
    ]

    assert (np.hstack(columns) == PLAIN).all()


@pytest.mark.parametrize(
    ("level", "shape"), [(0, (1, 1)), (1, (1, 2)), (5, (13, 19)), (6, (25, 38))]
)
def test_coarse_levels_are_a_single_small_tile(pictures, level, shape):
    found = pixels_of(pictures.tiles(EXACT, f"/slide_files/{level}/0_0.png"))

    assert found.shape[:2] == shape
    assert mean_difference(found, reduced(PLAIN, shape[1], shape[0])) < 6


def test_a_coarser_level_is_the_mean_of_the_finer(pictures):
    left = pixels_of(pictures.tiles(EXACT, "/slide_files/8/0_0.png"))

    assert mean_difference(left, reduced(PLAIN[:128, :128], 64, 64)) < 0.6


@pytest.mark.parametrize(
    ("path", "level", "frame"),
    [
        ("/slide_files/10/0_0.jpg", 0, 0),
        ("/slide_files/10/4_2.jpeg", 0, 16),
        ("/slide_files/9/1_0.jpg", 1, 1),
        ("/xyz/3/0/0.jpg", 0, 0),
        ("/xyz/3/4/2.jpg", 0, 16),
        ("/xyz/2/1/0.jpg", 1, 1),
    ],
)
def test_whole_tiles_are_the_stored_frames(pictures, path, level, frame):
    answer = pictures.tiles(PYRAMID, path)

    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content == LEVEL_FRAMES[level][frame]


def test_tiles_at_the_edges_are_cut_in_deep_zoom_and_white_in_xyz(pictures):
    cut = pixels_of(pictures.tiles(EXACT, "/slide_files/9/4_3.png"))
    padded = pixels_of(pictures.tiles(EXACT, "/xyz/3/4/3.png"))

    assert (cut == PLAIN[192:, 256:]).all()
    assert padded.shape == (64, 64, 3)
    assert (padded[:8, :44] == PLAIN[192:, 256:]).all()
    assert (padded[8:] == 255).all()
    assert (padded[:, 44:] == 255).all()


def test_the_tile_json(pictures):
    found = pictures.tiles(PYRAMID, "/xyz/tile.json?iccprofile=srgb").json()

    assert found == {
        "tilejson": "3.0.0",
        "tiles": [
            f"{pictures.server.address}/tiles/{STUDY}/{PYRAMID}"
            "/xyz/{z}/{x}/{y}.jpg?iccprofile=srgb"
        ],
        "scheme": "xyz",
        "minzoom": 0,
        "maxzoom": 3,
        "vector_layers": [],
        "width": 700,
        "height": 500,
        "tilesize": 128,
        "mpp": pytest.approx([MPP, MPP]),
    }


def test_the_first_xyz_tile_has_the_whole_slide(pictures):
    found = pixels_of(pictures.tiles(PYRAMID, "/xyz/0/0/0.png"))

    assert found.shape == (128, 128, 3)
    assert mean_difference(found[:62, :87], reduced(BASE[:496, :696], 87, 62)) < 2
    assert (found[64:] == 255).all()


@pytest.mark.parametrize(
    "path",
    [
        "/slide_files/11/0_0.jpg",
        "/slide_files/10/6_0.jpg",
        "/slide_files/10/0_4.jpg",
        "/slide_files/10/0.jpg",
        "/slide_files/-1/0_0.jpg",
        "/slide_files/10/0_0.bmp",
        "/slide_files/10/9999999999_0.jpg",
        "/xyz/4/0/0.jpg",
        "/xyz/3/6/0.jpg",
        "/xyz/3/0/0.tif",
        "/xyz/a/0/0.jpg",
        "/instances/9.9/slide.dzi",
    ],
)
def test_there_are_no_other_tiles(pictures, path):
    answer = pictures.tiles(PYRAMID, path)

    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "message"}


def test_parameters_of_colour_are_taken_by_tiles(pictures):
    stored = pictures.tiles(PYRAMID, "/slide_files/10/0_0.jpg")
    coarse = pictures.tiles(PYRAMID, "/slide_files/10/0_0.jpg?quality=10")

    assert len(coarse.content) < len(stored.content)
    assert pictures.tiles(PYRAMID, "/xyz/3/0/0.jpg?window=x").status_code == 400
    assert pictures.tiles(PYRAMID, "/xyz/3/0/0.jpg?plane=7").status_code == 404


def test_what_is_no_slide_has_tiles_as_an_instance(pictures):
    image = pictures.tiles(CT, f"/instances/{CT}.1/slide.dzi")
    tile = pixels_of(pictures.tiles(CT, f"/instances/{CT}.1/slide_files/6/0_0.png"))

    assert ET.fromstring(image.text)[0].attrib == {"Width": "50", "Height": "40"}
    assert tile.shape == (40, 50, 3)
    assert pictures.tiles(CT, "/slide.dzi").status_code == 404
