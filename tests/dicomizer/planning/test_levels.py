# SPDX-License-Identifier: Apache-2.0
"""Levels: which are stored, which are derived, and how large they are."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from dicomizer.options import Levels
from dicomizer.planning.levels import choose_levels, halved, retiled
from dicomizer.slide import (
    Coding,
    ColorSpace,
    Compression,
    Flavor,
    SizePx,
    SlideImage,
    SpacingMm,
)

JPEG = Coding(Compression.JPEG, ColorSpace.YCBCR, lossy=True, coded_bytes=1000)
PLAIN = Coding(Compression.NONE, ColorSpace.RGB, lossy=False, coded_bytes=1000)


def image(width: int, height: int, *, tile: int = 256, **changes) -> SlideImage:
    values = {"coding": JPEG, "spacing": SpacingMm(0.001, 0.001), **changes}
    size = SizePx(width, height)
    return SlideImage(f"{width}", Flavor.VOLUME, size, SizePx(tile, tile), **values)


def rows(levels) -> list[tuple[int, int, str, int]]:
    return [
        (item.image.size.width, item.image.size.height, item.source.key, item.halvings)
        for item in levels
    ]


def test_stored_levels_are_taken_as_they_are():
    stored = [image(5000, 3000), image(1250, 750)]

    found = choose_levels(stored, Levels.STORED, None)

    assert rows(found) == [(5000, 3000, "5000", 0), (1250, 750, "1250", 0)]


def test_missing_halvings_come_from_the_next_finer_level_down_to_one_frame():
    stored = [image(5000, 3001), image(1250, 750), image(312, 187)]

    found = choose_levels(stored, Levels.DYADIC, None)

    assert rows(found) == [
        (5000, 3001, "5000", 0),
        (2500, 1501, "5000", 1),
        (1250, 750, "1250", 0),
        (625, 375, "1250", 1),
        (312, 187, "312", 0),
        (156, 94, "312", 1),
    ]
    assert [item.image.spacing.between_rows for item in found[:2]] == [0.001, 0.002]


def test_levels_that_are_no_halving_are_written_only_with_all():
    stored = [image(3000, 3000), image(1000, 1000)]

    assert [row[0] for row in rows(choose_levels(stored, Levels.DYADIC, None))] == [
        3000, 1500, 750, 375, 188,
    ]  # fmt: skip
    assert [row[0] for row in rows(choose_levels(stored, Levels.ALL, None))] == [
        3000, 1500, 1000, 750, 375, 188,
    ]  # fmt: skip


def test_a_flat_image_gets_a_pyramid_unless_told_otherwise():
    flat = [image(1000, 600, coding=PLAIN)]

    assert [row[0] for row in rows(choose_levels(flat, None, None))] == [1000, 500, 250]
    assert [row[0] for row in rows(choose_levels(flat, Levels.STORED, None))] == [1000]


def test_a_stored_pyramid_stays_as_it_is_unless_told_otherwise():
    assert len(choose_levels([image(5000, 3000)], None, None)) == 1


def test_a_derived_frame_is_missing_only_where_all_under_it_is():
    fine = image(1024, 512, missing=frozenset({0, 1, 4, 5, 2}))

    coarse = halved(fine)

    assert coarse.missing == {0}


def test_missing_frames_are_told_for_each_focal_plane():
    fine = image(512, 256, planes=2, missing=frozenset({2, 3}))

    assert halved(fine).missing == {1}


def test_larger_tiles_lack_what_all_tiles_under_them_lack():
    fine = image(1024, 256, missing=frozenset({0, 1, 2}))

    assert retiled(fine, SizePx(512, 512)).missing == {0}


def test_tiles_of_odd_size_become_even_in_derived_levels():
    assert halved(image(1000, 1000, tile=241)).tile_size == SizePx(242, 242)


@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from([64, 240, 256]))
def test_pyramids_end_with_one_frame_and_never_lose_a_pixel(width, height, tile):
    base = replace(image(width, height), tile_size=SizePx(tile, tile))

    levels = choose_levels([base], Levels.DYADIC, None)

    assert levels[-1].image.number_of_tiles == 1
    assert all(item.image.number_of_tiles > 1 for item in levels[:-1])
    for fine, coarse in pairwise(levels):
        assert 0 <= 2 * coarse.image.size.width - fine.image.size.width <= 1
        assert 0 <= 2 * coarse.image.size.height - fine.image.size.height <= 1


@given(
    st.integers(2000, 200_000),
    st.integers(2000, 200_000),
    st.integers(1, 9),
    st.sampled_from([lambda value, n: value >> n, lambda value, n: -(-value >> n)]),
)
def test_stored_halvings_are_known_however_deep_and_rounded(width, height, number, rounded):
    base = image(width, height, tile=16)
    deep = image(rounded(width, number), rounded(height, number), tile=16)
    deep = replace(deep, key="deep")

    assert deep.reduction_of(base) == (2**number, 2**number)
    assume(deep.number_of_tiles > 1)
    found = choose_levels([base, deep], Levels.DYADIC, None)
    assert [item.halvings for item in found if item.source.key == "deep"][:1] == [0]


def test_both_means_stored_levels_of_any_reduction_too():
    stored = [image(14000, 14000), image(4000, 4000)]

    found = [row[0] for row in rows(choose_levels(stored, Levels.ALL, None))]

    assert found[:4] == [14000, 7000, 4000, 3500]
