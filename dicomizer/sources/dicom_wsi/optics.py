# SPDX-License-Identifier: Apache-2.0
"""Optical paths, spacing, origin and colour profile from an instance's attributes.

References
----------
PS3.3 C.8.12.5 (Optical Path), C.8.12.4 (Imaged Volume), C.8.12.2 (slide coordinates)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from dicomizer.dicom.schema.optics import read_path
from dicomizer.dicom.schema.read_values import first, items, number, numbers, text, whole
from dicomizer.pixels.color import is_rgb_profile, rgb
from dicomizer.slide import Illumination, OpticalPath, PointMm, SpacingMm
from dicomizer.sources.dicom_wsi.places import shared_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

    from dicomizer.slide import Orientation, SizePx

_LARGEST_MM = 10.0
"""Between two pixels; the image of a whole glass in 3 pixels."""
_COSINE_PRECISION = 1e-3
"""Of direction cosines that are written with three decimals."""


def optical_paths(
    datasets: Sequence[Dataset], identifiers: Sequence[str]
) -> tuple[OpticalPath, ...]:
    """Return a path for each identifier, as the first dataset that has it describes it."""
    described: dict[str, OpticalPath] = {}
    for dataset in datasets:
        sequence = items(dataset, "OpticalPathSequence")
        for index, item in enumerate(sequence, start=1):
            identifier = text(item, "OpticalPathIdentifier", "SH") or str(index)
            described.setdefault(identifier, _optical_path(item))
    return tuple(described.get(identifier, OpticalPath()) for identifier in identifiers)


def _optical_path(item: Dataset) -> OpticalPath:
    told = read_path(item)
    return OpticalPath(
        name=told.name or "",
        illumination=Illumination(told.illumination.value)
        if told.illumination
        else Illumination.BRIGHTFIELD,
        excitation_nm=told.excitation_nm,
        emission_nm=told.emission_nm,
        color=rgb(told.color) if told.color else None,
    )


def spacing(dataset: Dataset, size: SizePx) -> SpacingMm | None:
    """Return the spacing of pixels: as told, or by the size of what is imaged."""
    told = numbers(shared_group(dataset, "PixelMeasuresSequence"), "PixelSpacing")
    if len(told) == 2 and all(0 < value <= _LARGEST_MM for value in told):
        return SpacingMm(between_rows=told[0], between_columns=told[1])
    height, width = number(dataset, "ImagedVolumeHeight"), number(dataset, "ImagedVolumeWidth")
    if not height or not width or min(height, width) <= 0:
        return None
    found = SpacingMm(between_rows=height / size.height, between_columns=width / size.width)
    return found if max(found.between_rows, found.between_columns) <= _LARGEST_MM else None


def origin(dataset: Dataset) -> PointMm | None:
    """Return the place of the top left pixel on the glass."""
    item = first(dataset, "TotalPixelMatrixOriginSequence")
    x = number(item, "XOffsetInSlideCoordinateSystem")
    y = number(item, "YOffsetInSlideCoordinateSystem")
    return None if x is None or y is None else PointMm(x, y)


def orientation(dataset: Dataset) -> Orientation | None:
    """Return how the picture lies on the glass; ``None`` where nothing is told that can be.

    Rows and columns are directions at right angles to each other, along the glass.
    """
    told = numbers(dataset, "ImageOrientationSlide")
    if len(told) != 6:
        return None
    rows, columns = told[:3], told[3:]
    errors = (
        math.hypot(*rows) - 1,
        math.hypot(*columns) - 1,
        sum(row * column for row, column in zip(rows, columns, strict=True)),
        rows[2],
        columns[2],
    )
    is_sound = all(abs(error) <= _COSINE_PRECISION for error in errors)
    return cast("Orientation", tuple(told)) if is_sound else None


def icc_profile(dataset: Dataset) -> bytes | None:
    """Return the ICC profile of the first optical path that has one."""
    for item in (*items(dataset, "OpticalPathSequence"), dataset):
        profile = item.get("ICCProfile")
        if isinstance(profile, bytes) and is_rgb_profile(profile):
            return profile
    return None


def total_pixel_matrix(dataset: Dataset) -> tuple[int, int]:
    """Return width and height of the whole image; of a frame where only that is told."""
    width = whole(dataset, "TotalPixelMatrixColumns") or whole(dataset, "Columns")
    height = whole(dataset, "TotalPixelMatrixRows") or whole(dataset, "Rows")
    return width or 0, height or 0
