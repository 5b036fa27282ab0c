# SPDX-License-Identifier: Apache-2.0
"""Where frames belong: sparse tiles, planes, paths, concatenations, labels."""

from __future__ import annotations

import build_dicom
import numpy as np
import pytest
import slides
from build_dicom import (
    CODED,
    item,
    joined,
    picture,
    position,
    write,
    write_level,
)

from dicomizer.slide import (
    Compression,
    SizePx,
    SpacingMm,
)
from dicomizer.sources.dicom_wsi import DicomWsiSource


def test_sparse_frames_go_where_they_say_and_others_are_missing(tmp_path):
    pixels = slides.picture(96, 64)
    tiles = [build_dicom.plain(tile) for tile in build_dicom.tiles_of(pixels, 32)]
    found = build_dicom.dataset((96, 64), 32, pixels, CODED["native"])
    found.DimensionOrganizationType = "TILED_SPARSE"
    found.PerFrameFunctionalGroupsSequence = [
        position(64, 32), position(0, 0), position(32, 32), position(64, 0)
    ]  # fmt: skip
    write(tmp_path / "a.dcm", found, [tiles[5], tiles[0], tiles[4], tiles[2]])

    source, frames = picture(tmp_path / "a.dcm")

    assert source.slide.levels[0].missing == {1, 3}
    assert frames == [tiles[0], b"", tiles[2], b"", tiles[4], tiles[5]]
    assert joined(source, source.slide.levels[0], [1, 5, 0]) == [b"", tiles[5], tiles[0]]


@pytest.mark.parametrize("lengths", ["known", "undefined", "implicit"])
def test_planes_and_paths_of_sparse_frames_are_told_apart(tmp_path, lengths):
    pixels = np.zeros((32, 32, 1), np.uint8)
    coded = CODED["implicit" if lengths == "implicit" else "native"]
    found = build_dicom.dataset((32, 32), 32, pixels, coded)
    found.OpticalPathSequence = [item(OpticalPathIdentifier=name) for name in ("b", "a")]
    found.DimensionOrganizationType = "TILED_SPARSE"
    found.PerFrameFunctionalGroupsSequence = [
        position(0, 0, z_um=z_um, path=path) for z_um in (3.0, 1.5, 0.0) for path in ("a", "b")
    ]
    if lengths == "undefined":
        found["PerFrameFunctionalGroupsSequence"].is_undefined_length = True
    frames = [bytes([number]) * 1024 for number in range(6)]
    write(tmp_path / "a.dcm", found, frames)

    source, seen = picture(tmp_path / "a.dcm")

    image = source.slide.levels[0]
    assert (image.paths, image.planes, source.slide.scans[0].plane_spacing_um) == (2, 3, 1.5)
    assert [frame[0] for frame in seen] == [5, 3, 1, 4, 2, 0]
    assert [path.name for path in source.slide.scans[0].optical_paths] == ["b", "a"]


def test_spacing_told_frame_by_frame_is_that_of_the_first(tmp_path):
    groups = [position(0, 0), position(32, 0)]
    for one in groups:
        one.PixelMeasuresSequence = [item(PixelSpacing=[0.002, 0.002])]
    write_level(
        tmp_path / "a.dcm",
        slides.picture(64, 32),
        SharedFunctionalGroupsSequence=[],
        PerFrameFunctionalGroupsSequence=groups,
    )

    assert DicomWsiSource(tmp_path / "a.dcm").slide.levels[0].spacing == SpacingMm(0.002, 0.002)


def test_bytes_that_look_like_positions_are_no_harm(tmp_path):
    look = b"\x00\x52\x30\x92SQ\0\0\x18\0\0\0" + 2 * b"\x48\x00\x1e\x02SL\x04\0\1\0\0\0"
    stored = write_level(tmp_path / "a.dcm", slides.picture(64, 32), ICCProfile=look)

    assert picture(tmp_path / "a.dcm")[1] == stored


