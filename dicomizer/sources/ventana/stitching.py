# SPDX-License-Identifier: Apache-2.0
"""Where the tiles of older scanners (iScan Coreo, HT) lie on the slide.

Single overlaps may be wrong and many are absent, so the mean over all areas, weighted by
confidence, holds for every pair of neighbours: that is how OpenSlide composes these slides, and
what a reader of both has to see. Areas lie where the scanner saw them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer.sources.overlap import Placed
from dicomizer.sources.ventana.encode_info import corrupt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from dicomizer.slide import SizePx
    from dicomizer.sources.ventana.encode_info import Area, Joint


def place_tiles(areas: Sequence[Area], tile_size: SizePx, file: Path) -> tuple[Placed, ...]:
    """Return where each scanned tile lies, the left and upper edges of all areas at 0.

    Raises
    ------
    CorruptSourceError
        Tiles overlap, or part, by more than half of their size.
    """
    joints = [joint for area in areas for joint in area.joints]
    across = [joint for joint in joints if joint.is_horizontal]
    down = [joint for joint in joints if not joint.is_horizontal]
    advance_x = _advance(tile_size.width, across, file)
    advance_y = _advance(tile_size.height, down, file)
    return _at_zero(_placed(areas, tile_size.height, advance_x, advance_y))


def _advance(tile: int, joints: Sequence[Joint], file: Path) -> float:
    """Return how many pixels lie between the edges of neighbouring tiles, on the average."""
    weight = sum(joint.confidence for joint in joints)
    overlap = sum(joint.confidence * joint.overlap for joint in joints) / weight if weight else 0.0
    # A negative one is a gap; of half a tile, no scanner has either.
    if abs(overlap) > tile / 2:
        raise corrupt(f"tiles of {tile} pixels overlap by {overlap:g}", file)
    return tile - overlap


def _placed(
    areas: Iterable[Area], tile_height: int, advance_x: float, advance_y: float
) -> dict[tuple[int, int], Placed]:
    """Return tiles by row and column, y counted downwards from the line below all areas.

    A stored tile that two areas claim lies in the later one, as OpenSlide has it.
    """
    found: dict[tuple[int, int], Placed] = {}
    for area in areas:
        top = -area.bottom - int((area.rows - 1) * advance_y + tile_height)
        for row in range(area.rows):
            for column in range(area.columns):
                stored = area.column + column, area.row + row
                found[stored] = Placed(*stored, area.x + column * advance_x, top + row * advance_y)
    return found


def _at_zero(tiles: dict[tuple[int, int], Placed]) -> tuple[Placed, ...]:
    left = min((item.x for item in tiles.values()), default=0.0)
    top = min((item.y for item in tiles.values()), default=0.0)
    return tuple(replace(item, x=item.x - left, y=item.y - top) for item in tiles.values())
