# SPDX-License-Identifier: Apache-2.0
"""Where each frame of an instance belongs in the image: tile, focal plane, optical path.

An instance with full tiling says it by the order of its frames, one with sparse tiling frame by
frame. Either becomes layers, one for each plane in each path, which say for each tile which frame
shows it.

References
----------
PS3.3 C.7.6.17.3 (Dimension Organization Type), C.8.12.6.1 (Plane Position (Slide))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.dicom.schema.read_values import first, items, number, text, whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

    from dicomizer.slide import SizePx
    from dicomizer.sources.dicom_wsi.positions import FramePositions

MISSING = -1
_UM_PER_MM = 1000
_LAYER_LIMIT = 4096
_ABSENT_LIMIT = 1_000_000
"""Frames that the grid has and the file does not."""


class PlacesError(ValueError):
    """The frames cannot be placed in the image."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One focal plane in one optical path.

    Parameters
    ----------
    path
        Its identifier.
    z_um
        Height of the plane, in the coordinate system of the slide or from the first plane.
    frames
        ``(tiles,)`` int32; the frame of the instance, or `MISSING`.
    """

    path: str
    z_um: float
    frames: NDArray[np.int32]


def path_identifiers(dataset: Dataset) -> list[str]:
    """Return the identifiers of the optical paths, in their order; at least one."""
    known = [
        text(item, "OpticalPathIdentifier", "SH") or str(index)
        for index, item in enumerate(items(dataset, "OpticalPathSequence"), start=1)
    ]
    count = whole(dataset, "NumberOfOpticalPaths") or 0
    return known or [str(index) for index in range(1, min(count, _LAYER_LIMIT) + 1)] or ["1"]


def shared_group(dataset: Dataset, keyword: str) -> Dataset:
    """Return a functional group that holds for all frames, or that of the first frame."""
    shared = first(first(dataset, "SharedFunctionalGroupsSequence"), keyword)
    return shared or first(first(dataset, "PerFrameFunctionalGroupsSequence"), keyword)


def plane_distance_um(dataset: Dataset) -> float | None:
    """Return the distance of focal planes that Pixel Measures tells."""
    spacing = number(shared_group(dataset, "PixelMeasuresSequence"), "SpacingBetweenSlices")
    return spacing * _UM_PER_MM if spacing and spacing > 0 else None


def layers(
    dataset: Dataset,
    numbers: NDArray[np.int32],
    positions: Sequence[FramePositions],
    grid: SizePx,
    tile: SizePx,
) -> list[Layer]:
    """Place the frames of an instance.

    Parameters
    ----------
    dataset
        Of the instance, or of the first part of its concatenation.
    numbers
        ``(frames,)`` int32; place of each frame in the order of the whole instance.
    positions
        Of the frames of each part, which are counted on; empty where they do not say.
    grid
        Columns and rows of tiles.

    Raises
    ------
    PlacesError
        Frames lie beside the grid, or too many are missing.
    """
    if positions or text(dataset, "DimensionOrganizationType") == "TILED_SPARSE":
        return _sparse(dataset, positions, len(numbers), grid, tile)
    return _full(dataset, numbers, grid)


def _full(dataset: Dataset, numbers: NDArray[np.int32], grid: SizePx) -> list[Layer]:
    """Place frames by their order: columns, rows, planes, paths."""
    tiles = grid.width * grid.height
    paths = path_identifiers(dataset)
    planes = whole(dataset, "TotalPixelMatrixFocalPlanes")
    if not planes or planes < 1:
        planes = max(-(-len(numbers) // (tiles * len(paths))), 1)
    count = tiles * planes * len(paths)
    if planes * len(paths) > _LAYER_LIMIT or count > len(numbers) + _ABSENT_LIMIT:
        raise PlacesError(
            f"found {len(numbers)} frames, expected {tiles} in each of {planes} focal planes "
            f"and {len(paths)} optical paths"
        )
    if len(numbers) and (int(numbers.max()) >= count or len(np.unique(numbers)) < len(numbers)):
        raise PlacesError(
            f"found frame {int(numbers.max()) + 1} or one twice, expected {count} frames: {tiles} "
            f"tiles, {planes} focal planes, {len(paths)} optical paths"
        )
    frames = np.full(count, MISSING, np.int32)
    frames[numbers] = np.arange(len(numbers), dtype=np.int32)
    base, step = _first_z_um(dataset), plane_distance_um(dataset) or 1.0
    keys = [(path, base + plane * step) for path in paths for plane in range(planes)]
    return [
        Layer(path, z_um, layer)
        for (path, z_um), layer in zip(keys, frames.reshape(-1, tiles), strict=True)
    ]


def _first_z_um(dataset: Dataset) -> float:
    position = shared_group(dataset, "PlanePositionSlideSequence")
    return number(position, "ZOffsetInSlideCoordinateSystem") or 0.0


def _sparse(
    dataset: Dataset, positions: Sequence[FramePositions], count: int, grid: SizePx, tile: SizePx
) -> list[Layer]:
    """Place frames by what each one's functional groups say."""
    told = sum(map(len, positions))
    if told != count:
        raise PlacesError(f"found positions of {told} frames, expected {count}")
    known = path_identifiers(dataset)
    identification = shared_group(dataset, "OpticalPathIdentificationSequence")
    default = text(identification, "OpticalPathIdentifier", "SH") or known[0]
    keys = [
        (path or default, z_um)
        for part in positions
        for path, z_um in zip(part.paths, part.z_um, strict=True)
    ]
    order = {identifier: number for number, identifier in enumerate(known)}
    distinct = sorted(set(keys), key=lambda key: (order.get(key[0], len(order)), key))
    tiles = grid.width * grid.height
    if len(distinct) > _LAYER_LIMIT or len(distinct) * tiles > count + _ABSENT_LIMIT:
        raise PlacesError(
            f"found {count} frames on a grid of {grid}, in {len(distinct)} focal planes and paths"
        )
    numbered = {key: number for number, key in enumerate(distinct)}
    frames = np.full((len(distinct), tiles), MISSING, np.int32)
    layer = np.array([numbered[key] for key in keys], np.intp)
    frames[layer, _tile_indices(positions, grid, tile)] = np.arange(count, dtype=np.int32)
    return [Layer(*key, frames[number]) for key, number in numbered.items()]


