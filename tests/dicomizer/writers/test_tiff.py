# SPDX-License-Identifier: Apache-2.0
"""TIFF directories, byte by byte."""

from __future__ import annotations

import struct

import numpy as np

from dicomizer.writers import tiff
from dicomizer.writers.tiff import Field, Tag, Type, directories


def test_values_that_fit_stand_in_the_entry_others_behind_the_directory():
    fields = [
        Field(Tag.IMAGE_WIDTH, Type.LONG, [300]),
        Field(Tag.BITS_PER_SAMPLE, Type.SHORT, [8, 8, 8]),
        Field(Tag.IMAGE_DESCRIPTION, Type.ASCII, b"abc\0"),
        Field(Tag.X_RESOLUTION, Type.RATIONAL, [40000, 1]),
    ]

    data, header = directories([fields], 64)

    assert header == b"II*\0" + struct.pack("<I", 64)
    assert data == (
        struct.pack("<H", 4)
        + struct.pack("<HHII", 256, 4, 1, 300)
        + struct.pack("<HHII", 258, 3, 3, 64 + 56)
        + struct.pack("<HHI4s", 270, 2, 4, b"abc\0")
        + struct.pack("<HHII", 282, 5, 1, 64 + 64)
        + struct.pack("<I", 0)
        + bytes(2)
        + struct.pack("<HHHxx", 8, 8, 8)
        + struct.pack("<II", 40000, 1)
    )


def test_directories_are_chained():
    page = [Field(Tag.IMAGE_WIDTH, Type.LONG, [1])]

    data, _ = directories([page, page], 8)

    (second,) = struct.unpack_from("<I", data, 2 + 12)
    assert second == 8 + 24
    assert data[: 2 + 12] == data[24 : 24 + 2 + 12]
    assert struct.unpack_from("<I", data, 24 + 14) == (0,)


def test_past_4_gib_the_file_is_a_bigtiff():
    start = (1 << 32) + 16
    fields = [
        Field(Tag.IMAGE_LENGTH, Type.LONG, [7]),
        Field(Tag.TILE_OFFSETS, Type.LONG8, np.array([1 << 33, 5], dtype=np.uint64)),
    ]

    data, header = directories([fields], start)

    assert header == b"II+\0\x08\0\0\0" + struct.pack("<Q", start)
    assert data == (
        struct.pack("<Q", 2)
        + struct.pack("<HHQQ", 257, 4, 1, 7)
        + struct.pack("<HHQQ", 324, 16, 2, start + 56)
        + struct.pack("<Q", 0)
        + struct.pack("<QQ", 1 << 33, 5)
    )


def test_a_directory_that_passes_4_gib_by_itself_makes_a_bigtiff(monkeypatch):
    monkeypatch.setattr(tiff, "_CLASSIC_LIMIT", 100)

    assert directories([[Field(Tag.IMAGE_WIDTH, Type.LONG, [1])]], 64)[1][:4] == b"II*\0"
    assert directories([[Field(Tag.IMAGE_WIDTH, Type.LONG, [1])]], 80)[1][:4] == b"II+\0"
