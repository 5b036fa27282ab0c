# SPDX-License-Identifier: Apache-2.0
"""The size of a pixel of every level: told by the user, or by the file, or else an error."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer.errors import MissingSpacingError
from dicomizer.slide import Flavor, Scan, Slide, SlideImage, SpacingMm

if TYPE_CHECKING:
    from dicomizer.options import ConvertOptions

_UM_AT_1X = 10.0
"""Micrometres per pixel times magnification, by the custom of scanners: 40x is 0.25 um."""


def with_spacing(slide: Slide, options: ConvertOptions) -> tuple[Slide, list[str]]:
    """Give every image of every pyramid its spacing, from the options or the file.

    Returns
    -------
    slide
        The same with spacing.
    notes
        What was assumed.

    Raises
    ------
    MissingSpacingError
        Neither the file nor the options tell the spacing.
    """
    notes: list[str] = []
    slide = _corrected(slide, options.spacing) if options.spacing else slide
    scans = tuple(_scan(slide, scan, options, notes) for scan in slide.scans)
    base = scans[0].levels[0]
    associated = tuple(
        _reduced(base, image) if image.flavor is Flavor.THUMBNAIL else image
        for image in slide.associated
    )
    return replace(slide, scans=scans, associated=associated), notes


def _corrected(slide: Slide, spacing: SpacingMm) -> Slide:
    """Apply the user's spacing: to the first scan, and in proportion to all that tell theirs."""
    told = slide.levels[0].spacing
    factor = 1.0 if told is None else spacing.between_columns / told.between_columns
    scans = tuple(
        _with_base_spacing(scan, scan.levels[0].spacing.scaled(factor, factor))
        if number and scan.levels[0].spacing
        else _with_base_spacing(scan, spacing)
        for number, scan in enumerate(slide.scans)
    )
    associated = tuple(
        _scaled(image, told, spacing) if image.flavor is Flavor.THUMBNAIL else image
        for image in slide.associated
    )
    return replace(slide, scans=scans, associated=associated)


def _with_base_spacing(scan: Scan, spacing: SpacingMm) -> Scan:
    """Give the finest level a spacing, and the others what they tell in proportion."""
    base, *coarser = scan.levels
    levels = (_scaled(image, base.spacing, spacing) for image in coarser)
    return replace(scan, levels=(replace(base, spacing=spacing), *levels))


def _scaled(image: SlideImage, before: SpacingMm | None, after: SpacingMm) -> SlideImage:
    """Correct what an image tells as the finest level was corrected."""
    if image.spacing is None or before is None:
        return image
    spacing = image.spacing.scaled(
        after.between_columns / before.between_columns, after.between_rows / before.between_rows
    )
    return replace(image, spacing=spacing)


def _scan(slide: Slide, scan: Scan, options: ConvertOptions, notes: list[str]) -> Scan:
    base = scan.levels[0]
    spacing = base.spacing
    if spacing is None and options.magnification is not None:
        mpp = _UM_AT_1X / options.magnification
        spacing = SpacingMm.from_mpp(mpp, mpp)
        notes.append(f"{mpp:g} um per pixel estimated from {options.magnification:g}x, as asked")
    if spacing is None:
        raise MissingSpacingError(
            "the file does not say the size of a pixel, which DICOM requires",
            file=slide.path,
            place=f"level 0 of {scan.name or 'a scan'}" if len(slide.scans) > 1 else "level 0",
            remedy="give it in micrometres, for example --mpp 0.25, or --assume-magnification 40",
        )
    base = replace(base, spacing=spacing)
    coarser = (_reduced(base, image) for image in scan.levels[1:])
    return replace(scan, levels=(base, *coarser))


def _reduced(base: SlideImage, image: SlideImage) -> SlideImage:
    return replace(image, spacing=image.spacing_below(base))
