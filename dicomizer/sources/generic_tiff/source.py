# SPDX-License-Identifier: Apache-2.0
"""Tiled TIFF without a vendor's description, as libvips, ASAP and many programs write it.

Every tiled directory of the main chain is a level. Files of vendors whose description changes
what the pixels mean are refused here, since reading them as plain pyramids would lose it.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from dicomizer.dicom.metadata import Equipment, SlideMetadata
from dicomizer.dicom.schema.limits import fitting
from dicomizer.slide import Scan, Slide, SlideImage, SpacingMm
from dicomizer.sources.base import Refusal
from dicomizer.sources.tiff.directory import TiffDirectory, read_directories
from dicomizer.sources.tiff.images import TiffImages
from dicomizer.sources.tiff.pyramid import check_levels, with_level_spacing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from dicomizer.sources.base import Frame

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


class GenericTiffSource:
    """An open tiled TIFF.

    Raises
    ------
    Refusal
        The file is no TIFF, has a vendor's layout, or its tiles cannot be passed through.
    SourceError
        The file cannot be read or is damaged.
    """

    def __init__(self, path: Path) -> None:
        directories = read_directories(path)
        _refuse_vendors(directories)
        tiled = [item for item in directories if item.is_tiled]
        if not tiled:
            raise Refusal("no directory is tiled")
        self._images = TiffImages(path, directories)
        try:
            levels, notes = check_levels([self._images.level(item, None) for item in tiled])
        except BaseException:
            self._images.close()
            raise
        notes += [
            f"directory {item.index} ({item.size}) is not tiled: left out"
            for item in directories
            if not item.is_tiled
        ]
        base = directories[int(levels[0].key)]
        spacing = SpacingMm.from_mpp(*base.mpp) if base.mpp else None
        self._slide = Slide(
            path=path,
            format_name="tiled TIFF",
            scans=(Scan(with_level_spacing(levels, spacing)),),
            associated=(),
            metadata=_metadata(base),
            notes=tuple(notes),
        )

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


def _refuse_vendors(directories: tuple[TiffDirectory, ...]) -> None:
    for directory in directories:
        for attribute, sign, vendor in _VENDOR_SIGNS:
            if sign in getattr(directory, attribute)[:4096]:
                raise Refusal(f"{directory.place} has the layout of {vendor}")


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
