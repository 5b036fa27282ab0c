# SPDX-License-Identifier: Apache-2.0
"""Aperio slides for the contract that all readers keep."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import slides

_DESCRIPTION = "Aperio Image Library v11\r\n{width}x{height} (64x64) J2K/KDU Q=70|MPP = 0.25"


def _jpeg(color: slides.Color, folder: Path) -> Path:
    return slides.write_svs(folder / "slide.svs", color=color).path


def _jpeg_2000(compression: int, folder: Path) -> Path:
    pixels = slides.picture(150, 100)
    is_ycbcr = compression == 33003
    samples = slides.ycbcr_of(pixels) if is_ycbcr else pixels
    return slides.write_tile_streams(
        folder / "slide.svs",
        pixels.shape,
        64,
        slides.jpeg_2000_tiles(samples, 64, reversible=False, transform=not is_ycbcr),
        compression=compression,
        photometric="rgb",
        description=_DESCRIPTION.format(width=150, height=100),
    )


def _sparse(folder: Path) -> Path:
    pixels = slides.picture(192, 128)
    streams = [slides.encoded(tile, "ycbcr420") for tile in slides.tiles_of(pixels, 64)]
    return slides.write_tile_streams(
        folder / "slide.svs",
        pixels.shape,
        64,
        [b"", *streams[1:4], b"", streams[5]],
        compression="jpeg",
        photometric="ycbcr",
        description=_DESCRIPTION.format(width=192, height=128),
    )


def _stack(folder: Path) -> Path:
    pixels = slides.picture(100, 80)
    description = _DESCRIPTION.format(width=100, height=80)
    return slides.write_pages(
        folder / "slide.svs",
        *(
            {
                "data": pixels,
                "tile": (64, 64),
                "compression": "jpeg",
                "photometric": "ycbcr",
                "description": f"{description}|OffsetZ = {height}",
            }
            for height in (-1.5, 0.0, 1.5)
        ),
    )


CASES: dict[str, Callable[[Path], Path]] = {
    **{f"SVS {color}": partial(_jpeg, color) for color in ("ycbcr420", "ycbcr444", "rgb")},
    **{f"SVS JPEG 2000 {code}": partial(_jpeg_2000, code) for code in (33003, 33005, 34712)},
    "SVS sparse": _sparse,
    "SVS planes": _stack,
}
