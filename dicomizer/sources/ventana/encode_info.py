# SPDX-License-Identifier: Apache-2.0
"""The areas of interest (AOI) that Ventana's EncodeInfo describes, and how their tiles overlap.

Within an area, tiles are numbered from 1 at the bottom left, the first row to the right, the next
to the left, and so on to the top. For pairs of neighbours the scanner tells how many pixels they
share, and how sure it is of that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError
from dicomizer.sources.ventana.attributes import number, whole

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from dicomizer.slide import SizePx, SlideImage

_HORIZONTAL = ("RIGHT", "LEFT")
_STEPS = {
    "RIGHT": {(1, 0)},
    "LEFT": {(1, 0), (-1, 0)},
    "UP": {(0, 1)},
    "DOWN": {(0, 1), (0, -1)},
}
"""Columns to the right and rows up, from the first tile of a joint to the second. LEFT and DOWN
come from the DP series, whose numbering is mirrored or not (see `dicomizer.sources.ventana.dp`)."""


@dataclass(frozen=True, slots=True)
class Area:
    """An area of interest.

    Parameters
    ----------
    column, row
        Of its top left tile among the stored ones.
    columns, rows
        Of its tiles.
    x
        Of its left edge, in pixels of level 0.
    bottom
        Of its lower edge above a line below all areas, in pixels of level 0.
    """

    column: int
    row: int
    columns: int
    rows: int
    x: int
    bottom: int
    joints: tuple[Joint, ...]

    @property
    def is_of_dp(self) -> bool:
        """Whether its joints are told as scanners of the DP series do."""
        return any(item.direction in ("LEFT", "DOWN") for item in self.joints)

    def position(self, tile: int) -> tuple[int, int]:
        """Return the column of a tile by its number, and its row from the top; both from 0."""
        up, column = divmod(tile - 1, self.columns)
        return (self.columns - 1 - column if up % 2 else column), self.rows - 1 - up


@dataclass(frozen=True, slots=True)
class Joint:
    """Two neighbouring tiles.

    Parameters
    ----------
    first, second
        Their numbers.
    overlap
        How many pixels they share.
    confidence
        How sure the scanner is of that, 0 to 100.
    is_joined
        Whether the scanner used it.
    """

    direction: str
    first: int
    second: int
    overlap: float
    confidence: float
    is_joined: bool

    @property
    def is_horizontal(self) -> bool:
        """Whether one tile is beside the other, not above."""
        return self.direction in _HORIZONTAL


def read_areas(encode_info: Element, stored: SlideImage, file: Path) -> tuple[Area, ...]:
    """Read the areas that were scanned.

    Parameters
    ----------
    stored
        Level 0 as the file holds it.

    Raises
    ------
    CorruptSourceError
        There is none, or the XML contradicts itself or the tiles that are stored.
    """
    infos = encode_info.findall("SlideStitchInfo/ImageInfo")
    origins = encode_info.findall("AoiOrigin/*")
    if not infos or len(infos) != len(origins):
        raise corrupt(f"found {len(infos)} areas and {len(origins)} origins", file)
    areas = tuple(
        _area(info, origin, stored, file)
        for info, origin in zip(infos, origins, strict=True)
        if whole(info, "AOIScanned", file)
    )
    if not areas:
        raise corrupt("no area was scanned", file)
    return areas


def _area(info: Element, origin: Element, stored: SlideImage, file: Path) -> Area:
    tile_size = stored.tile_size
    tile = whole(info, "Width", file), whole(info, "Height", file)
    if tile != (tile_size.width, tile_size.height):
        raise corrupt(f"its tiles are {tile[0]} x {tile[1]}, those of level 0 {tile_size}", file)
    x, y = whole(origin, "OriginX", file), whole(origin, "OriginY", file)
    if x % tile_size.width or y % tile_size.height:
        raise corrupt(f"an area begins at {x}, {y}, expected multiples of {tile_size}", file)
    area = Area(
        column=x // tile_size.width,
        row=y // tile_size.height,
        columns=whole(info, "NumCols", file),
        rows=whole(info, "NumRows", file),
        x=whole(info, "Pos-X", file),
        bottom=whole(info, "Pos-Y", file),
        joints=(),
    )
    _check_grid(area, stored.grid, file)
    joints = tuple(_joint(item, area, file) for item in info.findall("TileJointInfo"))
    return replace(area, joints=joints)


def _check_grid(area: Area, grid: SizePx, file: Path) -> None:
    right, lower = area.column + area.columns, area.row + area.rows
    if min(area.column, area.row) < 0 or min(area.columns, area.rows) < 1:
        raise corrupt(f"an area has {area.columns} x {area.rows} tiles", file)
    if right > grid.width or lower > grid.height:
        raise corrupt(f"an area ends at tile {right}, {lower}, the grid is {grid}", file)


def _joint(item: Element, area: Area, file: Path) -> Joint:
    direction = item.get("Direction", "")
    if direction not in _STEPS:
        raise corrupt(f"tiles are joined {direction!r}, expected RIGHT or UP", file)
    first, second = whole(item, "Tile1", file), whole(item, "Tile2", file)
    tiles = area.columns * area.rows
    if not (0 < first <= tiles and 0 < second <= tiles):
        raise corrupt(f"tiles {first} and {second} are joined, of {tiles}", file)
    (column, row), (other_column, other_row) = area.position(first), area.position(second)
    if (other_column - column, row - other_row) not in _STEPS[direction]:
        raise corrupt(f"tile {second} is not {direction} of tile {first}", file)
    return Joint(
        direction=direction,
        first=first,
        second=second,
        overlap=number(item, "OverlapX" if direction in _HORIZONTAL else "OverlapY", file),
        confidence=number(item, "Confidence", file),
        is_joined=item.get("FlagJoined") == "1",
    )


def corrupt(problem: str, file: Path) -> CorruptSourceError:
    """Return the error for stitching that contradicts itself."""
    return CorruptSourceError(
        f"EncodeInfo: {problem}",
        file=file,
        place="XMP",
        remedy="the file is damaged; copy it again",
    )
