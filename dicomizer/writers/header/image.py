# SPDX-License-Identifier: Apache-2.0
"""What the picture shows, how its samples are stored, and what compressing it has cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.dicom.derivation import quality_told
from dicomizer.dicom.placeholders import UNKNOWN_RATIO, UNKNOWN_RATIO_TOLD
from dicomizer.slide import Flavor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom.dataset import Dataset

    from dicomizer.planning import InstancePlan

_RATIO_CHARACTERS = 9
_SMALLEST_RATIO, _LARGEST_RATIO = 1e-7, 9_999_999.0
"""What so many characters can tell; nobody compresses more, or wastes as much."""
_ROUNDED = (0.1, 1e9)
"""Ratios that two decimals tell well, in a Decimal String of 16 characters."""
_UNKNOWN_METHOD = "UNKNOWN"
"""None of the defined terms, which may be extended (C.7.6.1.1.5.1), and it says what is so."""


def add_image(dataset: Dataset, instance: InstancePlan) -> None:
    """Add the General Image and Whole Slide Microscopy Image Modules (C.7.6.1, C.8.12.4)."""
    shows_label = instance.image.flavor in (Flavor.LABEL, Flavor.OVERVIEW)
    dataset.ImageType = list(instance.image_type)
    dataset.InstanceNumber = instance.instance_number
    dataset.VolumetricProperties = "VOLUME"
    # An overview may show the label; claiming that it does not would invite disclosure.
    dataset.SpecimenLabelInImage = dataset.BurnedInAnnotation = "YES" if shows_label else "NO"
    dataset.FocusMethod = "AUTO"
    dataset.ExtendedDepthOfField = "NO"
    for keyword, value in lossy_compression(instance, 1.0).items():
        setattr(dataset, keyword, value)
    if derivation := "; ".join(_derivation(instance)):
        dataset.DerivationDescription = derivation


def _derivation(instance: InstancePlan) -> Iterator[str]:
    """Yield what no other attribute tells of how the image was made."""
    if any(step.ratio is None for step in instance.lossy):
        yield UNKNOWN_RATIO_TOLD
    if instance.lossy_method is not None and instance.quality is not None:
        yield quality_told(instance.quality)


def lossy_compression(instance: InstancePlan, ratio: float) -> dict[str, object]:
    """Return the lossy compressions that the pixels went through, oldest first (C.7.6.1.1.5).

    Parameters
    ----------
    ratio
        Of the compression that writing the instance does itself, if it loses anything; the
        values take as many bytes for any.

    Returns
    -------
    values
        By DICOM keyword.
    """
    ratios = [_ratio(step.ratio) for step in instance.lossy]
    methods = [step.method or "" for step in instance.lossy]
    if instance.lossy_method is not None:
        told = min(max(ratio, _SMALLEST_RATIO), _LARGEST_RATIO)
        ratios.append(f"{told:.7f}"[:_RATIO_CHARACTERS])
        methods.append(instance.lossy_method)
    if not ratios:
        return {"LossyImageCompression": "00"}
    return {
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": ratios,
        # A method that no file tells is empty, but one value at least there must be (PS3.5 7.4.1).
        "LossyImageCompressionMethod": methods if any(methods) else _UNKNOWN_METHOD,
    }


def _ratio(ratio: float | None) -> str:
    """Return a ratio as Decimal String: to two decimals, or to six digits where those say little.

    A level of a few pixels takes more bytes coded than not.
    """
    if ratio is None:
        return UNKNOWN_RATIO
    return f"{ratio:.2f}" if _ROUNDED[0] <= ratio < _ROUNDED[1] else f"{ratio:.6g}"


def add_pixel_description(dataset: Dataset, instance: InstancePlan) -> None:
    """Add the Image Pixel Module (C.7.6.3), as a whole-slide image has it (C.8.12.4.1.5)."""
    image = instance.image
    bits = 8 * image.pixel_format.bytes_per_sample
    dataset.SamplesPerPixel = image.pixel_format.samples
    dataset.PhotometricInterpretation = instance.photometric_interpretation
    dataset.Rows, dataset.Columns = image.tile_size.height, image.tile_size.width
    # Bits Stored is equal to Bits Allocated, even where a scanner uses 12 bits of 16 (C.8.12.4).
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = 0
    dataset.NumberOfFrames = instance.number_of_frames
    if image.pixel_format.samples > 1:
        dataset.PlanarConfiguration = 0
    else:
        dataset.RescaleIntercept, dataset.RescaleSlope = "0", "1"
        dataset.PresentationLUTShape = "IDENTITY"
