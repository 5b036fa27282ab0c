# SPDX-License-Identifier: Apache-2.0
"""Vessels: a wall of muscle around a clear lumen with some red cells in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from he_section.noise import Noise, smoothstep
from he_section.stamps import Ellipses

if TYPE_CHECKING:
    from he_section.anatomy import Anatomy
    from he_section.window import Axis, Plane, Window

_PITCH_UM = 235.0
_LARGEST_UM = 58.0
_WALL_PART = 0.3
RED_CELL_UM = 3.4


@dataclass(frozen=True, slots=True)
class Vessels:
    """Elliptic tubes cut across; lengths in micrometres."""

    x: Axis
    y: Axis
    radius: Plane
    squeeze: Plane
    angle: Plane
    filled: Plane
    """How much of the lumen is blood, 0 to 1."""

    def radius_at(self, vessel: int, dx: Plane, dy: Plane) -> Plane:
        """Return distances from the middle of a vessel in its own stretched measure."""
        cos, sin = np.cos(self.angle[vessel]), np.sin(self.angle[vessel])
        along, across = dx * cos + dy * sin, dy * cos - dx * sin
        bent = across + np.float32(0.25) * along * along / self.radius[vessel]
        squeeze = self.squeeze[vessel]
        radius: Plane = np.sqrt((along / squeeze) ** 2 + (bent * squeeze) ** 2)
        return radius


def vessels(noise: Noise, fields: Anatomy, window: Window, reach_um: float) -> Vessels:
    """Return every vessel that reaches into the window or ``reach_um`` around it."""
    reach = reach_um + 2 * _LARGEST_UM
    points = noise.scattered("vessel", window, _PITCH_UM, reach, jitter=0.45)

    def number(name: str) -> Plane:
        return noise.uniform(f"vessel {name}", points.column, points.row)

    radius = 9 + (_LARGEST_UM - 9) * number("size") ** 3
    room = np.maximum(
        fields.at("mucosa", points.x, points.y), fields.at("tumour", points.x, points.y)
    )
    room = np.maximum(room, fields.at("muscle", points.x, points.y))
    kept = (number("kept") < 0.75) & (room < 0.03)
    kept &= fields.at("outside", points.x, points.y) < -1.6 * radius - 8
    return Vessels(
        x=points.x[kept],
        y=points.y[kept],
        radius=radius[kept],
        squeeze=(1 + 0.45 * number("squeeze"))[kept],
        angle=(np.float32(np.pi) * number("angle"))[kept],
        filled=number("filled")[kept],
    )


def drawn(found: Vessels, window: Window) -> tuple[Plane, Plane]:
    """Return wall and lumen at the pixels of a window, 0 to 1 each."""
    wall = np.zeros(window.shape, np.float32)
    lumen = np.zeros(window.shape, np.float32)
    for vessel in range(len(found.x)):
        radius = float(found.radius[vessel])
        rows = _span(window.y, found.y[vessel], 1.7 * radius + 4)
        columns = _span(window.x, found.x[vessel], 1.7 * radius + 4)
        dx = (window.x[columns] - found.x[vessel]).astype(np.float32)[None, :]
        dy = (window.y[rows] - found.y[vessel]).astype(np.float32)[:, None]
        if not dx.size or not dy.size:
            continue
        depth = radius - found.radius_at(vessel, dx, dy)
        thickness = 2.5 + _WALL_PART * radius
        np.maximum(wall[rows, columns], smoothstep(depth, -2, 1), out=wall[rows, columns])
        open_part = smoothstep(depth - thickness, -0.8, 0.8)
        np.maximum(lumen[rows, columns], open_part, out=lumen[rows, columns])
    return wall, lumen


def depth_at(found: Vessels, x: Axis, y: Axis) -> Plane:
    """Return how deep points are within the nearest vessel; negative outside of all."""
    deepest = np.full(len(x), -1000, np.float32)
    for vessel in range(len(found.x)):
        dx = (x - found.x[vessel]).astype(np.float32)
        dy = (y - found.y[vessel]).astype(np.float32)
        depth = found.radius[vessel] - found.radius_at(vessel, dx, dy)
        np.maximum(deepest, depth, out=deepest)
    return deepest


def red_cells(noise: Noise, found: Vessels, window: Window) -> Ellipses:
    """Return the red cells in the vessels."""
    points = noise.scattered("red cell", window, 5.6, RED_CELL_UM + 1, jitter=0.8)
    inside = np.zeros(len(points.x), bool)
    chance = noise.uniform("red cell kept", points.column, points.row)
    for vessel in range(len(found.x)):
        dx = (points.x - found.x[vessel]).astype(np.float32)
        dy = (points.y - found.y[vessel]).astype(np.float32)
        thickness = 2.5 + _WALL_PART * found.radius[vessel]
        depth = found.radius[vessel] - found.radius_at(vessel, dx, dy)
        inside |= (depth > thickness + 3) & (chance < 1.4 * found.filled[vessel] - 0.3)
    points = points[inside]

    def number(name: str) -> Plane:
        return noise.uniform(f"red cell {name}", points.column, points.row)

    return Ellipses(
        x=points.x,
        y=points.y,
        half_length=RED_CELL_UM * (0.85 + 0.25 * number("length")),
        half_width=RED_CELL_UM * (0.7 + 0.3 * number("width")),
        angle=np.float32(np.pi) * number("angle"),
        bend=0.2 * (number("bend") - 0.5),
        ink=0.75 + 0.25 * number("ink"),
        rim=0.25 * number("rim"),
    )


def _span(positions: Axis, middle: float, reach: float) -> slice:
    first, last = np.searchsorted(positions, (middle - reach, middle + reach))
    return slice(int(first), int(last))
