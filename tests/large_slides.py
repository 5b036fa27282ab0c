# SPDX-License-Identifier: Apache-2.0
"""A slide that takes seconds to convert and none to make: few JPEG tiles that repeat."""

from __future__ import annotations

import itertools
from pathlib import Path

import slides

_TILE = 256


def write_repeating(path: Path, edge: int = 8192) -> Path:
    """Write one level of square JPEG tiles."""
    streams = [
        slides.encoded(item, "ycbcr420")
        for item in slides.tiles_of(slides.picture(1024, 1024), _TILE)
    ]
    return slides.write_tile_streams(
        path,
        (edge, edge, 3),
        _TILE,
        list(itertools.islice(itertools.cycle(streams), (edge // _TILE) ** 2)),
        photometric="ycbcr",
        subsampling=(2, 2),
        compression="jpeg",
        compressionargs={"outcolorspace": "ycbcr"},
        resolution=(40000, 40000),
        resolutionunit="CENTIMETER",
    )
