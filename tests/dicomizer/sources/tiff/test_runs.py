# SPDX-License-Identifier: Apache-2.0
"""Runs of stored tiles."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from dicomizer.sources.tiff.runs import read_runs, runs


def test_neighbours_make_one_run_and_jumps_part_runs():
    offsets, counts = [100, 110, 5000, 200, 210], [10, 10, 10, 10, 10]

    assert list(runs(offsets, counts)) == [(0, 2), (2, 3), (3, 5)]


def test_a_run_ends_at_its_largest_size():
    assert list(runs([0, 10, 20, 30], [10, 10, 10, 10], run_bytes=20)) == [(0, 2), (2, 4)]


@given(
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 300)), max_size=50),
    st.integers(1, 1000),
)
def test_runs_cover_all_tiles_once_and_in_order(tiles, run_bytes):
    offsets, counts = [item[0] for item in tiles], [item[1] for item in tiles]

    found = list(runs(offsets, counts, run_bytes))

    assert [index for start, stop in found for index in range(start, stop)] == list(
        range(len(tiles))
    )


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 300)), max_size=50))
def test_tiles_come_out_as_they_stand_in_the_file(tmp_path_factory, tiles):
    data = bytes(range(256)) * 80
    path = tmp_path_factory.mktemp("runs") / "file"
    path.write_bytes(data)

    descriptor = os.open(path, os.O_RDONLY)
    try:
        read = [
            bytes(tile)
            for run in read_runs(descriptor, [t[0] for t in tiles], [t[1] for t in tiles])
            for tile in run
        ]
    finally:
        os.close(descriptor)

    assert read == [data[offset : offset + count] for offset, count in tiles]
