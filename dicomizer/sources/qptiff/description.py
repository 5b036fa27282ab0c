# SPDX-License-Identifier: Apache-2.0
"""The XML that QPTIFF has in every directory: what it shows, of which channel, how scanned.

Written after public descriptions of the format, and never tried on a scanner's own file.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import Container, Equipment, Optics, SlideMetadata
from dicomizer.dicom.schema.limits import fitting
from dicomizer.slide import Illumination, OpticalPath
from dicomizer.sources.xml import parse_xml

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

_ROOT = "PerkinElmer-QPI-ImageDescription"
_POWER = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*[xX]")
_UNNAMED = frozenset({"none", "--"})
_US_PER_MS = 1000.0


@dataclass(frozen=True, slots=True)
class QptiffDescription:
    """What the description of one directory tells.

    Parameters
    ----------
    image_type
        Such as "FullResolution", in lower case.
    path
        Of the directory, if it is one of several.
    mpp
        Micrometres per pixel of the finest level, from the scan profile.
    """

    image_type: str
    path: OpticalPath
    mpp: float | None
    metadata: SlideMetadata


def read_description(
    text: str, file: Path, place: str, *, is_color: bool
) -> QptiffDescription | None:
    """Read an ImageDescription; what is absent or unreadable is ``None``.

    Parameters
    ----------
    is_color
        Whether the directory has three samples, and so shows what transmitted light shows.

    Returns
    -------
    description
        ``None`` for the text of something else.

    Raises
    ------
    CorruptSourceError
        The XML is not well formed.
    """
    if _ROOT not in text[:4096]:
        return None
    # The XML claims to be UTF-16; a parser that is given text pays no heed to that.
    root = parse_xml(text.lstrip("\ufeff"), file, place)
    if root.tag != _ROOT:
        return None
    return QptiffDescription(
        image_type=_text(root, "ImageType").lower(),
        path=OpticalPath() if is_color else _path(root),
        mpp=_positive(_profile(root, "PixelSizeMicrons")),
        metadata=_metadata(root),
    )


def _metadata(root: Element) -> SlideMetadata:
    software = fitting(_text(root, "AcquisitionSoftware"))
    return SlideMetadata(
        equipment=Equipment(
            model_name=fitting(_text(root, "InstrumentType")) or None,
            software_versions=(software,) if software else (),
        ),
        container=Container(
            identifier=fitting(_text(root, "SlideID")) or None,
            barcode=fitting(_text(root, "Barcode"), "LT") or None,
        ),
        optics=Optics(objective_power=_objective_power(root)),
    )


def _objective_power(root: Element) -> float | None:
    """Return the number in names such as "20x", or the one in the scan profile."""
    match = _POWER.match(_text(root, "Objective"))
    return _positive(match[1] if match else _profile(root, "Magnification"))


def _profile(root: Element, name: str) -> str:
    """Return a value of the resolution in the scan profile, wherever a version has it."""
    places = (f"ScanProfile//ScanResolution/{name}", f"ScanProfile/root/{name}")
    return next(filter(None, (_text(root, place) for place in places)), "")


def _path(root: Element) -> OpticalPath:
    exposure_us = _positive(_text(root, "ExposureTime"))
    return OpticalPath(
        name=_name(root),
        illumination=Illumination.FLUORESCENCE,
        excitation_nm=_center_nm(root, "ExcitationFilter"),
        emission_nm=_center_nm(root, "EmissionFilter"),
        color=_color(_text(root, "Color")),
        exposure_ms=exposure_us / _US_PER_MS if exposure_us else None,
    )


def _name(root: Element) -> str:
    """Return what is marked and by what, such as "CD8 (Opal 540)"."""
    name, biomarker = (
        "" if text.lower() in _UNNAMED else fitting(text)
        for text in (_text(root, "Name"), _text(root, "Biomarker"))
    )
    if not name or not biomarker or biomarker in name:
        return name or biomarker
    return fitting(f"{biomarker} ({name})")


def _center_nm(root: Element, name: str) -> float | None:
    """Return the middle of a filter's only band, or of the one that is in use."""
    bands = root.findall(f"{name}/Bands/Band")
    used = [band for band in bands if _text(band, "Active").lower() == "true"] or bands
    if len(used) != 1:
        return None
    first, last = (_positive(_text(used[0], edge)) for edge in ("Cuton", "Cutoff"))
    return (first + last) / 2 if first and last else None


def _color(text: str) -> tuple[int, int, int] | None:
    try:
        red, green, blue = (int(part) for part in text.split(","))
    except ValueError:
        return None
    return (red, green, blue) if all(0 <= part <= 255 for part in (red, green, blue)) else None


def _positive(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
