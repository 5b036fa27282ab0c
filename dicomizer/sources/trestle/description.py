# SPDX-License-Identifier: Apache-2.0
"""The text that Trestle's MedScan writes into ImageDescription: ``name=value;name=value``."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import Equipment, Optics, SlideMetadata
from dicomizer.dicom.schema.limits import fitting
from dicomizer.errors import CorruptSourceError
from dicomizer.slide import SpacingMm

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.sources.tiff.directory import TiffDirectory

_X_RESOLUTION, _Y_RESOLUTION = 282, 283
_WHITE = (255, 255, 255)
_COLOR = re.compile(r"[0-9a-fA-F]{6}")
_UM_TIMES_POWER = 10.0
"""A camera's pixel is about that large: 0.25 um at 40x, 0.5 um at 20x."""
_LARGEST_DEVIATION = 4.0
_LEAST_MPP, _MOST_MPP = 0.02, 10.0
_DEFAULT = 1.0
"""What programs write where they know nothing."""


@dataclass(frozen=True, slots=True)
class TrestleDescription:
    """What the first directory tells.

    Parameters
    ----------
    overlaps
        By how many pixels neighbouring tiles overlap, horizontally and vertically, of each level;
        levels beyond do not overlap.
    background
        Red, green and blue of glass without tissue.
    spacing
        Of level 0; ``None`` where absent or of no possible slide.
    """

    overlaps: tuple[tuple[int, int], ...]
    background: tuple[int, int, int]
    spacing: SpacingMm | None
    metadata: SlideMetadata


def read_description(directory: TiffDirectory, path: Path) -> TrestleDescription:
    """Read the description and tags of the first directory.

    Raises
    ------
    CorruptSourceError
        The overlaps are no numbers.
    """
    pairs = (part.partition("=") for part in directory.description.split(";"))
    properties = {name.strip(): value.strip() for name, separator, value in pairs if separator}
    power = _positive(properties.get("Objective Power", ""))
    return TrestleDescription(
        overlaps=_overlaps(properties.get("OverlapsXY", ""), path),
        background=_color(properties.get("Background Color", "")),
        spacing=_spacing(directory, power),
        metadata=SlideMetadata(
            equipment=Equipment(
                manufacturer="Trestle",
                model_name=fitting(directory.model) or None,
                software_versions=(fitting(directory.software),),
            ),
            optics=Optics(objective_power=power),
            acquisition_datetime=_date_time(directory.date_time),
        ),
    )


def _overlaps(text: str, path: Path) -> tuple[tuple[int, int], ...]:
    words = text.split()
    if not all(word.isascii() and word.isdigit() and len(word) < 6 for word in words):
        raise CorruptSourceError(
            f"OverlapsXY is {text[:64]!r}, expected numbers of pixels",
            file=path,
            place="ImageDescription",
            remedy="the file is damaged; copy it again",
        )
    values = [int(word) for word in words]
    return tuple(zip(values[::2], values[1::2], strict=False))


def _color(text: str) -> tuple[int, int, int]:
    if not _COLOR.fullmatch(text):
        return _WHITE
    red, green, blue = bytes.fromhex(text)
    return red, green, blue


def _spacing(directory: TiffDirectory, power: float | None) -> SpacingMm | None:
    """Return the spacing of the resolution tags, which hold micrometres per pixel.

    TIFF has pixels per unit there; the scanner does not care. A value that the objective cannot
    see is not taken: it may be a default, or written by a program that obeys TIFF.
    """
    x, y = (_ratio(directory.tags.get(tag)) for tag in (_X_RESOLUTION, _Y_RESOLUTION))
    if x is None or y is None or not (_is_plausible(x, power) and _is_plausible(y, power)):
        return None
    return SpacingMm.from_mpp(x, y)


def _ratio(value: object) -> float | None:
    if not isinstance(value, tuple) or len(value) != 2 or not all(value):
        return None
    return float(value[0] / value[1])


def _is_plausible(mpp: float, power: float | None) -> bool:
    if power is None:
        return _LEAST_MPP <= mpp <= _MOST_MPP and mpp != _DEFAULT
    ratio = mpp * power / _UM_TIMES_POWER
    is_default = mpp == _DEFAULT and ratio != 1
    return 1 / _LARGEST_DEVIATION <= ratio <= _LARGEST_DEVIATION and not is_default


def _positive(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _date_time(text: str) -> dt.datetime | None:
    """Return the DateTime tag, which has no time zone."""
    try:
        return dt.datetime.strptime(text, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None
