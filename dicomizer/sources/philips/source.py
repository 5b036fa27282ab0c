# SPDX-License-Identifier: Apache-2.0
"""Philips TIFF, as IntelliSite exports it: a pyramid of JPEG tiles under an XML.

Tiled directories are levels, finest first; tiles without tissue are not stored. Label and macro
are directories that say so in their description, or JPEG streams within the XML.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from dicomizer.pixels.codecs.jpeg import JpegError
from dicomizer.slide import Flavor, OpticalPath, Scan, Slide
from dicomizer.sources.base import AnotherFormat, Refusal
from dicomizer.sources.philips.description import read_description
from dicomizer.sources.philips.embedded import read_embedded
from dicomizer.sources.philips.levels import with_true_sizes
from dicomizer.sources.tiff.directory import read_directories
from dicomizer.sources.tiff.images import TiffImages
from dicomizer.sources.tiff.pyramid import check_levels, with_level_spacing
from dicomizer.sources.tiff.source import TiffSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dicomizer.slide import SlideImage
    from dicomizer.sources.base import Frame
    from dicomizer.sources.philips.description import PhilipsDescription
    from dicomizer.sources.philips.embedded import EmbeddedImage
    from dicomizer.sources.tiff.directory import TiffDirectory

_NAMED = {"Label": Flavor.LABEL, "Macro": Flavor.OVERVIEW}


class PhilipsSource(TiffSource):
    """An open Philips TIFF.

    Raises
    ------
    Refusal
        The file is no TIFF, or not by Philips.
    SourceError
        The file cannot be read or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._directories = read_directories(path)
        _check_vendor(self._directories[0])
        description = read_description(self._directories[0].description, path)
        self._embedded: dict[str, EmbeddedImage] = {}
        self._notes: list[str] = []
        self._images = TiffImages(path, self._directories)
        try:
            self._slide = self._describe(description)
        except BaseException:
            self._images.close()
            raise

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[Frame]]:
        """Yield frames of an image in batches, coded as ``image.coding`` says."""
        embedded = self._embedded.get(image.key)
        if embedded is None:
            yield from self._images.frames(image, indices)
        else:
            frame = embedded.frame(self._path)
            yield [(frame,) for _ in (indices if indices is not None else (0,))]

    def _describe(self, description: PhilipsDescription) -> Slide:
        levels = self._levels(description)
        associated = self._associated(description)
        return Slide(
            path=self._path,
            format_name="Philips TIFF",
            scans=(Scan(levels, (OpticalPath(),) * levels[0].paths),),
            associated=associated,
            metadata=description.metadata,
            notes=(*self._notes, *self._images.notes),
        )

    def _levels(self, description: PhilipsDescription) -> tuple[SlideImage, ...]:
        stored = [
            _with_history(self._images.level(item, None), description)
            for item in self._directories
            if item.is_tiled
        ]
        sized, notes = with_true_sizes(stored, description.spacings)
        levels, more = check_levels(sized)
        self._notes += notes + more
        # The scanner rounds the spacings of coarser levels; whole factors of the first do not.
        return with_level_spacing(levels, next(iter(description.spacings), None))

    def _associated(self, description: PhilipsDescription) -> tuple[SlideImage, ...]:
        """Return one image of each kind; directories go over the XML."""
        found: dict[Flavor, SlideImage] = {}
        for image in chain(self._named_directories(), self._embedded_images(description)):
            found.setdefault(image.flavor, image)
        return tuple(found[flavor] for flavor in _NAMED.values() if flavor in found)

    def _named_directories(self) -> Iterator[SlideImage]:
        for item in self._directories:
            flavor = None if item.is_tiled else _NAMED.get(item.description[:5])
            if flavor is None:
                continue
            try:
                yield self._images.whole(item, flavor)
            except Refusal as refusal:
                self._notes.append(f"{flavor.value.lower()} ({item.size}) left out: {refusal}")

    def _embedded_images(self, description: PhilipsDescription) -> Iterator[SlideImage]:
        for stream in description.embedded:
            try:
                embedded = read_embedded(stream)
            except JpegError as error:
                self._notes.append(f"{stream.flavor.value.lower()} in the XML left out: {error}")
                continue
            self._embedded[embedded.image.key] = embedded
            yield embedded.image


def _check_vendor(directory: TiffDirectory) -> None:
    if "DPUfsImport" not in directory.description[:4096]:
        raise AnotherFormat("the first description has no DPUfsImport")
    if not directory.is_tiled:
        raise Refusal("the first directory is not tiled")


def _with_history(image: SlideImage, description: PhilipsDescription) -> SlideImage:
    coding = replace(image.coding, earlier=description.earlier)
    profile = image.icc_profile
    if profile is None and image.pixel_format.samples == 3:
        profile = description.icc_profile
    return replace(image, coding=coding, icc_profile=profile)
