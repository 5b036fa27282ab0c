# SPDX-License-Identifier: Apache-2.0
"""The OME-XML of an OME-TIFF: images with their dimensions, channels and scale.

References
----------
OME Data Model, schema 2016-06; elements are found whatever the version of their namespace
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.dicom.schema.limits import fitting
from dicomizer.slide import Illumination, OpticalPath, SpacingMm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_UM = {"pm": 1e-6, "nm": 1e-3, "µm": 1.0, "μm": 1.0, "um": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6}
"""Micro sign and Greek mu both stand in files. "pixel" and "reference frame" are no lengths."""
_MS = {"ns": 1e-6, "µs": 1e-3, "μs": 1e-3, "us": 1e-3, "ms": 1.0, "s": 1e3, "min": 6e4}
_MOST_PLANES = 1 << 16
_MOST_CHANNELS = 256
_FLUORESCENT = frozenset({"epifluorescence", "fluorescence"})
_TRANSMITTED = frozenset({"transmitted", "brightfield"})


@dataclass(frozen=True, slots=True)
class TiffData:
    """Which directories hold which planes.

    Parameters
    ----------
    first
        Of focal planes, channels and times: where the first directory is.
    directory, count
        First directory and number; ``None`` where not told.
    uuid, file_name
        Of the file that has them, empty for this one.
    """

    first: dict[str, int]
    directory: int | None
    count: int | None
    uuid: str
    file_name: str


@dataclass(frozen=True, slots=True)
class OmeImage:
    """An image of the XML.

    Parameters
    ----------
    sizes
        Number of focal planes ("Z"), channels ("C") and times ("T").
    order
        Of these, the fastest first, such as "ZCT".
    paths
        Of the channels that the XML has, in order.
    is_told
        Whether the XML tells how light reaches the specimen.
    """

    name: str
    width: int
    height: int
    sizes: dict[str, int]
    order: str
    spacing: SpacingMm | None
    plane_spacing_um: float | None
    paths: tuple[OpticalPath, ...]
    is_told: bool
    tiff_data: tuple[TiffData, ...]
    element: Element


def read_images(root: Element) -> tuple[OmeImage, ...]:
    """Return the images that have pixels.

    Raises
    ------
    ValueError
        A dimension is missing or out of range.
    """
    found = ((image, child(image, "Pixels")) for image in children(root, "Image"))
    return tuple(_image(image, pixels) for image, pixels in found if pixels is not None)


def _image(image: Element, pixels: Element) -> OmeImage:
    sizes = {axis: _size(pixels, f"Size{axis}") for axis in "ZCT"}
    if math.prod(sizes.values()) > _MOST_PLANES or sizes["C"] > _MOST_CHANNELS:
        raise ValueError(f"found {math.prod(sizes.values())} planes in an image")
    channels = list(children(pixels, "Channel"))
    told = [_illumination(channel) for channel in channels]
    return OmeImage(
        name=image.get("Name", "").strip(),
        width=_size(pixels, "SizeX"),
        height=_size(pixels, "SizeY"),
        sizes=sizes,
        order=_order(pixels),
        spacing=_spacing(pixels),
        plane_spacing_um=_length(pixels, "PhysicalSizeZ") if sizes["Z"] > 1 else None,
        paths=tuple(
            _path(channel, light, _exposure_ms(pixels, index))
            for index, (channel, light) in enumerate(zip(channels, told, strict=True))
        ),
        is_told=bool(told) and None not in told,
        tiff_data=tuple(_tiff_data(element) for element in children(pixels, "TiffData")),
        element=image,
    )


def _size(pixels: Element, name: str) -> int:
    value = int(pixels.get(name, "0"))
    if value < 1:
        raise ValueError(f"found {name} = {value}")
    return value


def _order(pixels: Element) -> str:
    order = pixels.get("DimensionOrder", "XYZCT").upper()
    if sorted(order) != sorted("XYZCT"):
        raise ValueError(f"found DimensionOrder = {order[:16]}")
    return order.replace("X", "").replace("Y", "")


def _spacing(pixels: Element) -> SpacingMm | None:
    x, y = (_length(pixels, f"PhysicalSize{axis}") for axis in "XY")
    return SpacingMm.from_mpp(x, y) if x and y else None


def _length(element: Element, name: str) -> float | None:
    """Return a length in micrometres, the default unit of sizes."""
    return _measure(element, name, _UM, "µm")


def _measure(element: Element, name: str, units: dict[str, float], default: str) -> float | None:
    factor = units.get(element.get(f"{name}Unit", default))
    value = positive(element.get(name))
    return round(value * factor, 9) if value and factor else None


def positive(text: str | None) -> float | None:
    """Return a positive number, or ``None`` for anything else."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None


def _path(channel: Element, light: Illumination | None, exposure_ms: float | None) -> OpticalPath:
    return OpticalPath(
        name=fitting(channel.get("Name", "") or channel.get("Fluor", "")),
        illumination=light or Illumination.BRIGHTFIELD,
        excitation_nm=_wavelength_nm(channel, "ExcitationWavelength"),
        emission_nm=_wavelength_nm(channel, "EmissionWavelength"),
        color=_color(channel.get("Color")),
        exposure_ms=exposure_ms,
    )


def _wavelength_nm(channel: Element, name: str) -> float | None:
    in_um = _measure(channel, name, _UM, "nm")
    return round(in_um * 1000, 6) if in_um else None


def _illumination(channel: Element) -> Illumination | None:
    """Tell how light reaches the specimen, or ``None`` where the XML has no sign of it.

    Three samples make a colour, as transmitted light does. Only fluorescence has a dye or
    wavelengths; and a grey channel that was given a name is one of several dyes, for by
    transmitted light there is nothing to tell apart.
    """
    words = {channel.get(name, "").lower() for name in ("IlluminationType", "ContrastMethod")}
    if words & _TRANSMITTED or channel.get("SamplesPerPixel") == "3":
        return Illumination.BRIGHTFIELD
    signs = ("Fluor", "ExcitationWavelength", "EmissionWavelength", "Name")
    if words & _FLUORESCENT or any(channel.get(name) for name in signs):
        return Illumination.FLUORESCENCE
    return None


def _color(text: str | None) -> tuple[int, int, int] | None:
    """Return red, green and blue of a signed number that is RGBA."""
    try:
        value = int(text or "")
    except ValueError:
        return None
    return (value >> 24 & 255, value >> 16 & 255, value >> 8 & 255)


def _exposure_ms(pixels: Element, channel: int) -> float | None:
    for plane in children(pixels, "Plane"):
        if plane.get("TheC") == str(channel):
            return _measure(plane, "ExposureTime", _MS, "s")
    return None


def _tiff_data(element: Element) -> TiffData:
    uuid = child(element, "UUID")
    directory, count = element.get("IFD"), element.get("PlaneCount")
    return TiffData(
        first={axis: int(element.get(f"First{axis}", "0")) for axis in "ZCT"},
        directory=None if directory is None else int(directory),
        count=None if count is None else int(count),
        uuid="" if uuid is None else (uuid.text or "").strip(),
        file_name="" if uuid is None else uuid.get("FileName", ""),
    )


def children(element: Element, name: str) -> Iterator[Element]:
    """Yield the direct children of a name, in any namespace."""
    for item in element:
        if item.tag.rpartition("}")[2] == name:
            yield item


def child(element: Element, *path: str) -> Element | None:
    """Return the first descendant along a path of names, in any namespace."""
    found: Element | None = element
    for name in path:
        found = None if found is None else next(children(found, name), None)
    return found
