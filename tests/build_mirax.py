# SPDX-License-Identifier: Apache-2.0
"""3DHISTECH MRXS built by code: an empty file, and a folder of index and data beside it."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import slides
from PIL import Image

IMAGE = 128
"""Pixels along a side of each stored image."""
SLIDE_ID = "0123456789ABCDEF0123456789ABCDEF"
BACKGROUND = (0xF3, 0xF0, 0xE8)
_PIL_FORMATS = {"JPEG": "JPEG", "PNG": "PNG", "BMP24": "BMP"}
_ASSOCIATED = (("SlideThumbnail", "THUMBNAIL"), ("SlideBarcode", "BARCODE"))
"""What OpenSlide calls macro and label."""


def write_mirax(
    path: Path,
    *,
    grid: tuple[int, int] = (12, 10),
    absent: frozenset[tuple[int, int]] = frozenset(),
    image_format: str = "PNG",
    levels: int = 3,
    general: str = "",
) -> slides.Pixels:
    """Write a slide of ``grid`` images and return its pixels, those of absent images included.

    ``absent`` has columns and rows of images that were not scanned.
    """
    pixels = slides.picture(grid[0] * IMAGE, grid[1] * IMAGE)
    folder = path.with_suffix("")
    folder.mkdir()
    path.write_bytes(b"no JPEG is kept here")
    data = bytearray()
    pages = [
        _level(data, pixels, grid, absent, 1 << number, image_format) for number in range(levels)
    ]
    places = []
    for number in range(len(_ASSOCIATED)):
        stream = _encoded(slides.picture(90 + 10 * number, 60), "JPEG")
        places.append((len(data), len(stream), 0))
        data += stream
    (folder / "Data0000.dat").write_bytes(data)
    (folder / "Index.dat").write_bytes(_index(pages, places))
    text = _slidedat(grid, image_format, levels, general)
    (folder / "Slidedat.ini").write_text(text, encoding="utf-8-sig")
    return pixels


def _level(
    data: bytearray,
    pixels: slides.Pixels,
    grid: tuple[int, int],
    absent: frozenset[tuple[int, int]],
    factor: int,
    image_format: str,
) -> list[tuple[int, int, int, int]]:
    """Append the images of a level and return index, offset, length and file of each."""
    entries = []
    for row in range(0, grid[1], factor):
        for column in range(0, grid[0], factor):
            under = {(column + x, row + y) for x in range(factor) for y in range(factor)}
            if under <= absent:
                continue
            x, y, side = column * IMAGE, row * IMAGE, factor * IMAGE
            stored = pixels[y : y + side : factor, x : x + side : factor]
            full = Image.new("RGB", (IMAGE, IMAGE), BACKGROUND)
            full.paste(Image.fromarray(stored), (0, 0))
            stream = _encoded(full, image_format)
            entries.append((row * grid[0] + column, len(data), len(stream), 0))
            data += stream
    return entries


def _encoded(pixels: object, image_format: str) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    stream = io.BytesIO()
    image.save(stream, _PIL_FORMATS[image_format])
    return stream.getvalue()


def _index(
    pages: list[list[tuple[int, int, int, int]]], places: list[tuple[int, int, int]]
) -> bytes:
    """Return Index.dat: two roots, their tables, and a list of data pages for each record."""
    index = bytearray(b"01.02" + SLIDE_ID.encode())
    roots = len(index)
    index += bytes(8)
    tables = []
    for count in (len(pages), len(places)):
        tables.append(len(index))
        index += bytes(4 * count)
    struct.pack_into("<2i", index, roots, *tables)
    for number, entries in enumerate(pages):
        _append_page(index, tables[0] + 4 * number, [value for entry in entries for value in entry])
    for number, place in enumerate(places):
        _append_page(index, tables[1] + 4 * number, [0, 0, *place], count=1)
    return bytes(index)


def _append_page(
    index: bytearray, record: int, values: list[int], count: int | None = None
) -> None:
    struct.pack_into("<i", index, record, len(index))
    index += struct.pack("<2i", 0, len(index) + 8)
    count = len(values) // 4 if count is None else count
    index += struct.pack(f"<{2 + len(values)}i", count, 0, *values)


def _slidedat(grid: tuple[int, int], image_format: str, levels: int, general: str) -> str:
    sections = [
        "[GENERAL]",
        "SLIDE_VERSION = 01.02",
        f"SLIDE_ID = {SLIDE_ID}",
        "SLIDE_TYPE = SLIDE_TYPE_BRIGHTFIELD",
        "SLIDE_CREATIONDATETIME = 02/11/2025 13:04:05",
        "OBJECTIVE_MAGNIFICATION = 20",
        "CameraImageDivisionsPerSide = 1",
        f"IMAGENUMBER_X = {grid[0]}",
        f"IMAGENUMBER_Y = {grid[1]}",
        general,
        "[HIERARCHICAL]",
        "INDEXFILE = Index.dat",
        "HIER_COUNT = 1",
        "HIER_0_NAME = Slide zoom level",
        f"HIER_0_COUNT = {levels}",
        *(
            f"HIER_0_VAL_{n} = ZoomLevel_{n}\nHIER_0_VAL_{n}_SECTION = LAYER_0_LEVEL_{n}_SECTION"
            for n in range(levels)
        ),
        "NONHIER_COUNT = 1",
        "NONHIER_0_NAME = Scan data layer",
        f"NONHIER_0_COUNT = {len(_ASSOCIATED)}",
        *(
            f"NONHIER_0_VAL_{n} = ScanDataLayer_{name}\n"
            f"NONHIER_0_VAL_{n}_SECTION = NONHIERLAYER_0_LEVEL_{n}_SECTION"
            for n, (name, _) in enumerate(_ASSOCIATED)
        ),
        "[DATAFILE]",
        "FILE_COUNT = 1",
        "FILE_0 = Data0000.dat",
        *(
            f"[NONHIERLAYER_0_LEVEL_{n}_SECTION]\n{kind}_IMAGE_TYPE = JPEG\n{kind}_VALUE = S26-1234"
            for n, (_, kind) in enumerate(_ASSOCIATED)
        ),
        *(_zoom_section(n, image_format) for n in range(levels)),
    ]
    return "\n".join(sections) + "\n"


def _zoom_section(number: int, image_format: str) -> str:
    red, green, blue = BACKGROUND
    mpp = 0.25 * (1 << number)
    return f"""[LAYER_0_LEVEL_{number}_SECTION]
OVERLAP_X = 0
OVERLAP_Y = 0
MICROMETER_PER_PIXEL_X = {mpp}
MICROMETER_PER_PIXEL_Y = {mpp}
IMAGE_FORMAT = {image_format}
IMAGE_FILL_COLOR_BGR = {blue << 16 | green << 8 | red}
DIGITIZER_WIDTH = {IMAGE}
DIGITIZER_HEIGHT = {IMAGE}
IMAGE_CONCAT_FACTOR = {0 if number == 0 else 1}
IMAGE_COMPRESSION_FACTOR = 80"""
