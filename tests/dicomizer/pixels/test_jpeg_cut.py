# SPDX-License-Identifier: Apache-2.0
"""Tiles cut in the DCT domain have the coefficients of the stream: a plain decoder tells them."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from itertools import islice, pairwise

import build_ndpi
import imagecodecs
import numpy as np
import pytest
import slides
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from dicomizer.pixels.codecs import jpeg
from dicomizer.pixels.codecs.jpeg_cut import JpegCutter, sized_header
from dicomizer.pixels.codecs.jpeg_cut_bits import dc_code
from dicomizer.pixels.codecs.jpeg_cut_grid import CutGrid, cut_grid
from dicomizer.pixels.codecs.jpeg_cut_tables import HuffmanTable

SIZE = WIDTH, HEIGHT = 700, 540
COLORS = ("4:4:4", "4:2:2", "4:2:0", "grey")


def picture(color: str) -> NDArray[np.uint8]:
    """Return a picture with noise, so that blocks have long and short codes."""
    noise = np.random.default_rng(7).integers(-40, 40, (HEIGHT, WIDTH, 3))
    quiet = np.zeros((HEIGHT, WIDTH, 1), int)
    quiet[:, : WIDTH // 2] = 1
    pixels = (slides.picture(WIDTH, HEIGHT) + noise * quiet).clip(0, 255).astype(np.uint8)
    return np.ascontiguousarray(pixels[:, :, 0]) if color == "grey" else pixels


def coded(color: str, interval: int) -> bytes:
    subsampling = "4:4:4" if color == "grey" else color
    return build_ndpi.coded(picture(color), interval=interval, subsampling=subsampling)


def intervals_of(stream: bytes) -> dict[int, bytes]:
    starts = [*build_ndpi.restart_starts(stream), len(stream)]
    return {number: stream[start : end - 2] for number, (start, end) in enumerate(pairwise(starts))}


def cutter_of(stream: bytes) -> JpegCutter:
    header = jpeg.read_header(stream)
    return JpegCutter(header, cut_grid(header, *SIZE), ycbcr=True)


def tiles_of(stream: bytes) -> list[bytes]:
    cutter = cutter_of(stream)
    blocks = cutter.find_blocks(intervals_of(stream))
    return [cutter.cut(tile, blocks) for tile in range(4)]


class Coefficients:
    """A decoder after T.81 annex F, slow and plain: quantised coefficients of each component.

    ``blocks[component]`` is (rows, columns, 64) in zigzag order, padded to whole MCUs.
    """

    def __init__(self, stream: bytes) -> None:
        header = jpeg.read_header(stream)
        frame = header.frame
        self._codes = dict(self._tables(header))
        scan = next(item.payload for item in header.segments if item.marker == 0xDA)
        self._table_numbers = [(scan[2 + 2 * n] >> 4, scan[2 + 2 * n] & 15) for n in range(scan[0])]
        self._sampling = [(h, v) for _, h, v in frame.sampling]
        if len(self._sampling) == 1:
            self._sampling = [(1, 1)]
        mcu = 8 * max(h for h, _ in self._sampling), 8 * max(v for _, v in self._sampling)
        self._across = -(-frame.width // mcu[0])
        down = -(-frame.height // mcu[1])
        self.blocks = [
            np.zeros((down * v, self._across * h, 64), np.int32) for h, v in self._sampling
        ]
        numbers = iter(range(self._across * down))
        restarts = [item.payload for item in header.segments if item.marker == 0xDD]
        count = int.from_bytes(restarts[0], "big") if restarts else self._across * down
        for interval in re.split(rb"\xff[\xd0-\xd7]", stream[header.length : -2]):
            self._interval(interval.replace(b"\xff\0", b"\xff"), list(islice(numbers, count)))
        assert next(numbers, None) is None

    def _tables(self, header: jpeg.JpegHeader) -> Iterator[tuple[tuple[int, int], dict]]:
        for payload in (item.payload for item in header.segments if item.marker == 0xC4):
            rest = payload
            while rest:
                key, counts = (rest[0] >> 4, rest[0] & 15), rest[1:17]
                symbols = iter(rest[17:])
                codes, code = {}, 0
                for length, count in enumerate(counts, 1):
                    for _ in range(count):
                        codes[length, code] = next(symbols)
                        code += 1
                    code <<= 1
                yield key, codes
                rest = rest[17 + sum(counts) :]

    def _interval(self, data: bytes, numbers: list[int]) -> None:
        self._bits = iter(np.unpackbits(np.frombuffer(data, np.uint8)).tolist())
        predictors = [0] * len(self.blocks)
        for number in numbers:
            row, column = divmod(number, self._across)
            for component, (h, v) in enumerate(self._sampling):
                for block in range(h * v):
                    place = row * v + block // h, column * h + block % h
                    found = self._block(component, predictors[component])
                    self.blocks[component][place] = found
                    predictors[component] = found[0]
        rest = list(self._bits)
        assert len(rest) < 8
        assert all(rest)

    def _block(self, component: int, predictor: int) -> list[int]:
        dc, ac = self._table_numbers[component]
        values = [0] * 64
        values[0] = predictor + self._value(self._symbol(self._codes[0, dc]))
        place = 1
        while place < 64:
            symbol = self._symbol(self._codes[1, ac])
            run, size = symbol >> 4, symbol & 15
            if size == 0 and run < 15:
                break
            place += run
            if size:
                values[place] = self._value(size)
            place += 1
        return values

    def _symbol(self, codes: dict[tuple[int, int], int]) -> int:
        code = 0
        for length in range(1, 17):
            code = code << 1 | self._take(1)
            if (length, code) in codes:
                return codes[length, code]
        raise AssertionError("no such code")

    def _value(self, size: int) -> int:
        value = self._take(size)
        return value if size == 0 or value >> (size - 1) else value - (1 << size) + 1

    def _take(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | next(self._bits)
        return value


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("interval", [0, 11, 44])
def test_tiles_have_the_coefficients_of_the_stream(color, interval):
    stream = coded(color, interval)
    whole = Coefficients(stream)

    tiles = [Coefficients(tile) for tile in tiles_of(stream)]

    for component, blocks in enumerate(whole.blocks):
        height, width, _ = tiles[0].blocks[component].shape
        for number, tile in enumerate(tiles):
            top, left = number // 2 * height, number % 2 * width
            expected = blocks[top : top + height, left : left + width]
            found = tile.blocks[component][: expected.shape[0], : expected.shape[1]]
            assert np.array_equal(found, expected), f"tile {number}, component {component}"


def test_beyond_the_edge_the_last_dc_coefficient_is_repeated():
    stream = coded("4:4:4", 0)

    tile = Coefficients(tiles_of(stream)[3])

    for blocks in tile.blocks:
        assert blocks.shape == (64, 64, 64)
        last = blocks[3, 23, 0]
        assert (blocks[3, 24:, 0] == last).all()
        assert (blocks[4:, :, 0] == last).all()
        assert not blocks[4:, :, 1:].any()
        assert not blocks[:, 24:, 1:].any()


@pytest.mark.parametrize("color", ["4:4:4", "grey"])
def test_tiles_decode_to_the_pixels_of_the_stream(color):
    stream = coded(color, 11)
    whole = imagecodecs.jpeg8_decode(stream)

    found = [imagecodecs.jpeg8_decode(tile) for tile in tiles_of(stream)]

    for number, tile in enumerate(found):
        assert tile.shape[:2] == (512, 512)
        top, left = number // 2 * 512, number % 2 * 512
        expected = whole[top : top + 512, left : left + 512]
        assert np.array_equal(tile[: expected.shape[0], : expected.shape[1]], expected)


@settings(max_examples=40, deadline=None)
@given(
    width=st.integers(1, 600),
    height=st.integers(1, 600),
    interval=st.integers(0, 90),
    seed=st.integers(0, 99),
)
def test_tiles_of_any_size_decode_to_the_pixels_of_any_stream(width, height, interval, seed):
    chance = np.random.default_rng(seed)
    pixels = chance.normal(128, chance.integers(1, 60), (height, width)).clip(0, 255)
    stream = build_ndpi.coded(pixels.astype(np.uint8), interval=interval)
    header = jpeg.read_header(stream)
    cutter = JpegCutter(header, cut_grid(header, width, height), ycbcr=False)

    blocks = cutter.find_blocks(intervals_of(stream))

    whole = imagecodecs.jpeg8_decode(stream)
    for top in range(0, height, 512):
        for left in range(0, width, 512):
            tile = cutter.cut(top // 512 * cutter.grid.columns + left // 512, blocks)
            expected = whole[top : top + 512, left : left + 512]
            found = imagecodecs.jpeg8_decode(tile)[: expected.shape[0], : expected.shape[1]]
            assert np.array_equal(found, expected)


@pytest.mark.parametrize("color", ["4:2:2", "4:2:0"])
def test_subsampled_tiles_differ_from_the_stream_only_where_chroma_is_interpolated(color):
    stream = coded(color, 0)
    whole = imagecodecs.jpeg8_decode(stream)

    for number, tile in enumerate(map(imagecodecs.jpeg8_decode, tiles_of(stream))):
        top, left = number // 2 * 512, number % 2 * 512
        expected = whole[top : top + 512, left : left + 512]
        inner = slice(1, expected.shape[0] - 1), slice(1, expected.shape[1] - 1)
        assert np.array_equal(tile[inner], expected[inner])


def test_a_tile_is_a_baseline_stream_whose_restart_intervals_are_its_rows():
    tile = tiles_of(coded("4:2:0", 11))[0]

    header = jpeg.read_header(tile)

    assert (header.frame.width, header.frame.height) == (512, 512)
    assert header.frame.is_baseline
    restarts = [item.data for item in header.segments if item.marker == 0xDD]
    assert restarts == [b"\xff\xdd\0\4\0\x20"]
    assert re.findall(rb"\xff[\xd0-\xd7]", tile[header.length :]) == [
        bytes((0xFF, 0xD0 + number % 8)) for number in range(31)
    ]
    assert tile[-2:] == b"\xff\xd9"
    assert tile.count(b"\xff\xd9") == 1


def test_an_image_wider_than_a_frame_header_can_say_is_divided():
    header = jpeg.read_header(coded("4:4:4", 11))

    grid = cut_grid(header, 100_000, 80_000)

    assert grid == CutGrid(8, 8, 12_500, 10_000, 11, 64, 64)
    assert grid.columns == 196
    assert grid.number_of_intervals == 11_363_637
    assert grid.mcus_of_interval(11_363_636) == 4
    assert [len(row) for row in grid.rows_of_tile(195)] == [20] * 64
    assert grid.rows_of_tile(196)[0] == range(64 * 12_500, 64 * 12_500 + 64)


def test_only_the_intervals_of_a_tile_are_needed():
    stream = coded("4:4:4", 44)
    cutter, every = cutter_of(stream), intervals_of(stream)

    needed = cutter.grid.intervals_of_tile(3)
    tile = cutter.cut(3, cutter.find_blocks({number: every[number] for number in sorted(needed)}))

    assert needed == set(range(129, 137, 2))
    assert tile == tiles_of(stream)[3]


@pytest.mark.parametrize("interval", [0, 11])
@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: data + bytes(64)]
)
def test_an_interval_longer_or_shorter_than_its_blocks_is_an_error(interval, damage):
    stream = coded("4:4:4", interval)
    cutter, intervals = cutter_of(stream), intervals_of(stream)
    last = len(intervals) - 1
    intervals[last] = damage(intervals[last])

    with pytest.raises(jpeg.JpegError, match="restart interval"):
        cutter.find_blocks(intervals)


def test_intervals_that_end_before_their_blocks_are_an_error_at_once():
    stream = coded("4:4:4", 88)
    cutter, intervals = cutter_of(stream), intervals_of(stream)
    assert len(intervals) == 68
    intervals[0] = b""

    with pytest.raises(jpeg.JpegError, match="ends before its blocks"):
        cutter.find_blocks(intervals)


def test_bytes_that_a_scanner_left_behind_an_interval_are_no_error():
    stream = coded("4:4:4", 11)
    cutter, intervals = cutter_of(stream), intervals_of(stream)
    intervals[0] += b"\0\0"

    tile = cutter.cut(0, cutter.find_blocks(intervals))

    assert tile == tiles_of(stream)[0]


def test_tables_made_for_the_values_of_a_stream_are_an_error():
    target = io.BytesIO()
    Image.fromarray(picture("4:4:4")).save(target, "JPEG", optimize=True)

    with pytest.raises(jpeg.JpegError, match="not made for other values"):
        cutter_of(target.getvalue())


def test_a_table_that_is_not_there_is_an_error():
    stream = bytearray(coded("4:4:4", 0))
    stream[stream.index(b"\xff\xda") + 6] = 0x33

    with pytest.raises(jpeg.JpegError, match=r"no Huffman table \(0, 3\)"):
        cutter_of(bytes(stream))


def test_a_table_of_more_codes_than_there_can_be_is_an_error():
    stream = bytearray(coded("4:4:4", 0))
    stream[stream.index(b"\xff\xc4") + 5] = 3

    with pytest.raises(jpeg.JpegError, match="more codes than there can be"):
        cutter_of(bytes(stream))


def test_a_dc_coefficient_of_no_picture_is_an_error():
    with pytest.raises(jpeg.JpegError, match="differs by 2048, more than there can be"):
        dc_code(HuffmanTable({}, np.zeros(0, np.int64), np.zeros(0, np.int64)), 2048)


def test_a_scan_of_some_components_is_an_error():
    stream = coded("4:4:4", 0)
    scan = stream.index(b"\xff\xda\0\x0c\3")
    one = stream[:scan] + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + stream[scan + 14 :]

    with pytest.raises(jpeg.JpegError, match="1 of 3 components"):
        cutter_of(one)


def test_a_header_is_sized_anew():
    header = jpeg.read_header(coded("4:4:4", 0))

    found = jpeg.read_header(sized_header(header, 300, 200, ycbcr=True) + b"\0")

    assert (found.frame.width, found.frame.height) == (300, 200)
    with pytest.raises(jpeg.JpegError, match="65501 x 8"):
        sized_header(header, 65_501, 8, ycbcr=True)


def test_coefficients_of_a_known_stream_are_told_right():
    grey = np.full((8, 16), 128, np.uint8)
    grey[:, 8:] = 144
    stream = build_ndpi.coded(grey)
    (quantisation,) = struct.unpack_from("B", stream, stream.index(b"\xff\xdb") + 5)

    blocks = Coefficients(stream).blocks[0]

    assert blocks[0, 0].tolist() == [0] * 64
    assert blocks[0, 1].tolist() == [round(16 * 8 / quantisation)] + [0] * 63
