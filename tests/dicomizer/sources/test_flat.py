# SPDX-License-Identifier: Apache-2.0
"""Flat images: PNG, JPEG, JPEG 2000, BMP."""

from __future__ import annotations

import io
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
import slides
from PIL import Image, ImageCms

from dicomizer.errors import CorruptSourceError, SourceError
from dicomizer.pixels.color import srgb_profile
from dicomizer.pixels.format import GREY_8, GREY_16, RGB_8, PixelFormat
from dicomizer.slide import ColorSpace, Compression, SizePx, SpacingMm
from dicomizer.sources.base import Refusal
from dicomizer.sources.flat import FlatSource


def saved(path, pixels, mode="RGB", **options):
    """Save (rows, columns, 3) uint8 RGB in a mode of Pillow's."""
    Image.fromarray(pixels).convert(mode).save(path, **options)
    return path


def whole(source: FlatSource) -> np.ndarray:
    """Return the image put together from its tiles."""
    (image,) = source.slide.levels
    shape = (image.tile_size.height, image.tile_size.width, image.pixel_format.samples)
    tiles = [
        np.frombuffer(b"".join(frame), np.dtype(image.pixel_format.dtype).newbyteorder("<"))
        for batch in source.frames(image)
        for frame in batch
    ]
    rows = [
        np.hstack([tile.reshape(shape) for tile in tiles[start : start + image.grid.width]])
        for start in range(0, len(tiles), image.grid.width)
    ]
    return np.vstack(rows)[: image.size.height, : image.size.width]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", {}),
        ("a.bmp", {}),
        ("a.jp2", {"irreversible": False}),
        ("a.j2k", {"irreversible": False}),
        ("named-wrongly.txt", {"format": "PNG"}),
    ],
)
def test_lossless_image_is_tiles_of_its_pixels(tmp_path, name, options):
    pixels = slides.picture(700, 530)

    with FlatSource(saved(tmp_path / name, pixels, **options)) as source:
        (image,) = source.slide.levels

        assert (image.size, image.tile_size) == (SizePx(700, 530), SizePx(512, 512))
        assert (image.coding.compression, image.coding.color_space) == (
            Compression.NONE,
            ColorSpace.RGB,
        )
        assert (image.coding.lossy, image.coding.method) == (False, None)
        assert image.coding.coded_bytes == (tmp_path / name).stat().st_size
        assert np.array_equal(whole(source), pixels)


def test_edge_of_the_image_is_repeated_beyond_it(tmp_path):
    pixels = slides.picture(20, 10)

    with FlatSource(saved(tmp_path / "a.png", pixels)) as source:
        ((frame,),) = source.frames(source.slide.levels[0])
        tile = np.frombuffer(frame[0], np.uint8).reshape(512, 512, 3)

    assert np.all(tile[:10, 20:] == pixels[:, 19:])
    assert np.all(tile[10:, :20] == pixels[9:])


def test_chosen_frames_come_in_the_order_asked_for(tmp_path):
    with FlatSource(saved(tmp_path / "a.png", slides.picture(1200, 40))) as source:
        (image,) = source.slide.levels
        every = [frame for batch in source.frames(image) for frame in batch]
        chosen = [frame for batch in source.frames(image, [2, 0]) for frame in batch]

    assert chosen == [every[2], every[0]]


@pytest.mark.parametrize(
    ("mode", "expected"), [("L", GREY_8), ("1", GREY_8), ("P", RGB_8), ("LA", GREY_8)]
)
def test_grey_stays_grey_and_a_palette_becomes_colours(tmp_path, mode, expected):
    pixels = slides.picture(60, 50)

    with FlatSource(saved(tmp_path / "a.png", pixels, mode)) as source:
        assert source.slide.levels[0].pixel_format == expected
        wanted = np.asarray(Image.fromarray(pixels).convert(mode).convert("RGB"))
        assert np.array_equal(whole(source)[..., 0], wanted[..., 0])


