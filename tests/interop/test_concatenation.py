# SPDX-License-Identifier: Apache-2.0
"""Instances in several files, as peers put them together."""

from __future__ import annotations

import build_instance as build
import numpy as np
import openslide
import peers
import pytest
from pydicom import dcmread
from wsidicom import WsiDicom

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.format import GREY_16


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    of = build.image()
    plan = build.instance(of, max_bytes=13_000)
    files = build.write(plan, folder, lambda index: build.jpeg(index, of))
    assert len(files) == 3
    return folder, of


def test_wsidicom_makes_one_level_of_the_parts(parts):
    folder, of = parts

    with WsiDicom.open(folder) as slide:
        found = slide.read_region((0, 0), 0, (of.size.width, of.size.height)).convert("RGB")
        count = len(slide.levels)

    assert count == 1
    assert np.abs(np.asarray(found).astype(int) - peers.picture(of)[0]).max() <= peers.JPEG_ERROR


@pytest.mark.parametrize("number", [1, 2, 3])
def test_openslide_shows_the_whole_whichever_part_it_is_given(parts, number):
    folder, of = parts

    with openslide.OpenSlide(folder / f"level-0-part-{number}.dcm") as slide:
        found = np.asarray(slide.read_region((0, 0), 0, slide.dimensions))

    assert (found[..., 3] == 255).all()
    assert np.abs(found[..., :3].astype(int) - peers.picture(of)[0]).max() <= peers.JPEG_ERROR


def test_pydicom_decodes_the_frames_of_each_part(parts):
    folder, _ = parts

    shapes = [dcmread(path).pixel_array.shape for path in sorted(folder.iterdir())]

    assert sum(shape[0] for shape in shapes) == 20
    assert {shape[1:] for shape in shapes} == {(64, 64, 3)}


def test_wsidicom_reads_parts_of_several_planes_and_paths(tmp_path):
    of = build.image(pixel_format=GREY_16, planes=2, paths=2)
    plan = build.instance(of, TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN, max_bytes=100_000)
    files = build.write(plan, tmp_path, lambda index: build.native(index, of))

    assert len(files) > 3
    with WsiDicom.open(tmp_path) as slide:
        level = slide.levels[0]
        for path in (0, 1):
            for plane in (0, 1):
                found = slide.read_region(
                    (0, 0), 0, (300, 200), z=level.focal_planes[plane], path=str(path + 1)
                )
                expected, _ = peers.picture(of, plane=plane, path=path)
                assert np.array_equal(np.asarray(found), expected)


def test_validators_find_nothing_but_what_the_profile_forbids(parts):
    folder, _ = parts

    assert peers.dciodvfy(folder) == []
    assert peers.dciodvfy(folder, "WG26SP2025") == [
        peers.PROFILE_WANTS_FULL,
        peers.PROFILE_WANTS_NO_CONCATENATION,
    ]
    assert peers.dcentvfy(folder) == []
