# SPDX-License-Identifier: Apache-2.0
"""Which levels a pyramid shall have: stored ones, and those to be derived between and below them.

A derived level has half the size of the next finer one, rounded up so that no pixel is lost, and
is missing a frame only where all that it would be reduced from is missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dicomizer.options import Levels
from dicomizer.slide import Compression, SizePx

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.slide import SlideImage


@dataclass(frozen=True, slots=True)
class Level:
    """A level to be written.

    Parameters
    ----------
    image
        With the size, tile size and missing frames that it will have.
    source
        The stored image that it is made from.
    halvings
        How often that is reduced by two; 0 for a stored level.
    """

    image: SlideImage
    source: SlideImage
    halvings: int = 0


def choose_levels(
    stored: Sequence[SlideImage], wanted: Levels | None, tile_size: SizePx | None
) -> tuple[Level, ...]:
    """Return the levels to be written, finest first.

    Parameters
    ----------
    stored
        Of one scan, finest first, with spacing.
    wanted
        ``None`` for stored ones; but for halvings where a single level comes without compression.
    tile_size
        Of the levels to be; ``None`` for that of the stored ones.
    """
    stored = [retiled(image, tile_size) for image in stored]
    if (wanted or _default(stored)) is Levels.STORED:
        return tuple(Level(image, image) for image in stored)
    halved = {_halvings(stored[0], image): image for image in reversed(stored)}
    levels = list(_dyadic(stored[0], halved))
    if wanted is Levels.ALL:
        stored_keys = {level.image.key for level in levels if not level.halvings}
        levels += [Level(image, image) for image in stored if image.key not in stored_keys]
    return tuple(sorted(levels, key=lambda level: -level.image.size.width))


def retiled(image: SlideImage, tile_size: SizePx | None) -> SlideImage:
    """Return the image with tiles of another size; a new tile lacks what all in it lack."""
    if tile_size is None or tile_size == image.tile_size:
        return image
    changed = replace(image, tile_size=tile_size, missing=frozenset())
    return replace(changed, missing=frozenset(_uncovered(image, changed)))


def halved(image: SlideImage) -> SlideImage:
    """Return the description of an image reduced by two.

    Its tiles are those of the image, with an even size so that four halves fill one.
    """
    size = SizePx(-(-image.size.width // 2), -(-image.size.height // 2))
    tile = image.tile_size
    coarse = replace(
        image,
        size=size,
        tile_size=SizePx(tile.width + tile.width % 2, tile.height + tile.height % 2),
        spacing=image.spacing.scaled(2, 2) if image.spacing else None,
        missing=frozenset(),
    )
    if not image.missing:
        return coarse
    whole = SizePx(coarse.tile_size.width * 2, coarse.tile_size.height * 2)
    return replace(coarse, missing=retiled(image, whole).missing)


def _default(stored: Sequence[SlideImage]) -> Levels:
    is_flat = len(stored) == 1 and stored[0].coding.compression is Compression.NONE
    return Levels.DYADIC if is_flat and stored[0].number_of_tiles > 1 else Levels.STORED


def _dyadic(base: SlideImage, stored: dict[int | None, SlideImage]) -> Iterator[Level]:
    """Yield each halving of the base, stored or derived, down to one frame."""
    level = Level(base, base)
    yield level
    number = 0
    while level.image.number_of_tiles > 1:
        number += 1
        image = stored.get(number)
        if image is not None:
            level = Level(image, image)
        else:
            level = Level(halved(level.image), level.source, level.halvings + 1)
        yield level


def _halvings(base: SlideImage, image: SlideImage) -> int | None:
    """Return how often ``base`` is halved to give ``image``; ``None`` for another reduction."""
    horizontal, vertical = image.reduction_of(base)
    number = round(math.log2(horizontal))
    return number if horizontal == vertical == 2.0**number else None


def _uncovered(image: SlideImage, changed: SlideImage) -> Iterator[int]:
    """Yield the frames of ``changed`` that lie on missing frames of ``image`` only."""
    if not image.missing:
        return
    tiles = image.number_of_tiles
    for layer in range(image.planes * image.paths):
        gone = {index - layer * tiles for index in image.missing if index // tiles == layer}
        for index in range(changed.number_of_tiles) if gone else ():
            if all(tile in gone for tile in covering_tiles(image, changed, index)):
                yield layer * changed.number_of_tiles + index


def covering_tiles(image: SlideImage, changed: SlideImage, index: int) -> Iterator[int]:
    """Yield the tiles of ``image`` that a tile of ``changed``, another tiling of it, lies on."""
    row, column = divmod(index, changed.grid.width)
    x, y = column * changed.tile_size.width, row * changed.tile_size.height
    right = min(x + changed.tile_size.width, image.size.width)
    bottom = min(y + changed.tile_size.height, image.size.height)
    tile = image.tile_size
    for tile_row in range(y // tile.height, -(-bottom // tile.height)):
        for tile_column in range(x // tile.width, -(-right // tile.width)):
            yield tile_row * image.grid.width + tile_column
