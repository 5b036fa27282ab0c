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


def subdirectories(tmp_path):
    reduced = [{"data": slides.grey(size, size), "tile": (32, 32)} for size in (64, 32)]
    page = {"data": slides.grey(128, 128), "tile": (32, 32), "reduced": reduced}
    return slides.write_pages(tmp_path / "a.tif", page, {"data": slides.grey(9, 9)})


def test_subdirectories_are_told_apart_from_the_main_chain(tmp_path):
    first, second = read_directories(subdirectories(tmp_path))

    assert [item.size for item in first.subdirectories] == [SizePx(64, 64), SizePx(32, 32)]
    assert [item.index for item in (first, second, *first.subdirectories)] == [0, 1, 2, 3]
    assert first.subdirectories[1].place == "SubIFD of directory 0 (image 3)"
    assert second.subdirectories == ()


def test_tile_of_a_subdirectory_behind_the_end_is_named(tmp_path):
    path = subdirectories(tmp_path)
    (offset,) = read_directories(path)[0].subdirectories[1].offsets
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", offset), b"\xff\xff\xff\x7f"))

    with pytest.raises(CorruptSourceError, match=r"SubIFD of directory 0 \(image 3\): tile 0 ends"):
        read_directories(path)


def test_subdirectory_that_leads_back_is_a_circle(tmp_path):
    path = subdirectories(tmp_path)
    data = bytearray(path.read_bytes())
    first = struct.unpack_from("<I", data, 4)[0]
    (entries,) = struct.unpack_from("<H", data, first)
    for start in range(first + 2, first + 2 + entries * 12, 12):
        if struct.unpack_from("<H", data, start)[0] == 330:
            where = struct.unpack_from("<I", data, start + 8)[0]
            struct.pack_into("<I", data, where, first)
    path.write_bytes(data)

    with pytest.raises(CorruptSourceError, match="circle"):
        read_directories(path)


def test_tags_of_vendors_are_kept_by_number(tmp_path):
    page = {"data": slides.grey(9, 9), "extratags": [(65000, 3, 2, (7, 8), False)]}
    (found,) = read_directories(slides.write_pages(tmp_path / "a.tif", page))

    assert found.tags[65000] == (7, 8)
    assert 273 not in found.tags


def test_ndpi_is_left_to_its_reader_whatever_its_offsets(tmp_path):
    path = tmp_path / "a.ndpi"
    entry = struct.pack("<HHII", 65420, 4, 1, 1)
    path.write_bytes(b"II*\0" + struct.pack("<QH", 12, 1) + entry + bytes(12))

    with pytest.raises(Refusal, match="Hamamatsu NDPI"):
        read_directories(path)


def test_tile_without_bytes_is_missing_and_not_corrupt(tmp_path):
    tiles = [tile.tobytes() for tile in slides.tiles_of(slides.picture(128, 64), 64)]
    path = slides.write_tile_streams(
        tmp_path / "a.tif", (64, 128, 3), 64, [tiles[0], b""], photometric="rgb"
    )

    (found,) = read_directories(path)

    assert found.byte_counts == (12288, 0)


def test_tag_that_cannot_be_read_is_not_taken_for_absent(tmp_path):
    path = slides.write_pages(tmp_path / "a.tif", {"data": slides.grey(9, 9)})
    data = path.read_bytes()
    photometric = struct.pack("<HHI", 262, 3, 1)
    path.write_bytes(data.replace(photometric, struct.pack("<HHI", 262, 515, 1)))

    with pytest.raises(CorruptSourceError, match="tag 262 cannot be read"):
        read_directories(path)
