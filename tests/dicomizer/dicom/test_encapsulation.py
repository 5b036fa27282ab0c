# SPDX-License-Identifier: Apache-2.0
"""Offset tables and items: what is written is found again, and nothing else is."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.encaps import (
    encapsulate,
    encapsulate_extended,
    generate_fragments,
    parse_basic_offsets,
)

from dicomizer.dicom import encapsulation
from dicomizer.dicom.encapsulation import (
    SEQUENCE_DELIMITER,
    FrameIndex,
    basic_offset_table,
    extended_offset_table,
    extended_tables,
    frame_offsets,
    item_header,
    read_frame_index,
)
from dicomizer.errors import CorruptDicomError

EMPTY_TABLE = item_header(0)
BEFORE = b"what stands before Pixel Data"
"""So that offsets in the file differ from those in tables."""

frames = st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=8)
fragmented_frames = st.lists(
    st.lists(st.binary(min_size=2, max_size=8).map(lambda b: b[: len(b) // 2 * 2]), min_size=1),
    min_size=1,
    max_size=6,
)


@dataclass
class Bytes:
    """Bytes as a file with random access."""

    data: bytes

    def pread(self, length: int, offset: int) -> bytes:
        return self.data[offset : offset + length]


def even(value: bytes) -> bytes:
    return value + b"\0" * (len(value) % 2)


def lengths(values: list[bytes]) -> np.ndarray:
    return np.array([len(value) for value in values], dtype=np.uint64)


def items(values: list[bytes]) -> bytes:
    return b"".join(item_header(len(value)) + value for value in values)


def read(
    table: bytes, values: list[bytes], count: int, extended: tuple[bytes, bytes] | None = None
) -> tuple[FrameIndex, list[bytes]]:
    """Return the index of the frames, and their bytes as the index says."""
    source = Bytes(BEFORE + table + items(values) + SEQUENCE_DELIMITER)
    index = read_frame_index(source, len(BEFORE), count, extended)
    runs = [index.fragments(number) for number in range(len(index))]
    return index, [b"".join(source.pread(n, offset) for offset, n in run) for run in runs]


@given(frames)
def test_frames_of_one_fragment_are_found_with_and_without_a_table(values):
    padded = [even(value) for value in values]

    for table in (EMPTY_TABLE, basic_offset_table(lengths(padded))):
        index, found = read(table, padded, len(padded))

        assert found == padded
        assert index.fragmented == {}
        assert int(index.offsets[0]) == len(BEFORE + table) + 8


@given(frames)
def test_the_extended_table_may_tell_lengths_with_padding_and_without(values):
    padded = [even(value) for value in values]
    offsets, even_lengths = extended_offset_table(lengths(padded))
    exact_lengths = lengths(values).astype("<u8").tobytes()

    _, found = read(EMPTY_TABLE, padded, len(values), (offsets, even_lengths))
    _, exact = read(EMPTY_TABLE, padded, len(values), (offsets, exact_lengths))

    assert found == padded
    assert exact == values


@given(fragmented_frames, st.booleans())
def test_frames_of_several_fragments_are_found_by_either_table(values, is_extended):
    fragments = [fragment for value in values for fragment in value]
    starts, position = [], 0
    for value in values:
        starts.append(position)
        position += sum(8 + len(fragment) for fragment in value)
    joined = [b"".join(value) for value in values]
    if is_extended:
        count = len(values)
        extended = struct.pack(f"<{count}Q", *starts), struct.pack(f"<{count}Q", *map(len, joined))
        index, found = read(EMPTY_TABLE, fragments, count, extended)
    else:
        table = item_header(4 * len(starts)) + struct.pack(f"<{len(starts)}I", *starts)
        index, found = read(table, fragments, len(values))

    assert found == joined
    assert sorted(index.fragmented) == [i for i, value in enumerate(values) if len(value) > 1]
    assert index.lengths.tolist() == [len(value) for value in joined]


@given(st.lists(st.binary(max_size=9), min_size=1))
def test_one_frame_takes_all_fragments_without_a_table(fragments):
    _, found = read(EMPTY_TABLE, fragments, 1)

    assert found == [b"".join(fragments)]


@given(frames, st.data())
def test_whatever_is_cut_off_is_missed(values, data):
    padded = [even(value) for value in values]
    whole = BEFORE + basic_offset_table(lengths(padded)) + items(padded) + SEQUENCE_DELIMITER
    length = data.draw(st.integers(0, len(whole) - 1))

    with pytest.raises(CorruptDicomError, match="the file is truncated or damaged"):
        read_frame_index(Bytes(whole[:length]), len(BEFORE), len(values))


@given(st.binary(max_size=120), st.integers(0, 4), st.binary(max_size=40))
def test_any_bytes_are_frames_or_an_error_of_ours(data, count, table):
    source = Bytes(item_header(0) + data + SEQUENCE_DELIMITER)

    for extended in (None, (table, table)):
        try:
            index = read_frame_index(source, 0, count, extended)
        except CorruptDicomError:
            continue
        assert len(index) == count


@given(frames)
def test_peers_read_the_tables_alike(values):
    padded = [even(value) for value in values]
    table = basic_offset_table(lengths(padded))

    assert parse_basic_offsets(table) == frame_offsets(lengths(padded)).tolist()
    assert list(generate_fragments(items(padded))) == padded


@given(frames, st.integers(1, 3))
def test_what_peers_write_is_read(values, fragments_per_frame):
    # A fragment has two bytes at least.
    values = [value + b"longer" for value in values]
    source = Bytes(encapsulate(values, fragments_per_frame) + SEQUENCE_DELIMITER)
    extended_source, *extended = encapsulate_extended(values)

    index = read_frame_index(source, 0, len(values))
    exact = read_frame_index(
        Bytes(extended_source + SEQUENCE_DELIMITER), 0, len(values), tuple(extended)
    )

    for number, value in enumerate(values):
        joined = b"".join(source.pread(n, offset) for offset, n in index.fragments(number))
        assert joined == even(value)
        ((offset, length),) = exact.fragments(number)
        assert extended_source[offset : offset + length] in (value, even(value))


def test_offsets_count_from_behind_the_table_and_point_at_items():
    table = basic_offset_table(np.array([10, 20, 30], dtype=np.uint64))

    assert table == bytes.fromhex("feff00e0 0c000000 00000000 12000000 2e000000")
    assert extended_offset_table(np.array([10, 20], dtype=np.uint64)) == (
        bytes.fromhex("0000000000000000 1200000000000000"),
        bytes.fromhex("0a00000000000000 1400000000000000"),
    )


def test_a_basic_table_ends_at_32_bits():
    fits = np.array([0xFFFFFFF7, 2], dtype=np.uint64)
    basic_offset_table(fits)

    with pytest.raises(CorruptDicomError, match=r"offset 4294967296 exceeds.*Extended Offset"):
        basic_offset_table(fits + np.uint64(1))


def test_lengths_of_an_extended_table_that_fit_no_item_are_not_believed():
    extended = struct.pack("<2Q", 0, 12), struct.pack("<2Q", 100, 1)

    _, found = read(EMPTY_TABLE, [b"abcd", b"efgh"], 2, extended)

    assert found == [b"abcd", b"efgh"]


@pytest.mark.parametrize(
    ("starts", "count", "message"),
    [
        ((), 2, "found 3 fragments and 0 offsets, expected one for each of 2 frames"),
        ((0, 12), 5, "found 3 fragments and 2 offsets"),
        ((0, 14), 2, "offset 14 of the offset table points at no fragment"),
        ((0, 0), 2, "not in ascending order"),
        ((12, 0), 2, "not in ascending order"),
        ((12, 24), 2, "not in ascending order"),
        ((), 0, "not in ascending order"),
    ],
)
def test_a_table_that_does_not_divide_the_fragments_is_an_error(starts, count, message):
    table = item_header(4 * len(starts)) + struct.pack(f"<{len(starts)}I", *starts)

    with pytest.raises(CorruptDicomError, match=message):
        read(table, [b"aaaa", b"bbbb", b"cccc"], count)


def test_items_without_end_are_refused_before_they_take_memory(monkeypatch):
    monkeypatch.setattr(encapsulation, "SPARE_FRAGMENT_LIMIT", 1000)

    index = read_frame_index(Bytes(EMPTY_TABLE * 1002 + SEQUENCE_DELIMITER), 0, 1)
    assert len(index.fragments(0)) == 1001
    with pytest.raises(CorruptDicomError, match="more than 1,000 fragments beyond one for each"):
        read_frame_index(Bytes(EMPTY_TABLE * 1003), 0, 1)


@pytest.mark.parametrize("value", [None, "text", [1, 2]])
def test_extended_tables_are_two_values_of_bytes_or_none(value):
    dataset = Dataset()
    dataset.ExtendedOffsetTable = b"12345678"
    assert extended_tables(dataset) is None

    dataset.ExtendedOffsetTableLengths = b"abcdefgh"
    assert extended_tables(dataset) == (b"12345678", b"abcdefgh")

    dataset["ExtendedOffsetTable"]._value = value
    assert extended_tables(dataset) is None


def test_an_error_tells_the_place_what_was_found_and_what_to_do():
    source = Bytes(EMPTY_TABLE + item_header(2) + b"ab" + b"garbage!")

    with pytest.raises(CorruptDicomError) as caught:
        read_frame_index(source, 0, 1)

    assert str(caught.value) == (
        "PixelData at byte 18: found 6761726261676521, expected an item (FFFE,E000) or the "
        "sequence delimiter (FFFE,E0DD); the file is truncated or damaged; get it again"
    )