@pytest.mark.parametrize(("samples", "expected"), [(1, GREY_16), (3, PixelFormat(3, 16))])
@pytest.mark.parametrize("ending", ["png", "jp2"])
def test_sixteen_bits_stay_sixteen(tmp_path, samples, expected, ending):
    pixels = (slides.picture(60, 50).astype(np.uint16) * 257 + 1)[..., :samples]
    encode = {
        "png": imagecodecs.png_encode,
        "jp2": lambda p: imagecodecs.jpeg2k_encode(p, codecformat="jp2", reversible=True),
    }[ending]
    (tmp_path / "a").write_bytes(
        encode(np.ascontiguousarray(pixels if samples == 3 else pixels[..., 0]))
    )

    with FlatSource(tmp_path / "a") as source:
        assert source.slide.levels[0].pixel_format == expected
        assert np.array_equal(whole(source), pixels)


def test_transparency_is_shown_on_white_and_said(tmp_path):
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[0, 0] = 10, 20, 30, 255
    pixels[0, 1] = 10, 20, 30, 51
    Image.fromarray(pixels).save(tmp_path / "a.png")

    with FlatSource(tmp_path / "a.png") as source:
        found = whole(source)

        assert found[0, :3].tolist() == [[10, 20, 30], [206, 208, 210], [255, 255, 255]]
        assert source.slide.notes == ("the image has transparency: shown on white",)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_small_baseline_jpeg_stays_one_frame(tmp_path, mode):
    path = saved(tmp_path / "a.jpg", slides.picture(300, 200), mode, quality=80)

    with FlatSource(path) as source:
        (image,) = source.slide.levels
        ((frame,),) = source.frames(image)

    assert image.tile_size == image.size == SizePx(300, 200)
    assert image.coding.compression is Compression.JPEG
    assert image.coding.color_space is (
        ColorSpace.YCBCR if mode == "RGB" else ColorSpace.MONOCHROME
    )
    assert slides.scan(b"".join(frame)) == slides.scan(path.read_bytes())


@pytest.mark.parametrize(
    ("size", "options"), [((1100, 100), {}), ((200, 100), {"progressive": True})]
)
def test_other_jpeg_is_decoded_and_told_as_lossy(tmp_path, size, options):
    path = saved(tmp_path / "a.jpg", slides.picture(*size), quality=90, **options)

    with FlatSource(path) as source:
        coding = source.slide.levels[0].coding

        assert (coding.compression, coding.lossy, coding.method) == (
            Compression.NONE,
            True,
            "ISO_10918_1",
        )
        assert np.array_equal(whole(source), np.asarray(Image.open(path)))


def test_irreversible_jpeg_2000_is_told_as_lossy(tmp_path):
    path = saved(tmp_path / "a.jp2", slides.picture(64, 64), irreversible=True)

    with FlatSource(path) as source:
        coding = source.slide.levels[0].coding

    assert (coding.lossy, coding.method) == (True, "ISO_15444_1")


@pytest.mark.parametrize(
    ("name", "dpi", "expected"),
    [
        ("a.png", 50_800, 0.0005),
        ("a.bmp", 50_800, 0.0005),
        ("a.jpg", 25_400, 0.001),
        ("a.png", 300, None),
        ("a.jpg", 72, None),
        ("a.png", None, None),
    ],
)
def test_density_is_spacing_only_where_it_is_one_of_a_microscope(tmp_path, name, dpi, expected):
    options = {"dpi": (dpi, dpi)} if dpi else {}

    with FlatSource(saved(tmp_path / name, slides.picture(40, 30), **options)) as source:
        spacing = source.slide.levels[0].spacing

    if expected is None:
        assert spacing is None
    else:
        assert isinstance(spacing, SpacingMm)
        assert spacing.between_rows == pytest.approx(expected, rel=1e-4)


def test_profile_is_kept_where_it_is_one_for_rgb(tmp_path):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    pixels = slides.picture(40, 30)
    first = saved(tmp_path / "a.png", pixels, icc_profile=srgb_profile())
    second = saved(tmp_path / "b.png", pixels, icc_profile=lab)

    assert FlatSource(first).slide.levels[0].icc_profile == srgb_profile()
    assert FlatSource(second).slide.levels[0].icc_profile is None


