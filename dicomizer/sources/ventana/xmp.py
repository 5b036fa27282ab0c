# SPDX-License-Identifier: Apache-2.0
"""The XML that Ventana writes into the XMP tag, which is no XMP and can have megabytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError
from dicomizer.sources.xml import parse_xml

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from dicomizer.sources.tiff.directory import TiffDirectory

_XMP = 700


def has_iscan(directory: TiffDirectory) -> bool:
    """Tell whether a directory's XMP names the scanner, without parsing it."""
    return "<iScan" in _text(directory.tags.get(_XMP))


def read_xmp(directory: TiffDirectory, path: Path) -> Element | None:
    """Parse the XMP of a directory; ``None`` where it has none.

    Raises
    ------
    CorruptSourceError
        It is no XML.
    """
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            value = tiff.pages.get(directory.index).aspage().tags.valueof(_XMP)
    except Exception as error:  # the parser raises whatever a broken file provokes
        raise CorruptSourceError(
            f"the XMP cannot be read: {error}", file=path, place=directory.place
        ) from error
    text = _text(value)
    return parse_xml(text, path, f"{directory.place}, XMP") if text else None


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value.strip("\0 \r\n\t\ufeff") if isinstance(value, str) else ""
