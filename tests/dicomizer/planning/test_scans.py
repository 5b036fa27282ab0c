# SPDX-License-Identifier: Apache-2.0
"""Slides of several scans, levels without tiles, and levels known to be reduced."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicomizer.dicom.metadata import SlideMetadata
from dicomizer.errors import CorruptSourceError, MissingSpacingError
from dicomizer.options import ConvertOptions, Levels
from dicomizer.planning import Tiling, plan
from dicomizer.slide import (
    Coding,
    ColorSpace,
    Compression,
    Flavor,
    Scan,
    SizePx,
    Slide,
    SlideImage,
    SpacingMm,
)

JPEG = Coding(Compression.JPEG, ColorSpace.YCBCR, lossy=True, coded_bytes=1000)
HALF_MICROMETRE = SpacingMm(0.0005, 0.0005)


def level(key: str, width: int, height: int, **changes) -> SlideImage:
    """Return a level of 256-pixel tiles."""
    return SlideImage(key, Flavor.VOLUME, SizePx(width, height), SizePx(256, 256), JPEG, **changes)


def slide(*scans: tuple[SlideImage, ...]) -> Slide:
    named = tuple(Scan(levels, name=f"area {number}") for number, levels in enumerate(scans))
    return Slide(Path("case/slide.svs"), "test", named, (), SlideMetadata())


def all_missing(width: int, height: int, key: str = "empty") -> SlideImage:
    tiles = level(key, width, height).number_of_tiles
    return level(key, width, height, missing=frozenset(range(tiles)))


def mpps(found) -> list[tuple[str, float]]:
    return [(item.file_name, item.image.spacing.mpp[0]) for item in found.instances]


def test_a_level_without_any_tile_is_left_out_and_told():
    levels = (
        level("0", 1000, 700, spacing=HALF_MICROMETRE),
        all_missing(500, 350),
        level("2", 250, 175),
    )

    found = plan(slide(levels), ConvertOptions())

    assert [(item.file_name, item.image.key) for item in found.instances] == [
        ("level-0.dcm", "0"),
        ("level-1.dcm", "2"),
    ]
    assert "level of 500 x 350 pixels has no tile in the file: left out" in found.notes


def test_a_level_without_any_tile_is_derived_where_halvings_are_asked_for():
    levels = (level("0", 1000, 700, spacing=HALF_MICROMETRE), all_missing(500, 350))

    found = plan(slide(levels), ConvertOptions(levels=Levels.DYADIC))

    assert [(item.image.size, item.halvings) for item in found.instances] == [
        (SizePx(1000, 700), 0),
        (SizePx(500, 350), 1),
        (SizePx(250, 175), 2),
    ]
    assert not any(item.image.missing for item in found.instances)


def test_a_level_that_lacks_some_tiles_stays():
    levels = (
        level("0", 1000, 700, spacing=HALF_MICROMETRE),
        level("1", 500, 350, missing=frozenset({0, 1, 2})),
    )

    found = plan(slide(levels), ConvertOptions())

    assert [item.number_of_frames for item in found.instances] == [12, 1]
    assert found.instances[1].tiling is Tiling.SPARSE


@pytest.mark.parametrize("number", [0, 1])
def test_a_scan_without_any_tile_of_its_finest_level_is_damaged(number):
    scans = [
        (level("a", 1000, 700, spacing=HALF_MICROMETRE),),
        (level("b", 600, 500, spacing=HALF_MICROMETRE),),
    ]
    scans[number] = (all_missing(1000, 700), level("c", 500, 350))

    with pytest.raises(CorruptSourceError, match=r"slide\.svs: level 0: no tile of the finest"):
        plan(slide(*scans), ConvertOptions())


def test_given_spacing_corrects_other_scans_in_proportion():
    first = (level("a", 1000, 700, spacing=HALF_MICROMETRE), level("b", 500, 350))
    second = (level("c", 600, 500, spacing=SpacingMm(0.001, 0.001)), level("d", 300, 250))

    found = plan(slide(first, second), ConvertOptions(spacing=SpacingMm.from_mpp(0.25, 0.25)))

    assert mpps(found) == [
        ("level-0.dcm", 0.25),
        ("level-1.dcm", 0.5),
        ("scan-2-level-0.dcm", 0.5),
        ("scan-2-level-1.dcm", 1.0),
    ]


def test_given_spacing_is_that_of_scans_that_tell_none():
    scans = [(level("a", 1000, 700),), (level("b", 600, 500),)]

    found = plan(slide(*scans), ConvertOptions(spacing=SpacingMm.from_mpp(0.25, 0.25)))

    assert mpps(found) == [("level-0.dcm", 0.25), ("scan-2-level-0.dcm", 0.25)]


def test_another_scan_keeps_what_it_tells_where_the_first_tells_nothing():
    scans = [(level("a", 1000, 700),), (level("b", 600, 500, spacing=HALF_MICROMETRE),)]

    found = plan(slide(*scans), ConvertOptions(spacing=SpacingMm.from_mpp(0.25, 0.25)))

    assert mpps(found) == [("level-0.dcm", 0.25), ("scan-2-level-0.dcm", 0.5)]


def test_a_scan_without_spacing_is_an_error_that_names_it():
    scans = [(level("a", 1000, 700, spacing=HALF_MICROMETRE),), (level("b", 600, 500),)]

    with pytest.raises(MissingSpacingError, match=r"slide\.svs: level 0 of area 1: .*--mpp"):
        plan(slide(*scans), ConvertOptions())


def test_a_finest_level_that_is_known_to_be_reduced_is_derived():
    levels = (level("0", 1000, 700, spacing=HALF_MICROMETRE, is_resampled=True),)

    found = plan(slide(levels), ConvertOptions(levels=Levels.DYADIC))

    kinds = {item.image_type for item in found.instances}
    assert len(found.instances) == 3
    assert kinds == {("DERIVED", "PRIMARY", "VOLUME", "RESAMPLED")}
