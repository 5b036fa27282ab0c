# SPDX-License-Identifier: Apache-2.0
"""Boxes of a matrix and the pictures made of them: pure arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tileserver.errors import BadRequestError

MOST_PIXELS = 1 << 26
"""Of a picture that is drawn on request: 67 megapixels, 200 MB of RGB."""


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int

    @property
    def pixels(self) -> int:
        """How many pixels these are."""
        return self.width * self.height

    def checked(self, most: int = MOST_PIXELS) -> Size:
        """Return the size, if a picture of it may be drawn.

        Raises
        ------
        BadRequestError
            It is too large.
        """
        if self.pixels > most:
            raise BadRequestError(
                f"found a picture of {self.width} x {self.height}, expected at most {most:,} pixels"
            )
        return self


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of a matrix, from its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def whole(cls, size: Size) -> Box:
        """Return the box of a whole matrix."""
        return cls(0, 0, size.width, size.height)

    def within(self, size: Size) -> Box:
        """Return the part that lies within a matrix.

        Raises
        ------
        BadRequestError
            None does.
        """
        left, top = max(self.x, 0), max(self.y, 0)
        right = min(self.x + self.width, size.width)
        bottom = min(self.y + self.height, size.height)
        if right <= left or bottom <= top:
            raise BadRequestError(
                f"the region lies outside of the picture of {size.width} x {size.height}"
            )
        return Box(left, top, right - left, bottom - top)


def fitted(box: Box, within: Size, *, enlarge: bool = True) -> Size:
    """Return the largest size of a box's shape within another, at least one pixel each way."""
    factor = min(within.width / box.width, within.height / box.height)
    if not enlarge:
        factor = min(factor, 1.0)
    return Size(
        min(max(round(box.width * factor), 1), within.width),
        min(max(round(box.height * factor), 1), within.height),
    )


def limited(box: Box, most: int = MOST_PIXELS, *, enlarge: bool = False) -> Size:
    """Return the largest size of a box's shape with at most so many pixels."""
    factor = math.sqrt(most / (box.width * box.height))
    if not enlarge:
        factor = min(factor, 1.0)
    width = max(math.floor(box.width * factor + 1e-9), 1)
    height = max(math.floor(box.height * factor + 1e-9), 1)
    return Size(min(width, most // height), height) if height <= most else Size(1, most)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where in a picture the part of a box goes that lies within the matrix.

    Parameters
    ----------
    box
        The part of the box, cut at pixels of the picture.
    x, y, size
        Where it goes in the picture; the rest of the picture is background.
    """

    box: Box
    x: int
    y: int
    size: Size


def placed(box: Box, size: Size, matrix: Size) -> Placement | None:
    """Return what of a box to draw where in a picture of ``size``, ``None`` if nothing.

    The picture's pixels keep their places however much of the box lies outside: neighbouring
    pictures fit together.
    """
    columns = _span(box.x, box.width, size.width, matrix.width)
    rows = _span(box.y, box.height, size.height, matrix.height)
    if columns is None or rows is None:
        return None
    (x, width, left, across), (y, height, top, down) = columns, rows
    return Placement(Box(left, top, across, down), x, y, Size(width, height))


def _span(
    start: float, length: float, pixels: int, end: int
) -> tuple[int, int, float, float] | None:
    """Return first pixel, pixels, and the part of the matrix, in one direction."""
    step = length / pixels
    first = max(math.ceil(-start / step - 1e-9), 0)
    last = min(math.floor((end - start) / step + 1e-9), pixels)
    if last <= first:
        return None
    left = min(max(start + first * step, 0.0), float(end))
    right = min(max(start + last * step, 0.0), float(end))
    return first, last - first, left, right - left
