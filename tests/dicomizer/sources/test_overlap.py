# SPDX-License-Identifier: Apache-2.0
"""Tiles that overlap, composed: where pieces lie, what a new tile shows, its pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import simplejpeg
import slides
from hypothesis import given
from hypothesis import strategies as st

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.format import GREY_16, RGB_8
from dicomizer.slide import (
    Coding,
    ColorSpace,
    Compression,
    Flavor,
    SizePx,
    SlideImage,
    SpacingMm,
)
from dicomizer.sources.base import Refusal
from dicomizer.sources.overlap import (
    ComposedImage,
    DecodedTiles,
    Layout,
    Piece,
    Placed,
    lies_in_grid,
    place,
)


def stored(
    width: int,
    height: int,
    tile: SizePx,
    *,
    compression: Compression = Compression.NONE,
    missing: frozenset[int] = frozenset(),
    pixel_format=RGB_8,
) -> SlideImage:
    return SlideImage(
        key="7",
        flavor=Flavor.VOLUME,
        size=SizePx(width, height),
        tile_size=tile,
        coding=Coding(compression, ColorSpace.RGB, lossy=True, coded_bytes=99, method="M"),
        spacing=SpacingMm(0.001, 0.002),
        pixel_format=pixel_format,
        missing=missing,
    )


def row_of(count: int, advance: float) -> list[Placed]:
    return [Placed(column, 0, column * advance, 0) for column in range(count)]


def grid_of(columns: int, rows: int, across: float, down: float) -> list[Placed]:
    return [
        Placed(column, row, column * across, row * down)
        for row in range(rows)
        for column in range(columns)
    ]


def painted(pieces: tuple[Piece, ...]) -> np.ndarray:
    """Return the plane, each pixel with the number of times it was painted."""
    size = Layout(pieces, SizePx(16, 16)).size
    plane = np.zeros((size.height, size.width), int)
    for item in pieces:
        plane[item.y : item.y + item.height, item.x : item.x + item.width] += 1
    return plane


def test_pieces_of_level_0_are_whole_tiles_at_their_places():
    pieces = place(row_of(3, 12), stored(48, 16, SizePx(16, 16)))

    assert pieces == (
        Piece(0, 0, 0, 0, 0, 16, 16),
        Piece(1, 0, 0, 12, 0, 16, 16),
        Piece(2, 0, 0, 24, 0, 16, 16),
    )


def test_a_tile_of_a_coarser_level_is_cut_into_those_of_level_0():
    pieces = place(row_of(3, 12), stored(24, 8, SizePx(16, 16)), 2)

    assert pieces == (
        Piece(0, 0, 0, 0, 0, 8, 8),
        Piece(0, 8, 0, 6, 0, 8, 8),
        Piece(1, 0, 0, 12, 0, 8, 8),
    )


def test_places_are_rounded_to_the_nearest_pixel():
    pieces = place(row_of(4, 11.5), stored(64, 16, SizePx(16, 16)))

    assert [item.x for item in pieces] == [0, 12, 23, 35]


def test_a_part_of_a_tile_that_is_no_whole_number_of_pixels_keeps_the_broken_ones():
    pieces = place(row_of(4, 8), stored(10, 10, SizePx(10, 10)), 4)

    assert [(item.left, item.width) for item in pieces] == [(0, 3), (2, 3), (5, 3), (7, 3)]


def test_what_lies_beyond_the_edge_of_the_image_is_no_part_of_a_piece():
    pieces = place(row_of(3, 12), stored(40, 10, SizePx(16, 16)))

    assert [(item.width, item.height) for item in pieces] == [(16, 10), (16, 10), (8, 10)]


def test_tiles_that_the_file_does_not_hold_have_no_piece():
    pieces = place(row_of(3, 12), stored(48, 16, SizePx(16, 16), missing=frozenset({1})))

    assert [item.tile for item in pieces] == [0, 2]


def test_tiles_beyond_the_grid_of_a_level_have_no_piece():
    assert place([Placed(9, 0, 0, 0)], stored(48, 16, SizePx(16, 16))) == ()


def test_tiles_are_painted_row_by_row_from_the_top_left():
    tiles = grid_of(2, 2, 12, 12)

    pieces = place(reversed(tiles), stored(32, 32, SizePx(16, 16)))

    assert [item.tile for item in pieces] == [0, 1, 2, 3]


@pytest.mark.parametrize(("across", "expected"), [(16, True), (15, False), (16.5, False)])
def test_tiles_in_the_grid_are_told_from_others(across, expected):
    assert lies_in_grid(row_of(2, across), SizePx(16, 16)) is expected


advances = st.integers(-8, 0) | st.floats(-9.5, 0)


@given(
    columns=st.integers(1, 9),
    rows=st.integers(1, 9),
    tile=st.tuples(st.integers(20, 45), st.integers(20, 45)),
    overlap=st.tuples(advances, advances),
    factor=st.sampled_from([1, 2, 4, 8]),
)
def test_overlapping_tiles_leave_no_gap_at_any_level(columns, rows, tile, overlap, factor):
    size = SizePx(-(-columns * tile[0] // factor), -(-rows * tile[1] // factor))
    tiles = grid_of(columns, rows, tile[0] + overlap[0], tile[1] + overlap[1])

    pieces = place(tiles, stored(size.width, size.height, SizePx(*tile)), factor)

    assert len(pieces) == columns * rows
    assert painted(pieces).min() >= 1


@given(
    columns=st.integers(1, 9),
    rows=st.integers(1, 9),
    tile=st.tuples(st.integers(20, 45), st.integers(20, 45)),
)
def test_tiles_without_overlap_lie_beside_one_another(columns, rows, tile):
    tiles = grid_of(columns, rows, *tile)

    pieces = place(tiles, stored(columns * tile[0], rows * tile[1], SizePx(*tile)))

    assert (painted(pieces) == 1).all()
    assert lies_in_grid(tiles, SizePx(*tile))


@given(
    overlap=st.floats(0, 9.5), count=st.integers(2, 20), factor=st.sampled_from([1, 2, 4, 8, 16])
)
def test_no_piece_is_a_pixel_away_from_its_place(overlap, count, factor):
    tile, advance = 40, 40 - overlap
    size = SizePx(-(-count * tile // factor), -(-tile // factor))

    pieces = place(row_of(count, advance), stored(size.width, size.height, SizePx(40, 40)), factor)

    for number, item in enumerate(pieces):
        first = number % factor * tile / factor
        assert abs(item.x - number * advance / factor - (item.left - first)) <= 0.5 + 1e-9


pieces_anywhere = st.lists(
    st.builds(
        Piece,
        tile=st.integers(0, 9),
        left=st.integers(0, 9),
        top=st.integers(0, 9),
        x=st.integers(0, 60),
        y=st.integers(0, 60),
        width=st.integers(1, 40),
        height=st.integers(1, 40),
    ),
    min_size=1,
    max_size=8,
)


@given(pieces=pieces_anywhere, tile=st.tuples(st.integers(5, 30), st.integers(5, 30)))
def test_new_tiles_together_show_just_what_was_painted(pieces, tile):
    layout = Layout(pieces, SizePx(*tile))
    columns, rows = -(-layout.size.width // tile[0]), -(-layout.size.height // tile[1])
    expected = np.zeros((rows * tile[1], columns * tile[0], 3), int)
    for item in pieces:
        y, x = np.mgrid[: item.height, : item.width]
        expected[item.y : item.y + item.height, item.x : item.x + item.width] = np.stack(
            [x + item.left + 1, y + item.top + 1, np.full_like(x, item.tile + 1)], axis=-1
        )

    for index in range(columns * rows):
        row, column = divmod(index, columns)
        shown = np.zeros((tile[1], tile[0], 3), int)
        for item in layout.pieces(index):
            y, x = np.mgrid[: item.height, : item.width]
            shown[item.y : item.y + item.height, item.x : item.x + item.width] = np.stack(
                [x + item.left + 1, y + item.top + 1, np.full_like(x, item.tile + 1)], axis=-1
            )
        part = expected[row * tile[1] : (row + 1) * tile[1], column * tile[0] :][:, : tile[0]]

        assert np.array_equal(shown, part)
        assert (index in layout.missing) == (not part.any())


def composed(
    image: SlideImage, tiles: dict[int, bytes], pieces: tuple[Piece, ...], tile: SizePx
) -> tuple[ComposedImage, list[int]]:
    """Return a composed image and the list to which it adds the stored tiles that it reads."""
    asked: list[int] = []

    def read(level, indices):
        assert level is image
        asked.extend(indices)
        for index in indices:
            yield [(tiles[index],)]

    layout = Layout(pieces, tile)
    decoded = DecodedTiles(image, read, Path("a.bif"))
    found = ComposedImage(decoded, layout, background=(1, 2, 3))
    return found, asked


def frames_of(image: ComposedImage, indices=None) -> list[bytes]:
    return [b"".join(frame) for batch in image.frames(indices) for frame in batch]


def cut(scene: slides.Pixels, advance: int, count: int) -> dict[int, bytes]:
    return {
        number: scene[:, number * advance : number * advance + 16].tobytes()
        for number in range(count)
    }


def test_pixels_are_those_of_the_scene():
    scene = slides.picture(40, 16)
    image = stored(48, 16, SizePx(16, 16))
    pieces = place(row_of(3, 12), image)

    found, _ = composed(image, cut(scene, 12, 3), pieces, SizePx(16, 16))
    pixels = [np.frombuffer(frame, np.uint8).reshape(16, 16, 3) for frame in frames_of(found)]

    assert found.image.size == SizePx(40, 16)
    assert np.array_equal(np.concatenate(pixels, axis=1)[:, :40], scene)
    assert np.array_equal(pixels[2][:, 8:], np.repeat(scene[:, 39:40], 8, axis=1))


def test_the_composed_level_tells_what_it_was_made_of():
    image = stored(48, 16, SizePx(16, 16), compression=Compression.JPEG)

    found, _ = composed(image, {}, place(row_of(3, 12), image), SizePx(32, 32))

    assert found.image == SlideImage(
        key="7",
        flavor=Flavor.VOLUME,
        size=SizePx(40, 16),
        tile_size=SizePx(32, 32),
        coding=Coding(Compression.NONE, ColorSpace.RGB, lossy=True, coded_bytes=99, method="M"),
        spacing=SpacingMm(0.001, 0.002),
    )


def test_frames_are_made_in_the_order_asked_for_and_read_only_what_they_show():
    scene = slides.picture(88, 16)
    image = stored(112, 16, SizePx(16, 16))
    pieces = place(row_of(7, 12), image)
    found, _ = composed(image, cut(scene, 12, 7), pieces, SizePx(16, 16))
    everything = frames_of(found)
    found, asked = composed(image, cut(scene, 12, 7), pieces, SizePx(16, 16))

    chosen = frames_of(found, [5, 0, 5])

    assert chosen == [everything[5], everything[0], everything[5]]
    assert sorted(asked) == [0, 1, 6]


def test_a_stored_tile_is_decoded_once_while_it_is_kept():
    scene = slides.picture(88, 16)
    image = stored(112, 16, SizePx(16, 16))
    found, asked = composed(image, cut(scene, 12, 7), place(row_of(7, 12), image), SizePx(16, 16))

    frames_of(found)
    frames_of(found)

    assert asked == [0, 1, 2, 3, 4, 5, 6]


def test_where_no_tile_lies_a_frame_is_empty_or_background():
    image = stored(32, 16, SizePx(16, 16))
    pieces = place([Placed(0, 0, 0, 0), Placed(1, 0, 40, 0)], image)
    tiles = {0: bytes(16 * 16 * 3), 1: bytes(16 * 16 * 3)}

    found, _ = composed(image, tiles, pieces, SizePx(16, 16))
    frames = [frame for batch in found.frames() for frame in batch]

    assert found.image.missing == {1}
    assert frames[1] == ()
    third = np.frombuffer(b"".join(frames[2]), np.uint8).reshape(16, 16, 3)
    assert (third[:, :8] == (1, 2, 3)).all()
    assert not third[:, 8:].any()


def test_grey_of_16_bits_stays_as_deep():
    image = stored(16, 16, SizePx(16, 16), pixel_format=GREY_16)
    tile = np.arange(256, dtype="<u2").tobytes()

    found, _ = composed(image, {0: tile}, place(row_of(1, 16), image), SizePx(16, 16))

    assert frames_of(found) == [tile]
    assert found.image.coding.color_space is ColorSpace.MONOCHROME


def test_jpeg_tiles_are_decoded():
    scene = slides.picture(28, 16)
    image = stored(32, 16, SizePx(16, 16), compression=Compression.JPEG)
    parts = (scene[:, :16], scene[:, 12:])
    tiles = {n: slides.encoded(np.ascontiguousarray(p), "ycbcr444") for n, p in enumerate(parts)}

    found, _ = composed(image, tiles, place(row_of(2, 12), image), SizePx(32, 16))
    pixels = np.frombuffer(frames_of(found)[0], np.uint8).reshape(16, 32, 3)

    assert np.array_equal(pixels[:, :12], simplejpeg.decode_jpeg(tiles[0])[:, :12])
    assert np.array_equal(pixels[:, 12:28], simplejpeg.decode_jpeg(tiles[1]))


def test_a_damaged_tile_is_named():
    image = stored(32, 16, SizePx(16, 16), compression=Compression.JPEG)
    good = slides.encoded(slides.picture(16, 16), "ycbcr444")
    found, _ = composed(
        image, {0: good, 1: good[:300]}, place(row_of(2, 12), image), SizePx(32, 16)
    )

    with pytest.raises(CorruptSourceError, match=r"a.bif: directory 7: tile 1 cannot be decoded"):
        frames_of(found)


@pytest.mark.parametrize(
    ("compression", "tile", "message"),
    [
        (Compression.JPEG_2000, SizePx(16, 16), "JPEG 2000, not JPEG"),
        (Compression.JPEG, SizePx(9000, 9000), "9000 x 9000 pixels large"),
    ],
)
def test_tiles_that_cannot_be_composed_are_refused(compression, tile, message):
    image = stored(16, 16, tile, compression=compression)

    with pytest.raises(Refusal, match=message):
        composed(image, {}, (Piece(0, 0, 0, 0, 0, 16, 16),), SizePx(16, 16))


def test_memory_stays_bounded_on_a_level_of_large_tiles():
    image = stored(20 * 1024, 1024, SizePx(1024, 1024))
    tile = bytes(image.frame_bytes)
    found, _ = composed(
        image, dict.fromkeys(range(20), tile), place(row_of(20, 1000), image), SizePx(512, 512)
    )

    most = 0
    for batch in found.frames():
        most = max(most, sum(len(part) for frame in batch for part in frame))

    assert most <= 8 << 20
    assert len(found._tiles) * image.frame_bytes <= 64 << 20


def test_a_new_tile_may_show_more_tiles_than_are_kept():
    image = stored(25 * 1024, 1024, SizePx(1024, 1024))
    tiles = {number: bytes([number]) * image.frame_bytes for number in range(25)}
    found, asked = composed(image, tiles, place(row_of(25, 600), image), SizePx(15424, 1024))

    (frame,) = frames_of(found)
    pixels = np.frombuffer(frame, np.uint8).reshape(1024, 15424, 3)

    assert pixels[7, 0:15000:600, 0].tolist() == list(range(25))
    assert len(asked) == 25
    assert len(found._tiles) * image.frame_bytes <= 64 << 20
