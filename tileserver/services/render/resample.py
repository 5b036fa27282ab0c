# SPDX-License-Identifier: Apache-2.0
"""A part of an image, wherever its borders lie between pixels, at any size.

The convention: pixel ``i`` covers the interval from ``i`` to ``i + 1``, so that its centre is at
``i + 0.5``. A region from ``left`` on is cut into ``width`` intervals alike; each pixel of the
result is what its interval shows. Where the result is smaller, that is the mean over the interval,
whose borders may lie within pixels; where it is larger, the value between the centres of the
nearest pixels at the centre of the interval. At a scale of one both are the same.

OpenCV takes the means. Its area filter begins at a whole pixel, so for a region that does not the
image is moved by the rest before, as the mean over an interval of one pixel does it. That is exact
at whole scales; at others numpy weighs the rows and columns. Pillow interpolates: OpenCV rounds
places to a 32nd of a pixel.
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
        return self.is_single and _is_near_whole(self.start)

    @property
    def is_single(self) -> bool:
        """Whether a pixel of the result is as long as one of the image."""
        return abs(self.scale - 1) * self.count < _NEAR

    @property
    def is_filtered(self) -> bool:
        """Whether the area filter gives the exact mean of each pixel of the result.

        At scales so near to one that the result is as long as the image, OpenCV copies.
        """
        is_copied = round(self.taken / self.scale) == self.taken and not self.is_single
        return not is_copied and (
            _is_near_whole(self.start) or abs(self.scale - round(self.scale)) * self.count < _NEAR
        )

    @property
    def taken(self) -> int:
        """Pixels that make the count of the result, or one more, when divided by the scale."""
        return max(math.ceil(self.length - _NEAR), round(self.length))

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

    part: NDArray[Any] = pixels.astype(np.float64) if pixels.dtype.itemsize > 2 else pixels
    if not down.is_filtered:
        part, down = _weighed(part, down), Span(0, down.count, down.count)
    if not across.is_filtered:
        part = _transposed(_weighed(_transposed(part), across))
        across = Span(0, across.count, across.count)
    part = _begun(_begun(part, across, 1), down, 0)
    if across.is_single and down.is_single:
        return _of_type(part[: down.count, : across.count], pixels)
    made = cv2.resize(
        np.ascontiguousarray(part),
        None,
        fx=1 / across.scale,
        fy=1 / down.scale,
        interpolation=cv2.INTER_AREA,
    )
    made = np.asarray(made).reshape(*made.shape[:2], pixels.shape[2])
    return _of_type(made[: down.count, : across.count], pixels)


def _weighed(pixels: NDArray[Any], span: Span) -> NDArray[np.floating[Any]]:
    """Return the mean of each interval of the first axis, each row weighed by its share."""
    dtype = np.float64 if pixels.dtype.itemsize > 2 else np.float32
    values = np.ascontiguousarray(pixels, dtype).reshape(len(pixels), -1)
    borders = span.start + np.arange(span.count + 1) * span.scale
    first = np.floor(borders[:-1] + _NEAR).astype(np.int64)
    rows = first[:, None] + np.arange(math.ceil(span.scale) + 1)
    shares = np.minimum(borders[1:, None], rows + 1) - np.maximum(borders[:-1, None], rows)
    weights = (np.maximum(shares, 0) / span.scale).astype(dtype)
    made = np.empty((span.count, values.shape[1]), dtype)
    for number, start in enumerate(first.tolist()):
        within = values[start : start + rows.shape[1]]
        np.dot(weights[number, : len(within)], within, out=made[number])
    return made.reshape(span.count, *pixels.shape[1:])


def _transposed(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return rows as columns; OpenCV does it in a third of numpy's time."""
    import cv2

    turned = np.asarray(cv2.transpose(np.ascontiguousarray(pixels)))
    return turned.reshape(pixels.shape[1], pixels.shape[0], pixels.shape[2])


def _of_type(made: NDArray[Any], pixels: Samples) -> Samples:
    if made.dtype == pixels.dtype:
        return cast("Samples", made)
    return cast("Samples", np.rint(made).astype(pixels.dtype))


def _begun(pixels: NDArray[Any], span: Span, axis: int) -> NDArray[Any]:
    """Return the image beginning where the interval does, as long as it is or a little longer."""
    import cv2

    first = math.floor(span.start + _NEAR)
    rest = span.start - first
    here = _stretch(pixels, first, span.taken, axis)
    if abs(rest) < _NEAR:
        return here
    there = _stretch(pixels, first + 1, span.taken, axis)
    return np.asarray(cv2.addWeighted(here, 1 - rest, there, rest, 0)).reshape(here.shape)


def _stretch(pixels: NDArray[Any], first: int, length: int, axis: int) -> NDArray[Any]:
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
