# SPDX-License-Identifier: Apache-2.0
"""Aperio SVS: a TIFF whose tiled directories are levels and whose others are named images.

The second directory is the thumbnail; label and macro say so in the second line of their
description, or by the subfile type. Level 0 comes first and holds the properties of the scan.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer.slide import Flavor, Scan, Slide, SlideImage
from dicomizer.sources.base import AnotherFormat, Refusal
from dicomizer.sources.svs.metadata import SvsDescription, read_description
from dicomizer.sources.svs.scans import read_scans
from dicomizer.sources.tiff.directory import TiffDirectory, read_directories
from dicomizer.sources.tiff.images import TiffImages
from dicomizer.sources.tiff.source import TiffSource

if TYPE_CHECKING:
    from pathlib import Path


_NAMED = {"label": Flavor.LABEL, "macro": Flavor.OVERVIEW}
_SUBFILE_TYPES = {1: Flavor.LABEL, 9: Flavor.OVERVIEW}


class SvsSource(TiffSource):
    """An open Aperio SVS file.

    Raises
    ------
    Refusal
        The file is no SVS, or its pixels are of a kind that is not converted.
    SourceError
        The file cannot be read or is damaged.
    """

    def __init__(self, path: Path) -> None:
        directories = read_directories(path)
        if not directories[0].description.startswith("Aperio"):
            raise AnotherFormat('the first description does not begin with "Aperio"')
        if not directories[0].is_tiled:
            raise Refusal("the first directory is not tiled")
        self._images = TiffImages(path, directories)
        try:
            self._slide = self._describe(path, directories)
        except BaseException:
            self._images.close()
            raise

    def _describe(self, path: Path, directories: tuple[TiffDirectory, ...]) -> Slide:
        described = [(item, read_description(item.description)) for item in directories]
        levels = [pair for pair in described if _flavor(*pair) is Flavor.VOLUME]
        scans = read_scans(self._images, levels)
        notes = _notes(described[0][1], scans)
        associated = []
        for item, description in described:
            flavor = _flavor(item, description)
            if flavor is None or flavor is Flavor.VOLUME:
                continue
            try:
                associated.append(self._images.whole(item, flavor))
            except Refusal as refusal:
                notes.append(f"{flavor.value.lower()} ({item.size}) left out: {refusal}")
        return Slide(
            path=path,
            format_name="Aperio SVS",
            scans=scans,
            associated=_first_of_each(associated),
            metadata=described[0][1].metadata,
            notes=(*notes, *self._images.notes),
        )


def _flavor(directory: TiffDirectory, description: SvsDescription) -> Flavor | None:
    """Tell what a directory shows; ``None`` where nobody says."""
    if directory.index == 0:
        return Flavor.VOLUME
    named = _NAMED.get(description.image_name)
    if directory.is_tiled:
        return named or (Flavor.THUMBNAIL if description.is_thumbnail else Flavor.VOLUME)
    if directory.index == 1:
        return Flavor.THUMBNAIL
    return named or _SUBFILE_TYPES.get(directory.subfile_type)


def _notes(description: SvsDescription, scans: tuple[Scan, ...]) -> list[str]:
    notes = []
    power = description.metadata.optics.objective_power
    if description.mpp is None and power is not None:
        notes.append(f"the size of a pixel is not told, only an objective of {power:g}x")
    if scans[0].origin is not None:
        notes.append(
            "place on the glass from Left and Top, which the vendor does not define: "
            "right to about a millimetre"
        )
    return notes


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
