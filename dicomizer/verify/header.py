# SPDX-License-Identifier: Apache-2.0
"""What the attributes of an image say, against what the slide and the plan would have them say.

Sizes, spacing and history follow from the plan's own values by the standard's definitions. What
passes through texts and codes is compared as it can be read again from a header that is written
for the plan, since not every text of a slide file fits into DICOM as it is.

References
----------
PS3.3 C.8.12.4 (Whole Slide Microscopy Image), C.8.12.5 (Optical Path), C.7.6.1.1.5 (lossy
compression), C.7.6.3.1.2 (Photometric Interpretation)
"""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING

from dicomizer.dicom.schema.read import metadata_of
from dicomizer.dicom.schema.read_values import number, numbers, text, values
from dicomizer.pixels.codecs import jpegxl
from dicomizer.pixels.codecs.errors import CodecError
from dicomizer.slide import ColorSpace, Compression, Flavor
from dicomizer.sources.dicom_wsi import optics
from dicomizer.sources.dicom_wsi.streams import read_stream_header
from dicomizer.verify.stored import DicomFrames
from dicomizer.writers.header.dataset import instance_dataset
from dicomizer.writers.header.tiling import orientation_of, origin_of, plane_spacing_um

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydicom.dataset import Dataset

    from dicomizer.dicom.metadata import SlideMetadata
    from dicomizer.planning import ConversionPlan, InstancePlan
    from dicomizer.sources.dicom_wsi.images import WsiImage

    Found = tuple[str, object, object]
    """Attribute, expected, found."""

_JPEGS = (Compression.JPEG, Compression.JPEG_XL_OF_JPEG)
_PHOTOMETRIC = {
    ColorSpace.RGB: ("RGB",),
    # PS3.5 8.2.1 has the latter for any subsampling; many write the former.
    ColorSpace.YCBCR: ("YBR_FULL_422", "YBR_FULL"),
    ColorSpace.ICT: ("YBR_ICT",),
    ColorSpace.RCT: ("YBR_RCT",),
    ColorSpace.XYB: ("XYB",),
    ColorSpace.MONOCHROME: ("MONOCHROME2", "MONOCHROME1"),
}
_PRECISION = 1e-5
"""Of a length, relative: Imaged Volume Width is a float of 32 bits."""
_RATIO_PRECISION = 0.02
"""Of a compression ratio, which may count padding or not."""
_LEFT_ASIDE = ("uid", "icc_profile", "paths")
"""UIDs are new with each conversion; profile and paths are compared by themselves."""


def header_differences(
    plan: ConversionPlan, item: InstancePlan, wsi: WsiImage, told: SlideMetadata
) -> Iterator[Found]:
    """Yield where an image says other than it should.

    Parameters
    ----------
    told
        By the slide file and the user, without placeholders.
    """
    dataset = wsi.instances[0].dataset
    yield from _pixels(item, wsi)
    yield from _colors(item, wsi)
    if [str(value) for value in values(dataset, "ImageType")] != list(item.image_type):
        yield "ImageType", item.image_type, values(dataset, "ImageType")
    yield from _lengths(item, wsi)
    yield from _place(item, dataset)
    yield from _history(item, wsi)
    canonical = instance_dataset(plan, item)
    yield from _optical_paths(item, wsi, canonical)
    yield from _metadata(told, metadata_of(canonical), metadata_of(dataset), "")
    if item.image.flavor in (Flavor.LABEL, Flavor.OVERVIEW):
        shown = text(dataset, "BurnedInAnnotation")
        if shown != "YES":
            yield "BurnedInAnnotation", "YES", shown


def steps_beyond(item: InstancePlan, dataset: Dataset) -> int:
    """Return how many more lossy compressions are told than the pixels had before."""
    return len(numbers(dataset, "LossyImageCompressionRatio")) - len(item.lossy)


