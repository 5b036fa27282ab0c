# SPDX-License-Identifier: Apache-2.0
"""What the tags of an NDPI file tell beside pixels: scanner, slide, light, place on the glass.

The property text has lines of ``key=value``, and in fluorescence a record of the filter set whose
fields begin with semicolons.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import Container, Equipment, Optics, SlideMetadata
from dicomizer.dicom.schema.limits import fitting
from dicomizer.slide import Illumination, OpticalPath, PointMm
from dicomizer.sources.ndpi.tags import Tag

if TYPE_CHECKING:
    from dicomizer.slide import SlideImage
    from dicomizer.sources.ndpi.directory import NdpiDirectory

_NM_PER_MM = 1_000_000
_US_PER_MS = 1_000
_CORNER = PointMm(x=25.0, y=75.0)
"""Where instances have the top left pixel of an overview."""
_GLASS_HEIGHT_MM, _GLASS_WIDTH_MM = 25.0, 75.0
_BARCODES = range(Tag.BARCODE, Tag.BARCODE + 8)


def metadata(directory: NdpiDirectory) -> SlideMetadata:
    """Return what the directory of the finest level tells."""
    barcodes = [fitting(directory.text(tag)) for tag in _BARCODES]
    return SlideMetadata(
        equipment=Equipment(
            manufacturer=fitting(directory.text(Tag.MAKE)) or None,
            model_name=fitting(directory.text(Tag.MODEL)) or None,
            device_serial_number=fitting(directory.text(Tag.SERIAL_NUMBER)) or None,
            software_versions=_without_empty(fitting(directory.text(Tag.SOFTWARE))),
        ),
        container=Container(
            label_text=fitting(directory.text(Tag.REFERENCE)) or None,
            barcode=next(filter(None, barcodes), None),
        ),
        optics=Optics(objective_power=_positive(directory.number(Tag.LENS))),
        acquisition_datetime=_date_time(directory.text(Tag.DATE_TIME)),
    )


def optical_path(directory: NdpiDirectory) -> OpticalPath:
    """Return how the slide was lit; a file has one channel."""
    name = fitting(directory.text(Tag.FILTER_SET))
    emission = _positive(directory.number(Tag.EMISSION))
    if emission is None and (not name or directory.whole(Tag.CAPTURE_MODE) == 0):
        return OpticalPath()
    record = _filter_record(directory.text(Tag.PROPERTIES))
    is_named = record.get("Name") == name
    exposure = _positive(directory.number(Tag.EXPOSURE))
    return OpticalPath(
        name=name,
        illumination=Illumination.FLUORESCENCE,
        excitation_nm=_positive(record.get("ExcitationWaveLength")) if is_named else None,
        emission_nm=emission,
        exposure_ms=exposure / _US_PER_MS if exposure else None,
    )


def _filter_record(properties: str) -> dict[str, str]:
    """Return the fields of the filter set, which stand after all lines of properties."""
    _, _, record = properties.partition(";NDP Shading Data")
    pairs = (part.partition("=") for part in record.split(";"))
    return {key.strip(): value.strip() for key, _, value in pairs}


def origin(
    directory: NdpiDirectory, base: SlideImage, overview: SlideImage | None
) -> PointMm | None:
    """Return the place of the top left pixel in the slide coordinate system.

    The file tells how far the centre of the image lies from the centre of the glass, to the right
    and down as the macro image shows it. The label is to the left, so that rows of an image run
    along -Y and its columns along -X (PS3.3 C.8.12.2). The centre of the glass is that of the
    macro image, whose corner instances have at that of the glass; without one, it is that of a
    glass of 25 mm x 75 mm. Both offsets zero mean that nobody measured them.
    """
    right, down = (directory.whole(tag) for tag in (Tag.X_OFFSET, Tag.Y_OFFSET))
    if right is None or down is None or right == down == 0 or base.spacing is None:
        return None
    height, width = _GLASS_HEIGHT_MM, _GLASS_WIDTH_MM
    if overview is not None and overview.spacing is not None:
        height, width = _extent_mm(overview)
    base_height, base_width = _extent_mm(base)
    x = height / 2 + down / _NM_PER_MM - base_height / 2
    y = width / 2 + right / _NM_PER_MM - base_width / 2
    is_on_glass = -height < x < height and -width < y < width
    return PointMm(_CORNER.x - x, _CORNER.y - y) if is_on_glass else None


def _extent_mm(image: SlideImage) -> tuple[float, float]:
    """Return height and width of an image that has a spacing."""
    assert image.spacing is not None
    return (
        image.size.height * image.spacing.between_rows,
        image.size.width * image.spacing.between_columns,
    )


def _positive(value: float | str | None) -> float | None:
    try:
        number = float(value or 0)
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def _without_empty(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _date_time(text: str) -> dt.datetime | None:
    """Return the DateTime tag, which has no time zone."""
    try:
        return dt.datetime.strptime(text, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
    except ValueError:
        return None
