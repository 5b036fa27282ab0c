# SPDX-License-Identifier: Apache-2.0
"""The optical paths: light, filters, lens, and the colour in which a path is shown.

References
----------
PS3.3 C.8.12.5 (Optical Path Module), PS3.16 CID 8122, 8123
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

import numpy as np
from pydicom.dataset import Dataset
from pydicom.valuerep import DSfloat

from dicomizer.dicom import codes
from dicomizer.dicom.schema.dataset import code_item, sequence
from dicomizer.dicom.schema.limits import fitting
from dicomizer.pixels.color import srgb_profile
from dicomizer.slide import Flavor, Illumination, OpticalPath

if TYPE_CHECKING:
    from dicomizer.planning import ConversionPlan, InstancePlan

_ILLUMINATION = {
    Illumination.BRIGHTFIELD: codes.BRIGHTFIELD,
    Illumination.FLUORESCENCE: codes.EPIFLUORESCENCE,
}
_DESCRIPTION_CHARACTERS = 1024
"""Of a Short Text (PS3.5 6.2)."""
_LONGEST_WAVE_NM = 0xFFFF


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
    if name := fitting(path.name, "LT")[:_DESCRIPTION_CHARACTERS]:
        item.OpticalPathDescription = name
    item.IlluminationTypeCodeSequence = sequence([code_item(_ILLUMINATION[path.illumination])])
    _add_light(item, path)
    power = plan.metadata.optics.objective_power
    if power is not None and instance.image.flavor in (Flavor.VOLUME, Flavor.THUMBNAIL):
        item.ObjectiveLensPower = DSfloat(power, auto_format=True)
    _add_color(item, path, instance)
    return item


def _add_color(item: Dataset, path: OpticalPath, instance: InstancePlan) -> None:
    """Add the colour in which grey is shown, and the profile that says what colours mean."""
    has_palette = path.color is not None and instance.image.pixel_format.samples == 1
    if path.color is not None and has_palette:
        item.PaletteColorLookupTableSequence = sequence([_palette(path.color, instance)])
    profile = instance.icc_profile or (srgb_profile() if has_palette else None)
    if profile is not None:
        item.ICCProfile = profile


def _add_light(item: Dataset, path: OpticalPath) -> None:
    """Add wavelengths; where that of the light is not known, its colour stands for it."""
    if _is_wavelength(path.excitation_nm):
        item.IlluminationWaveLength = path.excitation_nm
    else:
        item.IlluminationColorCodeSequence = sequence([code_item(codes.FULL_SPECTRUM)])
    if _is_wavelength(path.emission_nm):
        item.ImagePathFilterPassThroughWavelength = round(path.emission_nm)


def _is_wavelength(value: float | None) -> TypeGuard[float]:
    """Tell whether a file gave a number that can be a wavelength, and that 16 bits can hold."""
    return value is not None and 1 <= value <= _LONGEST_WAVE_NM


def _palette(color: tuple[int, int, int], instance: InstancePlan) -> Dataset:
    """Return tables that show black as black and white as a colour (C.7.9.2, C.7.6.3.1.5).

    Each is a point and a line from it, which takes a few bytes for any number of entries.
    """
    item = Dataset()
    entries = 1 << (8 * instance.image.pixel_format.bytes_per_sample)
    for name, value in zip(("Red", "Green", "Blue"), color, strict=True):
        segments = np.array([0, 1, 0, 1, entries - 1, value * 257], dtype="<u2")
        # 65,536 entries are told as 0.
        descriptor = [entries & 0xFFFF, 0, 16]
        setattr(item, f"{name}PaletteColorLookupTableDescriptor", descriptor)
        setattr(item, f"Segmented{name}PaletteColorLookupTableData", segments.tobytes())
    return item
