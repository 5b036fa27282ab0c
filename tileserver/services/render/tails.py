# SPDX-License-Identifier: Apache-2.0
"""The values between which nearly all samples lie, for windows that nothing tells.

The viewer estimates the same in the same way (`web/src/picture/channelTiles.ts`): of frames at
equal distances, without what fills frames up beyond the image, one in a thousand is left out at
either end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from dicomizer.pixels.stored_frames import Samples

_PART = 0.001
"""Of all samples that are left out at either end."""
_VALUES = 1 << 16
_SAMPLES_AT_ONCE = 1 << 20
"""Counting takes eight bytes for each."""

_Item = TypeVar("_Item")


def evenly(items: Sequence[_Item], most: int) -> list[_Item]:
    """Return some items at equal distances, the first among them."""
    count = min(most, len(items))
    return [items[index * len(items) // count] for index in range(count)]


def tails(frames: Iterable[Samples]) -> tuple[float, float] | None:
    """Return the values between which nearly all samples lie; ``None`` where there are none.

    Parameters
    ----------
    frames
        Of the same type; of more than 16 bits each is looked at by itself.
    """
    counts = np.zeros(_VALUES, np.int64)
    wide: list[tuple[float, float]] = []
    first = 0
    for frame in frames:
        if not frame.size:
            continue
        if frame.dtype.kind not in "iu" or frame.dtype.itemsize > 2:
            low, high = np.percentile(frame, (100 * _PART, 100 * (1 - _PART)))
            wide.append((float(low), float(high)))
            continue
        first = -_VALUES // 2 if frame.dtype.kind == "i" else 0
        _count(counts, frame, first)
    if wide:
        low, high = min(low for low, _ in wide), max(high for _, high in wide)
        return low, high if high > low else low + 1
    total = int(counts.sum())
    if total == 0:
        return None
    below = np.cumsum(counts)
    at = [int(np.searchsorted(below, max(1.0, total * part))) for part in (_PART, 1 - _PART)]
    return at[0] + first, max(at[1], at[0] + 1) + first


def _count(counts: NDArray[np.int64], frame: Samples, first: int) -> None:
    values = frame.reshape(-1)
    for start in range(0, len(values), _SAMPLES_AT_ONCE):
        part = values[start : start + _SAMPLES_AT_ONCE].astype(np.int64) - first
        counts += np.bincount(part, minlength=_VALUES)
