# SPDX-License-Identifier: Apache-2.0
"""QPTIFF of PerkinElmer and Akoya scanners (Vectra, PhenoImager, PhenoCycler-Fusion).

Each directory says in its XML what it is. By transmitted light a level is one directory; by
fluorescence one for each channel, in one order at every level.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import Equipment, SlideMetadata
from dicomizer.dicom.schema.limits import fitting
from dicomizer.slide import Flavor, Scan, SizePx, Slide, SpacingMm
from dicomizer.sources.base import AnotherFormat, Refusal
from dicomizer.sources.qptiff.description import read_description
from dicomizer.sources.tiff.directory import read_directories
from dicomizer.sources.tiff.images import TiffImages
from dicomizer.sources.tiff.pyramid import check_levels, with_level_spacing
from dicomizer.sources.tiff.source import TiffSource

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.slide import SlideImage
    from dicomizer.sources.qptiff.description import QptiffDescription
    from dicomizer.sources.tiff.directory import TiffDirectory

_FULL = frozenset({"fullresolution", "baseline"})
_REDUCED = "reducedresolution"
_ASSOCIATED = {
    "thumbnail": Flavor.THUMBNAIL,
    "label": Flavor.LABEL,
    "overview": Flavor.OVERVIEW,
}


class QptiffSource(TiffSource):
    """An open QPTIFF.

    Raises
    ------
    Refusal
        The file is no TIFF, no QPTIFF, or its pixels are of another kind.
    SourceError
        The file cannot be read or is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._directories = read_directories(path)
        described = [(item, self._read(item)) for item in self._directories]
        if described[0][1] is None:
            raise AnotherFormat("the first description is none of PerkinElmer-QPI")
        self._described = [(item, found) for item, found in described if found is not None]
        self._notes: list[str] = [
            f"{item.place} ({item.size}) has no description: left out"
            for item, found in described
            if found is None
        ]
        self._images = TiffImages(path, self._directories)
        try:
            self._slide = self._describe()
        except BaseException:
            self._images.close()
            raise

    def _read(self, directory: TiffDirectory) -> QptiffDescription | None:
        return read_description(
            directory.description,
            self._path,
            directory.place,
            is_color=directory.samples_per_pixel > 1,
        )

    def _describe(self) -> Slide:
        full = [(item, found) for item, found in self._described if found.image_type in _FULL]
        if not full:
            raise Refusal("no directory is of full resolution")
        size = full[0][0].size
        base = [(item, found) for item, found in full if item.size == size]
        self._notes += [
            f"{item.place} ({item.size}) differs in size from the first channel: left out"
            for item, _ in full
            if item.size != size
        ]
        levels = self._levels([item for item, _ in base])
        # Samples that make no colour are paths of their own.
        repeats = levels[0].paths // len(base)
        scan = Scan(
            levels=with_level_spacing(levels, self._spacing(*base[0])),
            optical_paths=tuple(found.path for _, found in base for _ in range(repeats)),
        )
        return Slide(
            path=self._path,
            format_name="QPTIFF",
            scans=(scan,),
            associated=self._associated(),
            metadata=_metadata(*base[0]),
            notes=(*self._notes, *self._images.notes),
        )

    def _levels(self, base: list[TiffDirectory]) -> tuple[SlideImage, ...]:
        levels = [self._level(base)]
        for size, channels in self._reduced().items():
            try:
                if len(channels) != len(base):
                    raise Refusal(f"{len(channels)} of {len(base)} channels are stored")
                levels.append(self._level(channels))
            except Refusal as refusal:
                self._notes.append(f"level of {size} left out: {refusal}")
        found, notes = check_levels(levels)
        self._notes += notes
        return found

    def _level(self, channels: list[TiffDirectory]) -> SlideImage:
        if len(channels) == 1:
            return self._images.level(channels[0], None)
        return self._images.stack(channels, planes=1, paths=len(channels), spacing=None)

    def _reduced(self) -> dict[SizePx, list[TiffDirectory]]:
        """Return the directories of reduced levels; those of one size are channels of one."""
        found: dict[SizePx, list[TiffDirectory]] = {}
        for item, description in self._described:
            if description.image_type == _REDUCED:
                found.setdefault(item.size, []).append(item)
        return found

    def _spacing(self, directory: TiffDirectory, found: QptiffDescription) -> SpacingMm | None:
        """Return the spacing of the tags, which count the pixels as they are stored."""
        if directory.mpp is not None:
            return SpacingMm.from_mpp(*directory.mpp)
        if found.mpp is None:
            return None
        self._notes.append("the spacing is that of the scan profile, as the tags have none")
        return SpacingMm.from_mpp(found.mpp, found.mpp)

    def _associated(self) -> tuple[SlideImage, ...]:
        """Return the first image of each kind."""
        found: dict[Flavor, SlideImage] = {}
        for item, description in self._described:
            flavor = _ASSOCIATED.get(description.image_type)
            if flavor is None or flavor in found:
                continue
            try:
                image = self._images.whole(item, flavor)
            except Refusal as refusal:
                self._notes.append(f"{flavor.value.lower()} ({item.size}) left out: {refusal}")
                continue
            spacing = SpacingMm.from_mpp(*item.mpp) if item.mpp else None
            found[flavor] = replace(image, spacing=spacing)
        return tuple(found[flavor] for flavor in _ASSOCIATED.values() if flavor in found)


def _metadata(directory: TiffDirectory, found: QptiffDescription) -> SlideMetadata:
    """Return what the XML tells, and the tags where it is silent."""
    tags = SlideMetadata(
        equipment=Equipment(
            manufacturer=fitting(directory.make) or None,
            model_name=fitting(directory.model) or None,
        ),
        acquisition_datetime=_date_time(directory.date_time),
    )
    return found.metadata.over(tags)


def _date_time(text: str) -> dt.datetime | None:
    """Return the DateTime tag, which has no time zone."""
    try:
        return dt.datetime.strptime(text, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None