def _pixels(item: InstancePlan, wsi: WsiImage) -> Iterator[Found]:
    image, found = item.image, wsi.image
    pairs = (
        ("TotalPixelMatrixFocalPlanes", image.planes, found.planes),
        ("NumberOfOpticalPaths", image.paths, found.paths),
        ("SamplesPerPixel", image.pixel_format.samples, found.pixel_format.samples),
        ("BitsAllocated", 8 * image.pixel_format.bytes_per_sample, wsi.pixels.bits_allocated),
    )
    yield from (pair for pair in pairs if pair[1] != pair[2])


def _colors(item: InstancePlan, wsi: WsiImage) -> Iterator[Found]:
    """Compare with the streams, and those of a source that should be the same with theirs."""
    for instance in wsi.instances:
        told = text(instance.dataset, "PhotometricInterpretation")
        stream = stream_color(wsi)
        if stream is not None and told not in _PHOTOMETRIC[stream]:
            yield (
                "PhotometricInterpretation",
                f"{_PHOTOMETRIC[stream][0]}, as the streams are",
                told,
            )
            return
        source = item.source or item.image
        coding = source.coding
        is_kept = item.halvings == 0 and (
            coding.compression is wsi.pixels.compression
            or {coding.compression, wsi.pixels.compression} == set(_JPEGS)
        )
        is_recoded = steps_beyond(item, instance.dataset) > 0
        if is_kept and not is_recoded and told not in _PHOTOMETRIC[coding.color_space]:
            expected = _PHOTOMETRIC[coding.color_space][0]
            yield "PhotometricInterpretation", f"{expected}, as in the slide", told


def stream_color(wsi: WsiImage) -> ColorSpace | None:
    """Return what the first frame says its colours are; ``None`` where it does not say."""
    held = [index for index in range(min(len(wsi.places), 1 << 16)) if wsi.places[index] >= 0]
    if wsi.is_composed or not held:
        return None
    (stream,) = DicomFrames(wsi).raw(held[:1])
    compression = wsi.pixels.compression
    if stream is None or wsi.pixels.color_space is ColorSpace.MONOCHROME:
        return None
    try:
        if compression is Compression.JPEG_XL_OF_JPEG and jpegxl.is_recompressed(stream):
            compression, stream = Compression.JPEG, jpegxl.restore(stream)
        header = read_stream_header(compression, stream)
    except CodecError:
        return None
    return header.color_space if header else None


def _lengths(item: InstancePlan, wsi: WsiImage) -> Iterator[Found]:
    spacing = item.image.spacing
    for instance in wsi.instances if spacing is not None else ():
        assert spacing is not None
        dataset, size = instance.dataset, instance.size
        found = optics.spacing(dataset, size)
        told = "not told" if found is None else _um(found.between_rows, found.between_columns)
        if found is None or not (
            _near(found.between_rows, spacing.between_rows)
            and _near(found.between_columns, spacing.between_columns)
        ):
            yield "PixelSpacing", _um(spacing.between_rows, spacing.between_columns), told
        for keyword, expected in (
            ("ImagedVolumeWidth", size.width * spacing.between_columns),
            ("ImagedVolumeHeight", size.height * spacing.between_rows),
        ):
            value = number(dataset, keyword)
            if value is None or not _near(value, expected):
                yield keyword, f"{expected:g} mm", "nothing" if value is None else f"{value:g} mm"
    if item.image.planes > 1 and wsi.plane_spacing_um is not None:
        expected = plane_spacing_um(item)
        if not _near(wsi.plane_spacing_um, expected):
            yield "SpacingBetweenSlices", f"{expected:g} um", f"{wsi.plane_spacing_um:g} um"


def _um(between_rows: float, between_columns: float) -> str:
    return f"{between_columns * 1000:g} x {between_rows * 1000:g} um"


def _near(found: float, expected: float) -> bool:
    return math.isclose(found, expected, rel_tol=_PRECISION, abs_tol=1e-9)


def _place(item: InstancePlan, dataset: Dataset) -> Iterator[Found]:
    expected, found = origin_of(item), optics.origin(dataset)
    is_near = found is not None and math.hypot(found.x - expected.x, found.y - expected.y) < 1e-6
    if not is_near:
        told = "nothing" if found is None else f"{found.x:g}, {found.y:g} mm"
        yield "TotalPixelMatrixOriginSequence", f"{expected.x:g}, {expected.y:g} mm", told
    directions, told_directions = orientation_of(item), numbers(dataset, "ImageOrientationSlide")
    is_same = len(told_directions) == len(directions) and all(
        map(_near, told_directions, directions)
    )
    if not is_same:
        yield "ImageOrientationSlide", list(directions), told_directions


