# SPDX-License-Identifier: Apache-2.0
"""What to show of an image, and how large, checked."""

from __future__ import annotations

import math
from typing import NamedTuple

from tileserver.errors import BadRequestError, TooLargeError
from tileserver.services.render.resample import Span

PICTURE_PIXELS = 1 << 26
"""Of a picture, at most."""
_TOLERANCE = 1e-3
"""Pixels that a region may go beyond the image, by rounding."""


class Region(NamedTuple):
    """A part of a total pixel matrix; pixel 0 begins at 0.0 and ends at 1.0."""

    left: float
    top: float
    width: float
    height: float


class Size(NamedTuple):
    """Columns and rows of a picture."""

    width: int
    height: int


def spans(region: Region, size: Size, columns: int, rows: int) -> tuple[Span, Span]:
    """Return a region as intervals of both axes.

    Raises
    ------
    BadRequestError
        It is empty, or not within the image.
    TooLargeError
        The picture would be too large.
    """
    if size.width < 1 or size.height < 1:
        raise BadRequestError(f"a picture of {size.width} x {size.height} pixels makes no sense")
    if size.width * size.height > PICTURE_PIXELS:
        raise TooLargeError(f"a picture has {PICTURE_PIXELS} pixels at most")
    return (
        _span(region.left, region.width, size.width, columns),
        _span(region.top, region.height, size.height, rows),
    )


def _span(start: float, length: float, count: int, limit: int) -> Span:
    is_within = start >= -_TOLERANCE and start + length <= limit + _TOLERANCE
    if not (math.isfinite(start) and math.isfinite(length) and is_within and length > 0):
        raise BadRequestError(f"the region is empty or not within the {limit} pixels of the image")
    start = max(start, 0.0)
    return Span(start, min(length, limit - start), count)


def in_level(span: Span, scale: float, limit: int) -> Span:
    """Return an interval in pixels of a level; its last pixel may be half of one."""
    start = min(span.start / scale, limit - _TOLERANCE)
    return Span(start, min(span.length / scale, limit - start), span.count)
