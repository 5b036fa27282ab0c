# SPDX-License-Identifier: Apache-2.0
"""A part of an image, wherever its borders lie between pixels, at any size.

The convention: pixel ``i`` covers the interval from ``i`` to ``i + 1``, so that its centre is at
``i + 0.5``. A region from ``left`` on is cut into ``width`` intervals alike; each pixel of the
result is what its interval shows. Where the result is smaller, that is the mean over the interval,
whose borders may lie within pixels; where it is larger, the value between the centres of the
nearest pixels at the centre of the interval. At a scale of one both are the same.

OpenCV takes the means. Its area filter begins at a whole pixel, so for a region that does not the
image is moved by the rest before, as the mean over an interval of one pixel does it: exact at
whole scales, and off by less than a quarter of the difference of two neighbours, divided by the
scale, at others. Pillow interpolates: OpenCV rounds places to a 32nd of a pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    Samples: TypeAlias = NDArray[np.integer[Any]]

MARGIN = 2
"""Pixels beside a region that may have to do with its pixels."""
_NEAR = 1e-6
"""Of a pixel, by which a border may be off a whole one without mattering."""


@dataclass(frozen=True, slots=True)
class Span:
    """An interval of one axis, cut into pixels.

    Parameters
    ----------
    start, length
        In pixels of the image.
    count
        Of pixels in the result.
    """

    start: float
    length: float
    count: int

    @property
    def scale(self) -> float:
        """Pixels of the image for one of the result."""
        return self.length / self.count

    def part(self, first: int, stop: int) -> Span:
        """Return the interval of some pixels of the result."""
        return Span(self.start + first * self.scale, (stop - first) * self.scale, stop - first)

    def bounds(self, size: int) -> tuple[int, int]:
        """Return the whole pixels of an image that have to do with the interval."""
        first = math.floor(self.start + _NEAR)
        last = math.ceil(self.start + self.length - _NEAR)
        if self.is_whole:
            return max(first, 0), min(last, size)
        return max(first - MARGIN, 0), min(last + MARGIN, size)

    @property
    def is_whole(self) -> bool:
        """Whether pixels of the result are pixels of the image."""
        return abs(self.scale - 1) * self.count < _NEAR and _is_near_whole(self.start)

    def moved(self, by: int) -> Span:
        """Return the interval counted from another pixel."""
        return Span(self.start - by, self.length, self.count)


def _is_near_whole(value: float) -> bool:
    return abs(value - round(value)) < _NEAR


def resample(pixels: Samples, across: Span, down: Span) -> Samples:
    """Return a region of an image at another size.

    Parameters
    ----------
    pixels
        ``(rows, columns, samples)``; integers of 8 or 16 bits, or of 32 as they are.
    across, down
        What to show; within the image.

    Returns
    -------
    array
        ``(down.count, across.count, samples)``, of the same type.
    """
    if across.is_whole and down.is_whole:
        top, left = round(down.start), round(across.start)
        return pixels[top : top + down.count, left : left + across.count]
    if across.scale >= 1 and down.scale >= 1:
        return _mean(pixels, across, down)
    if across.scale < 1 and down.scale < 1:
        return _interpolated(pixels, across, down)
    # Stretched: the mean along one axis, then values between the centres along the other.
    rows, columns = pixels.shape[:2]
    if across.scale >= 1:
        narrow = _mean(pixels, across, Span(0, rows, rows))
        return _interpolated(narrow, Span(0, across.count, across.count), down)
    low = _mean(pixels, Span(0, columns, columns), down)
    return _interpolated(low, across, Span(0, down.count, down.count))


def _mean(pixels: Samples, across: Span, down: Span) -> Samples:
    import cv2

    part = _begun(_begun(pixels, across, 1), down, 0)
    inverse = {"fx": 1 / across.scale, "fy": 1 / down.scale}
    shape = (down.count, across.count, pixels.shape[2])
    if part.dtype.itemsize > 2:
        part = part.astype(np.float64)
    part = np.ascontiguousarray(part)
    made = cv2.resize(cast("Any", part), None, **inverse, interpolation=cv2.INTER_AREA)
    made = np.asarray(made).reshape(*made.shape[:2], pixels.shape[2])[: shape[0], : shape[1]]
    if made.dtype != pixels.dtype:
        made = np.rint(made)
    return cast("Samples", made.astype(pixels.dtype, copy=False))


def _begun(pixels: Samples, span: Span, axis: int) -> Samples:
    """Return the image beginning where the interval does, as long as it is or a little longer."""
    first = math.floor(span.start + _NEAR)
    rest = span.start - first
    # As many pixels as make the count of the result, or one more, when divided by the scale.
    length = max(math.ceil(span.length - _NEAR), round(span.length))
    here = _stretch(pixels, first, length, axis)
    if abs(rest) < _NEAR:
        return here
    there = _stretch(pixels, first + 1, length, axis).astype(np.float32)
    between = here.astype(np.float32)
    between += (there - between) * np.float32(rest)
    return cast("Samples", np.rint(between).astype(pixels.dtype))


def _stretch(pixels: Samples, first: int, length: int, axis: int) -> Samples:
    """Return some rows or columns; the last of the image stands for those beyond it."""
    size = pixels.shape[axis]
    taken = pixels[first : first + length] if axis == 0 else pixels[:, first : first + length]
    missing = first + length - size
    if missing <= 0:
        return taken
    edge = pixels[size - 1 :] if axis == 0 else pixels[:, size - 1 :]
    return np.concatenate([taken, *[edge] * missing], axis=axis)


def _interpolated(pixels: Samples, across: Span, down: Span) -> Samples:
    box = (across.start, down.start, across.start + across.length, down.start + down.length)
    size = (across.count, down.count)
    if pixels.dtype == np.uint8 and pixels.shape[2] == 3:
        return _by_pillow(pixels, box, size)
    planes = [_by_pillow(pixels[..., n], box, size) for n in range(pixels.shape[2])]
    return np.stack(planes, axis=2)


def _by_pillow(
    pixels: Samples, box: tuple[float, float, float, float], size: tuple[int, int]
) -> Samples:
    from PIL import Image

    rows, columns = pixels.shape[:2]
    within = (max(box[0], 0.0), max(box[1], 0.0), min(box[2], columns), min(box[3], rows))
    values = pixels if pixels.dtype == np.uint8 else pixels.astype(np.float32)
    image = Image.fromarray(np.ascontiguousarray(values))
    made = np.asarray(image.resize(size, Image.Resampling.BILINEAR, box=within))
    if pixels.dtype == np.uint8:
        return cast("Samples", made)
    return cast("Samples", np.rint(made).astype(pixels.dtype))
