# SPDX-License-Identifier: Apache-2.0
"""OME-TIFF: images in directories of a TIFF, described by XML in the first.

An image has a directory for each focal plane and channel; lower resolutions are SubIFDs of
these, or, as Bio-Formats wrote before version 6, images of their own or directories that the XML
does not name. Images are told apart as label, overview and scans by their names.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError
from dicomizer.slide import Flavor, Illumination, OpticalPath, Scan, Slide
from dicomizer.sources.base import AnotherFormat, Refusal
from dicomizer.sources.ome.description import OmeImage, read_images
from dicomizer.sources.ome.metadata import read_metadata
from dicomizer.sources.ome.planes import plane_directories
from dicomizer.sources.tiff.content import channel_paths
from dicomizer.sources.tiff.directory import TiffDirectory, read_directories
from dicomizer.sources.tiff.images import TiffImages
from dicomizer.sources.tiff.pyramid import pyramids, with_level_spacing
from dicomizer.sources.tiff.source import TiffSource
from dicomizer.sources.xml import parse_xml

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from dicomizer.slide import SlideImage

_FLAVORS = {
    "label": Flavor.LABEL,
    "macro": Flavor.OVERVIEW,
    "overview": Flavor.OVERVIEW,
    "thumbnail": Flavor.THUMBNAIL,
}
_ROOT = re.compile(r"<(\w+:)?OME[\s>]")
"""Other XML begins with "OME" too: Olympus writes "<OME-metadata not available>"."""
_REDUCED = 1
"""Subfile type of an image at lower resolution."""


class OmeSource(TiffSource):
    """An open OME-TIFF.

    Raises
    ------
    Refusal
        The file is no TIFF, has no OME-XML, is one of several, or its pixels are of a kind that
        is not converted.
    SourceError
        The file cannot be read or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._directories = read_directories(path)
        root = _read_xml(self._directories[0], path)
        self._uuid = root.get("UUID", "")
        self._notes: list[str] = []
        self._images = TiffImages(path, self._directories)
        try:
            self._slide = self._describe(root)
        except (ValueError, OverflowError) as error:
            self._images.close()
            raise CorruptSourceError(
                f"the OME-XML cannot be used: {error}", file=path, remedy="copy the file again"
            ) from error
        except BaseException:
            self._images.close()
            raise

    def _describe(self, root: Element) -> Slide:
        images = read_images(root)
        if not images:
            raise Refusal("the OME-XML describes no image")
        scanned = [image for image in images if _flavor(image) is None] or [images[0]]
        scans = self._scans(scanned)
        associated = self._associated([image for image in images if image not in scanned])
        return Slide(
            path=self._path,
            format_name="OME-TIFF",
            scans=scans,
            associated=associated,
            metadata=read_metadata(root, scanned[0].element),
            notes=(*dict.fromkeys(self._notes), *self._images.notes),
        )

    # Scans --------------------------------------------------------------------------------------

    def _scans(self, images: list[OmeImage]) -> tuple[Scan, ...]:
        described: dict[str, tuple[OmeImage, TiffDirectory]] = {}
        stored: list[SlideImage] = []
        used: set[int] = set()
        for image in images:
            planes, channels = self._planes(image)
            used.update(item.index for item in planes)
            levels = self._levels(image, planes, channels)
            described.update((level.key, (image, planes[0])) for level in levels)
            stored += levels
        stored += self._unnamed_levels(images, used)
        scans = []
        for chain in pyramids(stored):
            if chain[0].key in described:
                scans.append(self._scan(chain, *described[chain[0].key]))
            else:
                self._notes.append(f"{chain[0].size}, which the OME-XML does not name: left out")
        return tuple(scans)

    def _planes(self, image: OmeImage) -> tuple[list[TiffDirectory], int]:
        if image.sizes["T"] > 1:
            self._notes.append(f"of {image.sizes['T']} times the first is converted")
        return plane_directories(image, self._directories, self._uuid, self._path.name)

    def _levels(
        self, image: OmeImage, planes: list[TiffDirectory], channels: int
    ) -> list[SlideImage]:
        """Return an image and its SubIFDs, each with all planes and channels."""
        size = planes[0].size
        if (size.width, size.height) != (image.width, image.height):
            raise ValueError(
                f"found {size} pixels in {planes[0].place}, "
                f"{image.width} x {image.height} in the XML"
            )
        reduced = min(len(plane.subdirectories) for plane in planes)
        levels = [[plane.subdirectories[number] for plane in planes] for number in range(reduced)]
        return [self._level(level, channels) for level in (planes, *levels)]

    def _level(self, planes: list[TiffDirectory], channels: int) -> SlideImage:
        if len(planes) == 1:
            return self._images.level(planes[0], None)
        return self._images.stack(
            planes, planes=len(planes) // channels, paths=channels, spacing=None
        )

    def _unnamed_levels(self, images: list[OmeImage], used: set[int]) -> list[SlideImage]:
        """Return directories at lower resolution that no image of the XML has."""
        if len(images) > 1 or len(used) > 1:
            return []
        rest = [item for item in self._directories if item.index not in used]
        return [self._images.level(item, None) for item in rest if item.subfile_type & _REDUCED]

    def _scan(
        self, levels: tuple[SlideImage, ...], image: OmeImage, directory: TiffDirectory
    ) -> Scan:
        return Scan(
            with_level_spacing(levels, image.spacing),
            optical_paths=self._optical_paths(levels[0], image, directory),
            plane_spacing_um=image.plane_spacing_um,
            name=image.name,
        )

    def _optical_paths(
        self, level: SlideImage, image: OmeImage, directory: TiffDirectory
    ) -> tuple[OpticalPath, ...]:
        if level.pixel_format.samples == 3:
            names = image.paths[:1] if len(image.paths) == 1 else ()
            brightfield = Illumination.BRIGHTFIELD
            return tuple(replace(path, illumination=brightfield) for path in names) or (
                (OpticalPath(),) * level.paths
            )
        if not image.is_told:
            self._notes.append("lighting not told by the OME-XML: taken for brightfield")
        if len(image.paths) == level.paths:
            return image.paths
        return channel_paths(directory, level.paths)

    # Associated images --------------------------------------------------------------------------

    def _associated(self, images: list[OmeImage]) -> tuple[SlideImage, ...]:
        found: dict[Flavor, SlideImage] = {}
        for image in images:
            flavor = _flavor(image) or Flavor.OVERVIEW
            try:
                planes, _ = self._planes(image)
                found.setdefault(flavor, self._images.whole(planes[0], flavor))
            except Refusal as refusal:
                self._notes.append(f"{flavor.value.lower()} left out: {refusal}")
        order = (Flavor.THUMBNAIL, Flavor.LABEL, Flavor.OVERVIEW)
        return tuple(found[flavor] for flavor in order if flavor in found)


def _read_xml(directory: TiffDirectory, path: Path) -> Element:
    text = directory.description
    if not _ROOT.search(text[:4096]):
        raise AnotherFormat("the first description has no OME-XML")
    root = parse_xml(text.lstrip("\ufeff"), path, directory.place)
    if root.tag.rpartition("}")[2] != "OME":
        raise AnotherFormat("the XML of the first description is not OME's")
    if any(item.tag.rpartition("}")[2] == "BinaryOnly" for item in root):
        raise Refusal("the OME-XML is in another file: an OME-TIFF of several is not converted")
    return root


def _flavor(image: OmeImage) -> Flavor | None:
    """Tell an associated image by its name, such as "label image" of Bio-Formats."""
    words = image.name.lower().split()
    is_short = len(words) in (1, 2) and words[1:] in ([], ["image"])
    return _FLAVORS.get(words[0]) if is_short else None
