# SPDX-License-Identifier: Apache-2.0
"""A region in micrometres at a resolution: what box of the matrix, and how many pixels; pure.

References
----------
PS3.3 C.7.6.21 (Slide Coordinate System), C.8.12.4.1.1 (Total Pixel Matrix Origin),
C.7.6.16.2.8 (Image Orientation (Slide))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tileserver.errors import BadRequestError
from tileserver.pictures.geometry import Box, Size
from tileserver.pictures.numbers import real
from tileserver.services.render import attributes as read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tileserver.services.render.attributes import Attributes

_REQUIRED = ("x", "y", "width", "height")
_AXES = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0))
_ALMOST = 1e-3
_UM_PER_MM = 1000
_LARGEST_UM = 1e7
"""Ten metres: no slide is longer."""


@dataclass(frozen=True, slots=True)
class SlidePlace:
    """Where a matrix lies on its slide.

    Parameters
    ----------
    x_um, y_um
        Of the centre of its upper left pixel, in the Slide Coordinate System.
    along_row, along_column
        Directions, in that system, in which columns and rows are counted: three cosines each.
    """

    x_um: float
    y_um: float
    along_row: tuple[float, float, float]
    along_column: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class SlideRegion:
    """A region that is asked for.

    Parameters
    ----------
    x, y, width, height
        In micrometres, from the upper left corner of the matrix, or of the slide.
    mpp
        Micrometres of a pixel of the picture; ``None`` for those of the finest level.
    """

    x: float
    y: float
    width: float
    height: float
    mpp: float | None
    is_on_slide: bool = False

    def on_matrix(self, mpp: tuple[float, float], place: SlidePlace | None) -> Box:
        """Return the box of the matrix.

        Parameters
        ----------
        mpp
            Micrometres from column to column and from row to row of the matrix.
        place
            ``None`` where the instance does not tell.

        Raises
        ------
        BadRequestError
            The region is given on the slide, and where the matrix lies there is unknown or turned.
        """
        across, down = mpp
        if not self.is_on_slide:
            return Box(self.x / across, self.y / down, self.width / across, self.height / down)
        if place is None:
            raise BadRequestError(
                "the image does not tell where it lies on the slide: leave out origin=slide"
            )
        corners = (
            (self.x - place.x_um, self.y - place.y_um),
            (self.x + self.width - place.x_um, self.y + self.height - place.y_um),
        )
        left, right = sorted(_along(corner, place.along_row) / across for corner in corners)
        top, bottom = sorted(_along(corner, place.along_column) / down for corner in corners)
        # The origin is the centre of a pixel, boxes count from its corner.
        return Box(left + 0.5, top + 0.5, right - left, bottom - top)

    def picture_size(self, mpp: tuple[float, float], box: Box) -> Size:
        """Return the size of the picture of a box at the resolution asked for, at least a pixel."""
        across, down = (self.mpp / mpp[0], self.mpp / mpp[1]) if self.mpp else (1.0, 1.0)
        width, height = box.width / across, box.height / down
        if max(width, height) > _LARGEST_UM:
            raise BadRequestError("the picture would be too large: ask for a larger mpp")
        return Size(max(round(width), 1), max(round(height), 1)).checked()


def _along(point: tuple[float, float], axis: tuple[float, float, float]) -> float:
    """Return how far a point lies in a direction, which must be one of the slide's axes."""
    if not any(
        all(abs(a - b) < _ALMOST for a, b in zip(axis, wanted, strict=True)) for wanted in _AXES
    ):
        raise BadRequestError(
            "the image is turned on the slide by other than right angles: leave out origin=slide"
        )
    return point[0] * round(axis[0]) + point[1] * round(axis[1])


def read_slide_region(query: Mapping[str, str]) -> SlideRegion:
    """Return the region that ``x``, ``y``, ``width``, ``height``, ``mpp`` and ``origin`` ask for.

    Raises
    ------
    BadRequestError
        A parameter is missing or makes no sense.
    """
    missing = [name for name in _REQUIRED if name not in query]
    if missing:
        raise BadRequestError(f"expected {', '.join(missing)}, in micrometres")
    x, y = (real(query[name], name) for name in ("x", "y"))
    width, height = (real(query[name], name, above=0) for name in ("width", "height"))
    if max(abs(x), abs(y), width, height) > _LARGEST_UM:
        raise BadRequestError(f"a region lies within {_LARGEST_UM:,.0f} micrometres")
    origin = query.get("origin", "matrix")
    if origin not in ("matrix", "slide"):
        raise BadRequestError(f"origin: found {origin[:32]!r}, expected matrix or slide")
    mpp = real(query["mpp"], "mpp", above=0) if "mpp" in query else None
    return SlideRegion(x, y, width, height, mpp, is_on_slide=origin == "slide")


def read_place(attributes: Attributes) -> SlidePlace | None:
    """Return where a matrix lies on its slide, ``None`` where its attributes do not tell.

    Parameters
    ----------
    attributes
        Of its instance, as DICOM JSON.
    """
    origin = read.first(attributes, "TotalPixelMatrixOriginSequence")
    x_mm = read.number(origin, "XOffsetInSlideCoordinateSystem")
    y_mm = read.number(origin, "YOffsetInSlideCoordinateSystem")
    axes = read.numbers(attributes, "ImageOrientationSlide")
    if x_mm is None or y_mm is None or len(axes) != 6:
        return None
    return SlidePlace(
        x_mm * _UM_PER_MM,
        y_mm * _UM_PER_MM,
        (axes[0], axes[1], axes[2]),
        (axes[3], axes[4], axes[5]),
    )
