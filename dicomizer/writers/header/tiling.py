# SPDX-License-Identifier: Apache-2.0
"""Where the image lies on the glass, and how large it is there.

References
----------
PS3.3 C.8.12.2 (slide coordinate system), C.8.12.14 (tile organization), C.8.12.4.1.2 (volume)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.valuerep import DSfloat

from dicomizer.dicom.schema.dataset import sequence
from dicomizer.slide import LABEL_LEFT, Flavor, Orientation, PointMm

if TYPE_CHECKING:
    from dicomizer.planning import InstancePlan

UNMEASURED_UM = 1.0
"""Depth of a plane, and distance between planes where the file does not say it: the standard
demands values above 0, and a round one shows that nobody measured it."""
_LARGEST_DISTANCE_UM = 1e6
_GLASS_WITHOUT_LABEL = PointMm(25.0, 50.0)
_ORIGIN_OF_GLASS = PointMm(25.0, 75.0)
"""Of ISO 8037-1, the far corner without and with the label area: round figures, which show that
nobody measured where the top left pixel is."""


def origin_of(instance: InstancePlan) -> PointMm:
    """Return the place of the top left pixel; a placeholder where the file does not say it."""
    if instance.image.flavor not in (Flavor.VOLUME, Flavor.THUMBNAIL):
        return _ORIGIN_OF_GLASS
    origin = instance.scan.origin
    if origin is None or not (math.isfinite(origin.x) and math.isfinite(origin.y)):
        return _corner(instance.scan.image_orientation_slide)
    return origin


def _corner(orientation: Orientation) -> PointMm:
    """Return the corner of the glass from which a picture leads over it."""
    along_x, along_y = (orientation[axis] + orientation[3 + axis] for axis in (0, 1))
    far = _GLASS_WITHOUT_LABEL
    return PointMm(far.x if along_x < 0 else 0.0, far.y if along_y < 0 else 0.0)


def orientation_of(instance: InstancePlan) -> Orientation:
    """Return how the picture lies on the glass; a label or overview as its place is written."""
    if instance.image.flavor not in (Flavor.VOLUME, Flavor.THUMBNAIL):
        return LABEL_LEFT
    return instance.scan.image_orientation_slide


def plane_spacing_um(instance: InstancePlan) -> float:
    """Return the distance between focal planes; a placeholder where the file does not say it."""
    spacing = instance.scan.plane_spacing_um
    if spacing is None or not 0 < spacing <= _LARGEST_DISTANCE_UM:
        return UNMEASURED_UM
    return spacing


def add_total_pixel_matrix(dataset: Dataset, instance: InstancePlan) -> None:
    """Add the Microscope Slide Layer Tile Organization Module (C.8.12.14)."""
    image, place = instance.image, origin_of(instance)
    origin = Dataset()
    origin.XOffsetInSlideCoordinateSystem = DSfloat(place.x, auto_format=True)
    origin.YOffsetInSlideCoordinateSystem = DSfloat(place.y, auto_format=True)
    if image.planes > 1:
        origin.ZOffsetInSlideCoordinateSystem = DSfloat(0.0, auto_format=True)
    dataset.TotalPixelMatrixOriginSequence = sequence([origin])
    dataset.TotalPixelMatrixColumns = image.size.width
    dataset.TotalPixelMatrixRows = image.size.height
    dataset.TotalPixelMatrixFocalPlanes = image.planes
    dataset.ImageOrientationSlide = [
        DSfloat(cosine, auto_format=True) for cosine in orientation_of(instance)
    ]


def add_imaged_volume(dataset: Dataset, instance: InstancePlan) -> None:
    """Add the size of what is seen (C.8.12.4); a label or overview has none that is known."""
    image = instance.image
    if image.spacing is None:
        return
    dataset.ImagedVolumeWidth = image.size.width * image.spacing.between_columns
    dataset.ImagedVolumeHeight = image.size.height * image.spacing.between_rows
    between = (image.planes - 1) * plane_spacing_um(instance)
    dataset.ImagedVolumeDepth = between + UNMEASURED_UM
