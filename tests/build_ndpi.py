# SPDX-License-Identifier: Apache-2.0
"""Small NDPI files, laid out as a scanner's: streams, directories behind them, high words last."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import slides
from numpy.typing import NDArray
from PIL import Image

Value = int | float | str | tuple[int, ...]

WIDTH, HEIGHT, COMPRESSION, PHOTOMETRIC, OFFSETS, BYTE_COUNTS = 256, 257, 259, 262, 273, 279
MAKE, MODEL, SOFTWARE, DATE_TIME = 271, 272, 305, 306
X_RESOLUTION, Y_RESOLUTION, UNIT = 282, 283, 296
FORMAT, LENS, X_OFFSET, Y_OFFSET, Z_OFFSET, TISSUE = range(65420, 65426)
STARTS, REFERENCE, STARTS_HIGH, FILTER_SET = 65426, 65427, 65432, 65434
CAPTURE_MODE, SERIAL_NUMBER, PROPERTIES = 65441, 65442, 65449
EMISSION, EXPOSURE, BARCODE = 65451, 65454, 65468

_SHORTS = frozenset({COMPRESSION, PHOTOMETRIC, UNIT, FORMAT})
_SIGNED = frozenset({X_OFFSET, Y_OFFSET, Z_OFFSET})
_FLOATS = frozenset({LENS, EMISSION})
_RATIONALS = frozenset({X_RESOLUTION, Y_RESOLUTION})
_MARKER = re.compile(rb"\xff[\xd0-\xd7]")

SCANNER: dict[int, Value] = {
    MAKE: "Hamamatsu",
    MODEL: "C9600-12",
    SOFTWARE: "NDP.scan 2.5.89",
    DATE_TIME: "2017:02:07 13:07:45",
    SERIAL_NUMBER: "950291",
}
FILTER_RECORD = (
    "Product=C9600-12\r\nNDP.S/N=950291\r\n"
    ";NDP Shading Data\r;Version=0004\r;Name=TRITC 2 (560)\r"
    ";ExcitationWaveLength=560\r;EmissionWaveLength=622\r"
)


@dataclass
class Stored:
    """One image: a stream and tags that are not made from it."""

    stream: bytes
    size: tuple[int, int]
    tags: dict[int, Value] = field(default_factory=dict)


def coded(pixels: NDArray[np.uint8], *, interval: int = 0, subsampling: str = "4:4:4") -> bytes:
    """Return a JFIF stream; ``interval`` is the number of MCUs of a restart interval."""
    target = io.BytesIO()
    restarts = {"restart_marker_blocks": interval} if interval else {}
    color = {} if pixels.ndim == 2 else {"subsampling": subsampling}
    Image.fromarray(pixels).save(target, "JPEG", quality=85, **color, **restarts)
    return target.getvalue()


def restart_starts(stream: bytes) -> list[int]:
    """Return where each restart interval of a stream begins."""
    scan = stream.index(b"\xff\xda")
    first = scan + 2 + struct.unpack_from(">H", stream, scan + 2)[0]
    return [first, *(match.end() for match in _MARKER.finditer(stream, first))]


def level(
    pixels: NDArray[np.uint8],
    *,
    lens: float = 20.0,
    per_cm: int = 20_000,
    interval: int = 0,
    subsampling: str = "4:4:4",
    **tags: Value,
) -> Stored:
    """Return a level; ``tags`` are named like the constants here, in lower case."""
    stream = coded(pixels, interval=interval, subsampling=subsampling)
    height, width = pixels.shape[:2]
    named = {globals()[name.upper()]: value for name, value in tags.items()}
    starts = restart_starts(stream)
    places: dict[int, Value] = {STARTS: tuple(starts)} if len(starts) > 1 else {}
    scale: dict[int, Value] = {LENS: lens, X_RESOLUTION: per_cm, Y_RESOLUTION: per_cm, UNIT: 3}
    return Stored(stream, (width, height), {**SCANNER, **scale, Z_OFFSET: 0, **places, **named})


def macro() -> Stored:
    """Return an overview of 75 mm x 25 mm."""
    return level(slides.picture(600, 200), lens=-1.0, per_cm=80, capture_mode=8)


def area_map() -> Stored:
    """Return a map of the scanned areas, which is not compressed."""
    pixels = bytes(150 * 50)
    return Stored(pixels, (150, 50), {**SCANNER, LENS: -2.0, COMPRESSION: 1, PHOTOMETRIC: 1})


def write(path: Path, images: Sequence[Stored], *, first_byte: int = 16) -> Path:
    """Write a file; what lies before ``first_byte`` is a hole."""
    with path.open("wb") as file:
        file.write(b"II*\0" + bytes(8))
        file.seek(first_byte)
        link = 4
        for image in images:
            link = _write_image(file, image, link)
    return path


def _write_image(file: io.BufferedWriter, image: Stored, link: int) -> int:
    """Append an image and point ``link`` at its directory; return where the next link is."""
    tags: dict[int, Value] = {
        FORMAT: 1,
        COMPRESSION: 7,
        PHOTOMETRIC: 6,
        WIDTH: image.size[0],
        HEIGHT: image.size[1],
        OFFSETS: file.tell(),
        BYTE_COUNTS: len(image.stream),
        **image.tags,
    }
    file.write(image.stream)
    entries = [_entry(file, tag, value) for tag, value in sorted(tags.items())]
    directory = file.tell() + file.tell() % 2
    file.seek(directory)
    file.write(struct.pack("<H", len(entries)))
    file.write(b"".join(low for low, _ in entries) + bytes(8))
    file.write(b"".join(high for _, high in entries))
    file.seek(link)
    file.write(struct.pack("<Q", directory))
    file.seek(0, 2)
    return directory + 2 + 12 * len(entries)


def _entry(file: io.BufferedWriter, tag: int, value: Value) -> tuple[bytes, bytes]:
    """Return an entry and its high word, writing the value first where it has no room."""
    kind, count, data = _packed(tag, value)
    is_inline = kind != 2 and (len(data) <= 4 or (kind == 4 and count == 1))
    if not is_inline:
        place = file.tell()
        file.write(data)
        data = struct.pack("<Q", place)
    data = data.ljust(8, b"\0")
    return struct.pack("<HHI4s", tag, kind, count, data[:4]), data[4:]


def _packed(tag: int, value: Value) -> tuple[int, int, bytes]:
    """Return type, number and bytes of a value."""
    if isinstance(value, str):
        data = value.encode() + b"\0"
        return 2, len(data), data
    if isinstance(value, tuple):
        return 4, len(value), struct.pack(f"<{len(value)}I", *value)
    if tag in _FLOATS:
        return 11, 1, struct.pack("<f", value)
    if tag in _RATIONALS:
        return 5, 1, struct.pack("<II", value, 1)
    if tag in _SHORTS:
        return 3, 1, struct.pack("<H", value)
    return (9, 1, struct.pack("<i", value)) if tag in _SIGNED else (4, 1, struct.pack("<Q", value))


def write_brightfield(path: Path, *, subsampling: str = "4:4:4", first_byte: int = 16) -> Path:
    """Write three levels with intervals of half a row, a row, and none; macro; map."""
    pixels = slides.picture(1280, 1200)
    mcu = 8 if subsampling == "4:4:4" else 16  # pixels wide
    return write(
        path,
        [
            level(
                pixels,
                interval=640 // mcu,
                subsampling=subsampling,
                x_offset=2_000_000,
                y_offset=-1_000_000,
                reference="S-24-0042",
                capture_mode=0,
            ),
            level(
                slides.reduced(pixels, 2),
                lens=10.0,
                per_cm=10_000,
                interval=640 // mcu,
                subsampling=subsampling,
            ),
            level(slides.reduced(pixels, 4), lens=5.0, per_cm=5_000, subsampling=subsampling),
            macro(),
            area_map(),
        ],
        first_byte=first_byte,
    )


def write_stack(path: Path, heights: Sequence[int] = (0, 1500, -1500)) -> Path:
    """Write two levels in some focal planes, each of other pixels; heights are nanometres."""
    planes = [slides.picture(700, 520) // (number + 1) for number in range(len(heights))]
    return write(
        path,
        [
            level(slides.reduced(pixels, factor), lens=20.0 / factor, interval=44, z_offset=height)
            if factor == 1
            else level(slides.reduced(pixels, factor), lens=20.0 / factor, z_offset=height)
            for factor in (1, 2)
            for pixels, height in zip(planes, heights, strict=True)
        ],
    )


def write_fluorescence(path: Path) -> Path:
    """Write a grey level seen through a filter."""
    grey = np.ascontiguousarray(slides.picture(600, 400)[:, :, 0])
    return write(
        path,
        [
            level(
                grey,
                interval=75,
                photometric=1,
                capture_mode=1,
                filter_set="TRITC 2 (560)",
                emission=622.0,
                exposure=14_238,
                properties=FILTER_RECORD,
            )
        ],
    )
