# SPDX-License-Identifier: Apache-2.0
"""Hamamatsu VMS built by code: an index, JPEG with restart markers, a map and a macro image."""

from __future__ import annotations

from pathlib import Path

import slides
from PIL import Image


def write_vms(path: Path, *, columns: int = 2, side: int = 768) -> slides.Pixels:
    """Write a slide of several JPEG files side by side; return the pixels before their coding."""
    pixels = slides.picture(columns * side, side)
    names = [f"{path.stem}{f'({number},0)' if number else ''}.jpg" for number in range(columns)]
    for number, name in enumerate(names):
        part = pixels[:, number * side : (number + 1) * side]
        _write_jpeg(path.with_name(name), part)
    _write_jpeg(path.with_name(f"{path.stem}_map2.jpg"), slides.reduced(pixels, 16))
    _write_jpeg(path.with_name(f"{path.stem}_macro.jpg"), slides.picture(300, 100))
    lines = [
        "[Virtual Microscope Specimen]",
        "NoLayers=1",
        f"NoJpegColumns={columns}",
        "NoJpegRows=1",
        f"ImageFile={names[0]}",
        *(f"ImageFile({number},0)={name}" for number, name in enumerate(names) if number),
        f"MapFile={path.stem}_map2.jpg",
        f"MacroImage={path.stem}_macro.jpg",
        "MacroWidth=75000000",
        "MacroHeight=25000000",
        f"PhysicalWidth={columns * side * 230}",
        f"PhysicalHeight={side * 230}",
        "XOffsetFromSlideCentre=10000000",
        "YOffsetFromSlideCentre=-2000000",
        "SourceLens=40",
        "SlideReference=S26-1234",
    ]
    path.write_text("\r\n".join(lines) + "\r\n", encoding="ascii")
    return pixels


def _write_jpeg(path: Path, pixels: slides.Pixels) -> None:
    Image.fromarray(pixels).save(path, "JPEG", quality=95, subsampling=0, restart_marker_rows=1)
