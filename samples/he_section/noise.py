# SPDX-License-Identifier: Apache-2.0
"""Randomness that depends on the place and the seed only, never on what was drawn before.

Cells of an endless grid are hashed to numbers. `Noise.field` makes a smooth field of them,
`Noise.scattered` scatters objects, one a cell, and `Noise.streaks` looks a bent texture up.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from he_section.window import Axis, Plane, Window

_TEXTURE = 1024


@dataclass(frozen=True, slots=True)
class Scattered:
    """Points, one in each cell of a grid, and the numbers of their cells."""

    x: Axis
    y: Axis
    column: NDArray[np.int64]
    row: NDArray[np.int64]

    def __getitem__(self, chosen: NDArray[np.bool_]) -> Scattered:
        """Return the chosen points."""
        return Scattered(self.x[chosen], self.y[chosen], self.column[chosen], self.row[chosen])


class Noise:
    """All randomness of one slide; each use has a name of its own and so its own numbers."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._texture = self._make_texture()

    def uniform(self, name: str, column: NDArray[np.int64], row: NDArray[np.int64]) -> Plane:
        """Return for each cell a number from 0 to 1, the same in every call of that name."""
        salt = zlib.crc32(f"{self._seed} {name}".encode())
        bits = (column * 0x9E3779B1 + row * 0x85EBCA77 + salt).astype(np.uint32)
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
            bits = (bits ^ (bits >> np.uint32(shift))) * np.uint32(factor)
        bits ^= bits >> np.uint32(16)
        return (bits >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)

    def field(self, name: str, window: Window, cell_um: float) -> Plane:
        """Return a smooth field of about -1 to 1 with features as large as a cell.

        The field is a cubic B-spline over one number for each corner of the grid; its cells
        cannot be seen, as they can with linear interpolation.
        """
        rows, row_weights = _spline(window.y / cell_um)
        columns, column_weights = _spline(window.x / cell_um)
        lattice_rows = np.arange(rows[0], rows[-1] + 4)
        lattice_columns = np.arange(columns[0], columns[-1] + 4)
        lattice = self.uniform(name, lattice_columns[None, :], lattice_rows[:, None])
        lattice = (lattice - np.float32(0.5)) * np.float32(3.4)
        tall = _blended(lattice, rows - rows[0], row_weights[:, :, None], axis=0)
        return _blended(tall, columns - columns[0], column_weights[:, None, :], axis=1)

    def scattered(
        self, name: str, window: Window, pitch_um: float, reach_um: float, jitter: float = 1.0
    ) -> Scattered:
        """Return a point in each cell of a staggered grid over the window and its surroundings.

        Parameters
        ----------
        jitter
            How much of its cell a point may use: 0 is its middle, 1 the whole.
        """
        left, top, right, bottom = window.bounds
        columns = np.arange((left - reach_um) // pitch_um - 1, (right + reach_um) // pitch_um + 2)
        rows = np.arange((top - reach_um) // pitch_um - 1, (bottom + reach_um) // pitch_um + 2)
        column, row = (
            part.ravel() for part in np.meshgrid(columns.astype(np.int64), rows.astype(np.int64))
        )
        dx = self.uniform(f"{name} x", column, row) - 0.5
        dy = self.uniform(f"{name} y", column, row) - 0.5
        points = Scattered(
            (column + 0.5 + jitter * dx + 0.5 * (row % 2)) * pitch_um,
            (row + 0.5 + jitter * dy) * pitch_um,
            column,
            row,
        )
        return points[window.holds(points.x, points.y, reach_um)]

    def streaks(self, along: Plane, across: Plane) -> Plane:
        """Return values from 0 to 1 of a texture, looked up at coordinates that may be bent.

        Parameters
        ----------
        along, across
            Coordinates in features; make one of them change slower for streaks.
        """
        left, right_part = _wrapped(along)
        top, lower_part = _wrapped(across)
        right, lower = (left + 1) & (_TEXTURE - 1), ((top + 1) & (_TEXTURE - 1)) * _TEXTURE
        top = top * _TEXTURE
        upper = self._between(top + left, top + right, right_part)
        upper += lower_part * (self._between(lower + left, lower + right, right_part) - upper)
        return upper

    def _between(self, first: NDArray[np.int32], second: NDArray[np.int32], part: Plane) -> Plane:
        value = self._texture.take(first, mode="clip")
        value += part * (self._texture.take(second, mode="clip") - value)
        return value

    def _make_texture(self) -> Plane:
        cells = np.arange(_TEXTURE, dtype=np.int64)
        return self.uniform("texture", cells[None, :], cells[:, None]).ravel()


def smoothstep(plane: Plane, low: float, high: float) -> Plane:
    """Return 0 where the plane is below ``low``, 1 above ``high`` and a soft rise between."""
    part = np.clip((plane - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    rise: Plane = part * part * (np.float32(3) - np.float32(2) * part)
    return rise


def _spline(positions: Axis) -> tuple[NDArray[np.int64], Plane]:
    """Return the first of the four corners that a position depends on, and their weights."""
    whole = np.floor(positions)
    t = (positions - whole).astype(np.float32)
    u = 1 - t
    weights = [u**3, 3 * t**3 - 6 * t**2 + 4, 3 * u**3 - 6 * u**2 + 4, t**3]
    return whole.astype(np.int64), (np.stack(weights) / 6).astype(np.float32)


def _blended(plane: Plane, first: NDArray[np.int64], weights: Plane, axis: int) -> Plane:
    blend: Plane = np.take(plane, first, axis=axis, mode="clip") * weights[0]
    for corner in range(1, 4):
        blend += np.take(plane, first + corner, axis=axis, mode="clip") * weights[corner]
    return blend


def _wrapped(coordinate: Plane) -> tuple[NDArray[np.int32], Plane]:
    whole = np.floor(coordinate)
    return whole.astype(np.int32) & (_TEXTURE - 1), coordinate - whole
