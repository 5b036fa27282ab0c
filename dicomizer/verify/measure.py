# SPDX-License-Identifier: Apache-2.0
"""How far pixels are from what they should be.

References
----------
Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli: Image quality assessment: from error
visibility to structural similarity. IEEE Transactions on Image Processing 13 (2004), 600-612:
the Gaussian window of 11 x 11 with a standard deviation of 1.5, K1 0.01 and K2 0.03
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dicomizer.pixels.codecs.frame_shape import Pixels

_WINDOW, _DEVIATION = 11, 1.5
_PEAK = 255.0
_C1, _C2 = (0.01 * _PEAK) ** 2, (0.03 * _PEAK) ** 2
_LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601, as JPEG's YCbCr."""


@dataclass(frozen=True, slots=True)
class FrameError:
    """The error of a frame.

    Parameters
    ----------
    squares
        Sum of the squared errors of all samples.
    largest
        Of a sample, in levels.
    """

    squares: int
    samples: int
    largest: int
    ssim: float


def measure(expected: Pixels, found: Pixels, peak: int) -> FrameError:
    """Compare two arrays of one shape, ``(rows, columns, samples)``, uint8 or uint16."""
    squares = squared_error(expected, found)
    if not squares:
        return FrameError(0, expected.size, 0, 1.0)
    largest = int(_distance(expected, found).max())
    similarity = ssim(_luma(expected, peak), _luma(found, peak))
    return FrameError(squares, expected.size, largest, similarity)


def squared_error(expected: Pixels, found: Pixels) -> int:
    """Return the sum of the squared errors of all samples, exactly."""
    squares = np.square(_distance(expected, found), dtype=np.uint32)  # of 16 bits, they just fit
    return int(squares.sum(dtype=np.uint64))


def _distance(expected: Pixels, found: Pixels) -> Pixels:
    """Return the absolute errors."""
    larger = np.maximum(expected, found)
    return cast("Pixels", np.subtract(larger, np.minimum(expected, found), out=larger))


def psnr(squares: int, samples: int, peak: int) -> float:
    """Return the peak signal-to-noise ratio in dB; infinite where nothing differs."""
    return 10 * math.log10(peak * peak * samples / squares) if squares else math.inf


def ssim(expected: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    """Return the mean structural similarity of two images of 0 to 255.

    What lies nearer to an edge than the window reaches is left out; an image smaller than the
    window is one window, evenly weighted.
    """
    if min(expected.shape) < _WINDOW:
        return _small(expected, found)
    means = _blurred(expected), _blurred(found)
    squares = means[0] * means[0], means[1] * means[1], means[0] * means[1]
    spread = _blurred(expected * expected + found * found) - squares[0] - squares[1]
    common = _blurred(expected * found) - squares[2]
    similar = (2 * squares[2] + _C1) * (2 * common + _C2)
    similar /= (squares[0] + squares[1] + _C1) * (spread + _C2)
    return float(similar.mean(dtype=np.float64))


def _small(expected: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    x, y = expected.astype(np.float64), found.astype(np.float64)
    common = float(((x - x.mean()) * (y - y.mean())).mean())
    similar = (2 * x.mean() * y.mean() + _C1) * (2 * common + _C2)
    return float(similar / ((x.mean() ** 2 + y.mean() ** 2 + _C1) * (x.var() + y.var() + _C2)))


def _blurred(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the weighted mean around each pixel from which the window stays within the image."""
    import cv2

    blurred = cv2.GaussianBlur(image, (_WINDOW, _WINDOW), _DEVIATION)
    margin = _WINDOW // 2
    return cast("NDArray[np.float32]", blurred[margin:-margin, margin:-margin])


def _luma(pixels: Pixels, peak: int) -> NDArray[np.float32]:
    """Return brightness, ``(rows, columns)``, 0 to 255."""
    weights = np.array(_LUMA if pixels.shape[2] == len(_LUMA) else (1,), np.float32)
    return np.asarray(pixels.astype(np.float32) @ (weights * np.float32(_PEAK / peak)), np.float32)
