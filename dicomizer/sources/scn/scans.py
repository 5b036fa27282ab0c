# SPDX-License-Identifier: Apache-2.0
"""Images of a Leica SCN as scans: levels of paths and planes, and their place on the glass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.dicom.schema.limits import fitting
from dicomizer.slide import PointMm, Scan, SizePx, SpacingMm
from dicomizer.sources.base import Refusal
from dicomizer.sources.scn.metadata import optical_path
from dicomizer.sources.tiff.pyramid import check_levels, with_level_spacing

if TYPE_CHECKING:
    from dicomizer.slide import SlideImage
    from dicomizer.sources.scn.collection import ScnImage, ScnPlane
    from dicomizer.sources.tiff.directory import TiffDirectory
    from dicomizer.sources.tiff.images import TiffImages

_NM_PER_MM = 1_000_000
_CORNER = PointMm(x=25.0, y=75.0)
"""Where instances have the top left pixel of an overview, which covers the collection."""


def spacing_of(image: ScnImage, size: SizePx) -> SpacingMm | None:
    """Return the spacing of an image of ``size`` pixels that has the view of ``image``."""
    if image.view is None:
        return None
    return SpacingMm(
        between_rows=image.view.height / size.height / _NM_PER_MM,
        between_columns=image.view.width / size.width / _NM_PER_MM,
    )


def origin_of(image: ScnImage) -> PointMm | None:
    """Return the place of an image's top left pixel in the slide coordinate system.

    Instances have the label to the left of the picture: their rows run along -Y and their
    columns along -X (PS3.3 C.8.12.2). So ``offsetX``, to the right in the collection, is taken
    from Y, and ``offsetY``, downwards, from X, beginning at the corner where the overview lies.
    Scans and overview lie to one another as the scanner saw them. Where the collection lies on
    the glass no file tells: it is a little larger than the glass, by margins unknown.
    """
    if image.view is None:
        return None
    return PointMm(_CORNER.x - image.view.y / _NM_PER_MM, _CORNER.y - image.view.x / _NM_PER_MM)


def base_directory(image: ScnImage) -> int:
    """Return the directory of the first plane and path of the finest level."""
    first = min(image.directories, key=lambda item: (item.level, item.path, item.plane))
    return image.directories[first]


class ScanBuilder:
    """Makes scans of images, and gathers sentences for what is left out in ``notes``."""

    def __init__(self, images: TiffImages, directories: tuple[TiffDirectory, ...]) -> None:
        self._images = images
        self._directories = directories
        self.notes: list[str] = []

    def scans(self, images: list[ScnImage]) -> tuple[Scan, ...]:
        """Describe images as scans.

        Raises
        ------
        Refusal
            The finest level of the first cannot be read; others are left out.
        """
        scans = [self._scan(images[0])]
        for image in images[1:]:
            try:
                scans.append(self._scan(image))
            except Refusal as refusal:
                self.notes.append(f"{image.name or 'another scan'} left out: {refusal}")
        return tuple(scans)

    def _scan(self, image: ScnImage) -> Scan:
        stored = _by_level(image)
        paths = sorted({item.path for item in stored[0]})
        planes = sorted({item.plane for item in stored[0]})
        levels = self._levels(image, stored, planes=len(planes), paths=len(paths))
        spacing = spacing_of(image, levels[0].size)
        # Samples that make no colour are paths of their own.
        repeats = levels[0].paths // len(paths)
        return Scan(
            levels=with_level_spacing(levels, spacing),
            optical_paths=tuple(
                optical_path(image, path) for path in paths for _ in range(repeats)
            ),
            plane_spacing_um=_plane_spacing_um(image) if len(planes) > 1 else None,
            origin=origin_of(image),
            name=fitting(image.name),
        )

    def _levels(
        self, image: ScnImage, stored: list[dict[ScnPlane, int]], *, planes: int, paths: int
    ) -> tuple[SlideImage, ...]:
        found: list[SlideImage] = []
        for numbers in stored:
            try:
                if [_place(item) for item in numbers] != [_place(item) for item in stored[0]]:
                    raise Refusal("it has other paths or planes than the finest")
                found.append(self._level(list(numbers.values()), planes=planes, paths=paths))
            except Refusal as refusal:
                if not found:
                    raise
                level = next(iter(numbers)).level
                self.notes.append(f"level {level} of {image.name} left out: {refusal}")
        levels, notes = check_levels(found)
        self.notes += notes
        return levels

    def _level(self, numbers: list[int], *, planes: int, paths: int) -> SlideImage:
        if len(numbers) != planes * paths:
            raise Refusal(f"{len(numbers)} of {planes * paths} planes are stored")
        directories = [self._directories[number] for number in numbers]
        if len(directories) == 1:
            return self._images.level(directories[0], None)
        return self._images.stack(directories, planes=planes, paths=paths, spacing=None)


def _plane_spacing_um(image: ScnImage) -> float | None:
    spacing_z = image.view.spacing_z if image.view else 0
    return spacing_z / 1000 if spacing_z > 0 else None


def _by_level(image: ScnImage) -> list[dict[ScnPlane, int]]:
    """Return the directories of each level, finest first, in order of paths and planes."""
    ordered = sorted(image.directories, key=lambda item: (item.level, *_place(item)))
    levels: dict[int, dict[ScnPlane, int]] = {}
    for item in ordered:
        levels.setdefault(item.level, {})[item] = image.directories[item]
    return list(levels.values())


def _place(item: ScnPlane) -> tuple[int, int]:
    return item.path, item.plane
