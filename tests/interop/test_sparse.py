# SPDX-License-Identifier: Apache-2.0
"""Instances with missing frames, as peers read them."""

from __future__ import annotations

import build_instance as build
import highdicom
import numpy as np
import openslide
import peers
import pytest
from wsidicom import WsiDicom

from dicomizer.planning import Tiling

MISSING = (0, 7, 8, 19)


@pytest.fixture(scope="module")
def sparse(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sparse")
    of = build.image(missing=MISSING)
    build.write(build.instance(of), folder, lambda index: build.jpeg(index, of))
    return folder, of


def check(found: np.ndarray, of) -> None:
    """Compare the tiles that are there."""
    expected, present = peers.picture(of)
    assert np.abs(found.astype(int) - expected)[present].max() <= peers.JPEG_ERROR


def test_wsidicom_puts_each_frame_in_its_place(sparse):
    folder, of = sparse

    with WsiDicom.open(folder) as slide:
        found = slide.read_region((0, 0), 0, (of.size.width, of.size.height))

    check(np.asarray(found.convert("RGB")), of)


def test_openslide_puts_each_frame_in_its_place_and_leaves_the_rest_clear(sparse):
    folder, of = sparse

    with openslide.OpenSlide(folder / "level-0.dcm") as slide:
        found = np.asarray(slide.read_region((0, 0), 0, slide.dimensions))

    check(found[..., :3], of)
    assert found[10, 10, 3] == 0  # the first tile is missing


def test_highdicom_puts_each_frame_in_its_place(tmp_path):
    of = build.image()  # with missing frames, it makes no picture
    plan = build.instance(of, tiling=Tiling.SPARSE)
    build.write(plan, tmp_path, lambda index: build.jpeg(index, of))

    slide = highdicom.imread(tmp_path / "level-0.dcm")

    check(slide.get_total_pixel_matrix(apply_icc_profile=False), of)


def test_validators_find_what_they_do_not_know_of_sparse_instances_and_nothing_else(sparse):
    folder, _ = sparse

    # PS3.3 C.7.6.17.3: the frames of a sparse instance do not fill the matrix. dciodvfy counts
    # them as if they had to, unless there is a Concatenation UID.
    uncounted = (
        "Error - NumberOfFrames does not match expected value for tiled total pixel matrix got 16 "
        "expected 20 for 1 optical paths, 1 focal planes, 4 rows of tiles, 5 columns of tiles"
    )
    assert peers.dciodvfy(folder) == [uncounted]
    assert peers.dciodvfy(folder, "WG26SP2025") == [uncounted, peers.PROFILE_WANTS_FULL]
    assert peers.dcentvfy(folder) == []
