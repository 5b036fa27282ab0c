# SPDX-License-Identifier: Apache-2.0
"""Where on the glass a scan lies, of the formats whose properties tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.slide import PointMm

if TYPE_CHECKING:
    from collections.abc import Mapping

_NM_PER_MM = 1_000_000
_CORNER = PointMm(x=25.0, y=75.0)
"""Where instances have the top left pixel of an overview."""


def hamamatsu_origin(properties: Mapping[str, str]) -> PointMm | None:
    """Return the place of the top left pixel in the slide coordinate system.

    As in NDPI: the centre of the image lies to the right of and below the centre of the glass,
    as the macro image shows it, by the offsets. The label is to the left, so that rows of an
    image run along -Y and its columns along -X (PS3.3 C.8.12.2). Both offsets zero mean that
    nobody measured them.
    """
    right, down = (_nm(properties, f"{axis}OffsetFromSlideCentre") for axis in "XY")
    width, height = (_nm(properties, f"Physical{side}") for side in ("Width", "Height"))
    glass_width, glass_height = (_nm(properties, f"Macro{side}") for side in ("Width", "Height"))
    if not (right or down) or not (width and height and glass_width and glass_height):
        return None
    x = ((glass_height - height) / 2 + down) / _NM_PER_MM
    y = ((glass_width - width) / 2 + right) / _NM_PER_MM
    is_on_glass = abs(x) * _NM_PER_MM < abs(glass_height) and abs(y) * _NM_PER_MM < abs(glass_width)
    return PointMm(_CORNER.x - x, _CORNER.y - y) if is_on_glass else None


def _nm(properties: Mapping[str, str], name: str) -> int:
    """Return a property in nanometres; 0 where it is absent or no whole number."""
    try:
        return int(properties.get(f"hamamatsu.{name}", "0"))
    except ValueError:
        return 0
