# SPDX-License-Identifier: Apache-2.0
"""Where the tiles of the DP series (DP 200 and on) lie on the slide: the pixels are asked.

Most tiles of these scanners do not overlap, and some pairs of columns do, each by its own number
of pixels; only joints of full confidence count. Areas lie where the file stores them. Public
descriptions contradict each other on where the numbers of tiles begin, at the bottom left as in
older slides or at the bottom right (openslide issues 234 and 395). So both are tried: what two
tiles share looks alike in both of them. Where it does not, the slide is not taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from statistics import fmean, median_low
from typing import TYPE_CHECKING

from dicomizer.sources.base import Refusal
from dicomizer.sources.overlap import DecodedTiles, Placed
from dicomizer.sources.ventana.encode_info import corrupt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dicomizer.slide import SizePx
    from dicomizer.sources.ventana.encode_info import Area

_FULL_CONFIDENCE = 100
_LARGEST_DISAGREEMENT = 4
_SEAMS_LOOKED_AT = 8
_LARGEST_DIFFERENCE = 15.0
"""Of sample values: two exposures of one place, both coded with loss, differ by about 7."""
_CLEARLY_LESS = 0.6


@dataclass(frozen=True, slots=True)
class Seam:
    """Two neighbouring tiles, by index among the stored ones, and how many pixels they share.

    Parameters
    ----------
    first, second
        The left or upper one, and the other.
    is_horizontal
        Whether they lie side by side.
    """

    first: int
    second: int
    shared: int
    is_horizontal: bool


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Where tiles lie if they are numbered from the left, or from the right, and their seams."""

    is_mirrored: bool = field(compare=False)
    tiles: tuple[Placed, ...]
    seams: tuple[Seam, ...]


def arrange(
    areas: Sequence[Area], tile_size: SizePx, columns: int, file: Path, *, is_mirrored: bool
) -> Arrangement:
    """Return where each scanned tile lies, by one way of numbering.

    Parameters
    ----------
    columns
        Of all stored tiles.

    Raises
    ------
    CorruptSourceError
        Tiles overlap by more than half of their size.
    Refusal
        Those along one edge overlap by different numbers of pixels.
    """
    tiles: list[Placed] = []
    seams: list[Seam] = []
    for area in areas:
        gaps = _Gaps.of(area, is_mirrored=is_mirrored)
        gaps.check(tile_size, file)
        tiles += gaps.placed(area, tile_size)
        seams += gaps.seams(area, columns)
    return Arrangement(is_mirrored, tuple(tiles), tuple(seams))


def choose(
    numbered_left: Arrangement,
    numbered_right: Arrangement,
    tiles: DecodedTiles,
    byte_counts: Sequence[int],
) -> Arrangement:
    """Return the arrangement that the pixels confirm.

    Parameters
    ----------
    byte_counts
        Of the stored tiles; the seams of those with most in them are looked at.

    Raises
    ------
    Refusal
        They confirm neither, or both.
    """
    left = _difference(numbered_left, tiles, byte_counts)
    right = _difference(numbered_right, tiles, byte_counts)
    less, more = sorted((left, right))
    is_clear = numbered_left == numbered_right or less < _CLEARLY_LESS * more
    if less > _LARGEST_DIFFERENCE or not is_clear:
        raise Refusal(
            "tiles overlap, and the pixels do not tell which: what they share differs by "
            f"{left:.1f} or {right:.1f}; export the slide as TIFF"
        )
    return numbered_left if left <= right else numbered_right


@dataclass(frozen=True, slots=True)
class _Gaps:
    """By how many pixels neighbouring columns, and neighbouring rows, of an area overlap."""

    across: tuple[int, ...]
    down: tuple[int, ...]

    @classmethod
    def of(cls, area: Area, *, is_mirrored: bool) -> _Gaps:
        across: list[list[int]] = [[] for _ in range(area.columns - 1)]
        down: list[list[int]] = [[] for _ in range(area.rows - 1)]
        for joint in area.joints:
            if not joint.is_joined or joint.confidence < _FULL_CONFIDENCE:
                continue
            columns, rows = zip(
                area.position(joint.first), area.position(joint.second), strict=True
            )
            gap = area.columns - 1 - max(columns) if is_mirrored else min(columns)
            told = across[gap] if joint.is_horizontal else down[min(rows)]
            told.append(round(joint.overlap))
        return cls(tuple(map(_agreed, across)), tuple(map(_agreed, down)))

    def check(self, tile_size: SizePx, file: Path) -> None:
        sides = ((self.across, tile_size.width), (self.down, tile_size.height))
        for overlaps, tile in sides:
            wrong = next((item for item in overlaps if not 0 <= item <= tile / 2), None)
            if wrong is not None:
                raise corrupt(f"tiles of {tile} pixels overlap by {wrong}", file)

    def placed(self, area: Area, tile: SizePx) -> Iterator[Placed]:
        left, up = (tuple(accumulate(item, initial=0)) for item in (self.across, self.down))
        for row in range(area.row, area.row + area.rows):
            y = row * tile.height - up[row - area.row]
            for column in range(area.column, area.column + area.columns):
                x = column * tile.width - left[column - area.column]
                yield Placed(column, row, x, y)

    def seams(self, area: Area, columns: int) -> Iterator[Seam]:
        for row in range(area.rows):
            first = (area.row + row) * columns + area.column
            for column, shared in enumerate(self.across):
                if shared:
                    tile = first + column
                    yield Seam(tile, tile + 1, shared, is_horizontal=True)
            if row < len(self.down) and self.down[row]:
                for tile in range(first, first + area.columns):
                    yield Seam(tile, tile + columns, self.down[row], is_horizontal=False)


def _agreed(overlaps: Sequence[int]) -> int:
    """Return the overlap that joints agree on; none where nothing is told."""
    if not overlaps:
        return 0
    if max(overlaps) - min(overlaps) > _LARGEST_DISAGREEMENT:
        raise Refusal(
            f"tiles in a row overlap by {min(overlaps)} and by {max(overlaps)} pixels, "
            "expected one number for all; export the slide as TIFF"
        )
    return median_low(overlaps)


def _difference(arrangement: Arrangement, tiles: DecodedTiles, byte_counts: Sequence[int]) -> float:
    """Return by how much sample values differ on the average, in what tiles share."""
    stored = [
        seam
        for seam in arrangement.seams
        if tiles.stored.missing.isdisjoint((seam.first, seam.second))
    ]
    stored.sort(key=lambda seam: -min(byte_counts[seam.first], byte_counts[seam.second]))
    looked_at = stored[:_SEAMS_LOOKED_AT]
    if not looked_at:
        return _LARGEST_DIFFERENCE
    return fmean(_difference_at(seam, tiles) for seam in looked_at)


def _difference_at(seam: Seam, tiles: DecodedTiles) -> float:
    first, second = tiles[seam.first], tiles[seam.second]
    if seam.is_horizontal:
        end, begin = first[:, -seam.shared :], second[:, : seam.shared]
    else:
        end, begin = first[-seam.shared :], second[: seam.shared]
    return float(abs(end.astype("i4") - begin.astype("i4")).mean())
