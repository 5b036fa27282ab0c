# SPDX-License-Identifier: Apache-2.0
"""How a JPEG stream is divided into restart intervals, and how it will be into tiles.

References
----------
ITU-T T.81 A.2 (order of MCUs), B.2.4.4 (restart interval)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dicomizer.pixels.codecs.jpeg import JpegHeader

DRI = 0xDD

_TILE_SIDE = 512


@dataclass(frozen=True, slots=True)
class CutGrid:
    """How a stream is divided into restart intervals, and how it will be into tiles, in MCUs.

    Parameters
    ----------
    mcu_width, mcu_height
        In pixels.
    across, down
        MCUs of the image.
    interval
        MCUs of a restart interval; all where there are none.
    tile_across, tile_down
        MCUs of a tile.
    """

    mcu_width: int
    mcu_height: int
    across: int
    down: int
    interval: int
    tile_across: int
    tile_down: int

    @property
    def tile_size(self) -> tuple[int, int]:
        """Width and height of a tile in pixels."""
        return self.tile_across * self.mcu_width, self.tile_down * self.mcu_height

    @property
    def columns(self) -> int:
        """Tiles beside one another."""
        return -(-self.across // self.tile_across)

    @property
    def number_of_intervals(self) -> int:
        """Restart intervals of the stream."""
        return -(-self.across * self.down // self.interval)

    @property
    def interval_pixels(self) -> int:
        """Pixels of a restart interval."""
        return self.interval * self.mcu_width * self.mcu_height

    def mcus_of_interval(self, number: int) -> int:
        """Return how many MCUs an interval has; the last has what is left."""
        return min(self.interval, self.across * self.down - number * self.interval)

    def rows_of_tile(self, tile: int) -> list[range]:
        """Return the MCUs of each row of a tile within the image."""
        row, column = divmod(tile, self.columns)
        left = column * self.tile_across
        right = min(left + self.tile_across, self.across)
        top = row * self.tile_down
        bottom = min(top + self.tile_down, self.down)
        starts = (line * self.across for line in range(top, bottom))
        return [range(start + left, start + right) for start in starts]

    def intervals_of_tile(self, tile: int) -> set[int]:
        """Return the restart intervals that a tile needs."""
        return {
            number
            for row in self.rows_of_tile(tile)
            for number in range(row[0] // self.interval, row[-1] // self.interval + 1)
        }


def cut_grid(header: JpegHeader, width: int, height: int) -> CutGrid:
    """Divide an image into tiles of 512 x 512, or the next smaller size of whole MCUs.

    Parameters
    ----------
    width, height
        Of the image; a frame header has no room for more than 65535.
    """
    # A single component has blocks for MCUs, whatever its sampling (T.81 A.2.2).
    sizes = (8, 8) if len(header.frame.sampling) == 1 else header.frame.mcu_size
    mcu_width, mcu_height = sizes
    across, down = -(-width // mcu_width), -(-height // mcu_height)
    return CutGrid(
        mcu_width,
        mcu_height,
        across,
        down,
        interval=restart_interval(header) or across * down,
        tile_across=_TILE_SIDE // mcu_width,
        tile_down=_TILE_SIDE // mcu_height,
    )


def restart_interval(header: JpegHeader) -> int:
    """Return the number of MCUs of a restart interval; 0 where there are none."""
    payloads = [item.payload for item in header.segments if item.marker == DRI]
    return int.from_bytes(payloads[-1][:2], "big") if payloads else 0
