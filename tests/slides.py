# SPDX-License-Identifier: Apache-2.0
"""Small slides of every dialect, built by code, with pixels and tile streams that are known."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import imagecodecs
import numpy as np
import simplejpeg
import tifffile
from numpy.typing import NDArray

from dicomizer.slide import Compression, SlideImage
from dicomizer.sources.base import SlideSource

Color = Literal["ycbcr420", "ycbcr422", "ycbcr444", "rgb"]
Pixels = NDArray[np.uint8]

DESCRIPTION = (
    "Aperio Image Library v12.0.15 \r\n"
    "{width}x{height} [0,0 {width}x{height}] ({tile}x{tile}) JPEG/{kind} Q=85"
    "|AppMag = 20|StripeWidth = 2040|ScanScope ID = SS1234|Filename = test"
    "|Date = 03/17/24|Time = 10:20:30|Time Zone = GMT-05:00{mpp}|Left = 25.7|Top = 23.4"
)


@dataclass(frozen=True)
class BuiltSlide:
    """A slide file and what went into it."""

    path: Path
    levels: tuple[Pixels, ...]
    streams: tuple[tuple[bytes, ...], ...] = field(repr=False)
    """Of each level, each tile as it stands in the file."""
    tables: bytes = field(repr=False)


def picture(width: int, height: int) -> Pixels:
    """Return (height, width, 3) uint8 RGB: gradients and squares, different everywhere."""
    y, x = np.mgrid[0:height, 0:width]
    red = 120 + 100 * np.sin(x / 17 + y / 41)
    green = 90 + 80 * np.cos(y / 23)
    blue = (x // 16 + y // 16) % 2 * 60 + 120
    return np.stack([red, green, blue], axis=-1).clip(0, 255).astype(np.uint8)


def reduced(pixels: Pixels, factor: int) -> Pixels:
    """Return the pixels reduced by dropping all but each ``factor``-th."""
    return np.ascontiguousarray(pixels[::factor, ::factor])


def encoded(pixels: Pixels, color: Color) -> bytes:
    """Return a baseline JPEG without APP markers; RGB has the component identifiers 0, 1, 2."""
    if color == "rgb":
        stream = imagecodecs.jpeg8_encode(pixels, 85, colorspace="rgb", outcolorspace="rgb")
    else:
        stream = simplejpeg.encode_jpeg(
            pixels, quality=85, colorsubsampling=color.removeprefix("ycbcr"), fastdct=False
        )
    tables, image = split(stream, plain_ids=color == "rgb")
    return tables[:-2] + image[2:]


def split(stream: bytes, *, plain_ids: bool = False) -> tuple[bytes, bytes]:
    """Divide a stream into a tables-only stream and an abbreviated one, without APP markers."""
    tables, image, position = [b"\xff\xd8"], [b"\xff\xd8"], 2
    while True:
        marker = stream[position + 1]
        end = position + 2 + struct.unpack_from(">H", stream, position + 2)[0]
        segment = bytearray(stream[position:end])
        if plain_ids and marker in (0xC0, 0xDA):
            first, step = (10, 3) if marker == 0xC0 else (5, 2)
            segment[first : first + 3 * step : step] = bytes((0, 1, 2))
        if marker in (0xDB, 0xC4):
            tables.append(bytes(segment))
        elif not 0xE0 <= marker <= 0xEF:
            image.append(bytes(segment))
        position = end
        if marker == 0xDA:
            return b"".join(tables) + b"\xff\xd9", b"".join(image) + stream[end:]


def scan(stream: bytes) -> bytes:
    """Return the entropy-coded data between the scan's header and EOI."""
    start = stream.index(b"\xff\xda")
    start += 2 + struct.unpack_from(">H", stream, start + 2)[0]
    return stream[start : stream.rindex(b"\xff\xd9")]


def tiles_of(pixels: Pixels, tile: int) -> Iterator[Pixels]:
    """Yield the tiles that cover an image, row by row, edges repeated to full size."""
    height, width, _ = pixels.shape
    padded = np.pad(pixels, ((0, -height % tile), (0, -width % tile), (0, 0)), "edge")
    for y in range(0, height, tile):
        for x in range(0, width, tile):
            yield np.ascontiguousarray(padded[y : y + tile, x : x + tile])


