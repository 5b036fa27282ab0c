# SPDX-License-Identifier: Apache-2.0
"""OME-TIFF for the contract that all readers keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import build_ome
import slides


def _brightfield(folder: Path) -> Path:
    pixels = build_ome.pixels_xml(
        '<Channel SamplesPerPixel="3"/>', SizeC=3, PhysicalSizeX=0.25, PhysicalSizeY=0.25
    )
    base = slides.picture(150, 100)
    kind = {"photometric": "ycbcr", "compression": "jpeg", "tile": (64, 64)}
    page = {"data": base, **kind, "reduced": [{"data": slides.reduced(base, 2), **kind}]}
    return build_ome.write_ome(folder / "slide.ome.tif", build_ome.image_xml(pixels), page)


def _fluorescence(folder: Path) -> Path:
    """Two channels of three planes, with SubIFDs."""
    channels = '<Channel Name="DAPI"/><Channel Name="FITC"/>'
    pixels = build_ome.pixels_xml(channels, SizeC=2, SizeZ=3, Type="uint16")
    base = slides.grey(150, 100, "uint16")
    kind = {"photometric": "minisblack", "compression": "zlib", "tile": (64, 64)}
    pages = [
        {"data": base + number, **kind, "reduced": [{"data": base[::2, ::2] + number, **kind}]}
        for number in range(6)
    ]
    return build_ome.write_ome(folder / "slide.ome.tif", build_ome.image_xml(pixels), *pages)


CASES: dict[str, Callable[[Path], Path]] = {
    "OME brightfield": _brightfield,
    "OME fluorescence": _fluorescence,
}
