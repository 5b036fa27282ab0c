# SPDX-License-Identifier: Apache-2.0
"""The optical paths: light, filters, lens, and the colour in which a path is shown.

References
----------
PS3.3 C.8.12.5 (Optical Path Module)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.valuerep import DSfloat

from dicomizer.dicom.metadata import LightPath, PathMetadata
from dicomizer.dicom.schema.dataset import sequence
from dicomizer.dicom.schema.optics import add_path
from dicomizer.pixels.color import srgb_profile
from dicomizer.slide import Flavor, OpticalPath

if TYPE_CHECKING:
    from dicomizer.planning import ConversionPlan, InstancePlan


def add_optical_paths(dataset: Dataset, plan: ConversionPlan, instance: InstancePlan) -> None:
    """Add the Optical Path Module (C.8.12.5)."""
    paths = _paths(instance)
    dataset.NumberOfOpticalPaths = len(paths)
    dataset.OpticalPathSequence = sequence(
        _item(number, path, plan, instance) for number, path in enumerate(paths, start=1)
    )


def _paths(instance: InstancePlan) -> tuple[OpticalPath, ...]:
    """Return the paths of the image; a label or overview was not taken through those of a scan."""
    if instance.image.flavor in (Flavor.VOLUME, Flavor.THUMBNAIL):
        known = instance.scan.optical_paths[: instance.image.paths]
        return known + (OpticalPath(),) * (instance.image.paths - len(known))
    return (OpticalPath(),) * instance.image.paths


def _item(number: int, path: OpticalPath, plan: ConversionPlan, instance: InstancePlan) -> Dataset:
    item = Dataset()
    item.OpticalPathIdentifier = str(number)
    pixel_format = instance.image.pixel_format
    is_grey = pixel_format.samples == 1
    add_path(item, _told(path), pixel_format.bytes_per_sample if is_grey else None)
    power = plan.metadata.optics.objective_power
    if power is not None and instance.image.flavor in (Flavor.VOLUME, Flavor.THUMBNAIL):
        item.ObjectiveLensPower = DSfloat(power, auto_format=True)
    has_palette = "PaletteColorLookupTableSequence" in item
    profile = instance.icc_profile or (srgb_profile() if has_palette else None)
    if profile is not None:
        item.ICCProfile = profile
    return item


def _told(path: OpticalPath) -> PathMetadata:
    return PathMetadata(
        name=path.name or None,
        illumination=LightPath(path.illumination.value),
        excitation_nm=path.excitation_nm,
        emission_nm=path.emission_nm,
        color=None if path.color is None else f"#{bytes(path.color).hex()}",
    )
