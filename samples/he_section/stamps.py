# SPDX-License-Identifier: Apache-2.0
"""Small round things, many at once: nuclei, vacuoles, red cells.

Each is a bent ellipse drawn into a patch of its own; the patches are laid into the window so
that the strongest wins, whatever the order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from he_section.window import Axis, Plane, Window

_AT_ONCE = 256
_LONG_UM = 6.0


@dataclass(frozen=True, slots=True)
class Ellipses:
    """Bent ellipses, one in each position of the arrays; lengths in micrometres."""

    x: Axis
    y: Axis
    half_length: Plane
    half_width: Plane
    angle: Plane
    bend: Plane
    ink: Plane
    """How strongly it is drawn, 0 to 1."""
    rim: Plane
    """How much darker the border is than the inside, 0 to 1."""

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, chosen: slice | NDArray[np.bool_]) -> Ellipses:
        """Return the chosen ellipses."""
        return Ellipses(*(getattr(self, name)[chosen] for name in _NAMES))

    @staticmethod
    def joined(parts: list[Ellipses]) -> Ellipses:
        """Return all ellipses of all parts; none where there are no parts."""
        parts = parts or [_NONE]
        return Ellipses(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in _NAMES)
        )


_NAMES = tuple(field.name for field in fields(Ellipses))
_NOWHERE = np.zeros(0, np.float64)
_NOTHING = np.zeros(0, np.float32)
_NONE = Ellipses(_NOWHERE, _NOWHERE, *[_NOTHING] * (len(_NAMES) - 2))


def stamped(window: Window, ellipses: Ellipses) -> Plane:
    """Return a plane with the ellipses drawn: 0 where there is none."""
    long = ellipses.half_length > _LONG_UM
    canvas = np.zeros(window.shape, np.float32)
    for group in (ellipses[long], ellipses[~long]):
        radius = math.ceil(float(group.half_length.max(initial=0)) / window.mpp) + 2
        near = group[window.holds(group.x, group.y, radius * window.mpp)]
        if len(near):
            _stamp(canvas, window, near, radius)
    return canvas


def _stamp(canvas: Plane, window: Window, group: Ellipses, radius: int) -> None:
    framed = np.zeros((window.height + 4 * radius + 2, window.width + 4 * radius + 2), np.float32)
    for part in _chunks(group):
        column, row = _pixel(part.x, window.mpp), _pixel(part.y, window.mpp)
        ink = _drawn(part, column, row, radius, window.mpp)
        offsets = np.arange(-radius, radius + 1)
        rows = (row - window.top + 2 * radius)[:, None] + offsets
        columns = (column - window.left + 2 * radius)[:, None] + offsets
        places = rows[:, :, None] * framed.shape[1] + columns[:, None, :]
        seen = ink > 0
        np.maximum.at(framed.reshape(-1), places[seen], ink[seen])
    frame = 2 * radius
    inner = framed[frame : frame + window.height, frame : frame + window.width]
    np.maximum(canvas, inner, out=canvas)


def _chunks(group: Ellipses) -> Iterator[Ellipses]:
    for first in range(0, len(group), _AT_ONCE):
        yield group[first : first + _AT_ONCE]


def _pixel(position: Axis, mpp: float) -> NDArray[np.int64]:
    return np.floor(position / mpp).astype(np.int64)


def _drawn(
    part: Ellipses, column: NDArray[np.int64], row: NDArray[np.int64], radius: int, mpp: float
) -> Plane:
    """Return the patches, (ellipses, rows, columns)."""
    offsets = (np.arange(-radius, radius + 1) + 0.5) * mpp
    dx = (offsets + (column * mpp - part.x)[:, None]).astype(np.float32)[:, None, :]
    dy = (offsets + (row * mpp - part.y)[:, None]).astype(np.float32)[:, :, None]
    cos, sin, length, width, bend, ink, rim = (
        values[:, None, None]
        for values in (
            np.cos(part.angle),
            np.sin(part.angle),
            part.half_length,
            part.half_width,
            part.bend,
            part.ink,
            part.rim,
        )
    )
    along = (dx * cos + dy * sin) / length
    across = (dy * cos - dx * sin) / width + bend * (along * along - np.float32(0.5))
    square = along * along + across * across
    softness = np.float32(0.35 + 0.5 * mpp)
    cover = np.clip((1 - square) * (width / (2 * softness)) + np.float32(0.5), 0, 1)
    inside = np.minimum(square, 1)
    drawn: Plane = cover * ink * (1 - rim * (1 - inside * inside))
    return drawn
