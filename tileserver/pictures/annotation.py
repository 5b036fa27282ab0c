# SPDX-License-Identifier: Apache-2.0
"""Words burned into a rendered picture, in lines at its upper left.

References
----------
PS3.18 8.3.5.1.1 (image annotation)
"""

from __future__ import annotations

import functools
import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from tileserver.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PIL.ImageFont import FreeTypeFont, ImageFont

    from tileserver.pictures.transform import Pixels

KEYWORDS = ("patient", "technique")
_SHARE = 32
"""Height of the picture for one of a line."""
_SMALLEST, _LARGEST = 10, 48
_MOST_LETTERS = 500
"""Of a line: no picture shows more."""
_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf")
"""Looked for in the system; Pillow's own has the letters of ASCII only."""
_NO_LETTER = "\uffff"
_BASIC = {
    "ß": "ss", "Æ": "AE", "æ": "ae", "Ø": "O", "ø": "o", "Œ": "OE", "œ": "oe", "Ł": "L", "ł": "l",
    "Đ": "D", "đ": "d", "Ð": "D", "ð": "d", "Þ": "Th", "þ": "th", "\u0131": "i", "µ": "u",
}  # fmt: skip
"""Letters that Unicode does not decompose."""


def read_annotation(text: str) -> frozenset[str]:
    """Return the keywords of an ``annotation`` parameter.

    Raises
    ------
    BadRequestError
        One is unknown.
    """
    found = frozenset(item.strip() for item in text.split(","))
    unknown = found - set(KEYWORDS)
    if unknown:
        raise BadRequestError(
            f"annotation: found {min(unknown)[:32]!r}, expected {' and '.join(KEYWORDS)}"
        )
    return found


def annotated(pixels: Pixels, lines: Sequence[str]) -> Pixels:
    """Return a picture (rows, columns, 1 or 3), uint8, with lines written into it.

    They are white on black, so that they can be read on any picture. What the font lacks stands
    in its basic form, or as a question mark.
    """
    if not lines:
        return pixels
    from PIL import Image, ImageDraw

    height = min(max(pixels.shape[0] // _SHARE, _SMALLEST), _LARGEST)
    is_gray = pixels.shape[2] == 1
    image = Image.fromarray(pixels[:, :, 0] if is_gray else np.ascontiguousarray(pixels))
    draw = ImageDraw.Draw(image)
    font = _font(height)
    has = functools.partial(_has, font)
    # A value may hold breaks of lines, alone of which Raqm lays out nothing.
    shown = (" ".join(line[:_MOST_LETTERS].split()) for line in lines)
    text = "\n".join(legible(line, has) for line in shown)
    left, top, right, bottom = draw.multiline_textbbox((height // 2, height // 3), text, font=font)
    black, white = (0, 255) if is_gray else ((0, 0, 0), (255, 255, 255))
    edge = height // 4
    draw.rectangle((left - edge, top - edge, right + edge, bottom + edge), fill=black)
    draw.multiline_text((height // 2, height // 3), text, font=font, fill=white)
    return np.asarray(image).reshape(pixels.shape)


def legible(text: str, has: Callable[[str], bool]) -> str:
    """Return a text in letters that there are.

    Parameters
    ----------
    has
        Tells whether there is a letter.
    """
    return "".join(letter if has(letter) else _basic(letter, has) for letter in text)


def _basic(letter: str, has: Callable[[str], bool]) -> str:
    decomposed = _BASIC.get(letter) or unicodedata.normalize("NFKD", letter)
    kept = "".join(c for c in decomposed if not unicodedata.combining(c))
    return kept if kept and all(map(has, kept)) else "?"


@functools.lru_cache(4096)
def _has(font: FreeTypeFont | ImageFont, letter: str) -> bool:
    """Tell whether a font has a letter: else it draws what stands for all that it lacks."""
    return letter == " " or bytes(font.getmask(letter)) != bytes(font.getmask(_NO_LETTER))


@functools.lru_cache(8)
def _font(height: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    for name in _FONTS:
        try:
            return ImageFont.truetype(name, height)
        except OSError:
            continue
    return ImageFont.load_default(height)
