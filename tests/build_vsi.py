# SPDX-License-Identifier: Apache-2.0
"""Olympus VSI built by code: tags behind a TIFF header, a preview, and tiles in ETS files."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import slides

PLAIN, JPEG, JPEG_2000, PNG, BMP = 0, 2, 3, 8, 9
TIME, PLANE, PATH = 2, 1, 4
INT, DOUBLE, TEXT, LONG = 5, 10, 8192, 7
_VOLUME, _PROPERTY = 0, 2


@dataclass
class Field:
    """A field to be written: a value of a type, or fields of a volume."""

    tag: int
    kind: int
    value: Any = None
    index: int | None = None
    fields: list[Field] | None = None


@dataclass
class BuiltImage:
    """An image to be written: its tags, and tiles by column, row, further places and level."""

    number: int = 1
    name: str = "20x_01"
    kind: int | None = None
    size: tuple[int, int] = (300, 200)
    tile: int = 128
    coding: int = JPEG
    samples: int = 3
    bits: int = 8
    dimensions: tuple[tuple[int, int], ...] = ()
    """Kind and extent of each."""
    tiles: dict[tuple[int, ...], bytes] = field(default_factory=dict)
    origin: tuple[int, int] = (0, 0)
    unit: str = "10^-6m^1"


def brightfield(encode: Callable[[slides.Pixels], bytes] | None = None, **more: Any) -> BuiltImage:
    """Return an image of two levels in colour, JPEG unless ``encode`` says otherwise."""
    image = BuiltImage(**more)
    encode = encode or (lambda tile: slides.encoded(tile, "ycbcr420"))
    base = slides.picture(*image.size)
    for level, factor in enumerate((1, 2)):
        pixels = slides.reduced(base, factor)
        columns = -(-pixels.shape[1] // image.tile)
        for number, tile in enumerate(slides.tiles_of(pixels, image.tile)):
            row, column = divmod(number, columns)
            image.tiles[column, row, level] = encode(tile)
    return image


def fluorescence(*, reversible: bool = True, **more: Any) -> BuiltImage:
    """Return an image of one tile, JPEG 2000, 16 bits, in 3 planes and 2 paths."""
    image = BuiltImage(
        coding=JPEG_2000,
        samples=1,
        bits=16,
        size=(96, 64),
        tile=96,
        dimensions=((TIME, 1), (PLANE, 3), (PATH, 2)),
        **more,
    )
    for plane, path in itertools.product(range(3), range(2)):
        image.tiles[0, 0, 0, plane, path, 0] = imagecodecs.jpeg2k_encode(
            plane_pixels(plane, path),
            level=0 if reversible else 40,
            codecformat="j2k",
            reversible=reversible,
        )
    return image


def plane_pixels(plane: int, path: int) -> np.ndarray:
    """Return (96, 96) uint16, different for each plane and path."""
    y, x = np.mgrid[0:96, 0:96]
    return (x * 300 + y * 7 + plane * 1000 + path * 20000).astype(np.uint16)


def write_vsi(path: Path, images: Sequence[BuiltImage], *, barcode: str = "") -> None:
    """Write the .vsi file, and a folder of pixels beside it."""
    with_tags = _volume([_document(), _collection(images, barcode)])
    preview = path.with_suffix(".tif")
    size = images[0].size
    slides.write_tiled_tiff(preview, size=size, factors=(1,), color="ycbcr444", tile=512)
    path.write_bytes(_behind_tags(preview.read_bytes(), with_tags))
    preview.unlink()
    for image in images:
        folder = path.parent / f"_{path.stem}_" / f"stack{image.number}"
        folder.mkdir(parents=True)
        (folder / "frame_t_0.ets").write_bytes(ets(image))


def ets(image: BuiltImage) -> bytes:
    """Return an ETS file: two headers, tiles, the table."""
    dimensions = 3 + len(image.dimensions)
    extents = [
        image.size[0] + image.origin[0],
        image.size[1] + image.origin[1],
        *(extent for _, extent in image.dimensions),
    ]
    pixels = struct.pack(
        "<4s9I",
        b"ETS\0",
        0x30006,
        {8: 2, 16: 4}[image.bits],
        image.samples,
        1,
        image.coding,
        90,
        image.tile,
        image.tile,
        1,
    )
    has_levels = int(any(place[-1] for place in image.tiles))
    pixels = pixels.ljust(152, b"\0") + struct.pack("<I", has_levels)
    pixels = pixels.ljust(172, b"\0") + struct.pack("<2i", *image.origin)
    pixels = pixels.ljust(184, b"\0") + struct.pack(f"<{1 + len(extents)}I", len(extents), *extents)
    data, table = bytearray(64) + pixels, b""
    for number, (place, tile) in enumerate(image.tiles.items()):
        table += struct.pack(
            f"<I{dimensions}iQ2I", dimensions, *place, len(data), len(tile), number
        )
        data += tile
    head = struct.pack(
        "<4s3IQ2IQ2I",
        b"SIS\0",
        64,
        3,
        dimensions,
        64,
        len(pixels),
        0,
        len(data),
        len(image.tiles),
        0,
    )
    return head.ljust(64, b"\0") + bytes(data[64:]) + table


def _behind_tags(tiff: bytes, tags: bytes) -> bytes:
    """Return a TIFF whose structures stand behind the tags: all its offsets moved."""
    shift = len(tags)
    moved = bytearray(tiff)
    (directory,) = struct.unpack_from("<I", tiff, 4)
    (count,) = struct.unpack_from("<H", tiff, directory)
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind, number, value = struct.unpack_from("<HHII", tiff, entry)
        if {2: 1, 3: 2, 4: 4, 5: 8}[kind] * number > 4 or tag == 324:
            struct.pack_into("<I", moved, entry + 8, value + shift)
    struct.pack_into("<I", moved, 4, directory + shift)
    return bytes(moved[:8]) + tags + bytes(moved[8:])


def _document() -> Field:
    return _branch(2, [Field(34, TEXT, "OLYMPUS cellSens"), Field(35, TEXT, "4.1")])


def _collection(images: Sequence[BuiltImage], barcode: str) -> Field:
    fields = [_branch(2001, _image(image), image.number) for image in images]
    if barcode:
        fields.append(Field(120635, TEXT, barcode))
    return _branch(2000, fields, 0)


def _image(image: BuiltImage) -> list[Field]:
    kind = [] if image.kind is None else [Field(2074, INT, image.kind)]
    properties = _branch(
        2005,
        [
            Field(2030, TEXT, image.name),
            Field(2015, LONG, 1_700_000_000),
            Field(2019, 260, (0.5, 0.25)),
            Field(2020, 13, image.unit),
            *kind,
            _branch(2043, [Field(120060, DOUBLE, 20.0)]),
        ],
    )
    slots = [
        _branch(2007, _slot(kind, extent), number)
        for number, (kind, extent) in enumerate(image.dimensions)
    ]
    # cellSens describes the level behind the others, without saying that it is one.
    return [properties, *slots, _branch(2007, [], len(slots))]


def _slot(kind: int, extent: int) -> list[Field]:
    if kind != PATH:
        step = _measure(2013, "10^-6m^1", 1.5)
        return [_branch(2008, [Field(2023, INT, kind), step], 0)]
    ramp = np.zeros((256, 3), np.uint8)
    ramp[:, 0] = np.arange(256)
    return [
        _branch(
            2008,
            [
                Field(2023, INT, PATH),
                Field(2419, TEXT, f"channel {number}"),
                _measure(2417, "10^-9m^1", 455.0 + 50 * number),
                Field(100002, INT, 20000),
                _branch(2004, [Field(268435458, 270, tuple(np.roll(ramp, number, 1).ravel()))]),
            ],
            number,
        )
        for number in range(extent)
    ]


def _measure(tag: int, unit: str, value: float) -> Field:
    return Field(
        tag, _PROPERTY, fields=[Field(268435456, 13, unit), Field(268435458, DOUBLE, value)]
    )


def _branch(tag: int, fields: list[Field], index: int | None = None) -> Field:
    return Field(tag, _VOLUME, index=index, fields=fields)


def _volume(fields: list[Field]) -> bytes:
    """Return a volume: a header, and each field with the offset of the next."""
    data = bytearray(struct.pack("<HHIqII", 24, 21321, 1, 24, len(fields), 0))
    for number, item in enumerate(fields):
        body = _body(item)
        is_last = number == len(fields) - 1
        flags = item.kind
        index = b"" if item.index is None else struct.pack("<i", item.index)
        size = len(body)
        if item.index is not None:
            flags |= 0x08000000
        if item.fields is not None:
            flags |= 0x10000000
        elif item.kind == INT:
            flags |= 0x40000000
            (size,), body = struct.unpack("<I", body), b""
        length = 16 + len(index) + len(body)
        following = 0 if is_last else len(data) + length
        data += struct.pack("<IiiI", flags, item.tag, following, size) + index + body
    return bytes(data)


def _body(item: Field) -> bytes:
    if item.fields is not None:
        return _volume(item.fields)
    if isinstance(item.value, str):
        return item.value.encode("utf-16-le") + b"\0\0"
    layout = {INT: "i", DOUBLE: "d", LONG: "q", 260: "d", 270: "B"}[item.kind]
    values = item.value if isinstance(item.value, tuple) else (item.value,)
    return struct.pack(f"<{len(values)}{layout}", *values)