def write_svs(
    path: Path,
    *,
    size: tuple[int, int] = (300, 200),
    tile: int = 64,
    color: Color = "ycbcr420",
    factors: tuple[int, ...] = (1, 4),
    mpp: str = "|MPP = 0.5000",
    icc_profile: bytes | None = None,
    padding: bytes = b"",
    associated: bool = True,
    label: Pixels | None = None,
) -> BuiltSlide:
    """Write an Aperio file: levels of abbreviated tiles, thumbnail, LZW label, macro.

    ``padding`` follows each tile's EOI within its byte count; ``label`` is a picture of one's own.
    """
    base = picture(*size)
    levels = tuple(reduced(base, factor) for factor in factors)
    tables = split(encoded(np.zeros((tile, tile, 3), np.uint8), color))[0]
    streams = tuple(_streams(pixels, tile, color, padding) for pixels in levels)
    kind = "RGB" if color == "rgb" else "YCC"
    description = DESCRIPTION.format(width=size[0], height=size[1], tile=tile, kind=kind, mpp=mpp)
    with tifffile.TiffWriter(path) as tiff:
        for number, (pixels, tiles) in enumerate(zip(levels, streams, strict=True)):
            _write_tiles(
                tiff,
                pixels.shape,
                tile,
                tiles,
                tables,
                color,
                description=description,
                iccprofile=None if number else icc_profile,
            )
            if number == 0 and associated:
                _write_strips(tiff, reduced(base, 2), description, subfiletype=0)
        if associated:
            head = "Aperio Image Library v12.0.15 \r\n"
            pixels = picture(87, 63) if label is None else label
            tiff.write(
                pixels,
                photometric="rgb",
                compression="lzw",
                predictor=True,
                rowsperstrip=7,
                metadata=None,
                software=False,
                subfiletype=1,
                description=f"{head}label {pixels.shape[1]}x{pixels.shape[0]}",
            )
            _write_strips(tiff, picture(160, 54), f"{head}macro 160x54", subfiletype=9)
    return BuiltSlide(path, levels, streams, tables)


def write_tiled_tiff(
    path: Path,
    *,
    size: tuple[int, int] = (300, 200),
    tile: int = 64,
    color: Color = "ycbcr420",
    factors: tuple[int, ...] = (1, 2, 4),
    mpp: float | None = 0.25,
    bigtiff: bool = False,
    byteorder: Literal["<", ">"] = "<",
) -> BuiltSlide:
    """Write a pyramid as libvips does: tiled directories of halving size, complete tiles."""
    base = picture(*size)
    levels = tuple(reduced(base, factor) for factor in factors)
    streams = tuple(
        tuple(encoded(item, color) for item in tiles_of(pixels, tile)) for pixels in levels
    )
    with tifffile.TiffWriter(path, bigtiff=bigtiff, byteorder=byteorder) as tiff:
        for factor, pixels, tiles in zip(factors, levels, streams, strict=True):
            resolution = (
                {}
                if mpp is None
                else {
                    "resolution": (10_000 / (mpp * factor),) * 2,
                    "resolutionunit": "CENTIMETER",
                }
            )
            _write_tiles(
                tiff,
                pixels.shape,
                tile,
                tiles,
                None,
                color,
                subfiletype=int(factor > 1),
                **resolution,
            )
    return BuiltSlide(path, levels, streams, b"")


def _streams(pixels: Pixels, tile: int, color: Color, padding: bytes) -> tuple[bytes, ...]:
    return tuple(split(encoded(item, color))[1] + padding for item in tiles_of(pixels, tile))


def _write_tiles(
    tiff: tifffile.TiffWriter,
    shape: tuple[int, ...],
    tile: int,
    tiles: tuple[bytes, ...],
    tables: bytes | None,
    color: Color,
    **tags: object,
) -> None:
    photometric = "rgb" if color == "rgb" else "ycbcr"
    subsampling = {"ycbcr420": (2, 2), "ycbcr422": (2, 1), "ycbcr444": (1, 1)}.get(color)
    tiff.write(
        iter(tiles),
        shape=shape,
        dtype=np.uint8,
        photometric=photometric,
        tile=(tile, tile),
        compression="jpeg",
        jpegtables=tables,
        compressionargs={"outcolorspace": photometric},
        subsampling=subsampling,
        metadata=None,
        software=False,
        **tags,
    )


def _write_strips(
    tiff: tifffile.TiffWriter, pixels: Pixels, description: str, *, subfiletype: int
) -> None:
    tiff.write(
        pixels,
        photometric="rgb",
        compression="jpeg",
        compressionargs={"level": 85},
        rowsperstrip=16,
        metadata=None,
        software=False,
        description=description,
        subfiletype=subfiletype,
    )


def write_pages(path: Path, *pages: dict[str, object], **options: object) -> Path:
    """Write directories as tifffile does, without its own description; ``data`` is the pixels.

    A page's ``reduced`` is a list of pages for its SubIFDs.
    """
    with tifffile.TiffWriter(path, **options) as tiff:
        for page in pages:
            reduced = page.pop("reduced", ())
            common = {"metadata": None, "software": False}
            tiff.write(**{"subifds": len(reduced), **common, **page} if reduced else common | page)
            for item in reduced:
                tiff.write(**{"subfiletype": 1, **common, **item})
    return path


