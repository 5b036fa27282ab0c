# SPDX-License-Identifier: Apache-2.0
"""Flat images for the contract that all readers keep."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import imagecodecs
import numpy as np
import slides
from PIL import Image


def _saved(name: str, mode: str, size: tuple[int, int], folder: Path, **options: object) -> Path:
    path = folder / name
    Image.fromarray(slides.picture(*size)).convert(mode).save(path, **options)
    return path


def _deep(folder: Path) -> Path:
    path = folder / "deep.png"
    path.write_bytes(imagecodecs.png_encode(slides.picture(600, 520).astype(np.uint16) * 257))
    return path


CASES: dict[str, Callable[[Path], Path]] = {
    "flat PNG": partial(_saved, "a.png", "RGB", (600, 520)),
    "flat PNG with a palette": partial(_saved, "a.png", "P", (60, 50)),
    "flat PNG with transparency": partial(_saved, "a.png", "RGBA", (60, 50)),
    "flat PNG of 16 bits": _deep,
    "flat grey JPEG": partial(_saved, "a.jpg", "L", (1100, 40)),
    "flat JPEG": partial(_saved, "a.jpg", "RGB", (1100, 600)),
    "small JPEG": partial(_saved, "a.jpg", "RGB", (200, 100)),
    "flat JPEG 2000": partial(_saved, "a.jp2", "RGB", (600, 100)),
    "flat BMP": partial(_saved, "a.bmp", "RGB", (60, 50)),
}
