# SPDX-License-Identifier: Apache-2.0
"""A rectangle of pixels and where it lies on the slide.

Everything that is drawn is a function of a place in micrometres from the corner of the slide, so
that two windows agree wherever they overlap. A coarse window has large pixels: slow fields are
computed there and enlarged, or sampled at points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Axis = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Window:
    """Pixels ``left`` to ``left + width`` and ``top`` to ``top + height``, ``mpp`` wide each."""

    left: int
    top: int
    width: int
    height: int
    mpp: float

    @property
    def x(self) -> Axis:
        """Micrometres of the middles of the columns."""
        return _middles(self.left, self.width) * self.mpp

    @property
    def y(self) -> Axis:
        """Micrometres of the middles of the rows."""
        return _middles(self.top, self.height) * self.mpp

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Micrometres of the left, top, right and bottom sides."""
        right, bottom = self.left + self.width, self.top + self.height
        return (
            self.left * self.mpp,
            self.top * self.mpp,
            right * self.mpp,
            bottom * self.mpp,
        )

    def grown(self, pixels: int) -> Window:
        """Return the window with a margin on every side."""
        return replace(
            self,
            left=self.left - pixels,
            top=self.top - pixels,
            width=self.width + 2 * pixels,
            height=self.height + 2 * pixels,
        )

    def coarse(self, pixel_um: float, reach_um: float) -> Window:
        """Return a window of pixels ``pixel_um`` wide over this one and ``reach_um`` around."""
        left, top, right, bottom = self.bounds
        first_column = math.floor((left - reach_um) / pixel_um) - 1
        first_row = math.floor((top - reach_um) / pixel_um) - 1
        return Window(
            first_column,
            first_row,
            math.ceil((right + reach_um) / pixel_um) + 1 - first_column,
            math.ceil((bottom + reach_um) / pixel_um) + 1 - first_row,
            pixel_um,
        )

    def holds(self, x: Axis, y: Axis, margin_um: float) -> NDArray[np.bool_]:
        """Tell which points are within the window or ``margin_um`` around it."""
        left, top, right, bottom = self.bounds
        across = (x > left - margin_um) & (x < right + margin_um)
        return across & (y > top - margin_um) & (y < bottom + margin_um)


def enlarged(plane: Plane, coarse: Window, fine: Window) -> Plane:
    """Return a plane of a coarse window, interpolated at the pixels of a fine one inside it."""
    row, row_part = _places(fine.y / coarse.mpp - 0.5 - coarse.top)
    column, column_part = _places(fine.x / coarse.mpp - 0.5 - coarse.left)
    tall = plane[row] + row_part[:, None] * (plane[row + 1] - plane[row])
    left = np.take(tall, column, axis=1, mode="clip")
    return left + column_part * (np.take(tall, column + 1, axis=1, mode="clip") - left)


def sampled(plane: Plane, coarse: Window, x: Axis, y: Axis) -> Plane:
    """Return a plane of a coarse window, interpolated at points inside it."""
    row, row_part = _places(y / coarse.mpp - 0.5 - coarse.top)
    column, column_part = _places(x / coarse.mpp - 0.5 - coarse.left)
    upper = plane[row, column] + column_part * (plane[row, column + 1] - plane[row, column])
    row = row + 1
    lower = plane[row, column] + column_part * (plane[row, column + 1] - plane[row, column])
    return upper + row_part * (lower - upper)


def _middles(first: int, count: int) -> Axis:
    return np.arange(first, first + count, dtype=np.float64) + 0.5


def _places(positions: Axis) -> tuple[NDArray[np.intp], Plane]:
    whole = np.floor(positions)
    return whole.astype(np.intp), (positions - whole).astype(np.float32)
