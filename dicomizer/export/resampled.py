# SPDX-License-Identifier: Apache-2.0
"""A picture at another scale: each pixel the mean of the area that it covers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.export.options import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomizer.export.decoded import Area
    from dicomizer.pixels.codecs.frame_shape import Pixels
    from dicomizer.slide import SizePx


class Resampled:
    """The pixels of an area made fewer.

    Parameters
    ----------
    size, wanted
        Of the area, and of what is made of it, which is not larger.
    """

    def __init__(self, area: Area, size: SizePx, wanted: SizePx) -> None:
        self._area = area
        self._size = size
        self._factor_x = size.width / wanted.width
        self._factor_y = size.height / wanted.height

    def __call__(self, box: Box) -> Pixels:
        """Return ``(height, width, samples)`` of a rectangle in pixels of the result."""
        left, right = self._span(box.x, box.width, self._factor_x, self._size.width)
        rows = [self._row(y, left, right) for y in range(box.y, box.y + box.height)]
        found = np.stack([mean for mean, _ in rows])
        edges = (box.x + np.arange(box.width + 1)) * self._factor_x - left
        means = _means(found, np.minimum(edges, right - left))
        return np.asarray(np.floor(means + 0.5), rows[0][1])

    def _row(
        self, y: int, left: int, right: int
    ) -> tuple[NDArray[np.float64], np.dtype[np.unsignedinteger]]:
        """Return the mean of the stored rows under a row, and the type of their samples."""
        start, stop = y * self._factor_y, (y + 1) * self._factor_y
        top, bottom = self._span(y, 1, self._factor_y, self._size.height)
        pixels = self._area(Box(left, top, right - left, bottom - top))
        rows = np.arange(top, bottom)
        weights = np.minimum(rows + 1, stop) - np.maximum(rows, start)
        summed = np.tensordot(weights, pixels, 1)
        return summed / weights.sum(), pixels.dtype

    @staticmethod
    def _span(first: int, count: int, factor: float, most: int) -> tuple[int, int]:
        """Return the stored rows or columns that lie under some of the result."""
        start = min(math.floor(first * factor), most - 1)
        return start, max(start + 1, min(math.ceil((first + count) * factor - 1e-9), most))


def _means(rows: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means of ``(rows, columns, samples)`` between each two edges."""
    before = np.concatenate([np.zeros_like(rows[:, :1]), np.cumsum(rows, axis=1)], axis=1)
    whole = np.minimum(edges.astype(np.int64), rows.shape[1] - 1)
    part = (edges - whole)[:, None]
    integral = before[:, whole] + rows[:, whole] * part
    means: NDArray[np.float64] = np.diff(integral, axis=1) / np.diff(edges)[:, None]
    return means
