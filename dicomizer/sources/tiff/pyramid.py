# SPDX-License-Identifier: Apache-2.0
"""Which stored images make one pyramid, and how far apart the pixels of each level lie."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dicomizer.slide import SlideImage, SpacingMm

_LARGEST_ASPECT_CHANGE = 0.02
_SMALLEST_RATIO_STEP = 1.01


def check_levels(images: Sequence[SlideImage]) -> tuple[tuple[SlideImage, ...], list[str]]:
    """Order images from fine to coarse and leave out what cannot be a level of the first.

    Returns
    -------
    levels
        Finest first.
    notes
        A sentence for each image left out.
    """
    ordered = sorted(images, key=lambda image: -image.size.width)
    levels, notes = [ordered[0]], []
    for image in ordered[1:]:
        if _is_reduction(levels[0], levels[-1], image):
            levels.append(image)
        else:
            notes.append(
                f"directory {image.key} ({image.size}) is no level of the pyramid: left out"
            )
    return tuple(levels), notes


def pyramids(images: Sequence[SlideImage]) -> list[tuple[SlideImage, ...]]:
    """Divide images into pyramids: each belongs to the first that it is a reduction of.

    Parameters
    ----------
    images
        In such an order that the base of a pyramid comes before its other levels.

    Returns
    -------
    pyramids
        Of each the levels, finest first.
    """
    found: list[list[SlideImage]] = []
    for image in images:
        for levels in found:
            if _is_further_level(levels, image):
                levels.append(image)
                break
        else:
            found.append([image])
    return [tuple(sorted(levels, key=lambda image: -image.size.width)) for levels in found]


def _is_further_level(levels: list[SlideImage], image: SlideImage) -> bool:
    finer = [item for item in levels if item.size.width >= image.size.width]
    coarser = [item for item in levels if item.size.width < image.size.width]
    return (
        bool(finer)
        and _is_reduction(levels[0], finer[-1], image)
        and all(_is_reduction(levels[0], image, item) for item in coarser)
    )


def _is_reduction(base: SlideImage, previous: SlideImage, image: SlideImage) -> bool:
    horizontal = base.size.width / image.size.width
    vertical = base.size.height / image.size.height
    # Sizes are rounded to whole pixels, which changes the aspect of small levels.
    tolerance = _LARGEST_ASPECT_CHANGE + 2 / min(image.size.width, image.size.height)
    return (
        _kind(image) == _kind(base)
        and abs(math.log(horizontal / vertical)) <= tolerance
        and previous.size.width / image.size.width >= _SMALLEST_RATIO_STEP
    )


def _kind(image: SlideImage) -> tuple[object, ...]:
    return image.pixel_format, image.planes, image.paths


def with_level_spacing(
    levels: Sequence[SlideImage], spacing: SpacingMm | None
) -> tuple[SlideImage, ...]:
    """Give level 0 its spacing, and each other level its own or what follows from that."""
    if spacing is None:
        return tuple(levels)
    base = replace(levels[0], spacing=spacing)
    coarser = (replace(image, spacing=image.spacing_below(base)) for image in levels[1:])
    return (base, *coarser)
