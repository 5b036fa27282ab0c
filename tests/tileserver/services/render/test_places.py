# SPDX-License-Identifier: Apache-2.0
"""Frames of an area are found by arithmetic and bisection as by looking at every one."""

from __future__ import annotations

import json
import time

import build_tiles
import instances
import numpy as np
import pytest
from build_tiles import groups, picture, stored, tiles
from hypothesis import given, settings
from hypothesis import strategies as st

from dicomizer.dicom.dicom_json import to_json
from tileserver.services.render import attributes as read
from tileserver.services.render.image import read_image
from tileserver.services.render.load import cut_positions
from tileserver.services.render.places import Area, FullPlaces, Placed, SparsePlaces
from tileserver.services.render.positions import positions_of


@st.composite
def areas(draw: st.DrawFn) -> Area:
    left, top = draw(st.integers(0, 90)), draw(st.integers(0, 90))
    return Area(left, top, left + draw(st.integers(1, 60)), top + draw(st.integers(1, 60)))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 99), st.integers(0, 99)), min_size=1),
    areas(),
    st.integers(0, 2),
)
def test_sparse_frames_of_an_area_are_those_that_overlap_it(frames, area, layer):
    layers, lefts, tops = (np.array(values, np.int64) for values in zip(*frames, strict=True))
    places = SparsePlaces.of((16, 9), layers, lefts, tops)

    expected = [
        Placed(number, left, top)
        for number, (of, left, top) in enumerate(frames)
        if of == layer
        and left < area.right
        and left + 16 > area.left
        and top < area.bottom
        and top + 9 > area.top
    ]
    assert places.within(layer, area) == expected


@settings(max_examples=200, deadline=None)
@given(areas(), st.integers(0, 1), st.integers(0, 60), st.integers(1, 80))
def test_full_tiling_is_that_of_every_frame_by_its_number(area, layer, first, count):
    places = FullPlaces(16, 9, 7, 6, first, count)

    expected = []
    for number in range(first, first + count):
        of, rest = divmod(number, 42)
        row, column = divmod(rest, 7)
        left, top = column * 16, row * 9
        is_beside = left >= area.right or left + 16 <= area.left
        if of == layer and not is_beside and top < area.bottom and top + 9 > area.top:
            expected.append(Placed(number - first, left, top))
    assert places.within(layer, area) == expected


def sparse_text(*, is_odd: bool = False) -> str:
    """Return the attributes of a sparse slide; the odd one lacks a path in one frame."""
    frames = [
        groups(1 + 16 * (number % 4), 1 + 16 * (number // 4), 0.5 * (number % 2), f"P{number % 3}")
        for number in range(9)
    ]
    if is_odd:
        del frames[4].OpticalPathIdentificationSequence
    cut = tiles(picture())[:9]
    found = build_tiles.instance(
        picture(),
        cut,
        DimensionOrganizationType="TILED_SPARSE",
        PerFrameFunctionalGroupsSequence=frames,
        # Sequences at the top level behind and before the functional groups.
        DimensionIndexSequence=[instances.item(DimensionDescriptionLabel="a")],
        WaveformSequence=[instances.item(WaveformOriginality="ORIGINAL")],
    )
    del found.PixelData
    return to_json(found)


def test_positions_cut_out_of_a_text_are_those_that_are_parsed():
    text = sparse_text()

    cut = cut_positions(text)

    assert cut is not None
    rest, positions = cut
    whole = json.loads(text)
    parsed = positions_of(read.items(whole, "PerFrameFunctionalGroupsSequence"))
    assert parsed is not None
    assert positions.columns.tolist() == parsed.columns.tolist()
    assert positions.rows.tolist() == parsed.rows.tolist()
    assert list(positions.z_um) == list(parsed.z_um)
    assert list(positions.paths) == list(parsed.paths)
    del whole["52009230"]
    assert {**rest, "52009230": None} == {**whole, "52009230": None}


@pytest.mark.parametrize(
    "text",
    [
        sparse_text(is_odd=True),
        '{"00080018":{"vr":"UI"}}',
        '{"00091010":{"Value":[{"52009230":{"Value":[],"vr":"SQ"}}],"vr":"SQ"}}',
        '{"00100010":"\\"52009230\\":"}',
        '{"52009230":{"Value":[{}]',
    ],
)
def test_what_cannot_be_cut_is_left_to_the_parser(text):
    assert cut_positions(text) is None


def test_a_hundred_thousand_sparse_frames_take_no_parser(services):
    text = sparse_text()
    whole = json.loads(text)
    frame = json.dumps(whole["52009230"]["Value"][0], separators=(",", ":"), sort_keys=True)
    column, row = '"0048021E":{"Value":[1]', '"0048021F":{"Value":[1]'
    assert column in frame
    many = ",".join(
        frame.replace(column, f'"0048021E":{{"Value":[{1 + 16 * (number % 400)}]').replace(
            row, f'"0048021F":{{"Value":[{1 + 16 * (number // 400)}]'
        )
        for number in range(100_000)
    )
    whole["00280008"] = {"Value": [100_000], "vr": "IS"}
    whole["00480006"], whole["00480007"] = ({"Value": [6400], "vr": "UL"},) * 2
    whole["52009230"] = {"Value": ["here"], "vr": "SQ"}
    text = json.dumps(whole, separators=(",", ":"), sort_keys=True).replace('"here"', many)
    found = stored(services, build_tiles.instance(picture()))

    begin = time.process_time()
    cut = cut_positions(text)
    assert cut is not None
    image = read_image(found, *cut)
    took = time.process_time() - begin

    assert image.layout.places.within(0, Area(6384, 3984, 6400, 4000)) == [
        Placed(99_999, 6384, 3984)
    ]
    # Parsing takes ten times as long, and most of a second.
    assert took < 2.5
