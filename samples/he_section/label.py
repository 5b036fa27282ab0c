# SPDX-License-Identifier: Apache-2.0
"""The paper label: case number, stain, what it is, and the case number as a barcode."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from he_section.code128 import modules
from he_section.description import DATE

Pixels = NDArray[np.uint8]

WIDTH, HEIGHT = 609, 567
LONGEST_CASE = 20
PAPER = (250, 249, 244)
INK = (28, 28, 32)
_MARGIN = 36
_MODULE = 2
_BARCODE_TOP, _BARCODE_HEIGHT = 350, 150


def label(case: str) -> Pixels:
    """Return the image of a label, (rows, columns, 3) uint8 RGB.

    Raises
    ------
    ValueError
        The case is no printable ASCII, or too long for the barcode to fit.
    """
    if len(case) > LONGEST_CASE:
        raise ValueError(f"{case!r} has more than {LONGEST_CASE} characters")
    bars = modules(case)
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(image)
    _write(draw, 30, case, 58)
    _write(draw, 112, "H&E", 76)
    _write(draw, 212, f"Colon  {DATE}", 40)
    _write(draw, 274, "SYNTHETIC, no patient", 34)
    left = (WIDTH - len(bars) * _MODULE) // 2
    for place, dark in enumerate(bars):
        if dark:
            x = left + place * _MODULE
            box = (x, _BARCODE_TOP, x + _MODULE - 1, _BARCODE_TOP + _BARCODE_HEIGHT)
            draw.rectangle(box, fill=INK)
    draw.text((WIDTH // 2, 514), case, fill=INK, font=ImageFont.load_default(30), anchor="ma")
    return np.asarray(image)


def _write(draw: ImageDraw.ImageDraw, top: int, text: str, size: int) -> None:
    """Write a line, smaller where it would not fit."""
    font = ImageFont.load_default(size)
    length = draw.textlength(text, font=font)
    if length > WIDTH - 2 * _MARGIN:
        font = ImageFont.load_default(size * (WIDTH - 2 * _MARGIN) / length)
    draw.text((_MARGIN, top), text, fill=INK, font=font)
