# SPDX-License-Identifier: Apache-2.0
"""Small Trestle slides: levels of tiles that overlap or do not, the overview beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import slides
import tifffile

TILE = 64
OVERLAPS = ((16, 8), (8, 4), (0, 0))


@dataclass(frozen=True)
class BuiltTrestle:
    """A slide file and what its levels show."""

    path: Path
    levels: tuple[slides.Pixels, ...] = field(repr=False)


def write_trestle(
    path: Path,
    *,
    overlaps: tuple[tuple[int, int], ...] = OVERLAPS,
    mpp: float = 0.25,
    told: str | None = None,
    overview: bytes | None = None,
    software: str = "MedScan 1.2",
) -> BuiltTrestle:
    """Write 300 x 200 pixels and a halved level for each further overlap.

    ``told`` is the text of OverlapsXY where it is not that of the overlaps.
    """
    base = slides.picture(300, 200)
    levels = tuple(slides.reduced(base, 2**number) for number in range(len(overlaps)))
    text = " ".join(f"{x} {y}" for x, y in overlaps) if told is None else told
    with tifffile.TiffWriter(path) as tiff:
        for number, (pixels, overlap) in enumerate(zip(levels, overlaps, strict=True)):
            _write_level(tiff, pixels, overlap, mpp * 2**number, None if number else text, software)
    if overview is not None:
        path.with_suffix(".Full").write_bytes(overview)
    return BuiltTrestle(path, levels)


def _write_level(
    tiff: tifffile.TiffWriter,
    pixels: slides.Pixels,
    overlap: tuple[int, int],
    mpp: float,
    told: str | None,
    software: str,
) -> None:
    stored = _stored(pixels, overlap)
    description = f"Background Color=f0E1d2;Objective Power=40;JPEG Quality=70;OverlapsXY= {told};"
    tiff.write(
        iter([slides.encoded(tile, "ycbcr444") for tile in slides.tiles_of(stored, TILE)]),
        shape=stored.shape,
        dtype=np.uint8,
        photometric="ycbcr",
        tile=(TILE, TILE),
        compression="jpeg",
        compressionargs={"outcolorspace": "ycbcr"},
        subsampling=(1, 1),
        metadata=None,
        description=None if told is None else description,
        software=software if told is not None else False,
        datetime="2006:03:17 10:20:30" if told is not None else None,
        # The scanner writes micrometres per pixel where TIFF has pixels per unit.
        resolution=(mpp, mpp),
        resolutionunit="INCH",
    )


def _stored(pixels: slides.Pixels, overlap: tuple[int, int]) -> slides.Pixels:
    """Return an image laid out in tiles that show their margins twice."""
    columns, rows = (
        _indices(size, shared) for size, shared in zip(pixels.shape[1::-1], overlap, strict=True)
    )
    return np.ascontiguousarray(pixels[rows][:, columns])


def _indices(size: int, overlap: int) -> list[int]:
    """Return which pixel each stored one is: 0 to 63, then 48 to 111, and so on to the edge."""
    advance = TILE - overlap
    count = max(1, -(-(size - overlap) // advance))
    return [
        index
        for start in range(0, count * advance, advance)
        for index in range(start, min(start + TILE, size))
    ]
