# SPDX-License-Identifier: Apache-2.0
"""Images of TIFF directories: what is passed through, what is decoded, what is refused."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
import slides
import tifffile

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.format import GREY_8, GREY_16, RGB_8
from dicomizer.slide import ColorSpace, Compression, Flavor, SizePx
from dicomizer.sources.base import Refusal
from dicomizer.sources.tiff.directory import read_directories
from dicomizer.sources.tiff.images import TiffImages

PICTURE = slides.picture(150, 100)
GREY_PICTURE = slides.grey(150, 100, "uint16")


@pytest.fixture
def opened():
    """Give a function that opens a file and describes its first directory as a level."""
    found = []

    def open_level(path, number=0):
        directories = read_directories(path)
        found.append(TiffImages(path, directories))
        return found[-1], found[-1].level(directories[number], None)

    yield open_level
    for images in found:
        images.close()


def write(tmp_path, data, *, byteorder="<", **options):
    return slides.write_pages(
        tmp_path / "a.tif", {"data": data, "tile": (64, 64), **options}, byteorder=byteorder
    )


@pytest.mark.parametrize("layout", [{"tile": (64, 64)}, {"tile": None, "rowsperstrip": 7}])
@pytest.mark.parametrize("predictor", [False, True])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", ["none", "lzw", "deflate", "zstd", "packbits", "lzma"])
def test_lossless_pixels_come_out_as_they_went_in(
    tmp_path, opened, compression, byteorder, predictor, layout
):
    path = write(
        tmp_path,
        GREY_PICTURE,
        byteorder=byteorder,
        photometric="minisblack",
        compression=compression,
        predictor=predictor and compression != "none",
        **layout,
    )

    images, level = opened(path)

    assert (level.coding.compression, level.coding.lossy) == (Compression.NONE, False)
    assert level.pixel_format == GREY_16
    assert np.array_equal(slides.assembled(images, level)[0, 0, ..., 0], GREY_PICTURE)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_samples_together_or_apart_make_the_same_colours(tmp_path, opened, planar):
    path = write(tmp_path, PICTURE, photometric="rgb", planarconfig=planar, compression="lzw")
    if planar == "separate":
        path = write(tmp_path, np.moveaxis(PICTURE, -1, 0), photometric="rgb", planarconfig=planar)

    images, level = opened(path)

    assert (level.pixel_format, level.paths) == (RGB_8, 1)
    assert np.array_equal(slides.assembled(images, level)[0, 0], PICTURE)


def test_lossless_webp_is_told_from_lossy(tmp_path, opened):
    path = write(
        tmp_path,
        PICTURE,
        photometric="rgb",
        compression="webp",
        compressionargs={"lossless": True},
    )

    images, level = opened(path)

    assert not level.coding.lossy
    assert np.array_equal(slides.assembled(images, level)[0, 0], PICTURE)


def test_lossy_webp_is_decoded_and_called_lossy(tmp_path, opened):
    path = write(
        tmp_path,
        PICTURE,
        photometric="rgb",
        compression="webp",
        compressionargs={"level": 80, "lossless": False},
    )

    images, level = opened(path)

    assert (level.coding.lossy, level.coding.method) == (True, None)
    assert np.array_equal(slides.assembled(images, level)[0, 0], tifffile.imread(path))


def test_grey_of_which_white_is_zero_is_inverted(tmp_path, opened):
    path = write(tmp_path, GREY_PICTURE, photometric="miniswhite")

    images, level = opened(path)

    assert np.array_equal(slides.assembled(images, level)[0, 0, ..., 0], 65535 - GREY_PICTURE)


def test_palette_becomes_the_colours_that_it_stands_for(tmp_path, opened):
    colors = np.stack([np.arange(256), 255 - np.arange(256), np.full(256, 7)]).astype(np.uint16)
    indices = slides.grey(150, 100)
    path = write(tmp_path, indices, photometric="palette", colormap=colors * 257)

    images, level = opened(path)

    assert level.pixel_format == RGB_8
    assert np.array_equal(slides.assembled(images, level)[0, 0], colors.T.astype("uint8")[indices])


def test_16_bit_rgb_becomes_three_grey_paths(tmp_path, opened):
    channels = np.stack([GREY_PICTURE, GREY_PICTURE // 2, GREY_PICTURE // 3], axis=-1)
    path = write(tmp_path, channels, photometric="rgb", compression="zlib")

    images, level = opened(path)

    assert (level.pixel_format, level.paths, level.number_of_frames) == (GREY_16, 3, 18)
    assert np.array_equal(
        np.moveaxis(slides.assembled(images, level)[:, 0, ..., 0], 0, -1), channels
    )
    assert images.notes == (
        "directory 0: red, green and blue of 16 bits written as optical paths of their own",
    )


def test_alpha_is_left_out_and_said(tmp_path, opened):
    alpha = np.full((100, 150, 1), 128, np.uint8)
    pixels = np.concatenate([PICTURE, alpha], axis=-1)
    path = write(tmp_path, pixels, photometric="rgb", extrasamples=["unassalpha"])

    images, level = opened(path)

    assert np.array_equal(slides.assembled(images, level)[0, 0], PICTURE)
    assert images.notes == ("directory 0: transparency left out",)


def test_grey_jpeg_is_passed_through(tmp_path, opened):
    pixels = slides.grey(150, 100)
    path = write(tmp_path, pixels, photometric="minisblack", compression="jpeg")

    images, level = opened(path)

    assert level.coding.compression is Compression.JPEG
    assert (level.coding.color_space, level.pixel_format) == (ColorSpace.MONOCHROME, GREY_8)
    assert level.coding.method == "ISO_10918_1"
    assert np.array_equal(slides.assembled(images, level)[0, 0, ..., 0], tifffile.imread(path))


def test_jfif_tagged_as_rgb_is_ycbcr_as_bio_formats_means_it(tmp_path, opened):
    tiles = [
        imagecodecs.jpeg8_encode(tile, 90, colorspace="rgb", outcolorspace="ycbcr")
        for tile in slides.tiles_of(PICTURE, 64)
    ]
    assert b"JFIF" in tiles[0][:20]
    path = slides.write_tile_streams(
        tmp_path / "a.tif", PICTURE.shape, 64, tiles, compression="jpeg", photometric="rgb"
    )

    images, level = opened(path)

    assert level.coding.color_space is ColorSpace.YCBCR
    assert np.abs(slides.assembled(images, level)[0, 0].astype(int) - PICTURE).mean() < 4


def test_tiles_cut_at_the_edge_are_decoded_and_filled(tmp_path, opened):
    tiles = [
        imagecodecs.jpeg8_encode(PICTURE[y : y + 64, x : x + 64], 95)
        for y in (0, 64)
        for x in (0, 64, 128)
    ]
    path = slides.write_tile_streams(
        tmp_path / "a.tif", PICTURE.shape, 64, tiles, compression="jpeg", photometric="ycbcr"
    )

    images, level = opened(path)
    last = [frame for batch in images.frames(level, [5]) for frame in batch]
    pixels = slides.decoded(level, b"".join(last[0]))

    assert (level.coding.compression, level.coding.lossy) == (Compression.NONE, True)
    assert pixels.shape == (64, 64, 3)
    assert np.array_equal(pixels[36:], np.broadcast_to(pixels[35], (28, 64, 3)))


def test_progressive_jpeg_is_decoded(tmp_path, opened):
    import io

    from PIL import Image

    def progressive(tile):
        file = io.BytesIO()
        Image.fromarray(tile).save(file, "JPEG", progressive=True, quality=95)
        return file.getvalue()

    tiles = [progressive(tile) for tile in slides.tiles_of(PICTURE, 64)]
    path = slides.write_tile_streams(
        tmp_path / "a.tif", PICTURE.shape, 64, tiles, compression="jpeg", photometric="ycbcr"
    )

    images, level = opened(path)

    assert (level.coding.compression, level.coding.method) == (Compression.NONE, "ISO_10918_1")
    assert np.abs(slides.assembled(images, level)[0, 0].astype(int) - PICTURE).mean() < 3


@pytest.mark.parametrize(
    ("reversible", "transform", "expected"),
    [
        (True, True, ColorSpace.RCT),
        (False, True, ColorSpace.ICT),
        (True, False, ColorSpace.RGB),
        (False, False, ColorSpace.RGB),
    ],
)
def test_jpeg_2000_colours_are_told_by_the_codestream(
    tmp_path, opened, reversible, transform, expected
):
    tiles = slides.jpeg_2000_tiles(PICTURE, 64, reversible=reversible, transform=transform)
    path = slides.write_tile_streams(
        tmp_path / "a.tif", PICTURE.shape, 64, tiles, compression=34712, photometric="rgb"
    )

    images, level = opened(path)
    frames = [b"".join(frame) for batch in images.frames(level) for frame in batch]

    assert level.coding.compression is Compression.JPEG_2000
    assert level.coding.color_space is expected
    assert level.coding.lossy is not reversible
    assert level.coding.method == (None if reversible else "ISO_15444_1")
    assert frames == tiles


def test_jpeg_2000_comes_out_of_its_jp2_file(tmp_path, opened):
    tiles = [
        imagecodecs.jpeg2k_encode(tile, level=0, codecformat="JP2")
        for tile in slides.tiles_of(PICTURE, 64)
    ]
    path = slides.write_tile_streams(
        tmp_path / "a.tif", PICTURE.shape, 64, tiles, compression=34712, photometric="rgb"
    )

    images, level = opened(path)
    frames = [b"".join(frame) for batch in images.frames(level) for frame in batch]

    assert all(frame[:4] == b"\xff\x4f\xff\x51" for frame in frames)
    assert np.array_equal(slides.assembled(images, level)[0, 0], PICTURE)


def test_ycbcr_jpeg_2000_is_declared_as_its_transform(tmp_path, opened):
    tiles = slides.jpeg_2000_tiles(slides.ycbcr_of(PICTURE), 64, reversible=False, transform=False)
    path = slides.write_tile_streams(
        tmp_path / "a.svs",
        PICTURE.shape,
        64,
        tiles,
        compression=33003,
        photometric="rgb",
        description="Aperio",
    )

    images, level = opened(path)

    assert level.coding.color_space is ColorSpace.ICT
    assert np.abs(slides.assembled(images, level)[0, 0].astype(int) - PICTURE).mean() < 2


def test_reversible_ycbcr_jpeg_2000_is_decoded_as_dicom_has_no_word_for_it(tmp_path, opened):
    tiles = slides.jpeg_2000_tiles(slides.ycbcr_of(PICTURE), 64, reversible=True, transform=False)
    path = slides.write_tile_streams(
        tmp_path / "a.tif", PICTURE.shape, 64, tiles, compression=33003, description="Aperio"
    )

    images, level = opened(path)

    assert level.coding.compression is Compression.NONE
    assert np.abs(slides.assembled(images, level)[0, 0].astype(int) - PICTURE).max() <= 2


def test_jpeg_2000_with_subsampled_chroma_is_decoded(tmp_path, opened):
    tiles = [slides.jpeg_2000_422(tile) for tile in slides.tiles_of(PICTURE, 64)]
    path = slides.write_tile_streams(
        tmp_path / "a.tif", PICTURE.shape, 64, tiles, compression=33003, description="Aperio"
    )

    images, level = opened(path)

    assert (level.coding.compression, level.coding.lossy) == (Compression.NONE, True)
    assert np.abs(slides.assembled(images, level)[0, 0].astype(int) - PICTURE).mean() < 3


def test_jpeg_2000_tile_unlike_the_first_is_corrupt(tmp_path, opened):
    tiles = slides.jpeg_2000_tiles(PICTURE, 64, reversible=True, transform=True)
    tiles[2] = slides.jpeg_2000_tiles(PICTURE[:64, :64], 64, reversible=False, transform=True)[0]
    path = slides.write_tile_streams(
        tmp_path / "a.tif", PICTURE.shape, 64, tiles, compression=34712, photometric="rgb"
    )

    images, level = opened(path)

    with pytest.raises(CorruptSourceError, match="directory 0: tile 2: it differs from the first"):
        list(images.frames(level))


def test_bytes_behind_the_end_of_a_codestream_are_no_part_of_it(tmp_path, opened):
    tiles = slides.jpeg_2000_tiles(PICTURE, 64, reversible=True, transform=True)
    path = slides.write_tile_streams(
        tmp_path / "a.tif",
        PICTURE.shape,
        64,
        [tile + b"\0\0\0" for tile in tiles],
        compression=34712,
        photometric="rgb",
    )

    images, level = opened(path)

    assert [b"".join(f) for batch in images.frames(level) for f in batch] == tiles


def test_missing_tiles_are_missing_frames(tmp_path, opened):
    tiles = [tile.tobytes() for tile in slides.tiles_of(PICTURE, 64)]
    path = slides.write_tile_streams(
        tmp_path / "a.tif", PICTURE.shape, 64, [*tiles[:4], b"", tiles[5]], photometric="rgb"
    )

    images, level = opened(path)
    frames = [frame for batch in images.frames(level) for frame in batch]

    assert level.missing == {4}
    assert frames[4] == ()
    assert frames[5] == (tiles[5],)


def test_strips_are_cut_into_tiles_of_512(tmp_path, opened):
    pixels = slides.picture(1100, 700)
    path = write(
        tmp_path, pixels, photometric="rgb", compression="lzw", tile=None, rowsperstrip=100
    )

    images, level = opened(path)

    assert (level.tile_size, level.grid) == (SizePx(512, 512), SizePx(3, 2))
    assert np.array_equal(slides.assembled(images, level)[0, 0], pixels)


def test_one_compressed_strip_too_large_for_memory_is_refused(tmp_path, opened):
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path,
        np.zeros((20_000, 20_000), np.uint8),
        compression="zlib",
        rowsperstrip=20_000,
        metadata=None,
    )

    with pytest.raises(Refusal, match="ADOBE_DEFLATE pieces of 20000 x 20000, too large"):
        opened(path)


def test_one_long_strip_without_compression_is_read_piece_by_piece(tmp_path, opened):
    pixels = slides.grey(700, 5000, "uint16")
    path = write(tmp_path, pixels, photometric="minisblack", tile=None, rowsperstrip=5000)

    images, level = opened(path)

    assert np.array_equal(slides.assembled(images, level)[0, 0, ..., 0], pixels)


@pytest.mark.parametrize(
    ("data", "options", "reason"),
    [
        (np.zeros((64, 64), np.int8), {}, "samples of directory 0 are signed"),
        (np.zeros((64, 64), np.float32), {}, "samples of directory 0 are floating-point"),
        (np.zeros((64, 64), np.uint32), {}, "have 32 bits, expected 8 or 16"),
        (np.zeros((64, 64), bool), {"tile": None}, r"without grey \(1 bit\)"),
        (np.zeros((64, 64, 4), np.uint8), {"photometric": "separated"}, "are CMYK"),
        (np.zeros((64, 64, 3), np.uint8), {"photometric": "cielab"}, r"are CIE L\*a\*b\*"),
        (np.zeros((64, 64), np.uint8), {"compression": "png"}, "compressed with PNG"),
    ],
)
def test_what_is_no_picture_of_a_slide_is_refused_with_the_reason(
    tmp_path, opened, data, options, reason
):
    path = write(tmp_path, data, **options)

    with pytest.raises(Refusal, match=reason):
        opened(path)


def test_cut_lossless_tile_is_named(tmp_path, opened):
    tiles = [imagecodecs.zlib_encode(tile.tobytes()) for tile in slides.tiles_of(PICTURE, 64)]
    tiles[3] = tiles[3][:40]
    path = slides.write_tile_streams(
        tmp_path / "a.tif", PICTURE.shape, 64, tiles, compression="zlib", photometric="rgb"
    )

    images, level = opened(path)

    with pytest.raises(CorruptSourceError, match="directory 0: tile 3 cannot be decoded"):
        list(images.frames(level))


def test_stack_counts_frames_by_path_then_plane(tmp_path):
    pages = [{"data": slides.grey(100, 70) // (n + 1), "tile": (64, 64)} for n in range(6)]
    path = slides.write_pages(tmp_path / "a.tif", *pages)
    directories = read_directories(path)
    images = TiffImages(path, directories)

    level = images.stack(directories, planes=3, paths=2, spacing=None)
    pixels = slides.assembled(images, level)
    images.close()

    assert (level.planes, level.paths, level.number_of_frames) == (3, 2, 24)
    for number in range(6):
        expected = slides.grey(100, 70) // (number + 1)
        assert np.array_equal(pixels[number // 3, number % 3, ..., 0], expected)


def test_stack_of_unlike_directories_is_refused(tmp_path):
    pages = [{"data": slides.grey(100 - n, 70), "tile": (64, 64)} for n in range(2)]
    path = slides.write_pages(tmp_path / "a.tif", *pages)
    directories = read_directories(path)
    images = TiffImages(path, directories)

    with pytest.raises(Refusal, match=r"directory 1 \(99 x 70\) is of another size or coding"):
        images.stack(directories, planes=2, paths=1, spacing=None)
    images.close()


@pytest.mark.parametrize("compression", ["none", "lzw", "jpeg"])
def test_whole_image_is_one_frame(tmp_path, compression):
    path = write(
        tmp_path, PICTURE, photometric="rgb", compression=compression, tile=None, rowsperstrip=16
    )
    directories = read_directories(path)
    images = TiffImages(path, directories)

    label = images.whole(directories[0], Flavor.LABEL)
    pixels = slides.assembled(images, label)[0, 0]
    images.close()

    assert (label.number_of_frames, label.tile_size) == (1, SizePx(150, 100))
    assert label.coding.lossy is (compression == "jpeg")
    if compression != "jpeg":
        assert np.array_equal(pixels, PICTURE)
