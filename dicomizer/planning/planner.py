# SPDX-License-Identifier: Apache-2.0
"""From a slide and options to a plan: no pixels, no writes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dicomizer.dicom.placeholders import fill_placeholders
from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.pixels.color import srgb_profile
from dicomizer.planning.coding import coding_notes, kept_coding, level_coding, size_notes
from dicomizer.planning.levels import choose_levels
from dicomizer.planning.optics import with_optics
from dicomizer.planning.plan import ConversionPlan, InstancePlan, Occasion, Route, Tiling
from dicomizer.planning.spacing import with_spacing
from dicomizer.slide import Compression, Flavor, Illumination, LossyStep, Scan, Slide, SlideImage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dicomizer.dicom.uids import Uids
    from dicomizer.options import ConvertOptions
    from dicomizer.planning.coding import FrameCoding


_METHODS = {
    Compression.JPEG: "ISO_10918_1",
    Compression.JPEG_XL_OF_JPEG: "ISO_10918_1",
    Compression.JPEG_2000: "ISO_15444_1",
    Compression.HTJ2K: "ISO_15444_15",
    Compression.JPEG_LS: "ISO_14495_1",
    Compression.JPEG_XL: "ISO_18181_1",
}
"""How pixels were lost that come lossily coded (PS3.3 C.7.6.1.1.5.1)."""
_KNOWN_TO_TIFF = (
    TransferSyntax.EXPLICIT_VR_LITTLE_ENDIAN,
    TransferSyntax.JPEG_BASELINE,
    TransferSyntax.JPEG_2000,
    TransferSyntax.JPEG_2000_LOSSLESS,
)
"""What an image beside the pyramid may be for a file that is TIFF as well."""
_SHOW_LABEL = (Flavor.LABEL, Flavor.OVERVIEW)
"""An overview shows the label too (PS3.3 C.8.12.4.1.1)."""


@dataclass(frozen=True, slots=True)
class _Series:
    """What the instances of a scan share; each scan of a slide is a series of its own."""

    scan: Scan
    uid: str
    pyramid_uid: str
    prefix: str


def plan(slide: Slide, options: ConvertOptions, occasion: Occasion | None = None) -> ConversionPlan:
    """Decide what a conversion of ``slide`` writes.

    Parameters
    ----------
    occasion
        Where UIDs come from, and when the conversion began; new UIDs and now if ``None``.

    Raises
    ------
    MissingSpacingError
        Neither the file nor the options tell the spacing.
    CodecError
        The codec that was asked for cannot code these pixels.
    CorruptSourceError
        The file holds no tile of a finest level.
    MetadataError
        The user tells of another number of optical paths than the slide has.
    """
    occasion = occasion or Occasion()
    uids = occasion.uids
    slide, left_out = _without_empty_levels(slide)
    slide, estimated = with_spacing(slide, options)
    slide = with_optics(slide, options.metadata.optics)
    metadata, assumed = fill_placeholders(
        options.metadata.over(slide.metadata), slide.path.stem, uids
    )
    series = list(_series(slide, metadata.series.uid or uids.uid("series"), uids))
    try:
        made = [instance for item in series for instance in _levels(item, options)]
    except CodecError as error:
        raise CodecError(error.problem, file=slide.path, remedy=error.remedy) from error
    made += _associated(slide, series[0], options)
    instances = tuple(
        replace(
            instance,
            instance_number=number,
            sop_instance_uid=uids.uid(f"instance {instance.file_name}"),
        )
        for number, instance in enumerate(made, start=1)
    )
    stored = [image for scan in slide.scans for image in scan.levels]
    coded = [note for image in stored for note in coding_notes(image, options)]
    notes = [*slide.notes, *left_out, *estimated, *assumed, *coded, *_notes(slide, instances)]
    return ConversionPlan(
        slide_name=slide.path.name,
        format_name=slide.format_name,
        instances=instances,
        metadata=metadata,
        frame_of_reference_uid=uids.uid("frame of reference"),
        acquisition_uid=uids.uid("acquisition"),
        dimension_organization_uid=uids.uid("dimension organization"),
        occasion=occasion,
        notes=tuple(dict.fromkeys(notes)),
    )


def _without_empty_levels(slide: Slide) -> tuple[Slide, list[str]]:
    """Leave out levels of which the file holds no frame at all, and tell it."""
    scans, notes = [], []
    for scan in slide.scans:
        held = [item for item in scan.levels if len(item.missing) < item.number_of_frames]
        if scan.levels[0] not in held:
            raise CorruptSourceError(
                "no tile of the finest level is in the file",
                file=slide.path,
                place="level 0",
                remedy="copy it again, or scan the slide again",
            )
        scans.append(replace(scan, levels=tuple(held)))
        notes += [
            f"level of {item.size} pixels has no tile in the file: left out"
            for item in scan.levels
            if item not in held
        ]
    return replace(slide, scans=tuple(scans)), notes


def _series(slide: Slide, uid: str, uids: Uids) -> Iterator[_Series]:
    for number, scan in enumerate(slide.scans, start=1):
        pyramid = uids.uid(f"pyramid {number}")
        if number == 1:
            yield _Series(scan, uid, pyramid, "")
        else:
            yield _Series(scan, uids.uid(f"series {number}"), pyramid, f"scan-{number}-")


def _levels(series: _Series, options: ConvertOptions) -> Iterator[InstancePlan]:
    """Yield the instances of a pyramid, finest first."""
    stored = {image.key: image for image in series.scan.levels}
    levels = choose_levels(series.scan.levels, options.levels, options.tile_size)
    for index, level in enumerate(levels):
        source = stored[level.source.key]
        coding = level_coding(level, source, options)
        as_yielded = coding.route in (Route.PASSTHROUGH, Route.RECOMPRESS)
        yield replace(
            _instance(
                level.image,
                series,
                coding,
                is_reduced=index > 0,
                fills=options.fill_missing,
            ),
            lossy=_lossy(source),
            file_name=f"{series.prefix}level-{index}.dcm",
            max_bytes=options.max_instance_bytes,
            dual=options.dual,
            source=None if as_yielded else source,
            halvings=level.halvings,
        )


def _associated(slide: Slide, series: _Series, options: ConvertOptions) -> Iterator[InstancePlan]:
    """Yield the instances of images beside the pyramid, which stay as the source has them."""
    for image in slide.associated:
        if options.label or image.flavor not in _SHOW_LABEL:
            is_reduced = image.flavor is Flavor.THUMBNAIL
            instance = _instance(image, series, kept_coding(image), is_reduced=is_reduced)
            name = f"{image.flavor.value.lower()}.dcm"
            dual = options.dual and instance.transfer_syntax in _KNOWN_TO_TIFF
            yield replace(instance, file_name=name, dual=dual)


def _instance(
    image: SlideImage,
    series: _Series,
    coding: FrameCoding,
    *,
    is_reduced: bool,
    fills: bool = False,
) -> InstancePlan:
    return InstancePlan(
        file_name="",
        image=image,
        scan=series.scan,
        route=coding.route,
        tiling=Tiling.SPARSE if image.missing and not fills else Tiling.FULL,
        transfer_syntax=coding.transfer_syntax,
        photometric_interpretation=coding.photometric_interpretation,
        image_type=_image_type(image, is_reduced=is_reduced or image.is_resampled),
        sop_instance_uid="",
        series_uid=series.uid,
        pyramid_uid=series.pyramid_uid,
        instance_number=0,
        lossy=_lossy(image),
        lossy_method=coding.lossy_method,
        icc_profile=_icc_profile(image, series.scan),
        codec=coding.codec,
        quality=coding.quality,
    )


def _image_type(image: SlideImage, *, is_reduced: bool) -> tuple[str, str, str, str]:
    """Return Image Type: what is reduced from finer pixels is derived (PS3.3 C.8.12.4.1.1)."""
    return (
        "DERIVED" if is_reduced else "ORIGINAL",
        "PRIMARY",
        image.flavor.value,
        "RESAMPLED" if is_reduced else "NONE",
    )


def _lossy(image: SlideImage) -> tuple[LossyStep, ...]:
    """Return the lossy compressions that the stored pixels went through."""
    coding = image.coding
    method = coding.method or _METHODS.get(coding.compression)
    if not coding.lossy or (coding.earlier and method is None):
        return coding.earlier
    pixel_bytes = image.frame_bytes * (image.number_of_frames - len(image.missing))
    return (*coding.earlier, LossyStep(method, pixel_bytes / max(coding.coded_bytes, 1)))


def _icc_profile(image: SlideImage, scan: Scan) -> bytes | None:
    if image.pixel_format.samples == 1:
        return None
    of_pyramid = image.flavor in (Flavor.VOLUME, Flavor.THUMBNAIL)
    shared = scan.levels[0].icc_profile if of_pyramid else None
    return image.icc_profile or shared or srgb_profile()


def _notes(slide: Slide, instances: tuple[InstancePlan, ...]) -> Iterator[str]:
    base = slide.levels[0]
    if not base.icc_profile and base.pixel_format.samples == 3:
        yield "no ICC profile in the file: sRGB assumed"
    if slide.scans[0].optical_paths[0].illumination is Illumination.BRIGHTFIELD:
        yield "lighting and focus not told by the file: written as brightfield, automatic focus"
    if slide.scans[0].origin is None:
        yield "position on the glass not told by the file: written as a standard slide's corner"
    for instance in instances:
        yield from size_notes(instance)
        if instance.route is Route.TRANSCODE and instance.lossy_method:
            yield f"{instance.file_name}: coded anew with loss as {instance.codec.value}"
    for scan in slide.scans:
        yield from _scan_notes(scan)
    missing = sum(len(item.image.missing) for item in instances)
    if missing:
        filled = any(item.tiling is Tiling.FULL for item in instances if item.image.missing)
        how = "written as background" if filled else "left out of a sparse tiling"
        yield f"{missing:,} frames are not in the file: {how}"
    unknown = [item.file_name for item in instances if _lacks_ratio(item)]
    if unknown:
        yield f"lossy compression ratio not known, written as 1: {', '.join(unknown)}"
    shown = [item.image.flavor.value.lower() for item in instances if _shows_label(item)]
    if shown:
        yield f"{' and '.join(shown)} may show a patient's name: leave them out with --no-label"


def _scan_notes(scan: Scan) -> Iterator[str]:
    if scan.levels[0].planes > 1 and scan.plane_spacing_um is None:
        yield "distance between focal planes not told by the file: written as 1 um"
    for number, path in enumerate(scan.optical_paths, start=1):
        if path.illumination is Illumination.FLUORESCENCE and path.excitation_nm is None:
            name = path.name or f"channel {number}"
            yield f"wavelength of the light of {name} not told: written as full spectrum"


def _lacks_ratio(instance: InstancePlan) -> bool:
    return any(step.ratio is None for step in instance.lossy)


def _shows_label(instance: InstancePlan) -> bool:
    return instance.image.flavor in _SHOW_LABEL