def test_full_tiling_counts_tiles_then_planes_then_paths(tmp_path):
    pixels = np.zeros((32, 64, 1), np.uint8)
    found = build_dicom.dataset((64, 32), 32, pixels, CODED["native"])
    found.NumberOfOpticalPaths, found.TotalPixelMatrixFocalPlanes = 2, 3
    found.OpticalPathSequence = [item(OpticalPathIdentifier=str(n)) for n in (1, 2)]
    measures = item(PixelSpacing=[0.0005, 0.0005], SpacingBetweenSlices="0.002")
    found.SharedFunctionalGroupsSequence = [item(PixelMeasuresSequence=[measures])]
    write(tmp_path / "a.dcm", found, [bytes([number]) * 1024 for number in range(12)])

    source, frames = picture(tmp_path / "a.dcm")

    image = source.slide.levels[0]
    assert (image.paths, image.planes, source.slide.scans[0].plane_spacing_um) == (2, 3, 2.0)
    assert [frame[0] for frame in frames] == list(range(12))


def test_instances_of_single_paths_and_planes_make_one_level(tmp_path):
    for number, (path, z_um) in enumerate([("1", 0.0), ("1", 2.0), ("2", 0.0), ("2", 2.0)]):
        plane = item(ZOffsetInSlideCoordinateSystem=z_um)
        measures = item(PixelSpacing=[0.0005, 0.0005])
        write_level(
            tmp_path / f"{number}.dcm",
            np.full((32, 64, 1), number, np.uint8),
            OpticalPathSequence=[item(OpticalPathIdentifier=path)],
            SharedFunctionalGroupsSequence=[
                item(PixelMeasuresSequence=[measures], PlanePositionSlideSequence=[plane])
            ],
        )

    source, frames = picture(tmp_path / "3.dcm")

    image = source.slide.levels[0]
    assert (image.paths, image.planes, image.missing) == (2, 2, frozenset())
    assert [frame[0] for frame in frames] == [2, 2, 3, 3, 0, 0, 1, 1]


def write_parts(folder, *numbers: int) -> list[bytes]:
    pixels = slides.picture(96, 64)
    frames = [build_dicom.plain(tile) for tile in build_dicom.tiles_of(pixels, 32)]
    for number in numbers:
        found = build_dicom.dataset((96, 64), 32, pixels, CODED["native"])
        found.ConcatenationUID = "1.2.3.4"
        found.InConcatenationNumber = number
        found.InConcatenationTotalNumber = 3
        found.ConcatenationFrameOffsetNumber = 2 * (number - 1)
        write(folder / f"{9 - number}.dcm", found, frames[2 * number - 2 : 2 * number])
    return frames


def test_concatenation_is_one_image(tmp_path):
    frames = write_parts(tmp_path, 1, 2, 3)

    assert picture(tmp_path / "7.dcm")[1] == frames


def test_missing_part_of_a_concatenation_is_missing_frames(tmp_path):
    frames = write_parts(tmp_path, 1, 3)

    source, seen = picture(tmp_path / "8.dcm")

    assert source.slide.levels[0].missing == {2, 3}
    assert seen == [*frames[:2], b"", b"", *frames[4:]]


def test_label_of_several_frames_is_composed(tmp_path):
    write_level(tmp_path / "a.dcm", slides.picture(64, 64))
    pixels = slides.picture(100, 70)
    label = ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]
    write_level(tmp_path / "label.dcm", pixels, "jpeg-2000-lossless", ImageType=label)
    source = DicomWsiSource(tmp_path / "a.dcm")

    (image,) = source.slide.associated

    assert (image.size, image.tile_size) == (SizePx(100, 70), SizePx(100, 70))
    assert (image.coding.compression, image.coding.lossy) == (Compression.NONE, False)
    (frame,) = joined(source, image)
    assert np.array_equal(np.frombuffer(frame, np.uint8).reshape(70, 100, 3), pixels)
