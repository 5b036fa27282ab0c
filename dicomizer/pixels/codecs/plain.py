# SPDX-License-Identifier: Apache-2.0
"""Plain areas of lossy frames, such as empty glass, keep their brightness.

An encoder may lose where nobody sees it, in detail. In an area without detail all that it loses is
brightness, alike in all pixels of a frame and another in the next: the edges of frames show. So
plain areas are measured, and a frame in which they came out lighter or darker is coded finer.

What is plain is told by blocks of 8 x 8 pixels, so that glass beside tissue counts as well.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from dicomizer.pixels.resample import pad

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from dicomizer.pixels.codecs.frame_shape import Pixels

    EncodeFiner = Callable[[Pixels, int], bytes]
    """Takes pixels, and how many times the error that is permitted is halved."""

_BLOCK = 8
_HALVINGS = 8
"""At most; the last is a 65536th of the mean square error."""
FINEST = _HALVINGS + 1
"""Halvings that stand for as fine as the codec can be."""
_LEVEL = 0.5
"""By which the mean may be off: what rounding of a sample permits."""
_PLAIN_SHARE = 1 / 8
"""Of a frame, from which on its plain areas are looked at: decoding takes time."""
_DETAIL_SHARE = 0.9
_ROUNDING = 0.25
_LEAST_ERROR = 0.03
"""In levels squared: rounded to whole levels, none."""
_NOISE_SHARE = 1 / 20
"""Of the noise of plain areas, by which their mean may be off if that is more: 16 bits."""


def detail(pixels: Pixels) -> NDArray[np.floating]:
    """Return the variance within each block, the mean over the samples.

    Parameters
    ----------
    pixels
        ``(rows, columns, samples)``.

    Returns
    -------
    array
        ``(ceil(rows / 8), ceil(columns / 8))``, in levels squared.
    """
    # The squares of 8 bits have a mean exact enough in 32 bits, those of 16 bits have not.
    values = pixels.astype("float32" if pixels.itemsize == 1 else "float64")
    means = _block_means(values)
    values *= values  # in its place: a second array of that size takes longer than all else
    variance = _block_means(values) - means**2
    return cast("NDArray[np.floating]", variance.mean(axis=2).clip(0))


def _block_means(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the mean of each block, ``(ceil(rows / 8), ceil(columns / 8), samples)``."""
    import cv2

    rows, columns = (-(-length // _BLOCK) for length in values.shape[:2])
    whole = pad(values, rows * _BLOCK, columns * _BLOCK)  # type: ignore[arg-type]
    means = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)
    return cast("NDArray[np.floating]", means.reshape(rows, columns, values.shape[2]))


def permitted_error(pixels: Pixels, error: float) -> float:
    """Return the mean square error that an encoder may spend on a frame as it likes.

    In each block it is less than the detail there, but for what rounding adds to it, so that not
    all can be spent on brightness.
    """
    spent = (_DETAIL_SHARE * detail(pixels) - _ROUNDING).clip(0, error).mean()
    return float(max(_LEAST_ERROR, spent))


def keeping_brightness(
    encode: EncodeFiner, decode: Callable[[bytes, Pixels], Pixels], error: float
) -> Callable[[Pixels], bytes]:
    """Return an encoder that codes a frame finer until its plain areas keep their brightness.

    Parameters
    ----------
    decode
        Takes a stream and the pixels that it was made of, for their shape.
    error
        Mean square that is permitted, in levels squared; blocks with less detail are plain.
    """

    def encode_evenly(pixels: Pixels) -> bytes:
        found = detail(pixels)
        if not found.any():
            # Where there is no detail at all, whatever is lost is brightness.
            return encode(pixels, FINEST)
        stream = encode(pixels, 0)
        is_plain = found < error
        if is_plain.mean() < _PLAIN_SHARE:
            return stream
        most = max(_LEVEL, _NOISE_SHARE * math.sqrt(found[is_plain].mean()))
        for halvings in range(1, FINEST + 1):
            if _shift(pixels, decode(stream, pixels), is_plain) <= most:
                break
            stream = encode(pixels, halvings)
        return stream

    return encode_evenly


def _shift(pixels: Pixels, decoded: Pixels, is_plain: NDArray[np.bool_]) -> float:
    """Return by how much the mean of the plain blocks is off, in the sample where it is most."""
    import numpy as np

    errors = _block_means(decoded.astype(np.float32) - pixels)
    return float(abs(errors[is_plain].mean(axis=0)).max())
