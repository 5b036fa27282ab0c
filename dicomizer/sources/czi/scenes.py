# SPDX-License-Identifier: Apache-2.0
"""Scenes of a CZI file as scans: a virtual grid of tiles over each, in the levels stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.format import GREY_8, GREY_16, RGB_8, PixelFormat
from dicomizer.slide import Coding, ColorSpace, Compression, Flavor, SizePx, SlideImage, SpacingMm
from dicomizer.sources.base import Refusal

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

TILE = 512
"""Side of a tile of the virtual grid: scenes begin anywhere within stored ones."""
_FORMATS = {"Bgr24": RGB_8, "Gray8": GREY_8, "Gray16": GREY_16}
_METHODS = {"Jpg": "ISO_10918_1"}
_LOSSLESS = frozenset({"UnCompressed", "Zstd0", "Zstd1"})
_MOST_FRAMES = 1 << 22
_LARGEST_SIDE = 1 << 24
_MOST_HALVINGS = 12


class Opened(TypedDict):
    """The child's reply when it has opened a file; see `worker`."""

    sizes: dict[str, int]
    scenes: list[tuple[int | None, tuple[int, int, int, int]]]
    pixel_types: list[str]
    compressions: list[str]
    scales: list[float]
    metadata: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a level is: its scene, the scene's corner, and how much it is reduced."""

    scene: int | None
    x: int
    y: int
    factor: int

    def region(self, image: SlideImage, index: int) -> tuple[int, ...]:
        """Return channel, plane, corner, side and size of a frame; see `worker`."""
        layer, tile = divmod(index, image.number_of_tiles)
        channel, plane = divmod(layer, image.planes)
        row, column = divmod(tile, image.grid.width)
        step = TILE * self.factor
        return (
            channel,
            plane,
            self.x + column * step,
            self.y + row * step,
            TILE,
            min(TILE, image.size.width - column * TILE),
            min(TILE, image.size.height - row * TILE),
        )


def pixel_format_of(opened: Opened) -> PixelFormat:
    """Return the format of all channels.

    Raises
    ------
    Refusal
        They differ, or are of another kind.
    """
    kinds = set(opened["pixel_types"])
    kind = next(iter(kinds)) if len(kinds) == 1 else None
    if kind not in _FORMATS:
        raise Refusal(
            f"its channels have the pixel types {', '.join(sorted(kinds)) or 'of nothing'}, "
            f"expected one of {', '.join(_FORMATS)} for all"
        )
    return _FORMATS[kind]


def scene_levels(
    path: Path,
    opened: Opened,
    number: int,
    tiles: NDArray[np.int32],
    spacing: SpacingMm | None,
) -> list[tuple[Place, SlideImage]]:
    """Return the levels of a scene, finest first, and where they are.

    Parameters
    ----------
    tiles
        (tiles, 4): x, y, width, height of all that are stored at full resolution.

    Raises
    ------
    Refusal
        The pixels are of a kind that cannot be read.
    CorruptSourceError
        The scene has a size that nothing has.
    """
    scene, (x, y, width, height) = opened["scenes"][number]
    _check_size(path, opened, width, height)
    area = sum(w * h for _, (_, _, w, h) in opened["scenes"])
    share = path.stat().st_size * width * height / area
    factors = _stored_factors(opened["scales"], min(width, height))
    shrinkage = sum(1 / factor**2 for factor in factors)
    levels = []
    for factor in factors:
        place = Place(scene, x, y, factor)
        coded = max(round(share / factor**2 / shrinkage), 1)
        image = _level(opened, f"scene {number}, 1/{factor}", (width, height), factor, coded)
        levels.append((place, _placed(place, image, tiles, spacing)))
    return levels


def _level(
    opened: Opened, key: str, size: tuple[int, int], factor: int, coded_bytes: int
) -> SlideImage:
    pixel_format = pixel_format_of(opened)
    compressions = set(opened["compressions"])
    lossy = not compressions <= _LOSSLESS
    method = _METHODS.get(next(iter(compressions))) if len(compressions) == 1 else None
    grey = pixel_format.samples == 1
    return SlideImage(
        key=key,
        flavor=Flavor.VOLUME,
        size=SizePx(-(-size[0] // factor), -(-size[1] // factor)),
        tile_size=SizePx(TILE, TILE),
        coding=Coding(
            Compression.NONE,
            ColorSpace.MONOCHROME if grey else ColorSpace.RGB,
            lossy,
            coded_bytes,
            method if lossy else None,
        ),
        pixel_format=pixel_format,
        planes=opened["sizes"]["Z"],
        paths=opened["sizes"]["C"],
    )


def _placed(
    place: Place, image: SlideImage, tiles: NDArray[np.int32], spacing: SpacingMm | None
) -> SlideImage:
    """Return the image with its spacing, and without the frames that no stored tile touches."""
    touched = _touched(place, image.grid, tiles)
    layers = range(image.planes * image.paths)
    return replace(
        image,
        spacing=spacing.scaled(place.factor, place.factor) if spacing else None,
        # A scene without anything stored stays what it is: a blank picture.
        missing=frozenset(
            layer * image.number_of_tiles + index
            for layer in layers
            for index in (~touched).nonzero()[0].tolist()
        )
        if touched.any()
        else frozenset(),
    )


def _touched(place: Place, grid: SizePx, tiles: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Tell of each place in the grid, row by row, whether stored tiles lie on it."""
    import numpy as np

    step = TILE * place.factor
    corners = tiles[:, :2].astype(np.int64) - (place.x, place.y)
    ends = corners + tiles[:, 2:]
    left, top = np.clip(corners // step, 0, (grid.width, grid.height)).T
    right, bottom = np.clip(-(-ends // step), 0, (grid.width, grid.height)).T
    # Each tile adds 1 from its corner on and takes it back beyond its other sides.
    change = np.zeros((grid.height + 1, grid.width + 1), np.int64)
    np.add.at(change, (top, left), 1)
    np.add.at(change, (bottom, right), 1)
    np.add.at(change, (top, right), -1)
    np.add.at(change, (bottom, left), -1)
    covered = change.cumsum(0).cumsum(1)[:-1, :-1]
    return covered.ravel() > 0


def _stored_factors(scales: list[float], side: int) -> list[int]:
    """Return 1, and the powers of two by which stored pyramids are reduced without a gap."""
    factors = [1]
    for halvings in range(1, _MOST_HALVINGS + 1):
        factor = 1 << halvings
        # Sizes of small tiles are rounded, and with them their scale.
        if side < factor * TILE / 2 or not any(0.9 < s * factor < 1.1 for s in scales):
            break
        factors.append(factor)
    return factors


def _check_size(path: Path, opened: Opened, width: int, height: int) -> None:
    sizes = opened["sizes"]
    frames = -(-width // TILE) * -(-height // TILE) * sizes["Z"] * sizes["C"]
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE and frames > 0):
        raise CorruptSourceError(f"a scene is {width} x {height} pixels", file=path)
    if frames > _MOST_FRAMES:
        raise CorruptSourceError(
            f"a scene of {width} x {height} pixels has {sizes['C']} channels in {sizes['Z']} "
            "planes, which no scanner makes",
            file=path,
        )
