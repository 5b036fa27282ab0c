# SPDX-License-Identifier: Apache-2.0
"""The photograph of the whole glass slide: label on the left, section under its cover glass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Pixels = NDArray[np.uint8]

WIDTH, HEIGHT = 1280, 431
PIXELS_PER_MM = WIDTH / 75.0
_LABEL = (16, 16, 376, 415)
_COVER = (420, 12, 1240, 419)
_TABLE = (58, 58, 62)
_GLASS = (232, 234, 236)
_COVERED = (240, 241, 242)


def placed_mm(width: int, height: int, mpp: float) -> tuple[float, float]:
    """Return where the scanned area begins, in millimetres from the left and top of the glass."""
    left, top, right, bottom = (side / PIXELS_PER_MM for side in _COVER)
    return (
        (left + right) / 2 - width * mpp / 2000,
        (top + bottom) / 2 - height * mpp / 2000,
    )


def macro(overview: Pixels, label: Pixels, size_mm: tuple[float, float]) -> Pixels:
    """Return the photograph, (431, 1280, 3) uint8 RGB, of a section that measures ``size_mm``."""
    image = Image.new("RGB", (WIDTH, HEIGHT), _TABLE)
    draw = ImageDraw.Draw(image)
    draw.rectangle((4, 4, WIDTH - 5, HEIGHT - 5), fill=_GLASS, outline=(180, 186, 188), width=2)
    draw.rectangle(_COVER, fill=_COVERED, outline=(205, 209, 212), width=2)
    _paste_label(image, label)
    _paste_section(image, overview, size_mm)
    shade = np.linspace(1.0, 0.965, WIDTH)[None, :, None]
    return (np.asarray(image) * shade).astype(np.uint8)


def _paste_label(image: Image.Image, label: Pixels) -> None:
    """The label lies sideways, as it is stuck on."""
    left, top, right, bottom = _LABEL
    turned = Image.fromarray(label).transpose(Image.Transpose.ROTATE_270)
    turned.thumbnail((right - left, bottom - top))
    image.paste(turned, (left, top + (bottom - top - turned.height) // 2))


def _paste_section(image: Image.Image, overview: Pixels, size_mm: tuple[float, float]) -> None:
    """Lay the section on the glass; what is larger than the cover glass is made to fit."""
    left, top, right, bottom = _COVER
    width, height = (max(1, round(side * PIXELS_PER_MM)) for side in size_mm)
    fit = min(1.0, (right - left - 20) / width, (bottom - top - 20) / height)
    width, height = max(1, round(width * fit)), max(1, round(height * fit))
    section = Image.fromarray(overview).resize((width, height), Image.Resampling.BOX)
    place = ((left + right - width) // 2, (top + bottom - height) // 2)
    under = image.crop((*place, place[0] + width, place[1] + height))
    light = np.asarray(section, np.uint16) * np.asarray(under, np.uint16) // 244
    image.paste(Image.fromarray(np.minimum(light, 255).astype(np.uint8)), place)
