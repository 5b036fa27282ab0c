# SPDX-License-Identifier: Apache-2.0
"""What a pass over an image holds between two blocks, as arrays that a later process goes on with.

These are coded frames that wait until their row of blocks is whole, and reduced tiles that wait
for those beside and below them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dicomizer.pipeline.reduction import Place
    from dicomizer.pipeline.tiles import Pixels
    from dicomizer.state import State

    Half = tuple[int, Place, Place, Pixels | None]
    """Level, place of a tile, quarter of it, and the pixels; none for one that is missing."""

_NUMBERS = 8
"""Of a half: level, place, quarter, and rows, columns and samples, or zeros."""


def state_of_frames(levels: Sequence[Mapping[Place, bytes]]) -> State:
    """Return coded frames, by place of each level, as arrays."""
    table = [
        (level, *place, len(frame))
        for level, frames in enumerate(levels)
        for place, frame in frames.items()
    ]
    data = b"".join(frame for frames in levels for frame in frames.values())
    return {
        "frames": np.array(table, np.int64).reshape(-1, 4),
        "frame_data": np.frombuffer(data, np.uint8),
    }


def frames(state: State, number_of_levels: int) -> list[dict[Place, bytes]]:
    """Return what `state_of_frames` was given."""
    levels: list[dict[Place, bytes]] = [{} for _ in range(number_of_levels)]
    data, offset = state["frame_data"].tobytes(), 0
    for level, row, column, length in state["frames"].tolist():
        levels[level][row, column] = data[offset : offset + length]
        offset += length
    return levels


def state_of_halves(halves: Iterable[Half]) -> State:
    """Return tiles that wait as arrays."""
    table: list[tuple[int, ...]] = []
    parts: list[Pixels] = []
    for level, place, under, pixels in halves:
        shape = (0, 0, 0) if pixels is None else pixels.shape
        table.append((level, *place, *under, *shape))
        if pixels is not None:
            parts.append(pixels.reshape(-1))
    return {
        "halves": np.array(table, np.int64).reshape(-1, _NUMBERS),
        "half_data": np.concatenate(parts) if parts else np.empty(0, np.uint8),
    }


def halves(state: State) -> Iterator[Half]:
    """Yield what `state_of_halves` was given."""
    if "halves" not in state:
        return
    data, offset = state["half_data"], 0
    for level, row, column, down, right, *shape in state["halves"].tolist():
        size = int(np.prod(shape))
        pixels = data[offset : offset + size].reshape(shape) if size else None
        offset += size
        yield level, (row, column), (down, right), pixels