def _tile_indices(
    positions: Sequence[FramePositions], grid: SizePx, tile: SizePx
) -> NDArray[np.int64]:
    """Return for each frame which tile of the grid it is."""
    columns = np.concatenate([part.columns for part in positions]).astype(np.int64)
    rows = np.concatenate([part.rows for part in positions]).astype(np.int64)
    tile_columns, beside = np.divmod(columns - 1, tile.width)
    tile_rows, below = np.divmod(rows - 1, tile.height)
    astray = np.flatnonzero((beside != 0) | (below != 0))
    outside = np.flatnonzero(
        (tile_columns < 0)
        | (tile_columns >= grid.width)
        | (tile_rows < 0)
        | (tile_rows >= grid.height)
    )
    for frame in astray[:1]:
        raise PlacesError(
            f"frame {frame + 1} is at column {columns[frame]}, row {rows[frame]}, which is no "
            f"multiple of its size, {tile}: overlapping tiles are not converted by this version"
        )
    for frame in outside[:1]:
        raise PlacesError(
            f"frame {frame + 1} is at column {columns[frame]}, row {rows[frame]}: outside the image"
        )
    indices: NDArray[np.int64] = tile_rows * grid.width + tile_columns
    return indices


def distances(layers_: Sequence[Layer]) -> Iterator[float]:
    """Yield the distances of neighbouring planes."""
    heights = sorted({layer.z_um for layer in layers_})
    yield from np.diff(heights).tolist()
