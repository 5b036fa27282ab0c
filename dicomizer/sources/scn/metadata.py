# SPDX-License-Identifier: Apache-2.0
"""What the XML of a Leica SCN tells of scanner, objective and optical paths."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import math
import re
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import Container, Equipment, Optics, SlideMetadata
from dicomizer.dicom.schema.limits import fitting
from dicomizer.slide import Illumination, OpticalPath

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from dicomizer.sources.scn.collection import ScnCollection, ScnImage

_FILTER = re.compile(r"(?:BP\s*)?(\d{3,4}(?:\.\d+)?)\s*/\s*\d+(?:\.\d+)?")
"""Centre and width of a band pass in nanometres, such as "BP 405/60"."""
_COLOR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
_LARGEST_OFFSET = dt.timedelta(hours=14)


def read_metadata(collection: ScnCollection, image: ScnImage) -> SlideMetadata:
    """Return what is known of the slide, the scanner being that of ``image``."""
    versions = map(fitting, image.device_version.split(";"))
    return SlideMetadata(
        equipment=Equipment(
            manufacturer="Leica Microsystems",
            model_name=fitting(image.device_model.split(";")[0]) or None,
            software_versions=tuple(filter(None, versions)),
        ),
        container=Container(barcode=_barcode(collection)),
        optics=Optics(objective_power=objective_power(image)),
        acquisition_datetime=_date_time(image.creation_date),
    )


def objective_power(image: ScnImage) -> float | None:
    """Return the magnification of the objective."""
    return _positive(_setting(image, "{*}objectiveSettings/{*}objective"))


def is_fluorescence(image: ScnImage) -> bool:
    """Tell whether the illumination source is fluorescence."""
    source = _setting(image, "{*}illuminationSettings/{*}illuminationSource")
    return source.lower() == "fluorescence"


def optical_path(image: ScnImage, number: int) -> OpticalPath:
    """Return what is known of a channel.

    The exposure time is left out, since nothing tells its unit.
    """
    if not is_fluorescence(image):
        return OpticalPath()
    channel = _channel(image, number)
    if channel is None:
        return OpticalPath(illumination=Illumination.FLUORESCENCE)
    cube = "{*}fluorescenceCube/{*}"
    return OpticalPath(
        name=fitting(channel.get("name", "")),
        illumination=Illumination.FLUORESCENCE,
        excitation_nm=_center_nm(channel.findtext(f"{cube}excitationFilter") or ""),
        emission_nm=_center_nm(channel.findtext(f"{cube}suppressionFilter") or ""),
        color=_color(channel.get("rgb", "")),
    )


def _channel(image: ScnImage, number: int) -> Element | None:
    """Return the channel of an index; where channels have none, they stand in order."""
    if image.settings is None:
        return None
    channels = image.settings.findall("{*}channelSettings/{*}channel")
    for place, channel in enumerate(channels):
        if channel.get("index", str(place)).strip() == str(number):
            return channel
    return None


def _setting(image: ScnImage, path: str) -> str:
    found = None if image.settings is None else image.settings.findtext(path)
    return (found or "").strip()


def _center_nm(text: str) -> float | None:
    match = _FILTER.fullmatch(text.strip())
    return float(match[1]) if match else None


def _color(text: str) -> tuple[int, int, int] | None:
    match = _COLOR.fullmatch(text.strip())
    return (int(match[1], 16), int(match[2], 16), int(match[3], 16)) if match else None


def _positive(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _barcode(collection: ScnCollection) -> str | None:
    text = collection.barcode
    if collection.barcode_is_base64:
        with contextlib.suppress(ValueError):
            text = base64.b64decode(text, validate=True).decode()
    return fitting(text, "LT") or None


def _date_time(text: str) -> dt.datetime | None:
    """Return a date of ISO 8601; without a zone where it has none."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    offset = moment.utcoffset() or dt.timedelta()
    return moment if abs(offset) <= _LARGEST_OFFSET else moment.replace(tzinfo=None)
