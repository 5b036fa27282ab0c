# SPDX-License-Identifier: Apache-2.0
"""What all frames share, and the dimensions by which they are ordered.

References
----------
PS3.3 C.7.6.16 (functional groups), C.7.6.17 (dimensions), C.8.12.6 (those of whole slides)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.valuerep import DSfloat

from dicomizer.dicom.schema.dataset import sequence
from dicomizer.planning import Tiling
from dicomizer.writers.header.tiling import UNMEASURED_UM, plane_spacing_um

if TYPE_CHECKING:
    from dicomizer.planning import ConversionPlan, InstancePlan

DIMENSIONS = (
    ("RowPositionInTotalImagePixelMatrix", "PlanePositionSlideSequence"),
    ("ColumnPositionInTotalImagePixelMatrix", "PlanePositionSlideSequence"),
    ("ZOffsetInSlideCoordinateSystem", "PlanePositionSlideSequence"),
    ("OpticalPathIdentifier", "OpticalPathIdentificationSequence"),
)
"""What the Dimension Index Values of a sparse instance count, each from 1."""


def add_shared_groups(dataset: Dataset, instance: InstancePlan) -> None:
    """Add the Shared Functional Groups; a TILED_FULL instance needs no others (C.8.12.6)."""
    shared = Dataset()
    frame_type = Dataset()
    frame_type.FrameType = list(instance.image_type)
    shared.WholeSlideMicroscopyImageFrameTypeSequence = sequence([frame_type])
    if instance.tiling is Tiling.FULL and instance.image.paths == 1:
        path = Dataset()
        path.OpticalPathIdentifier = "1"
        shared.OpticalPathIdentificationSequence = sequence([path])
    shared.PixelMeasuresSequence = sequence([_pixel_measures(instance)])
    dataset.SharedFunctionalGroupsSequence = sequence([shared])


def _pixel_measures(instance: InstancePlan) -> Dataset:
    """Return the Pixel Measures item, which must be there even if nothing was measured."""
    measures = Dataset()
    spacing = instance.image.spacing
    if spacing is None:
        return measures
    measures.PixelSpacing = [
        DSfloat(value, auto_format=True)
        for value in (spacing.between_rows, spacing.between_columns)
    ]
    measures.SliceThickness = _from_um(UNMEASURED_UM)
    if instance.image.planes > 1:
        measures.SpacingBetweenSlices = _from_um(plane_spacing_um(instance))
    return measures


def _from_um(value: float) -> DSfloat:
    """Return micrometres in the unit of DICOM, millimetres."""
    return DSfloat(value / 1000, auto_format=True)


def add_dimensions(dataset: Dataset, plan: ConversionPlan, instance: InstancePlan) -> None:
    """Add the Multi-frame Dimension Module (C.7.6.17)."""
    organization = Dataset()
    organization.DimensionOrganizationUID = plan.dimension_organization_uid
    dataset.DimensionOrganizationSequence = sequence([organization])
    dataset.DimensionOrganizationType = instance.tiling.value
    if instance.tiling is Tiling.SPARSE:
        dataset.DimensionIndexSequence = sequence(
            _dimension(plan, *keywords) for keywords in DIMENSIONS
        )


def _dimension(plan: ConversionPlan, attribute: str, group: str) -> Dataset:
    item = Dataset()
    item.DimensionOrganizationUID = plan.dimension_organization_uid
    item.DimensionIndexPointer = Tag(attribute)
    item.FunctionalGroupPointer = Tag(group)
    return item
