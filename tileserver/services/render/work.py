# SPDX-License-Identifier: Apache-2.0
"""How much work a picture is, told before it is begun: pixels to be decoded for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tileserver.services.render.pyramid import Level, Pyramid
    from tileserver.services.render.region import Region, Size


def decoded_pixels(pyramid: Pyramid, region: Region, size: Size, channels: int | None) -> int:
    """Return about how many pixels are decoded for a region, in pixels of the finest level.

    Parameters
    ----------
    channels
        How many are asked for; ``None`` stands for all that are shown unasked.
    """
    level = pyramid.best(min(region.width / size.width, region.height / size.height))
    scale_x, scale_y = pyramid.scale(level)
    tile = level.images[0].pixels
    across = _framed(region.left, region.width, scale_x, tile.columns, level.columns)
    down = _framed(region.top, region.height, scale_y, tile.rows, level.rows)
    return across * down * (_shown(level) if channels is None else channels)


def _framed(start: float, length: float, scale: float, frame: int, limit: int) -> int:
    """Return how long the frames are in which an interval lies, as far as it is in the level."""
    first = min(max(start / scale, 0), limit)
    last = min(max((start + length) / scale, 0), limit)
    if last <= first:
        return 0
    return (int(-(-last // frame)) - int(first // frame)) * frame


def _shown(level: Level) -> int:
    is_mixed = not level.images[0].is_color and any(path.is_fluorescence for path in level.paths)
    return len(level.paths) if is_mixed else 1
