# SPDX-License-Identifier: Apache-2.0
"""Aperio SVS: a TIFF whose tiled directories are levels and whose others are named images.

The second directory is the thumbnail; label and macro say so in the second line of their
description, or by the subfile type. Level 0 comes first and holds the properties of the scan.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self

from dicomizer.slide import Flavor, Scan, Slide, SlideImage, SpacingMm
from dicomizer.sources.base import Refusal
from dicomizer.sources.svs.metadata import SvsDescription, read_description
from dicomizer.sources.tiff.directory import TiffDirectory, read_directories
from dicomizer.sources.tiff.images import TiffImages
from dicomizer.sources.tiff.pyramid import check_levels, with_level_spacing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from dicomizer.sources.base import Frame

_NAMED = {"label": Flavor.LABEL, "macro": Flavor.OVERVIEW}
_SUBFILE_TYPES = {1: Flavor.LABEL, 9: Flavor.OVERVIEW}


class SvsSource:
    """An open Aperio SVS file.

    Raises
    ------
    Refusal
        The file is no SVS, or its tiles cannot be passed through.
    SourceError
        The file cannot be read or is damaged.
    """

    def __init__(self, path: Path) -> None:
        directories = read_directories(path)
        if not directories[0].description.startswith("Aperio"):
            raise Refusal('the first description does not begin with "Aperio"')
        if not directories[0].is_tiled:
            raise Refusal("the first directory is not tiled")
        self._images = TiffImages(path, directories)
        try:
            self._slide = self._describe(path, directories)
        except BaseException:
            self._images.close()
            raise

    @property
    def slide(self) -> Slide:
        """What the file holds."""
        return self._slide

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[Frame]]:
        """Yield frames of an image in batches, coded as ``image.coding`` says."""
        return self._images.frames(image, indices)

    def close(self) -> None:
        """Close the file."""
        self._images.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _describe(self, path: Path, directories: tuple[TiffDirectory, ...]) -> Slide:
        description = read_description(directories[0].description)
        spacing = _spacing(description)
        stored = [self._images.level(item, None) for item in directories if item.is_tiled]
        levels, notes = check_levels(stored)
        associated = []
        for item in directories:
            flavor = None if item.is_tiled else _flavor(item)
            if flavor is None:
                continue
            try:
                associated.append(self._images.whole(item, flavor))
            except Refusal as refusal:
                notes.append(f"{flavor.value.lower()} ({item.size}) left out: {refusal}")
        return Slide(
            path=path,
            format_name="Aperio SVS",
            scans=(Scan(with_level_spacing(levels, spacing)),),
            associated=_first_of_each(associated),
            metadata=description.metadata,
            notes=tuple(notes),
        )


def _spacing(description: SvsDescription) -> SpacingMm | None:
    return SpacingMm.from_mpp(description.mpp, description.mpp) if description.mpp else None


def _flavor(directory: TiffDirectory) -> Flavor | None:
    if directory.index == 1:
        return Flavor.THUMBNAIL
    name = read_description(directory.description).image_name
    return _NAMED.get(name) or _SUBFILE_TYPES.get(directory.subfile_type)


def _first_of_each(images: list[SlideImage]) -> tuple[SlideImage, ...]:
    """Keep one image of each flavor, in the order thumbnail, label, overview."""
    first: dict[Flavor, SlideImage] = {}
    for image in images:
        first.setdefault(image.flavor, replace(image))
    return tuple(
        first[flavor]
        for flavor in (Flavor.THUMBNAIL, Flavor.LABEL, Flavor.OVERVIEW)
        if flavor in first
    )
