# SPDX-License-Identifier: Apache-2.0
"""Glands: rings of epithelium around a lumen, each with nuclei along its base.

A gland is star-shaped: a radius and a thickness of wall for each of 256 directions. Crypts stand
close, round and pale with goblet cells; glands of the tumour are large, crooked and dark.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from he_section.window import Axis, Plane, Window, sampled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from he_section.anatomy import Anatomy
    from he_section.noise import Noise, Scattered

_DIRECTIONS = 256
_ANGLES = np.arange(_DIRECTIONS, dtype=np.float32) * np.float32(2 * np.pi / _DIRECTIONS)
OUTSIDE_UM = -1000.0
_DRIFT_UM = 55.0


@dataclass(frozen=True, slots=True)
class Kind:
    """What the glands of one kind have in common; lengths in micrometres."""

    name: str
    pitch: float
    radius: tuple[float, float]
    aspect: float
    """The most that a gland is longer than wide."""
    wobble: float
    wall: tuple[float, float]

    @property
    def largest(self) -> float:
        """A radius that none exceeds."""
        return self.radius[1] * math.sqrt(self.aspect) * (1 + 2.2 * self.wobble)


CRYPT = Kind("crypt", 98.0, (29.0, 47.0), 1.7, 0.06, (20.0, 27.0))
TUMOUR = Kind("tumour", 150.0, (36.0, 92.0), 1.7, 0.16, (17.0, 32.0))


@dataclass(frozen=True, slots=True)
class Glands:
    """Glands of all kinds around a window; tables are (glands, 256) in micrometres."""

    x: Axis
    y: Axis
    radius: Plane
    wall: Plane
    of_tumour: NDArray[np.bool_]
    column: NDArray[np.int64]
    row: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.x)

    def depth_at(self, x: Axis, y: Axis) -> Plane:
        """Return how deep points are within the nearest gland; negative outside of all."""
        deepest = np.full(len(x), OUTSIDE_UM, np.float32)
        for gland in range(len(self)):
            np.maximum(deepest, self.depth_in(gland, x, y), out=deepest)
        return deepest

    def depth_in(self, gland: int, x: Axis, y: Axis) -> Plane:
        """Return how deep points are within one gland; negative outside."""
        dx = (x - self.x[gland]).astype(np.float32)
        dy = (y - self.y[gland]).astype(np.float32)
        depth: Plane = looked_up(self.radius[gland], np.arctan2(dy, dx)) - np.hypot(dx, dy)
        return depth


def glands(noise: Noise, fields: Anatomy, window: Window, reach_um: float) -> Glands:
    """Return every gland that reaches into the window or ``reach_um`` around it."""
    # Neighbours outside of the reach press on those inside.
    reach = reach_um + 2 * TUMOUR.largest
    crypts = _found(noise, fields, window, CRYPT, reach)
    tumour = _found(noise, fields, window, TUMOUR, reach)
    tables = [_tables(noise, points, kind) for points, kind in ((crypts, CRYPT), (tumour, TUMOUR))]
    found = Glands(
        x=np.concatenate([crypts.x, tumour.x]),
        y=np.concatenate([crypts.y, tumour.y]),
        radius=np.concatenate([radius for radius, _ in tables]),
        wall=np.concatenate([wall for _, wall in tables]),
        of_tumour=np.arange(len(crypts.x) + len(tumour.x)) >= len(crypts.x),
        column=np.concatenate([crypts.column, tumour.column + 1_000_000]),
        row=np.concatenate([crypts.row, tumour.row]),
    )
    within = window.holds(found.x, found.y, reach_um + TUMOUR.largest)
    return _pressed(found, np.flatnonzero(within))


def _pressed(found: Glands, chosen: NDArray[np.intp]) -> Glands:
    """Return the chosen glands, made smaller where they would overlap with a neighbour."""
    radius = [_pressed_radius(found, int(gland)) for gland in chosen]
    table = np.stack(radius) if radius else found.radius[:0]
    return Glands(
        x=found.x[chosen],
        y=found.y[chosen],
        radius=table,
        wall=np.minimum(found.wall[chosen], 0.82 * table),
        of_tumour=found.of_tumour[chosen],
        column=found.column[chosen],
        row=found.row[chosen],
    )


def _pressed_radius(found: Glands, gland: int) -> Plane:
    """Return the radius of a gland, half of each overlap taken off."""
    own, largest = found.radius[gland], found.radius.max(axis=1)
    x = found.x[gland] + own * np.cos(_ANGLES)
    y = found.y[gland] + own * np.sin(_ANGLES)
    apart = np.hypot(found.x - found.x[gland], found.y - found.y[gland])
    overlap = np.zeros(_DIRECTIONS, np.float32)
    for other in np.flatnonzero(apart < largest + largest[gland]):
        if other != gland:
            np.maximum(overlap, found.depth_in(int(other), x, y), out=overlap)
    pressed: Plane = np.maximum(own - np.float32(0.5) * overlap, 0.4 * own)
    return pressed


def _found(noise: Noise, fields: Anatomy, window: Window, kind: Kind, reach_um: float) -> Scattered:
    reach = reach_um + 1.7 * _DRIFT_UM
    points = noise.scattered(kind.name, window, kind.pitch, reach, jitter=0.5)
    points = _drifted(noise, fields, points)
    points = points[window.holds(points.x, points.y, reach_um)]
    tumour = fields.at("tumour", points.x, points.y)
    zone = tumour > 0.9 if kind is TUMOUR else tumour < 0.02
    zone &= (fields.at("mucosa", points.x, points.y) > 0.5) | (kind is TUMOUR)
    inside = fields.at("outside", points.x, points.y) < -0.75 * kind.radius[0] - 12
    kept = noise.uniform(f"{kind.name} kept", points.column, points.row) < 0.9
    free = fields.at("lymph", points.x, points.y) < 0.6
    return points[zone & inside & kept & free]


def _drifted(noise: Noise, fields: Anatomy, points: Scattered) -> Scattered:
    """Move points as slowly varying fields say, so that no rows of the grid are seen."""
    moves = (noise.field(f"drift {axis}", fields.window, 230) for axis in "xy")
    dx, dy = (sampled(move, fields.window, points.x, points.y) for move in moves)
    return replace(points, x=points.x + _DRIFT_UM * dx, y=points.y + _DRIFT_UM * dy)


def _tables(noise: Noise, points: Scattered, kind: Kind) -> tuple[Plane, Plane]:
    """Return radius and wall of each gland in each direction."""

    def number(name: str) -> Plane:
        return noise.uniform(f"{kind.name} {name}", points.column, points.row)[:, None]

    low, high = kind.radius
    size = low + (high - low) * number("size")
    aspect = 1 + (kind.aspect - 1) * number("aspect")
    turn = _ANGLES - np.float32(np.pi) * number("turn")
    ellipse = size / np.sqrt(np.cos(turn) ** 2 / aspect + np.sin(turn) ** 2 * aspect)
    radius = ellipse * (1 + kind.wobble * _waves(noise, points, f"{kind.name} radius", 1.0))
    thin, thick = kind.wall
    wall = thin + (thick - thin) * number("wall")
    wall = wall * (1 + (0.04 + 0.6 * kind.wobble) * _waves(noise, points, f"{kind.name} wall", 2.0))
    return radius, np.minimum(wall, 0.82 * radius)


def _waves(noise: Noise, points: Scattered, name: str, roughness: float) -> Plane:
    total = np.zeros((len(points.x), _DIRECTIONS), np.float32)
    for order in (2, 3, 4, 5, 7, 11):
        phase = noise.uniform(f"{name} phase {order}", points.column, points.row)[:, None]
        height = noise.uniform(f"{name} height {order}", points.column, points.row)[:, None]
        falling = np.float32((2 / order) ** (1 / roughness))
        total += falling * height * np.cos(order * _ANGLES + np.float32(2 * np.pi) * phase)
    return total


def looked_up(table: Plane, angle: Plane) -> Plane:
    """Return a table of 256 directions, interpolated at angles from -pi to pi."""
    place = angle * np.float32(_DIRECTIONS / (2 * np.pi)) + np.float32(_DIRECTIONS)
    first = place.astype(np.int32)
    part = place - first
    value = table.take(first & (_DIRECTIONS - 1))
    following: Plane = table.take((first + 1) & (_DIRECTIONS - 1))
    return value + (part * (following - value)).astype(np.float32)
