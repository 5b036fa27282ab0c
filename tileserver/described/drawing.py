# SPDX-License-Identifier: Apache-2.0
"""Parameters and media types of all pictures, as `tileserver.pictures` reads them."""

from __future__ import annotations

from tileserver.described.model import Parameter
from tileserver.described.schemas import one_of, pattern

DECIMAL = r"-?(\d{1,18}(\.\d{0,18})?|\.\d{1,18})"
_PARTED = r"\s*,\s*"
_WINDOW = rf"{DECIMAL}{_PARTED}{DECIMAL}({_PARTED}(linear|linear-exact|linear_exact|sigmoid))?"
# What is a blank at either end differs between regular expressions: control characters are none.
_PATH_END = r"[^,\s\x00-\x1f\x7f-\x9f]"
_PATH = rf"{_PATH_END}([^,]{{0,62}}{_PATH_END})?"
_COLOR = "(#?[0-9a-fA-F]{6})?"
PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")
ACCEPT = Parameter(
    name="accept",
    meaning="Media types as in the Accept header, over which it goes.",
    example="*/*",
)
QUALITY = {"type": "integer", "minimum": 1, "maximum": 100}

DRAWING = (
    Parameter(
        name="window",
        meaning="Center, width and function of grey values: linear, linear-exact or sigmoid.",
        schema=pattern(rf"^\s*{_WINDOW}\s*$"),
        example="128,256,linear",
    ),
    Parameter(
        name="iccprofile",
        meaning="Profile to embed: none, the stored one, or one that colours are put into.",
        schema=one_of("no", "yes", "srgb", "adobergb", "rommrgb"),
    ),
    Parameter(name="quality", meaning="Of JPEG and WebP.", schema=QUALITY),
    Parameter(
        name="channel",
        meaning="Optical path, color (rrggbb), center, width and function; once for each path.",
        schema=pattern(rf"^\s*{_PATH}({_PARTED}{_COLOR}({_PARTED}{_WINDOW})?)?\s*$"),
        is_repeated=True,
        example="1,00ff00",
    ),
    Parameter(
        name="plane",
        meaning="Focal plane from 0; the middle one without.",
        schema={"type": "integer", "minimum": 0, "maximum": 9_999_999_999},
        example="0",
    ),
)
