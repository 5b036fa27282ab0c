# SPDX-License-Identifier: Apache-2.0
"""Small Leica SCN: images of a collection, each of levels, channels and planes."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import slides
import tifffile
from numpy.typing import NDArray

NAMESPACE = "http://www.leica-microsystems.com/scn/2010/10/01"
TILE = 64
COLLECTION_NM = (26_500_000, 76_700_000)
CHANNELS = (
    '<channelSettings><channel index="0" name="405|Empty" rgb="#0000ff"><fluorescenceCube>'
    "<excitationFilter>BP 405/60</excitationFilter><suppressionFilter>470/40</suppressionFilter>"
    "</fluorescenceCube><exposureTime>105000</exposureTime></channel>"
    '<channel index="1" name="Cy5" rgb="#ff8000"/></channelSettings>'
)


@dataclass(frozen=True)
class Part:
    """An image of the collection.

    ``pixels`` is of (levels) arrays of (paths, planes, rows, columns[, 3]) uint8.
    """

    name: str
    pixels: tuple[NDArray[np.uint8], ...] = field(repr=False)
    view: str
    objective: str = "20"
    illumination: str = "brightfield"
    channels: str = ""

    def xml(self, first: int) -> str:
        rows, columns = self.pixels[0].shape[2:4]
        dimensions, number = "", first
        for level, array in enumerate(self.pixels):
            for path in range(array.shape[0]):
                for plane in range(array.shape[1]):
                    dimensions += (
                        f'<dimension sizeX="{array.shape[3]}" sizeY="{array.shape[2]}" '
                        f'r="{level}" c="{path}" z="{plane}" ifd="{number}"/>'
                    )
                    number += 1
        return (
            f'<image name="{self.name}"><creationDate>2024-03-17T10:20:30.07Z</creationDate>'
            '<device model="Leica SCN400F;Leica SCN" version="1.5.1 2012/05/02;1.5.2"/>'
            f'<pixels sizeX="{columns}" sizeY="{rows}">{dimensions}</pixels><view {self.view}/>'
            f"<scanSettings><objectiveSettings><objective>{self.objective}</objective>"
            "</objectiveSettings><illuminationSettings><numericalAperture>0.4"
            f"</numericalAperture><illuminationSource>{self.illumination}</illuminationSource>"
            f"</illuminationSettings>{self.channels}</scanSettings></image>"
        )

    @property
    def count(self) -> int:
        return sum(array.shape[0] * array.shape[1] for array in self.pixels)


def view(x: int, y: int, width: int, height: int, spacing_z: int = 0) -> str:
    return f'sizeX="{width}" sizeY="{height}" offsetX="{x}" offsetY="{y}" spacingZ="{spacing_z}"'


MACRO = Part("macro", (slides.picture(53, 153)[None, None],), view(0, 0, *COLLECTION_NM), "0.6")


def brightfield(name: str = "scan", *, x: int = 9_000_000, y: int = 20_000_000) -> Part:
    """Return a scan of 300 x 200 pixels of 0.5 um and a level of a quarter."""
    base = slides.picture(300, 200)
    levels = tuple(slides.reduced(base, factor)[None, None] for factor in (1, 4))
    return Part(name, levels, view(x, y, 150_000, 100_000))


def fluorescence() -> Part:
    """Return a scan of two channels and three planes, grey, different in every pixel."""
    base = slides.picture(150, 100)[:, :, 0]
    stack = np.stack(
        [[base // 2 + 10 * path + 3 * plane for plane in range(3)] for path in range(2)]
    ).astype(np.uint8)
    return Part(
        "fluorescence",
        (stack, np.ascontiguousarray(stack[:, :, ::2, ::2])),
        view(5_000_000, 30_000_000, 75_000, 50_000, 400),
        illumination="fluorescence",
        channels=CHANNELS,
    )


def description(
    parts: tuple[Part, ...],
    *,
    label: int | None = None,
    barcode: str = "S-24-0042",
    namespace: str = NAMESPACE,
) -> str:
    """Return the XML of a collection; ``label`` is the directory of the label."""
    images, number = "", 0
    for part in parts:
        images += part.xml(number)
        number += part.count
    supplement = "" if label is None else f'<supplementalImage type="label" ifd="{label}"/>'
    width, height = COLLECTION_NM
    return (
        f'<?xml version="1.0" encoding="utf-8"?><scn xmlns="{namespace}">'
        f'<collection name="c" sizeX="{width}" sizeY="{height}">'
        f"<barcode>{base64.b64encode(barcode.encode()).decode()}</barcode>"
        f"{images}{supplement}</collection></scn>"
    )


def write_scn(
    path: Path,
    parts: tuple[Part, ...] = (MACRO, brightfield()),
    *,
    label: bool = False,
    text: str | None = None,
) -> tuple[bytes, ...]:
    """Write a slide and return its JPEG tiles, in the order of the file.

    Colour is coded as JPEG, grey with Deflate. ``text`` replaces the XML.
    """
    number = sum(part.count for part in parts)
    text = text or description(parts, label=number if label else None)
    streams: list[bytes] = []
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        for part in parts:
            for array in part.pixels:
                for pixels in array.reshape(-1, *array.shape[2:]):
                    streams += _write(tiff, pixels, text)
                    text = ""
        if label:
            tiff.write(slides.picture(50, 40), photometric="rgb", compression="lzw", metadata=None)
    return tuple(streams)


def _write(tiff: tifffile.TiffWriter, pixels: NDArray[np.uint8], text: str) -> tuple[bytes, ...]:
    description = text or None
    if pixels.ndim == 2:
        tiff.write(
            pixels,
            photometric="minisblack",
            tile=(TILE, TILE),
            compression="zlib",
            description=description,
            metadata=None,
        )
        return ()
    tiles = tuple(slides.encoded(item, "ycbcr420") for item in slides.tiles_of(pixels, TILE))
    tiff.write(
        iter(tiles),
        shape=pixels.shape,
        dtype=np.uint8,
        photometric="ycbcr",
        subsampling=(2, 2),
        tile=(TILE, TILE),
        compression="jpeg",
        compressionargs={"outcolorspace": "ycbcr"},
        description=description,
        metadata=None,
    )
    return tiles


def moved(part: Part, **changes: str) -> Part:
    """Return a part with other attributes."""
    return replace(part, **changes)  # type: ignore[arg-type]
