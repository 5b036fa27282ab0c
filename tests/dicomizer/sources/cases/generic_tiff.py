# SPDX-License-Identifier: Apache-2.0
"""TIFF without a vendor for the contract that all readers keep."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import slides

_LOSSLESS = ("none", "lzw", "deflate", "zstd", "packbits", "lzma")


def _pyramid(folder: Path) -> Path:
    return slides.write_tiled_tiff(folder / "slide.tif").path


def _tiles(options: dict[str, object], folder: Path) -> Path:
    page = {"data": slides.picture(150, 100), "photometric": "rgb", "tile": (64, 64), **options}
    return slides.write_pages(folder / "slide.tif", page)


def _grey(options: dict[str, object], folder: Path) -> Path:
    page = {"data": slides.grey(150, 100, "uint16"), "photometric": "minisblack", **options}
    return slides.write_pages(folder / "slide.tif", page, byteorder=">")


def _subdirectories(folder: Path) -> Path:
    base = slides.picture(300, 200)
    tiled = {"tile": (64, 64), "photometric": "rgb", "compression": "zlib"}
    reduced = [{"data": slides.reduced(base, factor), **tiled} for factor in (2, 4)]
    return slides.write_pages(folder / "slide.tif", {"data": base, **tiled, "reduced": reduced})


CASES: dict[str, Callable[[Path], Path]] = {
    "TIFF JPEG pyramid": _pyramid,
    **{f"TIFF {name}": partial(_tiles, {"compression": name}) for name in (*_LOSSLESS, "webp")},
    "TIFF SubIFDs": _subdirectories,
    "TIFF planar": partial(_tiles, {"planarconfig": "separate", "compression": "lzw"}),
    "TIFF 16-bit grey": partial(_grey, {"tile": (64, 64), "compression": "lzw", "predictor": True}),
    "TIFF grey strips": partial(_grey, {"rowsperstrip": 7, "compression": "deflate"}),
    "TIFF flat": partial(_tiles, {"tile": None, "rowsperstrip": 100}),
}
