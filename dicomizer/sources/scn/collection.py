# SPDX-License-Identifier: Apache-2.0
"""The XML of a Leica SCN: a collection of images, each with its place and its directories.

All lengths are in nanometres, from the top left corner of the collection, to the right and down
as the overview is seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError
from dicomizer.sources.base import AnotherFormat
from dicomizer.sources.xml import parse_xml

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

_NAMESPACES = (
    "{http://www.leica-microsystems.com/scn/2010/03/10}",
    "{http://www.leica-microsystems.com/scn/2010/10/01}",
)
_PLACE = "ImageDescription"
_LARGEST_NUMBER = 1 << 40
"""A kilometre in nanometres."""


@dataclass(frozen=True, slots=True)
class ScnView:
    """What an image covers, in nanometres.

    Parameters
    ----------
    spacing_z
        Between focal planes; 0 for a single one.
    """

    x: int
    y: int
    width: int
    height: int
    spacing_z: int = 0


@dataclass(frozen=True, slots=True)
class ScnPlane:
    """Which part of an image it is: level, optical path and focal plane, each from 0."""

    level: int
    path: int
    plane: int


@dataclass(frozen=True, slots=True)
class ScnImage:
    """An image of the collection.

    Parameters
    ----------
    directories
        By level, path and plane.
    settings
        The element ``scanSettings``.
    device_model, device_version
        Of several parts divided by semicolons.
    """

    name: str
    view: ScnView | None
    directories: dict[ScnPlane, int]
    settings: Element | None = field(repr=False)
    device_model: str
    device_version: str
    creation_date: str


@dataclass(frozen=True, slots=True)
class ScnCollection:
    """A slide.

    Parameters
    ----------
    view
        Of the whole slide.
    barcode
        As it is written: in base64 within an element, plain as an attribute of old files.
    label
        Directory of the label; ``None`` where there is none.
    """

    view: ScnView | None
    barcode: str
    barcode_is_base64: bool
    images: tuple[ScnImage, ...]
    label: int | None


def read_collection(text: str, file: Path) -> ScnCollection:
    """Read an ImageDescription.

    Raises
    ------
    Refusal
        The XML is not that of a Leica scanner.
    CorruptSourceError
        It is not well formed, has no collection, or a number that is none.
    """
    root = parse_xml(text, file, _PLACE)
    if root.tag not in {f"{namespace}scn" for namespace in _NAMESPACES}:
        raise AnotherFormat("the XML of the first directory is no scn of Leica")
    collection = root.find("{*}collection")
    if collection is None:
        raise CorruptSourceError("the XML has no collection", file=file, place=_PLACE)
    try:
        return _collection(collection)
    except ValueError as error:
        raise CorruptSourceError(f"in the XML {error}", file=file, place=_PLACE) from error


def _collection(element: Element) -> ScnCollection:
    barcode = _text(element, "{*}barcode")
    labels = [
        _number(item, "ifd")
        for item in element.iterfind(".//{*}supplementalImage")
        if item.get("type", "").lower() == "label"
    ]
    return ScnCollection(
        view=_view(element),
        barcode=barcode or element.get("barcode", ""),
        barcode_is_base64=bool(barcode),
        images=tuple(map(_image, element.iterfind("{*}image"))),
        label=labels[0] if labels else None,
    )


def _image(element: Element) -> ScnImage:
    device = element.find("{*}device")
    view = element.find("{*}view")
    return ScnImage(
        name=element.get("name", ""),
        view=None if view is None else _view(view),
        directories=_directories(element),
        settings=element.find("{*}scanSettings"),
        device_model="" if device is None else device.get("model", ""),
        device_version="" if device is None else device.get("version", ""),
        creation_date=_text(element, "{*}creationDate"),
    )


def _directories(element: Element) -> dict[ScnPlane, int]:
    """Return the directory of each plane; of two for the same, the first."""
    found: dict[ScnPlane, int] = {}
    for item in element.iterfind("{*}pixels/{*}dimension"):
        plane = ScnPlane(_number(item, "r", 0), _number(item, "c", 0), _number(item, "z", 0))
        found.setdefault(plane, _number(item, "ifd"))
    return found


def _view(element: Element) -> ScnView | None:
    """Return what an element covers; ``None`` where it does not say, or nothing."""
    width, height = _number(element, "sizeX", 0), _number(element, "sizeY", 0)
    if min(width, height) < 1:
        return None
    return ScnView(
        x=_number(element, "offsetX", 0),
        y=_number(element, "offsetY", 0),
        width=width,
        height=height,
        spacing_z=_number(element, "spacingZ", 0),
    )


def _number(element: Element, attribute: str, default: int | None = None) -> int:
    text = element.get(attribute)
    if text is None and default is not None:
        return default
    try:
        number = int(text or "")
    except ValueError:
        number = -_LARGEST_NUMBER - 1
    if abs(number) > _LARGEST_NUMBER:
        raise ValueError(
            f'{element.tag.rpartition("}")[2]} has {attribute}="{(text or "")[:40]}", '
            "expected a whole number"
        )
    return number


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
