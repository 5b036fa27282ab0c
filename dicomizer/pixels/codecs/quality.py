# SPDX-License-Identifier: Apache-2.0
"""One quality, 1 to 100, for the measures that the codecs have of their own.

A quality means a peak signal-to-noise ratio: the one that JPEG with that quality (4:2:0 below 90,
4:4:4 from there on) reaches in the mean over tiles of 512 x 512 pixels from twelve places of five
slides. What setting another codec needs for that ratio was measured on the same tiles; between
the measured points lie straight lines. Codecs so come within 1 dB of JPEG's mean, and on a single
slide within about 2 dB, while their sizes differ::

    quality            30    50    70    80    90    95
    ratio in dB        31.1  32.7  34.2  35.3  40.8  43.3

JPEG 2000 takes the ratio itself, or rather the mean square error that it stands for. Frames with
plain areas come out with a higher ratio, so that these keep their brightness (`plain`). The error
of near-lossless JPEG-LS is spread evenly over -NEAR to NEAR, from which its ratio follows without
measuring.

The ratio is of the whole range of values: of 16-bit images that use a small part of it, little is
left but at the highest qualities.
"""

from __future__ import annotations

import math
from itertools import pairwise

DEFAULT_JPEG = 80
"""Quality of JPEG where the user gave none."""

_Curve = tuple[tuple[float, float], ...]

_RATIO_OF_QUALITY: _Curve = (
    (1, 22.0), (10, 27.0), (20, 29.6), (30, 31.1), (40, 32.0), (50, 32.7), (60, 33.3),
    (70, 34.2), (80, 35.3), (85, 36.0), (90, 40.8), (95, 43.3), (98, 48.1), (100, 52.9),
)  # fmt: skip
_LOG_STEP_OF_RATIO: _Curve = tuple(
    (ratio, math.log(step))
    for ratio, step in (
        (22.0, 0.5), (25.9, 0.3), (30.9, 0.1), (35.1, 0.05), (39.7, 0.03), (42.6, 0.02),
        (47.4, 0.01), (51.8, 0.005), (58.1, 0.002),
    )
)  # fmt: skip
_DISTANCE_OF_RATIO: _Curve = (
    (22.0, 25.0), (27.9, 15.0), (29.7, 9.0), (31.2, 6.0), (32.6, 4.0), (33.6, 3.0), (34.9, 2.0),
    (36.0, 1.5), (38.6, 1.0), (42.8, 0.5), (47.2, 0.2), (50.2, 0.1), (54.0, 0.05),
)  # fmt: skip


def signal_to_noise(quality: int) -> float:
    """Return the peak signal-to-noise ratio in dB."""
    return _between(_RATIO_OF_QUALITY, quality)


def mean_square_error(quality: int, bits: int) -> float:
    """Return the mean square error that a quality stands for, in levels squared."""
    peak = (1 << bits) - 1
    return float((peak / 10 ** (signal_to_noise(quality) / 20)) ** 2)


def quantisation_step(quality: int) -> float:
    """Return the base step of HTJ2K's quantiser as a part of the range of values."""
    return math.exp(_between(_LOG_STEP_OF_RATIO, signal_to_noise(quality)))


def butteraugli_distance(quality: int) -> float:
    """Return JPEG XL's distance; 1 is meant to be just not visible."""
    return _between(_DISTANCE_OF_RATIO, signal_to_noise(quality))


def near(quality: int, bits: int) -> int:
    """Return JPEG-LS's NEAR, the largest error of a sample; at least 1.

    An even spread over 2 NEAR + 1 values has the mean square NEAR (NEAR + 1) / 3.
    """
    peak = (1 << bits) - 1
    exact = (math.sqrt(1 + 12 * mean_square_error(quality, bits)) - 1) / 2
    return min(max(1, round(exact)), _largest_near(peak))


def _largest_near(peak: int) -> int:
    """ITU-T T.87 C.2.3: NEAR has one byte, and is at most half the largest value."""
    return min(255, peak // 2)


def _between(curve: _Curve, x: float) -> float:
    """Return the curve's value, by a straight line between two points."""
    for (left, low), (right, high) in pairwise(curve):
        if x <= right:
            return low + (high - low) * (x - left) / (right - left)
    return curve[-1][1]
