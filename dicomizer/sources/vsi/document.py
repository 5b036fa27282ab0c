# SPDX-License-Identifier: Apache-2.0
"""What the tags of a .vsi file tell of its images: size, spacing, dimensions, channels."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import Container, Equipment, Optics, SlideMetadata
from dicomizer.dicom.schema.limits import fitting
from dicomizer.slide import Flavor, Illumination, OpticalPath, SpacingMm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dicomizer.sources.vsi.tags import Field

_MICROMETRE, _NANOMETRE = "10^-6m^1", "10^-9m^1"


class Tag(IntEnum):
    """Tags that are read; cellSens uses some twice, in different places."""

    DOCUMENT = 2
    PRODUCT_NAME = 34
    PRODUCT_VERSION = 35
    COLLECTION = 2000
    IMAGE = 2001
    PROPERTIES = 2005
    DIMENSION = 2007
    DIMENSION_PROPERTIES = 2008
    Z_INCREMENT = 2013
    CREATION_TIME = 2015
    SCALE = 2019
    SCALE_UNIT = 2020
    DIMENSION_NAME = 2021
    DIMENSION_KIND = 2023
    NAME = 2030
    COLOR_TABLE = 2004
    DEVICES = 2043
    IMAGE_KIND = 2074
    EMISSION = 2417
    CHANNEL_NAME = 2419
    EXPOSURE_TIME_US = 100002
    OBJECTIVE_MAGNIFICATION = 120060
    SLIDE_BARCODE = 120635
    UNIT = 268435456
    VALUE = 268435458


class Dimension(Enum):
    """What a coordinate of a tile beside column, row and level counts."""

    PLANE = 1
    TIME = 2
    PATH = 4


_FLAVORS = {0: Flavor.VOLUME, 1: Flavor.OVERVIEW, 256: Flavor.OVERVIEW}
"""Of the kind of an image: default, overview, macro; the others are masks and maps."""


@dataclass(frozen=True, slots=True)
class VsiImage:
    """An image that the tags describe; its pixels are in the stack of the same number.

    Parameters
    ----------
    flavor
        ``None`` for one that DICOM has no place for.
    dimensions
        What the coordinates of a tile behind column and row count; ``None`` for an unknown one.
    """

    number: int
    name: str
    flavor: Flavor | None
    spacing: SpacingMm | None
    dimensions: tuple[Dimension | None, ...]
    optical_paths: tuple[OpticalPath, ...]
    plane_spacing_um: float | None
    created: dt.datetime | None


def read_images(root: Field) -> tuple[VsiImage, ...]:
    """Return the images in the order of the tags."""
    collection = root.first(Tag.COLLECTION)
    images = collection.all(Tag.IMAGE) if collection else ()
    return tuple(_image(field) for field in images)


def read_metadata(root: Field, image: VsiImage) -> SlideMetadata:
    """Return what the tags tell of the slide and of the scan of ``image``."""
    product = " ".join(
        filter(
            None, (root.text(Tag.DOCUMENT, tag) for tag in (Tag.PRODUCT_NAME, Tag.PRODUCT_VERSION))
        )
    )
    described = _described(root, image.number)
    return SlideMetadata(
        equipment=Equipment(
            manufacturer="Olympus",
            software_versions=tuple(filter(None, (fitting(product),))),
        ),
        optics=Optics(objective_power=_positive(_anywhere(described, Tag.OBJECTIVE_MAGNIFICATION))),
        container=Container(barcode=_barcode(root)),
        acquisition_datetime=image.created,
    )


def _image(field: Field) -> VsiImage:
    properties = field.first(Tag.PROPERTIES)
    name = fitting(properties.text(Tag.NAME)) if properties else ""
    slots = sorted(field.all(Tag.DIMENSION), key=lambda slot: slot.index or 0)
    dimensions = tuple(_dimension(slot) for slot in slots)
    channels = [
        slot for slot, kind in zip(slots, dimensions, strict=True) if kind is Dimension.PATH
    ]
    planes = [slot for slot, kind in zip(slots, dimensions, strict=True) if kind is Dimension.PLANE]
    return VsiImage(
        number=field.index or 0,
        name=name,
        flavor=_flavor(name, properties),
        spacing=_spacing(properties),
        dimensions=dimensions,
        optical_paths=tuple(
            _optical_path(channel)
            for slot in channels
            for channel in slot.all(Tag.DIMENSION_PROPERTIES)
        ),
        plane_spacing_um=next(filter(None, map(_plane_spacing_um, planes)), None),
        created=_created(properties),
    )


def _flavor(name: str, properties: Field | None) -> Flavor | None:
    if name == "Label":
        return Flavor.LABEL
    kind = properties.numbers(Tag.IMAGE_KIND) if properties else ()
    return _FLAVORS.get(int(kind[0])) if kind else Flavor.VOLUME


def _spacing(properties: Field | None) -> SpacingMm | None:
    if properties is None or properties.text(Tag.SCALE_UNIT) != _MICROMETRE:
        return None
    scale = properties.numbers(Tag.SCALE)
    x, y = map(_positive, (scale[:1], scale[1:2]))
    return SpacingMm.from_mpp(x, y) if x and y else None


def _dimension(slot: Field) -> Dimension | None:
    kind = slot.numbers(Tag.DIMENSION_PROPERTIES, Tag.DIMENSION_KIND)
    return next((item for item in Dimension if kind == (item.value,)), None)


def _plane_spacing_um(slot: Field) -> float | None:
    return _measure(slot.first(Tag.DIMENSION_PROPERTIES, Tag.Z_INCREMENT), _MICROMETRE)


def _optical_path(channel: Field) -> OpticalPath:
    emission = _measure(channel.first(Tag.EMISSION), _NANOMETRE)
    exposure = _positive(_anywhere(channel, Tag.EXPOSURE_TIME_US))
    return OpticalPath(
        name=fitting(channel.text(Tag.CHANNEL_NAME) or channel.text(Tag.DIMENSION_NAME)),
        illumination=Illumination.FLUORESCENCE if emission else Illumination.BRIGHTFIELD,
        emission_nm=emission,
        color=_color(channel),
        exposure_ms=exposure / 1000 if exposure else None,
    )


def _color(channel: Field) -> tuple[int, int, int] | None:
    """Return the colour at the end of the table in which a channel is shown."""
    table = channel.numbers(Tag.COLOR_TABLE, Tag.VALUE)
    if len(table) != 256 * 3:
        return None
    blue, green, red = (int(value) for value in table[-3:])
    return red, green, blue


def _created(properties: Field | None) -> dt.datetime | None:
    """Return the time of scanning, which is counted in seconds since 1970 (UTC)."""
    seconds = _positive(properties.numbers(Tag.CREATION_TIME)) if properties else None
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC) if seconds else None
    except (OverflowError, ValueError, OSError):
        return None


def _described(root: Field, number: int) -> Field:
    collection = root.first(Tag.COLLECTION)
    images: Iterator[Field] = collection.all(Tag.IMAGE) if collection else iter(())
    return next((field for field in images if (field.index or 0) == number), root)


def _barcode(root: Field) -> str | None:
    texts = (field.value for field in root.walk() if field.tag == Tag.SLIDE_BARCODE)
    return next((fitting(text) for text in texts if isinstance(text, str) and text.strip()), None)


def _anywhere(field: Field, tag: int) -> tuple[int | float, ...]:
    found = (item.value for item in field.walk() if item.tag == tag)
    return next((value for value in found if isinstance(value, tuple)), ())


def _measure(field: Field | None, unit: str) -> float | None:
    """Return a positive number that has the unit expected."""
    if field is None or field.text(Tag.UNIT) != unit:
        return None
    return _positive(field.numbers(Tag.VALUE))


def _positive(numbers: tuple[int | float, ...]) -> float | None:
    value = float(numbers[0]) if numbers else 0.0
    return value if math.isfinite(value) and value > 0 else None