def grey(width: int, height: int, dtype: str = "uint8") -> NDArray[np.unsignedinteger]:
    """Return (height, width) grey of the full range of the type."""
    pixels = picture(width, height)[..., 0].astype(np.uint32)
    return (pixels * (np.iinfo(dtype).max // 255)).astype(dtype)


def write_tile_streams(
    path: Path, shape: tuple[int, ...], tile: int, streams: Sequence[bytes], **tags: object
) -> Path:
    """Write one tiled directory of given streams; an empty one is a tile that is not stored."""
    return write_pages(
        path,
        {"data": iter(streams), "shape": shape, "dtype": "uint8", "tile": (tile, tile), **tags},
    )


def jpeg_2000_tiles(pixels: Pixels, tile: int, *, reversible: bool, transform: bool) -> list[bytes]:
    """Return the codestreams of all tiles; without a transform the samples are coded as given."""
    return [
        imagecodecs.jpeg2k_encode(
            item,
            level=0 if reversible else 45,
            reversible=reversible,
            mct=transform,
            codecformat="J2K",
        )
        for item in tiles_of(pixels, tile)
    ]


def ycbcr_of(pixels: Pixels) -> Pixels:
    """Return full-range YCbCr of RGB (T.871 section 7)."""
    red, green, blue = (pixels[..., index].astype(float) for index in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma = (128 + (blue - luma) / 1.772, 128 + (red - luma) / 1.402)
    return np.stack([luma, *chroma], axis=-1).round().clip(0, 255).astype(np.uint8)


def jpeg_2000_422(pixels: Pixels) -> bytes:
    """Return a codestream of YCbCr with half the columns of chroma, as Aperio scanners write.

    OpenJPEG does not write such; so three codestreams of one packet each are put into one.
    """
    ycbcr = ycbcr_of(pixels)
    planes = [ycbcr[..., 0], ycbcr[:, ::2, 1], ycbcr[:, ::2, 2]]
    single = [
        imagecodecs.jpeg2k_encode(
            np.ascontiguousarray(plane),
            level=60,
            reversible=False,
            resolutions=1,
            codecformat="J2K",
        )
        for plane in planes
    ]
    packets = b"".join(stream[stream.index(b"\xff\x93") + 2 : -2] for stream in single)
    first = single[0]
    components = struct.pack(">H9B", 3, 7, 1, 1, 7, 2, 1, 7, 2, 1)
    size = first[2:4] + struct.pack(">H", 47) + first[6:40] + components
    styles = first[first.index(b"\xff\x52") : first.index(b"\xff\x64")]
    part = struct.pack(">2sHHIBB2s", b"\xff\x90", 10, 0, 14 + len(packets), 0, 1, b"\xff\x93")
    return b"\xff\x4f" + size + styles + part + packets + b"\xff\xd9"


def assembled(source: SlideSource, image: SlideImage) -> NDArray[np.unsignedinteger]:
    """Return all frames of an image decoded and put together; missing ones are zero.

    Returns
    -------
    pixels
        ``(paths, planes, rows, columns, samples)`` of the image, without what lies beyond.
    """
    tile, grid, kind = image.tile_size, image.grid, image.pixel_format
    shape = (image.paths, image.planes, grid.height * tile.height, grid.width * tile.width)
    canvas = np.zeros((*shape, kind.samples), kind.dtype)
    index = 0
    for batch in source.frames(image):
        for frame in batch:
            if frame:
                stack, place = divmod(index, image.number_of_tiles)
                path, plane = divmod(stack, image.planes)
                y, x = place // grid.width * tile.height, place % grid.width * tile.width
                pixels = decoded(image, b"".join(frame))
                canvas[path, plane, y : y + tile.height, x : x + tile.width] = pixels
            index += 1
    return canvas[:, :, : image.size.height, : image.size.width]


def decoded(image: SlideImage, frame: bytes) -> NDArray[np.unsignedinteger]:
    """Return (rows, columns, samples) of a frame, by decoders other than the product's."""
    if image.coding.compression is Compression.JPEG:
        pixels = imagecodecs.jpeg8_decode(frame)
    elif image.coding.compression is Compression.JPEG_2000:
        pixels = imagecodecs.jpeg2k_decode(frame)
    else:
        pixels = np.frombuffer(frame, np.dtype(image.pixel_format.dtype).newbyteorder("<"))
    return pixels.reshape(image.tile_size.height, image.tile_size.width, -1)
