# SPDX-License-Identifier: Apache-2.0
"""OME-TIFF with XML of any content."""

from __future__ import annotations

from pathlib import Path

import slides

_XML = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:1">{}</OME>'
)


def pixels_xml(channels: str = "", tiff_data: str = "<TiffData/>", **attributes: object) -> str:
    """Return a Pixels element of 150 x 100, one plane, unless said."""
    defaults = {
        "SizeX": 150, "SizeY": 100, "SizeZ": 1, "SizeC": 1, "SizeT": 1,
        "DimensionOrder": "XYCZT", "Type": "uint8",
    }  # fmt: skip
    told = " ".join(f'{name}="{value}"' for name, value in (defaults | attributes).items())
    return f"<Pixels {told}>{channels}{tiff_data}</Pixels>"


def image_xml(pixels: str, inner: str = "", name: str = "slide") -> str:
    """Return an Image element around Pixels."""
    return f'<Image ID="Image:0" Name="{name}">{inner}{pixels}</Image>'


def write_ome(path: Path, xml: str, *pages: dict[str, object]) -> Path:
    """Write directories, the first with OME-XML around ``xml``; tiles of 64, unless said."""
    described = [{"tile": (64, 64), **page} for page in pages]
    described[0]["description"] = _XML.format(xml).encode()
    return slides.write_pages(path, *described)
