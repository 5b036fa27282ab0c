# SPDX-License-Identifier: Apache-2.0
"""Samples to a picture: palette or brightness, channels blended, colours converted.

References
----------
PS3.3 C.7.9 (palettes), PS3.18 8.3.5.1
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from tileserver.services.abandon import check_wanted
from tileserver.services.render.color import converted, target_profile
from tileserver.services.render.look import IccChoice, Picture

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dicomizer.pixels.stored_frames import Samples
    from tileserver.services.render.look import Rgb

_ROWS_AT_ONCE = 512
"""Of a channel that is added, whose colours take six times its memory."""


def looked_up(samples: Samples, table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what a table has for each sample.

    Parameters
    ----------
    samples
        ``(rows, columns, 1)``, of up to 16 bits.
    table
        ``(entries,)`` or ``(entries, 3)``; of 256 or 65536 entries.
    """
    index = samples[..., 0]
    if index.dtype.itemsize == 2:
        index = index.view(np.uint16)
    shown = np.take(table, index, axis=0, mode="clip")
    return shown if shown.ndim == 3 else shown[..., None]


def blended(layers: Iterable[tuple[NDArray[np.uint8], Rgb]]) -> NDArray[np.uint8]:
    """Return the sum of channels, each in its colour, as light adds up.

    Parameters
    ----------
    layers
        Brightness ``(rows, columns, 1)`` of each channel, and its colour; at least one.

    Returns
    -------
    array
        ``(rows, columns, 3)``.
    """
    total = None
    for bright, color in layers:
        ramp = (np.arange(256)[:, None] * np.array(color)[None] + 127) // 255
        total = np.zeros((*bright.shape[:2], 3), np.uint16) if total is None else total
        for top in range(0, len(total), _ROWS_AT_ONCE):
            rows = slice(top, top + _ROWS_AT_ONCE)
            total[rows] += np.take(ramp.astype(np.uint16), bright[rows, :, 0], axis=0)
    assert total is not None
    return cast("NDArray[np.uint8]", np.minimum(total, 255, out=total).astype(np.uint8))


def finished(pixels: NDArray[np.uint8], profile: bytes | None, icc: IccChoice) -> Picture:
    """Return RGB in the colours of a choice, with the profile that it asks for.

    Parameters
    ----------
    profile
        Of the pixels; ``None`` stands for sRGB.
    """
    check_wanted()
    if pixels.shape[2] == 1 or icc is IccChoice.NO:
        return Picture(pixels)
    if icc is IccChoice.YES:
        return Picture(pixels, profile or target_profile(IccChoice.SRGB))
    return Picture(converted(pixels, profile, icc), target_profile(icc))
