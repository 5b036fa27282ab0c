# SPDX-License-Identifier: Apache-2.0
"""TIFF directories, whole and broken."""

from __future__ import annotations

import struct

import pytest
import slides

from dicomizer.errors import CorruptSourceError
from dicomizer.slide import SizePx
from dicomizer.sources.base import Refusal
from dicomizer.sources.tiff.directory import read_directories


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_directories_tell_sizes_tiles_and_spacing(tmp_path, bigtiff, byteorder):
    built = slides.write_tiled_tiff(
        tmp_path / "a.tif", bigtiff=bigtiff, byteorder=byteorder, mpp=0.25
    )

    found = read_directories(built.path)

    assert [item.size for item in found] == [SizePx(300, 200), SizePx(150, 100), SizePx(75, 50)]
    assert {item.tile_size for item in found} == {SizePx(64, 64)}
    assert [len(item.offsets) for item in found] == [20, 6, 2]
    assert [item.mpp and round(item.mpp[0], 6) for item in found] == [0.25, 0.5, 1.0]


@pytest.mark.parametrize("mpp", [0.005, 353.0])
def test_resolution_of_no_possible_slide_is_no_spacing(tmp_path, mpp):
    built = slides.write_tiled_tiff(tmp_path / "a.tif", mpp=mpp, factors=(1,))

    assert read_directories(built.path)[0].mpp is None


def test_what_is_no_tiff_is_left_to_others(tmp_path):
    path = tmp_path / "a.tif"
    path.write_text("plain text")

    with pytest.raises(Refusal, match="no TIFF signature"):
        read_directories(path)


@pytest.mark.parametrize("keep", [12, 400, 5000, -1])
def test_cut_file_is_corrupt_and_never_one_with_fewer_levels(tmp_path, keep):
    built = slides.write_svs(tmp_path / "a.svs")
    data = built.path.read_bytes()
    built.path.write_bytes(data[:keep])

    with pytest.raises(CorruptSourceError, match="copy it again"):
        read_directories(built.path)


@pytest.mark.parametrize("missing", [1, 8, 200])
def test_value_that_is_cut_off_is_not_taken_for_absent(tmp_path, real_slide, missing):
    data = real_slide("aperio/CMU-1-Small-Region.svs").read_bytes()
    path = tmp_path / "a.svs"
    path.write_bytes(data[:-missing])

    with pytest.raises(CorruptSourceError, match=r"directory 3 at byte \d+: a value ends at byte"):
        read_directories(path)


def test_directories_in_a_circle_are_corrupt(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\0" + struct.pack("<IHI", 8, 0, 8))

    with pytest.raises(CorruptSourceError, match="circle"):
        read_directories(path)


def test_tile_behind_the_end_is_named(tmp_path):
    built = slides.write_tiled_tiff(tmp_path / "a.tif", factors=(1,))
    (offset,) = [item.offsets[-1] for item in read_directories(built.path)]
    data = built.path.read_bytes()
    forged = data.replace(struct.pack("<I", offset), struct.pack("<I", 0x7FFFFFFF), 1)
    assert forged != data
    built.path.write_bytes(forged)

    with pytest.raises(CorruptSourceError, match=r"directory 0: tile 19 ends at byte \d+"):
        read_directories(built.path)