def _history(item: InstancePlan, wsi: WsiImage) -> Iterator[Found]:
    """Compare the lossy compressions told, the last of which may be that of the conversion."""
    dataset = wsi.instances[0].dataset
    beyond = steps_beyond(item, dataset)
    if beyond not in (0, 1):
        found = len(item.lossy) + beyond
        yield "LossyImageCompressionRatio", f"{len(item.lossy)} values or one more", found
        return
    ratios = numbers(dataset, "LossyImageCompressionRatio")
    expected = [step.ratio for step in item.lossy] + ([_ratio(wsi)] if beyond else [])
    for want, have in zip(expected, ratios, strict=True):
        if want is not None and not math.isclose(
            have, want, rel_tol=_RATIO_PRECISION, abs_tol=0.01
        ):
            yield "LossyImageCompressionRatio", f"{want:.2f}", f"{have:.2f}"
    methods = [str(value) for value in values(dataset, "LossyImageCompressionMethod")]
    for step, method in zip(item.lossy, methods, strict=False):
        if step.method is not None and step.method != method:
            yield "LossyImageCompressionMethod", step.method, method
    flag = text(dataset, "LossyImageCompression")
    if flag != ("01" if ratios else "00"):
        yield "LossyImageCompression", "01" if ratios else "00", flag


def _ratio(wsi: WsiImage) -> float:
    """Return the ratio of the frames as they are stored."""
    coded = sum(int(part.index.lengths.sum()) for part in wsi.parts)
    return sum(len(part.index) for part in wsi.parts) * wsi.image.frame_bytes / max(coded, 1)


def _optical_paths(item: InstancePlan, wsi: WsiImage, canonical: Dataset) -> Iterator[Found]:
    expected = optics.optical_paths([canonical], [str(n + 1) for n in range(item.image.paths)])
    found = optics.optical_paths([i.dataset for i in wsi.instances], wsi.identifiers)
    for want, have in zip(expected, found, strict=False):
        for name, value in _told(want):
            if value != getattr(have, name):
                yield f"OpticalPathSequence {name}", value, getattr(have, name)
    yield from _profile(item, wsi)


def _profile(item: InstancePlan, wsi: WsiImage) -> Iterator[Found]:
    if item.icc_profile is None:
        return
    found = optics.icc_profile(wsi.instances[0].dataset)
    if found is None:
        yield "ICCProfile", f"{len(item.icc_profile)} bytes", "nothing"
    elif found.rstrip(b"\0") != item.icc_profile.rstrip(b"\0"):
        expected = f"the slide's, or sRGB where it has none ({len(item.icc_profile)} bytes)"
        yield "ICCProfile", expected, f"another of {len(found)} bytes"


def _metadata(told: object, expected: object, found: object, place: str) -> Iterator[Found]:
    """Yield what is told of the slide and comes out otherwise; of placeholders nothing."""
    for name, value in _told(told):
        want, have = getattr(expected, name), getattr(found, name)
        if name in _LEFT_ASIDE or want is None:
            continue
        if name == "specimens":
            want, have = _without_uids(want), _without_uids(have)
        if is_dataclass(value):
            yield from _metadata(value, want, have, f"{place}{name} ")
        elif want != have:
            # Values may name a patient: which they are is seen in the files.
            yield f"metadata {place}{name}", "as the slide and --metadata tell it", "another value"


def _without_uids(specimens: Sequence[object]) -> list[object]:
    return [replace(item, uid=None) for item in specimens]  # type: ignore[type-var]


def _told(record: object) -> Iterator[tuple[str, object]]:
    """Yield the fields of a record that hold something."""
    for item in fields(record):  # type: ignore[arg-type]
        value = getattr(record, item.name)
        if value is not None and value not in ("", ()):
            yield item.name, value