def test_turned_image_is_kept_and_said(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6

    with FlatSource(saved(tmp_path / "a.jpg", slides.picture(40, 30), exif=exif)) as source:
        assert source.slide.levels[0].size == SizePx(40, 30)
        assert source.slide.notes == (
            "EXIF says that the image is turned or mirrored: its pixels are kept as they are",
        )


def test_cmyk_is_no_picture_for_a_slide(tmp_path):
    path = saved(tmp_path / "a.jpg", slides.picture(40, 30), "CMYK")

    with pytest.raises(SourceError, match="found pixels of kind CMYK, expected grey or RGB"):
        FlatSource(path)


@pytest.mark.parametrize("data", [b"x" * 100, b"", b"GIF89a", b"II*\0" + bytes(20)])
def test_other_files_are_refused(tmp_path, data):
    (tmp_path / "a").write_bytes(data)

    with pytest.raises(Refusal, match="no PNG, JPEG, JPEG 2000 or BMP"):
        FlatSource(tmp_path / "a")


@pytest.mark.parametrize("name", ["slide.mrxs", "SLIDE.MRXS"])
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "BMP"])
def test_preview_of_a_mrxs_slide_is_no_slide_even_without_its_folder(tmp_path, name, format_):
    path = saved(tmp_path / name, slides.picture(40, 30), format=format_)

    with pytest.raises(Refusal, match="the preview of an MRXS slide"):
        FlatSource(path)


def png_claiming(width: int, height: int) -> bytes:
    """Return the header of a PNG of any size, with pixels that are none."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(100))),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@pytest.mark.parametrize("size", [(7000, 7000), (10_000, 10_000), (100_000, 100_000)])
def test_picture_too_large_to_decode_is_refused_with_a_remedy(tmp_path, size):
    (tmp_path / "a.png").write_bytes(png_claiming(*size))

    with pytest.raises(SourceError, match=r"vips tiffsave IN OUT\.tif --tile") as caught:
        FlatSource(tmp_path / "a.png")

    assert caught.value.file == str(tmp_path / "a.png")


def jpeg_claiming(side: int, *, progressive: bool) -> bytes:
    buffer = io.BytesIO()
    saved(buffer, slides.picture(16, 16), format="JPEG", progressive=progressive)
    size = struct.pack(">BHH", 8, 16, 16)
    return buffer.getvalue().replace(size, struct.pack(">BHH", 8, side, side), 1)


def codestream_claiming(side: int, tile: int) -> bytes:
    stream = bytearray(imagecodecs.jpeg2k_encode(slides.picture(16, 16), codecformat="j2k"))
    stream[8:16] = struct.pack(">II", side, side)
    stream[24:32] = struct.pack(">II", tile, tile)
    return bytes(stream)


@pytest.mark.parametrize(
    ("frugal", "greedy"),
    [
        (jpeg_claiming(5000, progressive=False), jpeg_claiming(5000, progressive=True)),
        (codestream_claiming(5000, 500), codestream_claiming(5000, 5000)),
        (codestream_claiming(5000, 500), codestream_claiming(5000, 20)),
    ],
    ids=["JPEG in several scans", "JPEG 2000 without tiles", "JPEG 2000 of many tiles"],
)
def test_what_a_decoder_needs_besides_is_counted(tmp_path, frugal, greedy):
    (tmp_path / "a").write_bytes(frugal)
    (tmp_path / "b").write_bytes(greedy)

    assert FlatSource(tmp_path / "a").slide.levels[0].size == SizePx(5000, 5000)
    with pytest.raises(SourceError, match=r"5000 x 5000 pixels take \d+ MiB to decode"):
        FlatSource(tmp_path / "b")


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("JPEG", {"progressive": True})])
def test_damaged_pixels_are_an_error_that_names_the_file(tmp_path, kind, options):
    buffer = io.BytesIO()
    saved(buffer, slides.picture(300, 200), format=kind, **options)
    (tmp_path / "a").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])

    with (
        FlatSource(tmp_path / "a") as source,
        pytest.raises(CorruptSourceError, match=f"the {kind} cannot be decoded") as caught,
    ):
        whole(source)

    assert caught.value.file == str(tmp_path / "a")


def test_damaged_header_is_an_error_that_names_the_file(tmp_path):
    (tmp_path / "a").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))

    with pytest.raises(CorruptSourceError, match="the PNG cannot be read"):
        FlatSource(tmp_path / "a")
