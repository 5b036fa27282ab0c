# SPDX-License-Identifier: Apache-2.0
"""Pyramids over the instances of a series: which are levels, which are parts of one level.

References
----------
PS3.3 C.8.12.4.1.1 (Image Type), C.7.6.16.1 and 2 (concatenations), PyramidUID (0008,0019)
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tileserver.errors import BadRequestError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tileserver.services.render.image import SpacingUm, StoredImage
    from tileserver.services.render.optics import OpticalPath

_SKEW = 0.02
"""By which the proportions of a level may differ from those of the finest, beside rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One resolution: one instance, or several that are parts, paths or planes of it.

    Parameters
    ----------
    images
        Of one size, finest grained things first as they came.
    """

    images: tuple[StoredImage, ...] = field(repr=False)

    @property
    def columns(self) -> int:
        """Of the total pixel matrix."""
        return self.images[0].columns

    @property
    def rows(self) -> int:
        """Of the total pixel matrix."""
        return self.images[0].rows

    @property
    def spacing(self) -> SpacingUm | None:
        """Micrometres between pixels."""
        return self.images[0].spacing

    @property
    def paths(self) -> tuple[OpticalPath, ...]:
        """All optical paths, in their order."""
        found = {path.identifier: path for image in self.images for path in image.paths}
        return tuple(found.values())

    @property
    def planes_um(self) -> list[float]:
        """Heights of all focal planes, from the lowest."""
        return sorted({plane for image in self.images for plane in image.layout.planes_um})

    def layer(self, path: str, plane: int | None) -> list[tuple[StoredImage, int]]:
        """Return the instances that hold a layer, and its number in each.

        Parameters
        ----------
        path
            Identifier of the optical path.
        plane
            By number from the lowest; ``None`` stands for the middle one, or the first frame of
            what is not tiled.

        Raises
        ------
        NotFoundError
            There is no such plane.
        """
        heights = self.planes_um
        if plane is None:
            plane = (len(heights) - 1) // 2 if self.images[0].is_tiled else 0
        if not 0 <= plane < len(heights):
            raise NotFoundError(f"there is no focal plane {plane + 1}, there are {len(heights)}")
        key = (path, heights[plane])
        return [
            (image, image.layout.layers[key]) for image in self.images if key in image.layout.layers
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Pyramid:
    """Levels of one scan, finest first."""

    levels: tuple[Level, ...]

    @property
    def base(self) -> Level:
        """The finest level."""
        return self.levels[0]

    def scale(self, level: Level) -> tuple[float, float]:
        """Return how many pixels of the finest level one of another is, across and down."""
        return (
            _factor(self.base.columns, level.columns, *_told(self.base, level, "between_columns")),
            _factor(self.base.rows, level.rows, *_told(self.base, level, "between_rows")),
        )

    def best(self, reduction: float) -> Level:
        """Return the coarsest level that still has all the detail at a reduction.

        Parameters
        ----------
        reduction
            Pixels of the finest level for one of the picture.
        """
        scales = [min(self.scale(level)) for level in self.levels]
        return self.levels[max(bisect.bisect_right(scales, reduction * 1.0001) - 1, 0)]


def _told(base: Level, level: Level, name: str) -> tuple[float | None, float | None]:
    return (
        getattr(base.spacing, name) if base.spacing else None,
        getattr(level.spacing, name) if level.spacing else None,
    )


def _factor(base: int, size: int, base_um: float | None, um: float | None) -> float:
    """Return the scale of a level: by its spacing where sizes agree with it but for rounding.

    A level made by halving an odd number of columns has lost one, or has half of one too many.
    """
    if base_um and um and abs(base * base_um / um - size) < 1:
        return um / base_um
    return base / size


def pyramids(images: Iterable[StoredImage]) -> list[Pyramid]:
    """Divide the images of a series into pyramids, that of the largest image first."""
    groups: dict[tuple[str | None, str | None], list[StoredImage]] = {}
    for image in images:
        if image.is_tiled and image.flavor in ("VOLUME", ""):
            key = (image.pyramid_uid, image.frame_of_reference_uid)
            groups.setdefault(key, []).append(image)
    found = [pyramid for group in groups.values() for pyramid in _divided(group)]
    return sorted(found, key=lambda one: -one.base.columns * one.base.rows)


def _divided(images: Sequence[StoredImage]) -> Iterator[Pyramid]:
    """Yield pyramids of images whose proportions agree."""
    sizes: dict[tuple[int, int], list[StoredImage]] = {}
    for image in images:
        sizes.setdefault((image.columns, image.rows), []).append(image)
    left = sorted(sizes, key=lambda size: -size[0] * size[1])
    while left:
        base, *others = left
        fitting = [base, *(size for size in others if _is_reduced(base, size))]
        yield Pyramid(tuple(Level(_parts(sizes[size])) for size in fitting))
        left = [size for size in left if size not in fitting]


def _is_reduced(base: tuple[int, int], size: tuple[int, int]) -> bool:
    across, down = base[0] / size[0], base[1] / size[1]
    rounding = 1 / size[0] + 1 / size[1]
    return min(across, down) >= 1 and abs(across / down - 1) <= _SKEW + rounding


def _parts(images: Sequence[StoredImage]) -> tuple[StoredImage, ...]:
    """Return the images that add a layer or are of one concatenation; leave out what is twice."""
    kept: list[StoredImage] = []
    owner: dict[tuple[str, float], str] = {}
    for image in images:
        uid = image.concatenation.uid if image.concatenation else image.found.sop_instance_uid
        is_alike = not kept or image.is_color == kept[0].is_color
        if is_alike and all(owner.get(key, uid) == uid for key in image.layout.layers):
            kept.append(image)
            owner |= dict.fromkeys(image.layout.layers, uid)
    return tuple(kept)


def pyramid_of(found: Sequence[Pyramid], uid: str | None) -> Pyramid:
    """Return the pyramid of a UID, or the largest.

    Raises
    ------
    NotFoundError
        There is none.
    """
    for pyramid in found:
        if uid is None or pyramid.base.images[0].pyramid_uid == uid:
            return pyramid
    raise NotFoundError("there is no such pyramid of tiled images in the series")


def path_of(level: Level, identifier: str) -> OpticalPath:
    """Return an optical path of a level.

    Raises
    ------
    BadRequestError
        It has no such path.
    """
    known = level.paths
    for path in known:
        if path.identifier == identifier:
            return path
    told = ", ".join(path.identifier for path in known)[:200]
    raise BadRequestError(f"there is no such optical path; known are {told}")
