# SPDX-License-Identifier: Apache-2.0
"""The true size of each level of a Philips TIFF.

The directories have the sizes of whole tiles, so that the ratio of two of them is not that of
the levels. How much smaller a level is than the first follows from their spacings in the XML.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer.slide import SizePx

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dicomizer.slide import SlideImage, SpacingMm


def with_true_sizes(
    stored: Sequence[SlideImage], spacings: Sequence[SpacingMm]
) -> tuple[list[SlideImage], list[str]]:
    """Give each level but the first the size that its spacing tells, and that without rounding.

    Parameters
    ----------
    stored
        At least one, finest first, with the sizes of their directories.
    spacings
        Of each, rounded; levels are reduced by whole factors.

    Returns
    -------
    levels
        Those whose size is known.
    notes
        A sentence for what is left out.
    """
    if len(stored) > 1 and len(spacings) != len(stored):
        note = (
            f"the XML has the spacing of {len(spacings)} levels and the file {len(stored)}: "
            "all but the first left out"
        )
        return [stored[0]], [note]
    levels, notes = [stored[0]], []
    for image, spacing in zip(stored[1:], spacings[1:], strict=False):
        factor = _factor(spacings[0], spacing)
        size = _reduced(stored[0].size, factor)
        resized = replace(image, size=size, spacing=spacings[0].scaled(factor, factor))
        if min(size.width, size.height) > 0 and resized.grid == image.grid:
            levels.append(resized)
        else:
            notes.append(
                f"directory {image.key} ({image.size}) is not the level of {size} "
                "that the XML tells: left out"
            )
    return levels, notes


def _factor(base: SpacingMm, spacing: SpacingMm) -> int:
    horizontal = spacing.between_columns / base.between_columns
    vertical = spacing.between_rows / base.between_rows
    return max(1, round(min((horizontal + vertical) / 2, 1 << 32)))


def _reduced(size: SizePx, factor: int) -> SizePx:
    return SizePx(size.width // factor, size.height // factor)
