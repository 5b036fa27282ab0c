# SPDX-License-Identifier: Apache-2.0
"""The viewport parameter: what region of an image, how large, and flipped which way; pure.

References
----------
PS3.18 8.3.5.1.3 (scaling regions of source images to a viewport), 9.5.1.2.4 and 9.5.1.2.5 (rows,
columns and region of the URI service)
"""

from __future__ import annotations

from dataclasses import dataclass

from tileserver.errors import BadRequestError
from tileserver.pictures.geometry import Box, Size, fitted, limited
from tileserver.pictures.numbers import decimal, whole

LONGEST_SIDE = 32_768


@dataclass(frozen=True, slots=True)
class Viewport:
    """A region of an image, and the largest picture of it.

    Parameters
    ----------
    size
        What the picture has to fit into; ``None`` for as many pixels as the region has.
    x, y
        Upper left corner of the region, in pixels of the image.
    width, height
        Of the region; ``None`` for all up to the edge.
    """

    size: Size | None = None
    x: float = 0
    y: float = 0
    width: float | None = None
    height: float | None = None
    flips_columns: bool = False
    flips_rows: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether nothing was asked for."""
        return self == Viewport()

    def box(self, image: Size) -> Box:
        """Return the region within an image.

        Raises
        ------
        BadRequestError
            It lies outside of the image.
        """
        width = image.width - self.x if self.width is None else self.width
        height = image.height - self.y if self.height is None else self.height
        return Box(self.x, self.y, width, height).within(image)

    def picture_size(self, box: Box, most_pixels: int) -> Size:
        """Return the size of the picture: in the shape of the region, whatever the viewport's.

        Without a viewport no larger than the region, and of no more pixels than are drawn unasked.
        """
        if self.size is None:
            return limited(box, most_pixels)
        return fitted(box, self.size).checked()


def read_viewport(text: str) -> Viewport:
    """Return the meaning of ``vw,vh`` or ``vw,vh,sx,sy,sw,sh``.

    Each of the last four may be empty or, from the end, missing; a negative width or height flips.

    Raises
    ------
    BadRequestError
        The parameter breaks its syntax.
    """
    items = [item.strip() for item in text.split(",")]
    if not 2 <= len(items) <= 6:
        raise BadRequestError(
            f"viewport: found {len(items)} values, expected vw,vh or vw,vh,sx,sy,sw,sh"
        )
    width, height = (whole(item, "viewport", least=1, most=LONGEST_SIDE) for item in items[:2])
    numbers: list[float | None] = [
        decimal(item, "viewport") if item else None for item in items[2:]
    ]
    left, top, across, down = (numbers + [None] * 4)[:4]
    if (left or 0) < 0 or (top or 0) < 0 or across == 0 or down == 0:
        raise BadRequestError("viewport: the region has no size, or begins outside of the image")
    return Viewport(
        Size(width, height),
        left or 0,
        top or 0,
        None if across is None else abs(across),
        None if down is None else abs(down),
        flips_columns=across is not None and across < 0,
        flips_rows=down is not None and down < 0,
    )


def read_uri_region(text: str, image: Size) -> tuple[float, float, float, float]:
    """Return x, y, width and height, in pixels of an image, of ``xmin,ymin,xmax,ymax`` in shares.

    Raises
    ------
    BadRequestError
        The parameter breaks its syntax or its bounds.
    """
    items = [decimal(item, "region") for item in text.split(",")]
    if len(items) != 4 or not all(0 <= item <= 1 for item in items):
        raise BadRequestError("region: expected four numbers from 0 to 1: xmin,ymin,xmax,ymax")
    left, top, right, bottom = items
    if right <= left or bottom <= top:
        raise BadRequestError("region: found no width or no height")
    return (
        left * image.width,
        top * image.height,
        (right - left) * image.width,
        (bottom - top) * image.height,
    )
