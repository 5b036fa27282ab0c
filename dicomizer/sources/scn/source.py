# SPDX-License-Identifier: Apache-2.0
"""Leica SCN: a BigTIFF whose XML says which directory is what part of which image.

An image that covers the whole slide is the overview; every other is a scan of its own, since
the area between two scans was never seen: the canvas that holds them all is not built.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError
from dicomizer.slide import Flavor, Slide
from dicomizer.sources.base import AnotherFormat, Refusal
from dicomizer.sources.scn.collection import read_collection
from dicomizer.sources.scn.metadata import is_fluorescence, objective_power, read_metadata
from dicomizer.sources.scn.scans import ScanBuilder, base_directory, spacing_of
from dicomizer.sources.tiff.directory import read_directories
from dicomizer.sources.tiff.images import TiffImages
from dicomizer.sources.tiff.source import TiffSource

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.slide import SlideImage
    from dicomizer.sources.scn.collection import ScnCollection, ScnImage


class ScnSource(TiffSource):
    """An open Leica SCN file.

    Raises
    ------
    Refusal
        The file is no TIFF, or not of Leica.
    SourceError
        The file cannot be read or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._directories = read_directories(path)
        description = self._directories[0].description
        if "leica-microsystems" not in description[:4096]:
            raise AnotherFormat("the first description has no namespace of Leica")
        collection = read_collection(description, path)
        self._notes: list[str] = []
        self._images = TiffImages(path, self._directories)
        try:
            self._slide = self._describe(collection)
        except BaseException:
            self._images.close()
            raise

    def _describe(self, collection: ScnCollection) -> Slide:
        for image in collection.images:
            self._check(image)
            if not image.directories:
                self._notes.append(f"{image.name or 'an image'} has no pixels: left out")
        scanned, overviews = _divided(collection)
        if not scanned:
            raise CorruptSourceError(
                "the XML describes no image", file=self._path, place="ImageDescription"
            )
        builder = ScanBuilder(self._images, self._directories)
        scans = builder.scans(scanned)
        self._notes += builder.notes
        if len(set(map(objective_power, scanned))) > 1:
            self._notes.append("the scans differ in their objective: that of the first is written")
        return Slide(
            path=self._path,
            format_name="Leica SCN",
            scans=scans,
            associated=(*self._label(collection), *self._overview(overviews)),
            metadata=read_metadata(collection, scanned[0]),
            notes=(*self._notes, *self._images.notes),
        )

    def _check(self, image: ScnImage) -> None:
        """Check that the directories of an image exist, and that it names none twice."""
        count = len(self._directories)
        numbers = image.directories.values()
        wrong = next((number for number in numbers if not 0 <= number < count), None)
        if wrong is not None or len(numbers) != len(set(numbers)):
            found = f"names directory {wrong}" if wrong is not None else "names a directory twice"
            raise CorruptSourceError(
                f"{image.name or 'an image'} {found}, the file has {count}",
                file=self._path,
                place="ImageDescription",
                remedy="the file is damaged; copy it again",
            )

    def _label(self, collection: ScnCollection) -> list[SlideImage]:
        number = collection.label
        if number is None:
            return []
        if not 0 <= number < len(self._directories):
            self._notes.append(f"label left out: the file has no directory {number}")
            return []
        return self._whole(number, Flavor.LABEL)

    def _overview(self, images: list[ScnImage]) -> list[SlideImage]:
        """Return the overview by transmitted light, if there are several."""
        ordered = sorted(images, key=is_fluorescence)
        self._notes += [
            f"{image.name or 'another image'} covers the slide as well: left out"
            for image in ordered[1:]
        ]
        if not ordered:
            return []
        number = base_directory(ordered[0])
        spacing = spacing_of(ordered[0], self._directories[number].size)
        return [replace(item, spacing=spacing) for item in self._whole(number, Flavor.OVERVIEW)]

    def _whole(self, number: int, flavor: Flavor) -> list[SlideImage]:
        directory = self._directories[number]
        try:
            return [self._images.whole(directory, flavor)]
        except Refusal as refusal:
            self._notes.append(f"{flavor.value.lower()} ({directory.size}) left out: {refusal}")
            return []


def _divided(collection: ScnCollection) -> tuple[list[ScnImage], list[ScnImage]]:
    """Return the scans, the most magnified first, and the overviews."""
    images = [image for image in collection.images if image.directories]
    images.sort(key=lambda image: -(objective_power(image) or 0))
    overviews = [image for image in images if _covers(image, collection)]
    scanned = [image for image in images if not _covers(image, collection)]
    # A slide that was scanned from edge to edge has no other image.
    return (scanned, overviews) if scanned else (overviews[:1], overviews[1:])


def _covers(image: ScnImage, collection: ScnCollection) -> bool:
    view, whole = image.view, collection.view
    if view is None or whole is None:
        return False
    return (view.x, view.y, view.width, view.height) == (0, 0, whole.width, whole.height)
