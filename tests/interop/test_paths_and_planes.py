# SPDX-License-Identifier: Apache-2.0
"""Grey instances, of several optical paths and focal planes, and histories of compression."""

from __future__ import annotations

import build_instance as build
import highdicom
import numpy as np
import peers
import pytest
from pydicom import dcmread
from wsidicom import WsiDicom

from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.pixels.format import GREY_8, GREY_16
from dicomizer.planning import Route, Tiling
from dicomizer.slide import Illumination, LossyStep, OpticalPath, PointMm, Scan

PATHS = (
    OpticalPath("DAPI", Illumination.FLUORESCENCE, 358.0, 461.0, (0, 0, 255)),
    OpticalPath("Cy3", Illumination.FLUORESCENCE, None, None, (255, 128, 0)),
)
KINDS = {
    "native": (TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN, build.native),
    "jpeg2000": (TransferSyntax.JPEG_2000_LOSSLESS, build.jpeg2000),
}


@pytest.fixture(scope="module", params=KINDS)
def fluorescence(request, tmp_path_factory):
    syntax, frame = KINDS[request.param]
    folder = tmp_path_factory.mktemp("fluorescence")
    of = build.image(pixel_format=GREY_16, paths=2, planes=3)
    scan = Scan((of,), PATHS, plane_spacing_um=1.5, origin=PointMm(20.5, 31.25))
    build.write(build.instance(of, syntax, scan=scan), folder, lambda index: frame(index, of))
    return folder, of


def test_pydicom_decodes_each_frame(fluorescence):
    folder, of = fluorescence

    found = dcmread(folder / "level-0.dcm").pixel_array

    assert found.dtype == np.uint16
    assert np.array_equal(found, [build.pixels(index, of) for index in range(of.number_of_frames)])


def test_wsidicom_finds_each_plane_of_each_path(fluorescence):
    folder, of = fluorescence

    with WsiDicom.open(folder) as slide:
        level = slide.levels[0]
        assert sorted(level.optical_paths) == ["1", "2"]
        assert level.focal_planes == [0.0, 1.5, 3.0]
        shown = []
        for identifier in ("1", "2"):
            found = [
                np.asarray(slide.read_region((0, 0), 0, (300, 200), z=z, path=identifier))
                for z in level.focal_planes
            ]
            shown += [path for path in (0, 1) if _is_path(path, found, of)]
        # Some versions of wsidicom keep identifiers in a set, and take frames in its order.
        assert sorted(shown) == [0, 1]


def _is_path(path: int, found: list[np.ndarray], of) -> bool:
    """Tell whether the planes are those of a path."""
    return all(
        np.array_equal(pixels, peers.picture(of, plane=plane, path=path)[0])
        for plane, pixels in enumerate(found)
    )


def test_validators_find_nothing_but_that_the_profile_forbids_planes(fluorescence):
    folder, _ = fluorescence

    assert peers.dciodvfy(folder) == []
    assert peers.dciodvfy(folder, "WG26SP2025") == [peers.profile_wants_one_plane(3)]
    assert peers.dcentvfy(folder) == []


def test_the_profile_takes_several_paths_of_one_plane(tmp_path):
    of = build.image(pixel_format=GREY_8, paths=2)
    scan = Scan((of,), PATHS)
    build.write(build.instance(of, scan=scan), tmp_path, lambda index: build.jpeg(index, of))

    assert peers.dciodvfy(tmp_path, "WG26SP2025") == []
    assert peers.dciodvfy(tmp_path) == []


def test_highdicom_reads_a_grey_path(tmp_path):
    of = build.image(pixel_format=GREY_16)
    plan = build.instance(of, TransferSyntax.JPEG_2000_LOSSLESS)
    build.write(plan, tmp_path, lambda index: build.jpeg2000(index, of))

    found = highdicom.imread(tmp_path / "level-0.dcm").get_total_pixel_matrix()

    assert np.array_equal(found, peers.picture(of)[0])


@pytest.mark.parametrize("tiling", Tiling)
def test_planes_told_frame_by_frame_are_those_told_in_order(tmp_path, tiling):
    of = build.image(planes=3)
    scan = Scan((of,), plane_spacing_um=0.5, origin=PointMm(10.0, 20.0))
    plan = build.instance(of, scan=scan, tiling=tiling)
    build.write(plan, tmp_path, lambda index: build.jpeg(index, of))

    with WsiDicom.open(tmp_path) as slide:
        assert slide.levels[0].focal_planes == [0.0, 0.5, 1.0]
        for plane, z in enumerate((0.0, 0.5, 1.0)):
            found = np.asarray(slide.read_region((0, 0), 0, (300, 200), z=z)).astype(int)
            expected, _ = peers.picture(of, plane=plane)
            assert np.abs(found - expected).max() <= peers.JPEG_ERROR
    assert peers.dciodvfy(tmp_path) == []


@pytest.mark.parametrize(
    ("history", "findings"),
    [
        ((), []),
        ((LossyStep("ISO_15444_1", 12.0),), []),
        (
            (LossyStep(None, 12.0),),
            [
                "Warning - Unrecognized defined term <> for value 1 of attribute "
                "<Lossy Image Compression Method>"
            ],
        ),
    ],
    ids=["none", "known", "unknown"],
)
def test_a_history_of_compression_is_valid(tmp_path, history, findings):
    of = build.image()
    plan = build.instance(of, route=Route.TRANSCODE, lossy=history, lossy_method="ISO_10918_1")
    build.write(plan, tmp_path, lambda index: build.jpeg(index, of))

    assert peers.dciodvfy(tmp_path) == findings
    assert peers.dciodvfy(tmp_path, "WG26SP2025") == findings
