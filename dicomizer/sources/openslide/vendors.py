# SPDX-License-Identifier: Apache-2.0
"""What OpenSlide's properties tell of the scanner and the scan.

References
----------
openslide.org/formats (the properties of each vendor)
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import Container, Equipment, Optics, SlideMetadata
from dicomizer.dicom.schema.limits import fitting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dicomizer.slide import SizePx


@dataclass(frozen=True, slots=True)
class Vendor:
    """What is known of a vendor's format beside the properties."""

    format_name: str
    manufacturer: str


VENDORS = {
    "mirax": Vendor("3DHISTECH MRXS", "3DHISTECH"),
    "sakura": Vendor("Sakura svslide", "Sakura"),
    "hamamatsu": Vendor("Hamamatsu", "Hamamatsu"),
}
"""Those of which it is known how they store pixels, and that no other reader refuses on purpose."""
_HAMAMATSU = {
    ".vms": Vendor("Hamamatsu VMS", "Hamamatsu"),
    ".vmu": Vendor("Hamamatsu VMU", "Hamamatsu"),
    ".ndpi": Vendor("Hamamatsu NDPI", "Hamamatsu"),
}


def vendor_of(name: str, path: Path) -> Vendor:
    """Return what is known of the vendor that OpenSlide names."""
    if name == "hamamatsu":
        return _HAMAMATSU.get(path.suffix.lower(), VENDORS[name])
    return VENDORS[name]


def read_metadata(name: str, path: Path, properties: Mapping[str, str]) -> SlideMetadata:
    """Read what the properties tell; what is absent or unreadable is ``None``."""
    metadata = SlideMetadata(
        equipment=Equipment(manufacturer=vendor_of(name, path).manufacturer),
        optics=Optics(objective_power=positive(properties.get("openslide.objective-power"))),
    )
    more = _METADATA.get(name)
    return more(properties).over(metadata) if more else metadata


def positive(text: str | None) -> float | None:
    """Return a property that is a positive number."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def macro_mpp(size: SizePx, properties: Mapping[str, str]) -> float | None:
    """Return the micrometres per pixel of the macro image; Hamamatsu tells its width in nm."""
    width_nm = positive(properties.get("hamamatsu.MacroWidth"))
    return width_nm / 1000 / size.width if width_nm else None


def is_fluorescence(properties: Mapping[str, str]) -> bool:
    """Tell whether a slide was not scanned by transmitted light."""
    return "FLUORESCENCE" in properties.get("mirax.GENERAL.SLIDE_TYPE", "").upper()


def _mirax(properties: Mapping[str, str]) -> SlideMetadata:
    model = _first(properties, ".SCANNER_HARDWARE_VERSION")
    return SlideMetadata(
        equipment=Equipment(
            # Some write a mere number there, which is no name of a scanner.
            model_name=model if model and any(map(str.isalpha, model)) else None,
            device_serial_number=_first(properties, ".SCANNER_HARDWARE_ID"),
            software_versions=tuple(
                filter(None, [_first(properties, ".SCANNER_SOFTWARE_VERSION")])
            ),
        ),
        container=Container(barcode=_first(properties, ".BARCODE_VALUE")),
        acquisition_datetime=_moment(
            properties.get("mirax.GENERAL.SLIDE_CREATIONDATETIME", ""), "%d/%m/%Y %H:%M:%S"
        ),
    )


def _hamamatsu(properties: Mapping[str, str]) -> SlideMetadata:
    reference = fitting(properties.get("hamamatsu.SlideReference", ""))
    return SlideMetadata(container=Container(label_text=reference or None))


def _sakura(properties: Mapping[str, str]) -> SlideMetadata:
    return SlideMetadata(
        container=Container(identifier=_first(properties, "sakura.SlideId")),
    )


_METADATA = {"mirax": _mirax, "hamamatsu": _hamamatsu, "sakura": _sakura}


def _ending(properties: Mapping[str, str], suffix: str) -> tuple[str, ...]:
    """Return the values of properties in whatever section: its name differs between versions."""
    return tuple(value for key, value in properties.items() if key.endswith(suffix))


def _first(properties: Mapping[str, str], suffix: str) -> str | None:
    return next(filter(None, map(fitting, _ending(properties, suffix))), None)


def _moment(text: str, layout: str) -> dt.datetime | None:
    """Return a time, which has no time zone there."""
    try:
        return dt.datetime.strptime(text.strip(), layout)  # noqa: DTZ007
    except ValueError:
        return None
