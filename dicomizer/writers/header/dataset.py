# SPDX-License-Identifier: Apache-2.0
"""The dataset of an instance, all but its pixels and what is told of each frame.

References
----------
PS3.3 A.32.8 (VL Whole Slide Microscopy Image IOD) and the sections named at each function
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

import dicomizer
from dicomizer.dicom import codes, uids
from dicomizer.dicom.schema import dataset as schema
from dicomizer.dicom.schema.dataset import code_item, sequence
from dicomizer.dicom.schema.specimen import add_specimens
from dicomizer.slide import Flavor
from dicomizer.writers.header.groups import add_dimensions, add_shared_groups
from dicomizer.writers.header.image import add_image, add_pixel_description
from dicomizer.writers.header.optical_path import add_optical_paths
from dicomizer.writers.header.tiling import add_imaged_volume, add_total_pixel_matrix

if TYPE_CHECKING:
    import datetime as dt

    from dicomizer.planning import ConversionPlan, InstancePlan


def instance_dataset(plan: ConversionPlan, instance: InstancePlan) -> Dataset:
    """Return the dataset of an instance without Pixel Data, offset tables and per-frame groups."""
    dataset = Dataset()
    _add_sop_common(dataset, instance)
    schema.add_patient(dataset, plan.metadata.patient)
    schema.add_study(dataset, plan.metadata.study)
    schema.add_series(dataset, plan.metadata.series)
    dataset.SeriesInstanceUID = instance.series_uid
    schema.add_equipment(dataset, plan.metadata.equipment)
    _add_converter(dataset, plan.occasion.moment)
    _add_acquisition(dataset, plan)
    _add_frame_of_reference(dataset, plan, instance)
    add_image(dataset, instance)
    add_pixel_description(dataset, instance)
    add_total_pixel_matrix(dataset, instance)
    add_imaged_volume(dataset, instance)
    add_shared_groups(dataset, instance)
    add_dimensions(dataset, plan, instance)
    add_optical_paths(dataset, plan, instance)
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


def _add_converter(dataset: Dataset, moment: dt.datetime | None) -> None:
    """Say that Coverslip made the instance (Contributing Equipment Sequence, C.12.1)."""
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = sequence([code_item(codes.MODIFYING_EQUIPMENT)])
    item.Manufacturer = "Coverslip"
    item.ManufacturerModelName = "dicomizer"
    item.SoftwareVersions = dicomizer.__version__
    if moment is not None:
        item.ContributionDateTime = schema.dicom_datetime(moment)
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
