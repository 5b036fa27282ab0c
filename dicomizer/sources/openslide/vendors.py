# SPDX-License-Identifier: Apache-2.0
"""What OpenSlide's properties tell of the scanner, the scan and how its pixels are stored.

References
----------
openslide.org/formats (the properties of each vendor)
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import Container, Equipment, Optics, SlideMetadata
from dicomizer.dicom.schema.limits import fitting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dicomizer.slide import SizePx

_JPEG = "ISO_10918_1"
_LOSSLESS_FORMATS = frozenset({"PNG", "BMP24"})


@dataclass(frozen=True, slots=True)
class Vendor:
    """What is known of a vendor's format beside the properties."""

    format_name: str
    manufacturer: str | None


_VENDORS = {
    "mirax": Vendor("3DHISTECH MRXS", "3DHISTECH"),
    "sakura": Vendor("Sakura svslide", "Sakura"),
    "aperio": Vendor("Aperio SVS", "Aperio"),
    "leica": Vendor("Leica SCN", "Leica"),
    "philips": Vendor("Philips TIFF", "Philips"),
    "trestle": Vendor("Trestle TIFF", "Trestle"),
    "ventana": Vendor("Ventana BIF", "Ventana"),
    "zeiss": Vendor("Zeiss CZI", "Zeiss"),
    "generic-tiff": Vendor("tiled TIFF", None),
}
_HAMAMATSU = {
    ".vms": Vendor("Hamamatsu VMS", "Hamamatsu"),
    ".vmu": Vendor("Hamamatsu VMU", "Hamamatsu"),
    ".ndpi": Vendor("Hamamatsu NDPI", "Hamamatsu"),
}


def vendor_of(name: str, path: Path) -> Vendor:
    """Return what is known of the vendor that OpenSlide names."""
    if name == "hamamatsu":
        return _HAMAMATSU.get(path.suffix.lower(), Vendor("Hamamatsu", "Hamamatsu"))
    return _VENDORS.get(name) or Vendor(name, None)


@dataclass(frozen=True, slots=True)
class Storage:
    """How pixels are stored, as far as it is told.

    Parameters
    ----------
    method
        As in `Coding`.
    """

    lossy: bool
    method: str | None


def level_storage(name: str, properties: Mapping[str, str]) -> Storage:
    """Return how levels are stored; lossy where nothing tells, as slides mostly are."""
    if name == "mirax":
        return _of_formats(_ending(properties, ".IMAGE_FORMAT"))
    if name == "hamamatsu":
        # VMU has plain samples, in an order that its index names.
        is_plain = "hamamatsu.PixelOrder" in properties
        return Storage(lossy=not is_plain, method=None if is_plain else _JPEG)
    return Storage(lossy=True, method=_JPEG if name == "sakura" else None)


def associated_storage(name: str) -> Storage:
    """Return how associated images are stored."""
    return Storage(lossy=True, method=_JPEG if name in {"mirax", "hamamatsu"} else None)


def coded_bytes(name: str, path: Path, properties: Mapping[str, str]) -> int:
    """Return the size of the files that hold the levels; 0 where none is found."""
    if name == "mirax":
        folder, files = path.with_suffix(""), _data_files(properties)
    elif name == "hamamatsu" and "hamamatsu.ImageFile" in properties:
        folder = path.parent
        files = (value for key, value in properties.items() if key.startswith("hamamatsu.ImageF"))
    else:
        folder, files = path.parent, iter((path.name,))
    return sum(_size(folder / Path(file).name) for file in files)


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


def _of_formats(formats: tuple[str, ...]) -> Storage:
    """Return the storage in one of MRXS's formats of images."""
    found = {item.upper() for item in formats}
    if found and found <= _LOSSLESS_FORMATS:
        return Storage(lossy=False, method=None)
    return Storage(lossy=True, method=_JPEG if found == {"JPEG"} else None)


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


def _data_files(properties: Mapping[str, str]) -> Iterator[str]:
    return (value for key, value in properties.items() if key.startswith("mirax.DATAFILE.FILE_"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except (OSError, ValueError):
        return 0
