# SPDX-License-Identifier: Apache-2.0
"""TIFF without a vendor's description, as libvips, ASAP and many programs write it.

Every tiled directory of the main chain is a level, and so is every SubIFD of the first; where
none is tiled, those in strips are. Files of vendors whose description changes what the pixels
mean are refused here, since reading them as plain pyramids would lose it.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import Equipment, SlideMetadata
from dicomizer.dicom.schema.limits import fitting
from dicomizer.slide import Scan, Slide, SlideImage, SpacingMm
from dicomizer.sources.base import AnotherFormat, Refusal
from dicomizer.sources.tiff.content import channel_paths
from dicomizer.sources.tiff.directory import TiffDirectory, read_directories
from dicomizer.sources.tiff.images import TiffImages
from dicomizer.sources.tiff.pyramid import check_levels, with_level_spacing
from dicomizer.sources.tiff.source import TiffSource

if TYPE_CHECKING:
    from pathlib import Path


_VENDOR_SIGNS = (
    ("description", "Aperio", "Aperio SVS"),
    ("description", "<OME", "OME-TIFF"),
    ("description", "OME-TIFF", "OME-TIFF"),
    ("description", "<PhilipsTIFF", "Philips TIFF"),
    ("description", "DPUfsImport", "Philips TIFF"),
    ("description", "<PerkinElmer-QPI", "QPTIFF"),
    ("description", "leica-microsystems", "Leica SCN"),
    ("description", "<iScan", "Ventana"),
    ("description", "level=", "Ventana"),
    ("software", "ScanOutputManager", "Ventana"),
    ("software", "Philips", "Philips TIFF"),
    ("software", "MedScan", "Trestle"),
    ("software", "NDP.scan", "Hamamatsu NDPI"),
    ("make", "Hamamatsu", "Hamamatsu NDPI"),
)
_VENDOR_TAGS = {34412: "Zeiss LSM", 33628: "MetaMorph STK", 50706: "Adobe DNG"}
_IMAGEJ_STACK = re.compile(r"ImageJ=.*?^images=(\d+)", re.DOTALL | re.MULTILINE)


class GenericTiffSource(TiffSource):
    """An open TIFF.

    Raises
    ------
    Refusal
        The file is no TIFF, has a vendor's layout, or its pixels are of a kind that is not
        converted.
    SourceError
        The file cannot be read or is damaged.
    """

    def __init__(self, path: Path) -> None:
        directories = read_directories(path)
        _refuse_vendors(directories)
        _refuse_stack(directories[0])
        self._images = TiffImages(path, directories)
        try:
            self._slide = self._describe(path, directories)
        except BaseException:
            self._images.close()
            raise

    def _describe(self, path: Path, directories: tuple[TiffDirectory, ...]) -> Slide:
        chosen = [item for item in directories if item.is_tiled] or list(directories)
        base = max(chosen, key=lambda item: item.size.width)
        others = [item for item in (*chosen, *base.subdirectories) if item is not base]
        further, notes = self._further_levels(others)
        levels, more = check_levels([self._images.level(base, None), *further])
        notes += more
        notes += [
            f"directory {item.index} ({item.size}) is not tiled: left out"
            for item in directories
            if not item.is_tiled and base.is_tiled
        ]
        spacing = SpacingMm.from_mpp(*base.mpp) if base.mpp else None
        scan = Scan(
            with_level_spacing(levels, spacing),
            optical_paths=channel_paths(base, levels[0].paths),
        )
        return Slide(
            path=path,
            format_name="TIFF",
            scans=(scan,),
            associated=(),
            metadata=_metadata(base),
            notes=(*notes, *self._images.notes),
        )

    def _further_levels(
        self, directories: list[TiffDirectory]
    ) -> tuple[list[SlideImage], list[str]]:
        """Return what can be read of directories beside the base, and notes on the others."""
        images, notes = [], []
        for item in directories:
            try:
                images.append(self._images.level(item, None))
            except Refusal as refusal:
                notes.append(f"{item.size} left out: {refusal}")
        return images, notes


def _refuse_vendors(directories: tuple[TiffDirectory, ...]) -> None:
    for directory in directories:
        for attribute, sign, vendor in _VENDOR_SIGNS:
            if sign in getattr(directory, attribute)[:4096]:
                raise AnotherFormat(f"{directory.place} has the layout of {vendor}")
        for tag, vendor in _VENDOR_TAGS.items():
            if tag in directory.tags:
                raise AnotherFormat(f"{directory.place} has the layout of {vendor}")


def _refuse_stack(directory: TiffDirectory) -> None:
    """Refuse a stack of ImageJ, whose images may be planes, channels or times."""
    match = _IMAGEJ_STACK.match(directory.description)
    if match and match[1] != "1":
        raise Refusal(
            f"it is a stack of {match[1][:16]} images by ImageJ, of which no scale is known for "
            "sure: save it as OME-TIFF"
        )


def _metadata(directory: TiffDirectory) -> SlideMetadata:
    return SlideMetadata(
        equipment=Equipment(
            manufacturer=fitting(directory.make) or None,
            model_name=fitting(directory.model) or None,
            software_versions=tuple(filter(None, (fitting(directory.software),))),
        ),
        acquisition_datetime=_date_time(directory.date_time),
    )


def _date_time(text: str) -> dt.datetime | None:
    """Return the DateTime tag, which has no time zone."""
    try:
        return dt.datetime.strptime(text, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None
