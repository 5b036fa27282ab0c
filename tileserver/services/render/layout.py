# SPDX-License-Identifier: Apache-2.0
"""The frames of an instance laid out: which layers of paths and planes there are, and where.

References
----------
PS3.3 C.7.6.17.3 (Dimension Organization Type), C.8.12.14
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tileserver.errors import UnrenderableError
from tileserver.services.render import attributes as read
from tileserver.services.render.places import FullPlaces, SparsePlaces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tileserver.services.render.attributes import Attributes
    from tileserver.services.render.places import Places
    from tileserver.services.render.positions import FramePositions

LAYER_LIMIT = 2000
_CELL_LIMIT = (1 << 26) - 2
_UM_PER_MM = 1000
_SAME_HEIGHT_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class FrameGrid:
    """Sizes of the total pixel matrix and of frames."""

    columns: int
    rows: int
    tile_columns: int
    tile_rows: int

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of frames that cover the matrix."""
        return -(-self.columns // self.tile_columns), -(-self.rows // self.tile_rows)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where the frames of each path and plane are.

    Parameters
    ----------
    layers
        For the identifier of a path and the height of a plane, the layer in `places`.
    """

    places: Places = field(repr=False)
    layers: dict[tuple[str, float], int] = field(repr=False)

    @property
    def planes_um(self) -> list[float]:
        """Heights of the focal planes, from the lowest."""
        return sorted({z_um for _, z_um in self.layers})


def lay_out(
    attributes: Attributes,
    positions: FramePositions | None,
    paths: Sequence[str],
    grid: FrameGrid,
    frames: range,
) -> Layout:
    """Lay out the frames of an instance.

    Parameters
    ----------
    positions
        Of the frames, where each says its own.
    paths
        Identifiers of the optical paths, in their order.
    frames
        That the instance holds, of those that the image has: a part of a concatenation holds some.

    Raises
    ------
    UnrenderableError
        Frames lie beside the image, or are in too many layers.
    """
    organization = read.text(attributes, "DimensionOrganizationType")
    if organization != "TILED_FULL" and positions is not None:
        return _sparse(attributes, positions, paths, grid, len(frames))
    if organization == "TILED_SPARSE":
        raise UnrenderableError("frames with sparse tiling do not say where they are")
    return _full(attributes, paths, grid, frames)


def _full(attributes: Attributes, paths: Sequence[str], grid: FrameGrid, frames: range) -> Layout:
    columns, rows = grid.size
    planes = read.whole(attributes, "TotalPixelMatrixFocalPlanes") or 0
    if planes < 1:
        planes = max(-(-frames.stop // (columns * rows * len(paths))), 1)
    if planes * len(paths) > LAYER_LIMIT and columns * rows > 1:
        raise UnrenderableError(f"found {planes} focal planes in {len(paths)} optical paths")
    position = read.group_or_first(attributes, "PlanePositionSlideSequence")
    base = read.number(position, "ZOffsetInSlideCoordinateSystem") or 0.0
    measures = read.group_or_first(attributes, "PixelMeasuresSequence")
    step = (read.number(measures, "SpacingBetweenSlices") or 0.0) * _UM_PER_MM or 1.0
    layers = {
        (path, _height(base + plane * step)): number * planes + plane
        for number, path in enumerate(paths)
        for plane in range(min(planes, LAYER_LIMIT))
    }
    places = FullPlaces(grid.tile_columns, grid.tile_rows, columns, rows, frames.start, len(frames))
    return Layout(places, layers)


def _sparse(
    attributes: Attributes,
    positions: FramePositions,
    paths: Sequence[str],
    grid: FrameGrid,
    count: int,
) -> Layout:
    if len(positions) != count:
        raise UnrenderableError(f"found positions of {len(positions)} frames, expected {count}")
    shared = read.group_or_first(attributes, "OpticalPathIdentificationSequence")
    default = read.text(shared, "OpticalPathIdentifier") or paths[0]
    keys = [
        (path or default, _height(z_um))
        for path, z_um in zip(positions.paths, positions.z_um, strict=True)
    ]
    layers = {key: number for number, key in enumerate(sorted(set(keys)))}
    if len(layers) > LAYER_LIMIT:
        raise UnrenderableError(f"found {len(layers)} focal planes and paths")
    lefts, tops = _within(positions.columns, grid.columns), _within(positions.rows, grid.rows)
    if max(grid.size) > _CELL_LIMIT:
        raise UnrenderableError("the frames are too small for their image")
    numbers = np.array([layers[key] for key in keys], np.int64)
    tile = grid.tile_columns, grid.tile_rows
    return Layout(SparsePlaces.of(tile, numbers, lefts, tops), layers)


def _within(positions: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return positions counted from 0, which must lie within the image."""
    if len(positions) and not (positions.min() >= 1 and positions.max() <= size):
        raise UnrenderableError("a frame lies outside the total pixel matrix")
    return positions - 1


def _height(z_um: float) -> float:
    return round(z_um, _SAME_HEIGHT_DECIMALS)
