# SPDX-License-Identifier: Apache-2.0
"""The dataset of an instance, all but its pixels, from the plan.

References
----------
PS3.3 A.32.8 (VL Whole Slide Microscopy Image IOD) and the sections named at each function
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.valuerep import DSfloat

import dicomizer
from dicomizer.dicom import codes, uids
from dicomizer.dicom.schema import dataset as schema
from dicomizer.dicom.schema.dataset import code_item, sequence
from dicomizer.dicom.schema.specimen import add_specimens
from dicomizer.slide import Flavor

if TYPE_CHECKING:
    from dicomizer.planning import ConversionPlan, InstancePlan
    from dicomizer.slide import SlideImage, SpacingMm

OPTICAL_PATH = "1"
_UNMEASURED_THICKNESS_MM = 0.001
"""Depth of the one plane: nobody measures it, the standard demands a value above 0; 1 um."""
_ORIENTATION = (0.0, -1.0, 0.0, -1.0, 0.0, 0.0)
"""The label to the left of the picture: the usual way a slide lies in a scanner (C.8.12.2)."""
_ORIGIN_BESIDE_LABEL_MM = (25.0, 50.0)
_ORIGIN_OF_GLASS_MM = (25.0, 75.0)
"""X and Y of the top left pixel: corners of the glass of ISO 8037-1 without and with the label
area, round figures that show that nobody measured them."""


def instance_dataset(plan: ConversionPlan, instance: InstancePlan) -> Dataset:
    """Return the dataset of an instance without Pixel Data and offset tables."""
    dataset = Dataset()
    _add_sop_common(dataset, instance)
    schema.add_patient(dataset, plan.metadata.patient)
    schema.add_study(dataset, plan.metadata.study)
    schema.add_series(dataset, plan.metadata.series)
    schema.add_equipment(dataset, plan.metadata.equipment)
    _add_converter(dataset)
    _add_acquisition(dataset, plan)
    _add_frame_of_reference(dataset, plan, instance)
    _add_image(dataset, instance)
    _add_pixel_description(dataset, instance)
    _add_total_pixel_matrix(dataset, instance.image)
    _add_imaged_volume(dataset, instance.image)
    _add_functional_groups(dataset, instance)
    _add_dimensions(dataset, plan)
    _add_optical_path(dataset, plan, instance)
    add_specimens(dataset, plan.metadata.container, plan.metadata.specimens)
    dataset.AcquisitionContextSequence = sequence(())
    if instance.image.flavor is Flavor.LABEL:
        schema.add_slide_label(dataset, plan.metadata.container)
    return dataset


def _add_sop_common(dataset: Dataset, instance: InstancePlan) -> None:
    """Add the SOP Common Module (C.12.1)."""
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = uids.VL_WHOLE_SLIDE_MICROSCOPY_IMAGE_STORAGE
    dataset.SOPInstanceUID = instance.sop_instance_uid


def _add_converter(dataset: Dataset) -> None:
    """Say that Coverslip made the instance (Contributing Equipment Sequence, C.12.1)."""
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = sequence([code_item(codes.MODIFYING_EQUIPMENT)])
    item.Manufacturer = "Coverslip"
    item.ManufacturerModelName = "dicomizer"
    item.SoftwareVersions = dicomizer.__version__
    item.ContributionDateTime = schema.dicom_datetime(dt.datetime.now(dt.UTC))
    item.ContributionDescription = "Converted from a whole-slide image file to DICOM"
    dataset.ContributingEquipmentSequence = sequence([item])


def _add_acquisition(dataset: Dataset, plan: ConversionPlan) -> None:
    """Add the General Acquisition Module (C.7.10.1) and the time of scanning (C.8.12.4)."""
    moment = plan.metadata.acquisition_datetime
    assert moment is not None
    dataset.AcquisitionUID = plan.acquisition_uid
    dataset.AcquisitionDateTime = schema.dicom_datetime(moment)
    dataset.ContentDate = schema.dicom_date(moment.date())
    dataset.ContentTime = schema.dicom_time(moment.time())


def _add_frame_of_reference(dataset: Dataset, plan: ConversionPlan, instance: InstancePlan) -> None:
    """Add the Frame of Reference and Multi-Resolution Pyramid Modules (C.7.4.1, C.8.12.15)."""
    dataset.FrameOfReferenceUID = plan.frame_of_reference_uid
    dataset.PositionReferenceIndicator = "SLIDE_CORNER"
    if instance.image.flavor in (Flavor.VOLUME, Flavor.THUMBNAIL):
        dataset.PyramidUID = instance.pyramid_uid


def _add_image(dataset: Dataset, instance: InstancePlan) -> None:
    """Add the General Image and Whole Slide Microscopy Image Modules (C.7.6.1, C.8.12.4)."""
    shows_label = instance.image.flavor in (Flavor.LABEL, Flavor.OVERVIEW)
    dataset.ImageType = list(instance.image_type)
    dataset.InstanceNumber = instance.instance_number
    dataset.VolumetricProperties = "VOLUME"
    # An overview may show the label; claiming that it does not would invite disclosure.
    dataset.SpecimenLabelInImage = dataset.BurnedInAnnotation = "YES" if shows_label else "NO"
    dataset.FocusMethod = "AUTO"
    dataset.ExtendedDepthOfField = "NO"
    dataset.LossyImageCompression = "01" if instance.lossy else "00"
    if instance.lossy:
        dataset.LossyImageCompressionRatio = [f"{step.ratio:.2f}" for step in instance.lossy]
        dataset.LossyImageCompressionMethod = [step.method for step in instance.lossy]


def _add_pixel_description(dataset: Dataset, instance: InstancePlan) -> None:
    """Add the Image Pixel Module (C.7.6.3) for three samples of 8 bits."""
    tile = instance.image.tile_size
    dataset.SamplesPerPixel = 3
    dataset.PhotometricInterpretation = instance.photometric_interpretation
    dataset.PlanarConfiguration = 0
    dataset.Rows, dataset.Columns = tile.height, tile.width
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelRepresentation = 0
    dataset.NumberOfFrames = instance.number_of_frames


def _add_total_pixel_matrix(dataset: Dataset, image: SlideImage) -> None:
    """Add the Microscope Slide Layer Tile Organization Module (C.8.12.14)."""
    of_pyramid = image.flavor in (Flavor.VOLUME, Flavor.THUMBNAIL)
    x, y = _ORIGIN_BESIDE_LABEL_MM if of_pyramid else _ORIGIN_OF_GLASS_MM
    origin = Dataset()
    origin.XOffsetInSlideCoordinateSystem = DSfloat(x, auto_format=True)
    origin.YOffsetInSlideCoordinateSystem = DSfloat(y, auto_format=True)
    dataset.TotalPixelMatrixOriginSequence = sequence([origin])
    dataset.TotalPixelMatrixColumns = image.size.width
    dataset.TotalPixelMatrixRows = image.size.height
    dataset.TotalPixelMatrixFocalPlanes = 1
    dataset.ImageOrientationSlide = list(_ORIENTATION)


def _add_imaged_volume(dataset: Dataset, image: SlideImage) -> None:
    """Add the size of what is seen (C.8.12.4); a label or overview has none that is known."""
    if image.spacing is None:
        return
    dataset.ImagedVolumeWidth = image.size.width * image.spacing.between_columns
    dataset.ImagedVolumeHeight = image.size.height * image.spacing.between_rows
    dataset.ImagedVolumeDepth = _UNMEASURED_THICKNESS_MM * 1000


def _add_functional_groups(dataset: Dataset, instance: InstancePlan) -> None:
    """Add the shared functional groups; TILED_FULL needs no others (C.7.6.16, C.8.12.6)."""
    shared = Dataset()
    frame_type = Dataset()
    frame_type.FrameType = list(instance.image_type)
    shared.WholeSlideMicroscopyImageFrameTypeSequence = sequence([frame_type])
    path = Dataset()
    path.OpticalPathIdentifier = OPTICAL_PATH
    shared.OpticalPathIdentificationSequence = sequence([path])
    shared.PixelMeasuresSequence = sequence([_pixel_measures(instance.image.spacing)])
    dataset.SharedFunctionalGroupsSequence = sequence([shared])


def _pixel_measures(spacing: SpacingMm | None) -> Dataset:
    """Return the Pixel Measures item, which must be there even if nothing was measured."""
    measures = Dataset()
    if spacing is None:
        return measures
    measures.PixelSpacing = [
        DSfloat(value, auto_format=True)
        for value in (spacing.between_rows, spacing.between_columns)
    ]
    measures.SliceThickness = DSfloat(_UNMEASURED_THICKNESS_MM, auto_format=True)
    return measures


def _add_dimensions(dataset: Dataset, plan: ConversionPlan) -> None:
    """Add the Multi-frame Dimension Module (C.7.6.17)."""
    organization = Dataset()
    organization.DimensionOrganizationUID = plan.dimension_organization_uid
    dataset.DimensionOrganizationSequence = sequence([organization])
    dataset.DimensionOrganizationType = "TILED_FULL"


def _add_optical_path(dataset: Dataset, plan: ConversionPlan, instance: InstancePlan) -> None:
    """Add the Optical Path Module (C.8.12.5)."""
    path = Dataset()
    path.OpticalPathIdentifier = OPTICAL_PATH
    path.IlluminationTypeCodeSequence = sequence([code_item(codes.BRIGHTFIELD)])
    path.IlluminationColorCodeSequence = sequence([code_item(codes.FULL_SPECTRUM)])
    path.ICCProfile = instance.icc_profile
    power = plan.metadata.optics.objective_power
    if power is not None and instance.image.flavor in (Flavor.VOLUME, Flavor.THUMBNAIL):
        path.ObjectiveLensPower = DSfloat(power, auto_format=True)
    dataset.NumberOfOpticalPaths = 1
    dataset.OpticalPathSequence = sequence([path])
