# SPDX-License-Identifier: Apache-2.0
"""One block of a pyramid, from the coded tiles of its finest level to the one tile above them.

The block is walked depth first: as soon as the four tiles under one are done, it is put together
from their halves and coded, so that what is worked on stays in the cache of a core.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.pipeline.tiles import valid_size
from dicomizer.pixels.resample import halve, pad

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dicomizer.pipeline.blank import Background
    from dicomizer.pipeline.tiles import Block, Pixels, Tiles
    from dicomizer.slide import SlideImage

    Encode = Callable[[Pixels], bytes]

Place = tuple[int, int]
"""Row and column of a tile in its level."""


@dataclass(slots=True)
class Reduced:
    """What a block gives.

    Parameters
    ----------
    frames
        Of each level, the coded tile at each place; none where it is missing.
    tops
        The tiles of the highest level of the block reduced by two, where a level is above it.
    """

    frames: tuple[dict[Place, bytes], ...]
    tops: dict[Place, Pixels | None] = field(default_factory=dict)


def compose(
    quarters: Mapping[Place, Pixels | None],
    image: SlideImage,
    place: Place,
    background: Background,
) -> Pixels | None:
    """Put a tile together from the halves of the up to four tiles under it.

    Parameters
    ----------
    quarters
        By row and column, 0 or 1, within the tile.
    image
        The level of the tile.
    background
        Value of what is missing, where not all is.

    Returns
    -------
    Pixels or None
        Cropped to the image; ``None`` where all quarters are missing.
    """
    if all(quarter is None for quarter in quarters.values()):
        return None
    pixels = surface(image, place, background)
    for under, quarter in quarters.items():
        if quarter is not None:
            paste(quarter, under, pixels, image)
    return pixels


def surface(image: SlideImage, place: Place, background: Background) -> Pixels:
    """Return a tile of nothing but background, cropped to the image."""
    shape = (*valid_size(image, *place), image.pixel_format.samples)
    return np.full(shape, background, dtype=image.pixel_format.dtype)


def paste(quarter: Pixels, under: Place, pixels: Pixels, image: SlideImage) -> None:
    """Put one of the four tiles under a tile, reduced, to its place in it.

    Parameters
    ----------
    under
        Row and column, 0 or 1, within the tile.
    """
    top, left = under[0] * (image.tile_size.height // 2), under[1] * (image.tile_size.width // 2)
    pixels[top : top + quarter.shape[0], left : left + quarter.shape[1]] = quarter


class Reduction:
    """Codes and reduces blocks of a chain of levels.

    Parameters
    ----------
    levels
        Those within a block, finest first, each half of the one before.
    encoders
        Of each level; ``None`` where it is not written.
    background
        Value of what is missing.
    is_topped
        Whether a level is above the last.
    """

    def __init__(
        self,
        levels: Sequence[SlideImage],
        encoders: Sequence[Encode | None],
        background: Background,
        *,
        is_topped: bool,
    ) -> None:
        self._levels = tuple(levels)
        self._encoders = tuple(encoders)
        self._background = background
        self._is_topped = is_topped

    def run(self, tiles: Tiles, block: Block) -> Reduced:
        """Code all tiles of a block, and of the levels above it within the chain.

        Parameters
        ----------
        tiles
            Of the finest level.
        block
            In tiles of the highest level.
        """
        walk = _Walk(self._levels, self._encoders, self._background, tiles)
        for place in block.tiles():
            if self._is_topped:
                walk.done.tops[place] = walk.half(len(self._levels) - 1, place)
            else:
                walk.whole(len(self._levels) - 1, place)
        return walk.done


class _Walk:
    """A walk over one block."""

    def __init__(
        self,
        levels: tuple[SlideImage, ...],
        encoders: tuple[Encode | None, ...],
        background: Background,
        tiles: Tiles,
    ) -> None:
        self._levels = levels
        self._encoders = encoders
        self._background = background
        self._tiles = tiles
        self.done = Reduced(tuple({} for _ in levels))

    def half(self, level: int, place: Place) -> Pixels | None:
        """Return a tile reduced by two, coding it on the way where it is written."""
        if level == 0 and self._encoders[0] is None:
            return self._tiles.half(*place)
        pixels = self.whole(level, place)
        return None if pixels is None else halve(pixels)

    def whole(self, level: int, place: Place) -> Pixels | None:
        """Return a tile, coding it on the way where it is written."""
        pixels = self._tiles.whole(*place) if level == 0 else self._composed(level, place)
        encode = self._encoders[level]
        if pixels is not None and encode is not None:
            tile = self._levels[level].tile_size
            self.done.frames[level][place] = encode(pad(pixels, tile.height, tile.width))
        return pixels

    def _composed(self, level: int, place: Place) -> Pixels | None:
        quarters = {
            (row - 2 * place[0], column - 2 * place[1]): self.half(level - 1, (row, column))
            for row, column in places_under(self._levels[level - 1], place)
        }
        return compose(quarters, self._levels[level], place, self._background)


def places_under(image: SlideImage, place: Place) -> list[Place]:
    """Return the places of the up to four tiles of ``image`` under a tile of half its scale."""
    row, column = place
    return [
        (r, c)
        for r in (2 * row, 2 * row + 1)
        for c in (2 * column, 2 * column + 1)
        if r < image.grid.height and c < image.grid.width
    ]
