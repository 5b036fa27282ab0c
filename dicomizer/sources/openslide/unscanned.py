# SPDX-License-Identifier: Apache-2.0
"""Which tiles hold nothing, told from the transparency of one coarse level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.sources.openslide.canvas import TILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dicomizer.sources.openslide.canvas import CanvasLevel

_MOST_PIXELS = 1 << 22
"""Of the level that is looked at: a fraction of a second to read."""


def coverage_level(levels: Sequence[CanvasLevel]) -> CanvasLevel | None:
    """Return the finest level that is small enough to be looked at as a whole, if any."""
    return next((item for item in levels if _pixels(item) <= _MOST_PIXELS), None)


def unscanned_tiles(
    level: CanvasLevel, coverage: NDArray[np.uint8], coverage_factor: int
) -> frozenset[int]:
    """Return the tiles of a level below which the coverage is transparent.

    A scanner makes each coarser level from all of the finer one, so what is transparent there was
    never scanned. In a coarser level one pixel around a tile is looked at as well: its edge may
    fall between two pixels.

    Parameters
    ----------
    coverage
        (rows, columns), uint8: alpha of the same part in a coarser or finer level.
    coverage_factor
        Of that level.
    """
    import numpy as np

    sums = np.pad((coverage > 0).cumsum(0, dtype=np.int64).cumsum(1), ((1, 0), (1, 0)))
    rows = -(-level.size.height // TILE.height)
    columns = -(-level.size.width // TILE.width)
    margin = int(coverage_factor > level.factor)
    step = level.factor / coverage_factor
    tops, bottoms = _spans(rows, TILE.height * step, margin, coverage.shape[0])
    lefts, rights = _spans(columns, TILE.width * step, margin, coverage.shape[1])
    covered = (
        sums[bottoms][:, rights]
        - sums[tops][:, rights]
        - sums[bottoms][:, lefts]
        + sums[tops][:, lefts]
    )
    empty = np.flatnonzero(covered == 0)
    # A slide without anything on it stays what it is: a blank picture.
    return frozenset(empty.tolist()) if len(empty) < covered.size else frozenset()


def _spans(
    count: int, step: float, margin: int, length: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return first and end of the coverage's pixels on each tile along one axis."""
    import numpy as np

    starts = np.arange(count) * step
    first = np.clip(np.floor(starts) - margin, 0, length)
    end = np.clip(np.ceil(starts + step) + margin, 0, length)
    return first.astype(np.int64), end.astype(np.int64)


def _pixels(level: CanvasLevel) -> int:
    return level.size.width * level.size.height
