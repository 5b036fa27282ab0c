# SPDX-License-Identifier: Apache-2.0
"""What the XML in a CZI file tells of the scan: scale, channels, objective, microscope."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import Equipment, Optics, SlideMetadata
from dicomizer.dicom.schema.limits import fitting
from dicomizer.slide import Illumination, OpticalPath, SpacingMm

if TYPE_CHECKING:
    from collections.abc import Iterable
    from xml.etree.ElementTree import Element

_COLOR = re.compile(r"#(?:[0-9A-Fa-f]{2})?([0-9A-Fa-f]{6})")
_UM_PER_M = 1_000_000
_NS_PER_MS = 1_000_000


def read_spacing(root: Element) -> SpacingMm | None:
    """Return the distance of pixels, which is told in metres."""
    x, y = (_distance_um(root, axis) for axis in "XY")
    return SpacingMm.from_mpp(x, y) if x and y else None


def read_plane_spacing_um(root: Element) -> float | None:
    """Return the distance of focal planes."""
    return _distance_um(root, "Z")


def read_optical_paths(root: Element, count: int) -> tuple[OpticalPath, ...]:
    """Return ``count`` channels; those that nothing is told of have no name."""
    channels = root.findall(".//Information/Image/Dimensions/Channels/Channel")
    shown = root.findall(".//DisplaySetting/Channels/Channel")
    return tuple(_optical_path(channels[n : n + 1], shown[n : n + 1]) for n in range(count))


def read_metadata(root: Element) -> SlideMetadata:
    """Return what is told of the microscope and of the time."""
    application = root.find(".//Information/Application")
    version = (_text(application, name) for name in ("Name", "Version"))
    objective = root.find(".//Information/Instrument/Objectives/Objective")
    return SlideMetadata(
        equipment=Equipment(
            manufacturer="Zeiss",
            model_name=_attribute(root, ".//Information/Instrument/Microscopes/Microscope"),
            software_versions=tuple(filter(None, (fitting(" ".join(filter(None, version))),))),
        ),
        optics=Optics(objective_power=_positive(_text(objective, "NominalMagnification"))),
        acquisition_datetime=_moment(root.findtext(".//Information/Image/AcquisitionDateAndTime")),
    )


def _distance_um(root: Element, axis: str) -> float | None:
    for item in root.iterfind(".//Scaling/Items/Distance"):
        if item.get("Id") == axis:
            metres = _positive(_text(item, "Value"))
            return metres * _UM_PER_M if metres else None
    return None


def _optical_path(channels: Iterable[Element], shown: Iterable[Element]) -> OpticalPath:
    told, display = next(iter(channels), None), next(iter(shown), None)
    exposure = _positive(_text(told, "ExposureTime"))
    return OpticalPath(
        name=_name(told) or _name(display),
        illumination=_illumination(told),
        excitation_nm=_positive(_text(told, "ExcitationWavelength")),
        emission_nm=_positive(_text(told, "EmissionWavelength")),
        color=_color(_text(display, "Color")) or _color(_text(told, "Color")),
        exposure_ms=exposure / _NS_PER_MS if exposure else None,
    )


def _name(channel: Element | None) -> str:
    return "" if channel is None else fitting(channel.get("Name") or "")


def _illumination(channel: Element | None) -> Illumination:
    told = (_text(channel, name) for name in ("ContrastMethod", "AcquisitionMode"))
    is_fluorescence = any("fluor" in item.lower() for item in told)
    is_fluorescence |= bool(_positive(_text(channel, "EmissionWavelength")))
    return Illumination.FLUORESCENCE if is_fluorescence else Illumination.BRIGHTFIELD


def _color(text: str) -> tuple[int, int, int] | None:
    """Return the colour of ``#AARRGGBB`` or ``#RRGGBB``."""
    match = _COLOR.fullmatch(text)
    if match is None:
        return None
    red, green, blue = bytes.fromhex(match[1])
    return red, green, blue


def _attribute(root: Element, path: str) -> str | None:
    found = root.find(path)
    return None if found is None else fitting(found.get("Name") or "") or None


def _text(element: Element | None, name: str) -> str:
    return "" if element is None else (element.findtext(name) or "").strip()


def _positive(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _moment(text: str | None) -> dt.datetime | None:
    """Return a time in ISO 8601, whose seconds have seven digits behind the point."""
    shortened = re.sub(r"(\.\d{6})\d+", r"\1", (text or "").strip())
    try:
        return dt.datetime.fromisoformat(shortened)
    except ValueError:
        return None
