# SPDX-License-Identifier: Apache-2.0
"""The part of OpenSlide's canvas that was scanned, in levels that lie exactly on one another.

A small scan on a huge canvas has properties that bound it. Its corner is moved up and left until
it falls on a pixel of every level, so that the levels need no resampling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.slide import SizePx

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TILE = SizePx(512, 512)
"""Of the virtual grid: OpenSlide has no tiles to show."""
_LARGEST_FACTOR = 1 << 12


@dataclass(frozen=True, slots=True)
class CanvasLevel:
    """A level of the scanned part.

    Parameters
    ----------
    number
        Of the level in OpenSlide.
    factor
        By which it is smaller than level 0: a power of two.
    left, top
        Of the part, in pixels of level 0; the same for all levels.
    """

    number: int
    factor: int
    left: int
    top: int
    size: SizePx

    def region(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Return a tile's corner in level 0, and its size within the level."""
        x, y = column * TILE.width, row * TILE.height
        return (
            self.left + x * self.factor,
            self.top + y * self.factor,
            min(TILE.width, self.size.width - x),
            min(TILE.height, self.size.height - y),
        )


def scanned_levels(
    sizes: Sequence[SizePx], properties: Mapping[str, str]
) -> tuple[tuple[CanvasLevel, ...], list[str]]:
    """Return the levels of the scanned part, finest first, and a sentence for each left out."""
    kept, notes = _powers_of_two(sizes)
    left, top, right, bottom = _bounds(sizes[0], properties)
    step = max(factor for _, factor in kept)
    left, top = left // step * step, top // step * step
    levels = []
    for number, factor in kept:
        size = SizePx(
            min(-(-(right - left) // factor), sizes[number].width - left // factor),
            min(-(-(bottom - top) // factor), sizes[number].height - top // factor),
        )
        if min(size.width, size.height) < 1:
            break
        levels.append(CanvasLevel(number, factor, left, top, size))
    part = levels[0].size
    if part != sizes[0]:
        notes.append(
            f"the scanned part, {part} pixels from ({left}, {top}) of a canvas of {sizes[0]}, "
            "is taken; the rest was not scanned"
        )
    return tuple(levels), notes


def _powers_of_two(sizes: Sequence[SizePx]) -> tuple[list[tuple[int, int]], list[str]]:
    """Return number and factor of each level that is a reduction by a power of two."""
    kept: list[tuple[int, int]] = []
    notes = []
    for number, size in enumerate(sizes):
        factor = _factor(sizes[0], size)
        if factor is not None and all(factor > other for _, other in kept):
            kept.append((number, factor))
        else:
            notes.append(
                f"level {number} ({size}) is no reduction of {sizes[0]} by a power of two: left out"
            )
    return kept, notes


def _factor(base: SizePx, size: SizePx) -> int | None:
    if min(size.width, size.height) < 1:
        return None
    factor = 1 << max(round(math.log2(base.width / size.width)), 0)
    fits = abs(base.width / factor - size.width) < 1 and abs(base.height / factor - size.height) < 1
    return factor if fits and factor <= _LARGEST_FACTOR else None


def _bounds(size: SizePx, properties: Mapping[str, str]) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of what was scanned: the canvas, where nothing says."""
    whole = (0, 0, size.width, size.height)
    try:
        x, y, width, height = (
            int(properties[f"openslide.bounds-{name}"]) for name in ("x", "y", "width", "height")
        )
    except (KeyError, ValueError):
        return whole
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + width, size.width), min(y + height, size.height)
    return (left, top, right, bottom) if left < right and top < bottom else whole
