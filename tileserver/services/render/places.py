# SPDX-License-Identifier: Apache-2.0
"""Which frames show a part of the total pixel matrix, and where their corners are.

With full tiling that is arithmetic. With sparse tiling frames are sorted by the cell of a grid of
their own size that their corner lies in, so that those of a region are found by bisection,
wherever they lie and however many there are.

References
----------
PS3.3 C.7.6.17.3 (Dimension Organization Type), C.8.12.6.1 (Plane Position (Slide))
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Area:
    """Whole pixels of a total pixel matrix: from left and top, up to right and bottom."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Placed:
    """A frame, counted from 0, and its top left corner in the matrix, counted from 0."""

    frame_index: int
    left: int
    top: int


class Places(Protocol):
    """Where the frames of an instance are."""

    def within(self, layer: int, area: Area) -> list[Placed]:
        """Return the frames of a layer that show something of an area, lowest first."""
        ...

    @property
    def may_overlap(self) -> bool:
        """Whether one frame may cover a part of another."""
        ...


@dataclass(frozen=True, slots=True)
class FullPlaces:
    """Frames in the order of the standard: columns, rows, planes, paths.

    Parameters
    ----------
    first, count
        Of the frames that the instance holds, in that order; a part of a concatenation begins
        later than the first.
    """

    tile_columns: int
    tile_rows: int
    grid_columns: int
    grid_rows: int
    first: int
    count: int

    @property
    def may_overlap(self) -> bool:
        """Whether one frame may cover a part of another."""
        return False

    def within(self, layer: int, area: Area) -> list[Placed]:
        """Return the frames of a layer that show something of an area."""
        base = layer * self.grid_columns * self.grid_rows - self.first
        columns = range(
            max(area.left // self.tile_columns, 0),
            min(-(-area.right // self.tile_columns), self.grid_columns),
        )
        rows = range(
            max(area.top // self.tile_rows, 0),
            min(-(-area.bottom // self.tile_rows), self.grid_rows),
        )
        found = []
        for row in rows:
            for column in columns:
                index = base + row * self.grid_columns + column
                if 0 <= index < self.count:
                    found.append(Placed(index, column * self.tile_columns, row * self.tile_rows))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class SparsePlaces:
    """Frames anywhere.

    Parameters
    ----------
    keys
        ``(frames,)`` int64, sorted; layer, row and column of the cell of each, as one number.
    frames, lefts, tops
        ``(frames,)``, in the order of the keys.
    """

    tile_columns: int
    tile_rows: int
    keys: NDArray[np.int64] = field(repr=False)
    frames: NDArray[np.int32] = field(repr=False)
    lefts: NDArray[np.int32] = field(repr=False)
    tops: NDArray[np.int32] = field(repr=False)

    @classmethod
    def of(
        cls,
        tile: tuple[int, int],
        layers: NDArray[np.int64],
        lefts: NDArray[np.int64],
        tops: NDArray[np.int64],
    ) -> SparsePlaces:
        """Sort frames.

        Parameters
        ----------
        tile
            Columns and rows.
        layers, lefts, tops
            ``(frames,)`` int64; corners lie within 31 bits.
        """
        keys = _keys(layers, tops // tile[1], lefts // tile[0])
        order = np.argsort(keys, kind="stable")
        at = (values[order].astype(np.int32) for values in (lefts, tops))
        return cls(*tile, keys[order], order.astype(np.int32), *at)

    @property
    def may_overlap(self) -> bool:
        """Whether one frame may cover a part of another."""
        return True

    def within(self, layer: int, area: Area) -> list[Placed]:
        """Return the frames of a layer that show something of an area, lowest first."""
        left, right = area.left // self.tile_columns - 1, (area.right - 1) // self.tile_columns
        top, bottom = area.top // self.tile_rows - 1, (area.bottom - 1) // self.tile_rows
        rows = np.arange(top, bottom + 1, dtype=np.int64)
        layers = np.int64(layer)
        starts = np.searchsorted(self.keys, _keys(layers, rows, np.int64(left)), "left")
        ends = np.searchsorted(self.keys, _keys(layers, rows, np.int64(right)), "right")
        found = []
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            near = zip(
                self.frames[start:end].tolist(),
                self.lefts[start:end].tolist(),
                self.tops[start:end].tolist(),
                strict=True,
            )
            found += [Placed(*one) for one in near if self._shows(one[1], one[2], area)]
        return sorted(found, key=lambda placed: placed.frame_index)

    def _shows(self, left: int, top: int, area: Area) -> bool:
        return (
            left < area.right
            and left + self.tile_columns > area.left
            and top < area.bottom
            and top + self.tile_rows > area.top
        )


def _keys(
    layers: NDArray[np.int64] | np.int64,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64] | np.int64,
) -> NDArray[np.int64]:
    # One more of each, as regions begin a cell before the first.
    keys: NDArray[np.int64] = (layers << 52) + ((rows + 1) << 26) + (columns + 1)
    return keys
