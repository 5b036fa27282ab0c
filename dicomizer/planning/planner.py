# SPDX-License-Identifier: Apache-2.0
"""From a slide and options to a plan: no pixels, no writes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer.dicom.placeholders import fill_placeholders
from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.dicom.uids import new_uid
from dicomizer.errors import MissingSpacingError
from dicomizer.pixels.color import srgb_profile
from dicomizer.planning.plan import ConversionPlan, InstancePlan, Route, Tiling
from dicomizer.slide import (
    ColorSpace,
    Compression,
    Flavor,
    LossyStep,
    Scan,
    Slide,
    SlideImage,
    SpacingMm,
)

if TYPE_CHECKING:
    from dicomizer.options import ConvertOptions


_SHOW_LABEL = (Flavor.LABEL, Flavor.OVERVIEW)
"""An overview shows the label too (PS3.3 C.8.12.4.1.1)."""


def plan(slide: Slide, options: ConvertOptions) -> ConversionPlan:
    """Decide what a conversion of ``slide`` writes.

    Raises
    ------
    MissingSpacingError
        Neither the file nor the options tell the spacing.
    """
    slide = _with_spacing(slide, options)
    metadata, assumed = fill_placeholders(options.metadata.over(slide.metadata), slide.path.stem)
    images = [item for item in slide.images if options.label or item.flavor not in _SHOW_LABEL]
    notes = [*slide.notes, *assumed, *_color_notes(images), *_optics_notes()]
    notes += _label_notes(images)
    series_uid, pyramid_uid = metadata.series.uid or new_uid(), new_uid()
    return ConversionPlan(
        slide_name=slide.path.name,
        format_name=slide.format_name,
        instances=tuple(
            _instance(
                image,
                number,
                _base_profile(slide),
                scan=slide.scans[0],
                series_uid=series_uid,
                pyramid_uid=pyramid_uid,
            )
            for number, image in enumerate(images, start=1)
        ),
        metadata=metadata,
        frame_of_reference_uid=new_uid(),
        acquisition_uid=new_uid(),
        dimension_organization_uid=new_uid(),
        notes=tuple(notes),
    )


def _with_spacing(slide: Slide, options: ConvertOptions) -> Slide:
    """Give every image of the pyramid its spacing, from the options or the file."""
    base = slide.levels[0]
    spacing = options.spacing or base.spacing
    if spacing is None:
        raise MissingSpacingError(
            "the file does not say the size of a pixel, which DICOM requires",
            file=slide.path,
            place="level 0",
            remedy="give it in micrometres, for example --mpp 0.25",
        )
    return replace(
        slide,
        scans=(
            replace(
                slide.scans[0],
                levels=tuple(
                    replace(image, spacing=_reduced(base, image, spacing)) for image in slide.levels
                ),
            ),
        ),
        associated=tuple(
            replace(image, spacing=_reduced(base, image, spacing))
            if image.flavor is Flavor.THUMBNAIL
            else image
            for image in slide.associated
        ),
    )


def _reduced(base: SlideImage, image: SlideImage, spacing: SpacingMm) -> SpacingMm:
    return spacing.scaled(*image.reduction_of(base))


def _base_profile(slide: Slide) -> bytes | None:
    return slide.levels[0].icc_profile


def _instance(
    image: SlideImage,
    number: int,
    base_profile: bytes | None,
    *,
    scan: Scan,
    series_uid: str,
    pyramid_uid: str,
) -> InstancePlan:
    is_jpeg = image.coding.compression is Compression.JPEG
    of_pyramid = image.flavor in (Flavor.VOLUME, Flavor.THUMBNAIL)
    profile = image.icc_profile or (base_profile if of_pyramid else None) or srgb_profile()
    return InstancePlan(
        file_name=_file_name(image, number),
        image=image,
        scan=scan,
        route=Route.PASSTHROUGH,
        tiling=Tiling.FULL,
        transfer_syntax=(
            TransferSyntax.JPEG_BASELINE if is_jpeg else TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN
        ),
        photometric_interpretation=_photometric_interpretation(image),
        image_type=_image_type(image, is_base=number == 1),
        sop_instance_uid=new_uid(),
        instance_number=number,
        series_uid=series_uid,
        pyramid_uid=pyramid_uid,
        lossy=_lossy(image),
        lossy_method=None,
        icc_profile=profile,
    )


def _file_name(image: SlideImage, number: int) -> str:
    if image.flavor is Flavor.VOLUME:
        return f"level-{number - 1}.dcm"
    return f"{image.flavor.value.lower()}.dcm"


def _photometric_interpretation(image: SlideImage) -> str:
    """Return the value for three samples.

    YBR_FULL_422 stands for YCbCr JPEG of any chroma subsampling; what it is stands in the stream
    (PS3.3 C.7.6.3.1.2, PS3.5 8.2.1).
    """
    return "YBR_FULL_422" if image.coding.color_space is ColorSpace.YCBCR else "RGB"


def _image_type(image: SlideImage, *, is_base: bool) -> tuple[str, str, str, str]:
    """Return Image Type: what is reduced from finer pixels is derived (PS3.3 C.8.12.4.1.1)."""
    is_reduced = image.flavor is Flavor.THUMBNAIL or (image.flavor is Flavor.VOLUME and not is_base)
    return (
        "DERIVED" if is_reduced else "ORIGINAL",
        "PRIMARY",
        image.flavor.value,
        "RESAMPLED" if is_reduced else "NONE",
    )


def _lossy(image: SlideImage) -> tuple[LossyStep, ...]:
    if not image.coding.lossy:
        return ()
    pixel_bytes = image.frame_bytes * image.number_of_frames
    return (LossyStep("ISO_10918_1", pixel_bytes / max(image.coding.coded_bytes, 1)),)


def _color_notes(images: list[SlideImage]) -> list[str]:
    return [] if images[0].icc_profile else ["no ICC profile in the file: sRGB assumed"]


def _label_notes(images: list[SlideImage]) -> list[str]:
    shown = [image.flavor.value.lower() for image in images if image.flavor in _SHOW_LABEL]
    if not shown:
        return []
    return [f"{' and '.join(shown)} may show a patient's name: leave them out with --no-label"]


def _optics_notes() -> list[str]:
    return [
        "lighting and focus not told by the file: written as brightfield, automatic focus",
        "position on the glass not told by the file: written as the corner of a standard slide",
    ]
