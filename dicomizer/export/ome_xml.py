# SPDX-License-Identifier: Apache-2.0
"""The XML of an OME-TIFF: images, their channels and planes, and where each plane is.

References
----------
OME-TIFF specification; OME schema 2016-06
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import dicomizer

if TYPE_CHECKING:
    from dicomizer.pixels.format import PixelFormat
    from dicomizer.slide import OpticalPath, SizePx, SpacingMm

_NAMESPACE = "http://www.openmicroscopy.org/Schemas/OME/2016-06"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_OPAQUE = 255


@dataclass(frozen=True, slots=True)
class OmeImage:
    """An image whose layers are directories of a TIFF, one behind another.

    Parameters
    ----------
    paths
        Its channels; planes come fastest.
    plane_spacing_um
        ``None`` where nobody knows it.
    """

    name: str
    size: SizePx
    pixel_format: PixelFormat
    spacing: SpacingMm | None
    paths: tuple[OpticalPath, ...]
    planes: int = 1
    plane_spacing_um: float | None = None


def ome_xml(images: list[OmeImage]) -> str:
    """Return the description of all images, in the order of their directories."""
    ET.register_namespace("xsi", _XSI)
    root = ET.Element(
        "OME",
        {
            "xmlns": _NAMESPACE,
            f"{{{_XSI}}}schemaLocation": f"{_NAMESPACE} {_NAMESPACE}/ome.xsd",
            "Creator": f"Coverslip dicomizer {dicomizer.__version__}",
        },
    )
    directory = 0
    for number, image in enumerate(images):
        element = ET.SubElement(root, "Image", {"ID": f"Image:{number}", "Name": image.name})
        _add_pixels(element, number, image, directory)
        directory += len(image.paths) * image.planes
    xml = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>{xml}'


def _add_pixels(parent: ET.Element, number: int, image: OmeImage, directory: int) -> None:
    samples = image.pixel_format.samples
    pixels = ET.SubElement(parent, "Pixels", _attributes(number, image))
    for index, path in enumerate(image.paths):
        ET.SubElement(
            pixels,
            "Channel",
            {
                "ID": f"Channel:{number}:{index}",
                "SamplesPerPixel": str(samples),
                **_channel(path),
            },
        )
    places = [
        {"FirstC": str(path * samples), "FirstT": "0", "FirstZ": str(plane)}
        for path in range(len(image.paths))
        for plane in range(image.planes)
    ]
    for index, place in enumerate(places):
        attributes = {"IFD": str(directory + index), "PlaneCount": "1", **place}
        ET.SubElement(pixels, "TiffData", attributes)
    for index, path in enumerate(image.paths):
        if path.exposure_ms is None:
            continue
        for plane in range(image.planes):
            exposure = {"ExposureTime": f"{path.exposure_ms:.12g}", "ExposureTimeUnit": "ms"}
            place = {"TheC": str(index * samples), "TheT": "0", "TheZ": str(plane)}
            ET.SubElement(pixels, "Plane", {**place, **exposure})


def _attributes(number: int, image: OmeImage) -> dict[str, str]:
    samples = image.pixel_format.samples
    attributes = {
        "ID": f"Pixels:{number}",
        "DimensionOrder": "XYZCT",
        "Type": image.pixel_format.dtype,
        "SignificantBits": str(image.pixel_format.bits),
        "SizeX": str(image.size.width),
        "SizeY": str(image.size.height),
        "SizeZ": str(image.planes),
        "SizeC": str(len(image.paths) * samples),
        "SizeT": "1",
        "BigEndian": "false",
        "Interleaved": "true" if samples > 1 else "false",
    }
    if image.spacing is not None:
        attributes |= _length("X", image.spacing.between_columns * 1000)
        attributes |= _length("Y", image.spacing.between_rows * 1000)
    if image.plane_spacing_um:
        attributes |= _length("Z", abs(image.plane_spacing_um))
    return attributes


def _length(axis: str, micrometres: float) -> dict[str, str]:
    # Twelve digits are more than a spacing has, and leave out what scaling has added.
    size = f"PhysicalSize{axis}"
    return {size: f"{micrometres:.12g}", f"{size}Unit": "\N{MICRO SIGN}m"}


def _channel(path: OpticalPath) -> dict[str, str]:
    attributes = {}
    if path.name:
        attributes["Name"] = path.name
    for name, wavelength in (
        ("ExcitationWavelength", path.excitation_nm),
        ("EmissionWavelength", path.emission_nm),
    ):
        if wavelength is not None:
            attributes |= {name: f"{wavelength:.12g}", f"{name}Unit": "nm"}
    if path.color is not None:
        red, green, blue = path.color
        color = int.from_bytes(bytes((red, green, blue, _OPAQUE)), "big", signed=True)
        attributes["Color"] = str(color)
    return attributes
