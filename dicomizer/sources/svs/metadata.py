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

from dicomizer.dicom.metadata import Equipment, Optics, SlideMetadata
from dicomizer.dicom.schema.limits import fitting

_TIME_ZONE = re.compile(r"GMT([+-])(\d{2}):?(\d{2})")


@dataclass(frozen=True, slots=True)
class SvsDescription:
    """What a description tells.

    Parameters
    ----------
    image_name
        First word of the second line in lower case: "label", "macro", or else.
    mpp
        Micrometres per pixel of level 0; ``None`` where absent or no positive number.
    """

    image_name: str
    properties: dict[str, str]
    mpp: float | None
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
    return SvsDescription(
        image_name=words[0].lower() if words else "",
        properties=properties,
        mpp=_positive(properties.get("MPP")),
        metadata=SlideMetadata(
            equipment=Equipment(
                manufacturer="Aperio",
                device_serial_number=fitting(properties.get("ScanScope ID", "")) or None,
                software_versions=tuple(map(fitting, lines[:1])),
            ),
            optics=Optics(objective_power=_positive(properties.get("AppMag"))),
            acquisition_datetime=_acquisition_datetime(properties),
        ),
    )


def _positive(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


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
