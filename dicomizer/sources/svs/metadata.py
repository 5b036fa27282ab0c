# SPDX-License-Identifier: Apache-2.0
"""The text that Aperio scanners write into ImageDescription.

The first line names the software; the second has the size of the image, and behind bars
properties such as ``AppMag = 20``. An image re-saved by ImageScope carries the description of
its origin behind a semicolon.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass

from dicomizer.dicom.metadata import Container, Equipment, Optics, Series, SlideMetadata
from dicomizer.dicom.schema.limits import fitting
from dicomizer.slide import Illumination, OpticalPath, PointMm

_TIME_ZONE = re.compile(r"GMT([+-])(\d{2}):?(\d{2})")
_CROP = re.compile(r"\d+x\d+ \[(\d{1,7}),(\d{1,7}) \d+x\d+\]")
"""Size of an origin, and which part of it the image is."""
_THUMBNAIL = re.compile(r"-> \d+x\d+ - ")
"""A level names its codec there."""
_GLASS_MM = (26.0, 76.0)
_GLASS_LENGTH_MM = 75.0
_TOLERANCE_MM = 2.0


@dataclass(frozen=True, slots=True)
class SvsDescription:
    """What a description tells.

    Parameters
    ----------
    image_name
        First word of the second line in lower case: "label", "macro", or else.
    is_thumbnail
        Whether the text is that of a thumbnail, of which no codec is named.
    mpp
        Micrometres per pixel of level 0; ``None`` where absent or no positive number.
    origin
        Of the top left pixel on the glass.
    focus_um
        Height of the focal plane, of one that is in a stack.
    path
        The channel of one by fluorescence; ``None`` where no dye is told.
    """

    image_name: str
    is_thumbnail: bool
    properties: dict[str, str]
    mpp: float | None
    origin: PointMm | None
    focus_um: float | None
    path: OpticalPath | None
    metadata: SlideMetadata


def read_description(description: str) -> SvsDescription:
    """Read an ImageDescription; what is absent or unreadable is ``None``."""
    head, *parts = description.split("|")
    lines = head.splitlines()
    words = lines[1].split() if len(lines) > 1 else []
    properties: dict[str, str] = {}
    for part in parts:
        key, separator, value = part.partition("=")
        if separator:
            properties.setdefault(key.strip(), value.split(";")[0].strip())
    mpp = _positive(properties.get("MPP"))
    return SvsDescription(
        image_name=words[0].lower() if words else "",
        is_thumbnail=_THUMBNAIL.search(head) is not None,
        properties=properties,
        mpp=mpp,
        origin=_origin(head, properties, mpp),
        focus_um=_number(properties.get("OffsetZ")),
        path=_path(properties),
        metadata=_metadata(lines, properties),
    )


def _metadata(lines: list[str], properties: dict[str, str]) -> SlideMetadata:
    software = fitting(lines[0]) if lines else ""
    by_leica = "Leica Biosystems" in software
    return SlideMetadata(
        series=Series(description=fitting(properties.get("Filename", "")) or None),
        equipment=Equipment(
            manufacturer="Leica Biosystems" if by_leica else "Aperio",
            model_name=fitting(properties.get("ScannerType", "")) or None,
            device_serial_number=fitting(properties.get("ScanScope ID", "")) or None,
            software_versions=(software,) if software else (),
        ),
        container=Container(barcode=fitting(properties.get("Barcode", ""), "LT") or None),
        optics=Optics(objective_power=_positive(properties.get("AppMag"))),
        acquisition_datetime=_acquisition_datetime(properties),
    )


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _positive(text: str | None) -> float | None:
    value = _number(text)
    return value if value is not None and value > 0 else None


def _origin(head: str, properties: dict[str, str], mpp: float | None) -> PointMm | None:
    """Return the place of the top left pixel in the slide coordinate system.

    Aperio does not define Left and Top. In every slide whose macro is known they are the distance
    from the short edge with the label and the height above the lower long edge, as seen with the
    label to the left; other converters read them alike. As the length of the glass is not told,
    that of the standard is taken; so Y may be wrong by a millimetre, the same for all scans of a
    scanner. An image cut out of a scan has the Left and Top of the scan.
    """
    left, top = _number(properties.get("Left")), _number(properties.get("Top"))
    if left is None or top is None:
        return None
    cuts = [_CROP.search(section) for section in head.split(";")[:-1]]
    if any(cuts) and mpp is None:
        return None
    across, down = (
        sum(int(cut[group]) for cut in cuts if cut) * (mpp or 0) / 1000 for group in (1, 2)
    )
    x, y = top - down, _GLASS_LENGTH_MM - left - across
    is_on_glass = all(
        -_TOLERANCE_MM <= value <= most + _TOLERANCE_MM
        for value, most in zip((x, y), _GLASS_MM, strict=True)
    )
    return PointMm(round(x, 6), round(y, 6)) if is_on_glass else None


def _path(properties: dict[str, str]) -> OpticalPath | None:
    dye = properties.get("Dye", "")
    if not dye:
        return None
    return OpticalPath(
        name=fitting(dye),
        illumination=Illumination.FLUORESCENCE,
        excitation_nm=_positive(properties.get("Excitation Wavelength")),
        emission_nm=_positive(properties.get("Emission Wavelength")),
    )


def _acquisition_datetime(properties: dict[str, str]) -> dt.datetime | None:
    """Return the time of scanning; without a time zone where the file has none."""
    text = f"{properties.get('Date', '')} {properties.get('Time', '')}"
    for layout in ("%m/%d/%y %H:%M:%S", "%m/%d/%Y %H:%M:%S"):
        try:
            moment = dt.datetime.strptime(text, layout)  # noqa: DTZ007 - the zone follows below
        except ValueError:
            continue
        return moment.replace(tzinfo=_time_zone(properties.get("Time Zone", "")))
    return None


def _time_zone(text: str) -> dt.timezone | None:
    match = _TIME_ZONE.fullmatch(text.strip())
    if match is None:
        return None
    offset = dt.timedelta(hours=int(match[2]), minutes=int(match[3]))
    if offset >= dt.timedelta(hours=15):
        return None
    return dt.timezone(-offset if match[1] == "-" else offset)
