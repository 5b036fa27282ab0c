# SPDX-License-Identifier: Apache-2.0
"""Glands drawn: how deep each pixel is within its gland, and how thick the epithelium is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from he_section.glands import OUTSIDE_UM, Glands, looked_up

if TYPE_CHECKING:
    from he_section.window import Axis, Plane, Window

_AROUND_UM = 40.0


@dataclass(frozen=True, slots=True)
class GlandPlanes:
    """Glands at the pixels of a window."""

    depth: Plane
    """Micrometres within the gland; negative outside."""
    wall: Plane
    """Micrometres of the epithelium there."""
    around: Plane
    """Micrometres along the circumference."""
    of_tumour: Plane


def drawn(found: Glands, window: Window) -> GlandPlanes:
    """Return the glands at the pixels of a window."""
    planes = GlandPlanes(
        depth=np.full(window.shape, OUTSIDE_UM, np.float32),
        wall=np.ones(window.shape, np.float32),
        around=np.zeros(window.shape, np.float32),
        of_tumour=np.zeros(window.shape, np.float32),
    )
    second = np.full(window.shape, OUTSIDE_UM, np.float32)
    for gland in range(len(found)):
        _draw(planes, second, found, gland, window)
    planes.depth[:] -= np.maximum(second, 0)
    return planes


def _draw(planes: GlandPlanes, second: Plane, found: Glands, gland: int, window: Window) -> None:
    """Draw a gland where no other is deeper, and keep the second deepest: there they touch."""
    reach = float(found.radius[gland].max()) + _AROUND_UM
    columns = _span(window.x, found.x[gland], reach)
    rows = _span(window.y, found.y[gland], reach)
    dx = (window.x[columns] - found.x[gland]).astype(np.float32)[None, :]
    dy = (window.y[rows] - found.y[gland]).astype(np.float32)[:, None]
    if not dx.size or not dy.size:
        return
    angle = np.arctan2(dy, dx)
    depth = looked_up(found.radius[gland], angle) - np.sqrt(dx * dx + dy * dy)
    deepest = planes.depth[rows, columns]
    nearest = depth > deepest
    np.maximum(second[rows, columns], np.minimum(deepest, depth), out=second[rows, columns])
    start = found.column[gland] * 311.3 + found.row[gland] * 173.9
    around = angle * found.radius[gland].mean() + np.float32(start % 3000)
    for plane, value in (
        (planes.depth, depth),
        (planes.wall, looked_up(found.wall[gland], angle)),
        (planes.around, around),
        (planes.of_tumour, np.float32(found.of_tumour[gland])),
    ):
        np.copyto(plane[rows, columns], value, where=nearest)


def _span(positions: Axis, middle: float, reach: float) -> slice:
    first, last = np.searchsorted(positions, (middle - reach, middle + reach))
    return slice(int(first), int(last))
