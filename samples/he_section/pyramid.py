# SPDX-License-Identifier: Apache-2.0
"""Lower levels, gathered while the finest is written: each pixel is the mean of 4 x 4 above it.

Rows go in as they come; as soon as a row of tiles is full it is encoded to a temporary file and
handed on, reduced, to the next level. Memory holds one row of tiles for each level.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Encode = Callable[[Pixels], list[bytes]]

FACTOR = 4
_LARGEST_LAST = 1400
_IN_MEMORY = 16 << 20


def level_sizes(width: int, height: int) -> list[tuple[int, int]]:
    """Return the sizes of all levels, finest first, as Aperio chooses them."""
    sizes = [(width, height)]
    while max(sizes[-1]) > _LARGEST_LAST and min(sizes[-1]) >= 2 * FACTOR:
        sizes.append((sizes[-1][0] // FACTOR, sizes[-1][1] // FACTOR))
    return sizes


def reduced(pixels: Pixels) -> Pixels:
    """Return means of 4 x 4 pixels; an incomplete last row or column is left out."""
    half = _halved_sums(_halved_sums(pixels.astype(np.uint16)))
    return ((half + 8) >> 4).astype(np.uint8)


def _halved_sums(pixels: NDArray[np.uint16]) -> NDArray[np.uint16]:
    rows, columns = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
    pixels = pixels[:rows, :columns]
    tall = pixels[0::2] + pixels[1::2]
    return tall[:, 0::2] + tall[:, 1::2]


def chained(sizes: list[tuple[int, int]], tile: int, encode: Encode) -> list[Level]:
    """Return levels of these sizes, each of which feeds the next."""
    levels: list[Level] = []
    for width, _ in reversed(sizes):
        levels.insert(0, Level(width, tile, encode, levels[0] if levels else None))
    return levels


class Level:
    """One lower level while it is gathered.

    Parameters
    ----------
    encode
        Encodes a row of tiles, given as pixels of the level's width.
    following
        The next level, which gets this one's rows reduced.
    """

    def __init__(self, width: int, tile: int, encode: Encode, following: Level | None) -> None:
        self._encode, self._following = encode, following
        self._rows = np.empty((tile, width, 3), np.uint8)
        self._filled = 0
        self._lengths: list[int] = []
        self._tiles = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._kept: list[Pixels] = []

    def add(self, rows: Pixels) -> None:
        """Take the next rows of this level, (rows, at least width, 3)."""
        while len(rows):
            part = rows[: len(self._rows) - self._filled, : self._rows.shape[1]]
            self._rows[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            rows = rows[len(part) :]
            if self._filled == len(self._rows):
                self._flush()

    def finish(self) -> None:
        """Write what is left, here and below."""
        self._flush()
        if self._following:
            self._following.finish()

    def tiles(self) -> Iterator[bytes]:
        """Yield the encoded tiles, row by row."""
        self._tiles.seek(0)
        for length in self._lengths:
            yield self._tiles.read(length)

    def pixels(self) -> Pixels:
        """Return the whole level, if it is the last."""
        return np.concatenate(self._kept)

    def close(self) -> None:
        """Remove the temporary file."""
        self._tiles.close()

    def _flush(self) -> None:
        rows = self._rows[: self._filled]
        if not len(rows):
            return
        for tile in self._encode(rows):
            self._tiles.write(tile)
            self._lengths.append(len(tile))
        if self._following:
            self._following.add(reduced(rows))
        else:
            self._kept.append(rows.copy())
        self._filled = 0
