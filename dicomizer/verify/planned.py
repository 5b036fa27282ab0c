# SPDX-License-Identifier: Apache-2.0
"""What a conversion of the slide would have written, as far as the DICOM tells its options.

Nobody writes down with which options a slide was converted. Which levels were asked for is seen
from those that are there, the size of tiles from the finest level; where the slide file does not
tell the size of a pixel, that of the DICOM is taken for what the user gave.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dicomizer.dicom.schema.read_values import whole
from dicomizer.errors import MissingSpacingError
from dicomizer.options import ConvertOptions, Levels
from dicomizer.planning import plan
from dicomizer.slide import Flavor

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.planning import ConversionPlan, InstancePlan
    from dicomizer.slide import SizePx, Slide
    from dicomizer.sources.dicom_wsi.images import WsiImage
    from dicomizer.verify.opened import DicomSlide


@dataclass(frozen=True, slots=True)
class Match:
    """An image of the plan and of the DICOM.

    Parameters
    ----------
    name
        Such as "level 0".
    expected, found
        One of them may be ``None``.
    """

    name: str
    expected: InstancePlan | None
    found: WsiImage | None


@dataclass(slots=True)
class Matches:
    """All images of the plan and of the DICOM, each once."""

    plan: ConversionPlan
    options: ConvertOptions
    images: list[Match] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def lacks(self) -> int:
        """How many images have no counterpart."""
        return sum(item.expected is None or item.found is None for item in self.images)


def matched(slide: Slide, dicom: DicomSlide, options: ConvertOptions) -> Matches:
    """Find the plan that fits the DICOM best, and pair their images.

    Parameters
    ----------
    options
        As the user told them.

    Raises
    ------
    DicomizerError
        No plan can be made.
    """
    options = replace(options, tile_size=_tile_size(slide, dicom))
    tried = [options.levels] if options.levels else [None, *Levels]
    notes: list[str] = []
    options = _with_spacing(slide, dicom, options, notes)
    candidates = (_pair(slide, dicom, replace(options, levels=levels)) for levels in tried)
    best = min(candidates, key=lambda matches: matches.lacks)
    best.notes += notes
    return best


def _with_spacing(
    slide: Slide, dicom: DicomSlide, options: ConvertOptions, notes: list[str]
) -> ConvertOptions:
    """Take the size of a pixel from the DICOM where nobody else tells it."""
    try:
        plan(slide, options)
    except MissingSpacingError:
        levels = [wsi for pyramid in dicom.pyramids[:1] for wsi in pyramid]
        spacing = levels[0].image.spacing if levels else None
        if spacing is None:
            raise
        horizontal, vertical = levels[0].image.reduction_of(slide.levels[0])
        spacing = spacing.scaled(1 / horizontal, 1 / vertical)
        notes.append(
            f"the slide does not tell the size of a pixel: {spacing.mpp[0]:g} um is taken from the "
            "DICOM and not checked; --mpp tells it"
        )
        return replace(options, spacing=spacing)
    return options


def _tile_size(slide: Slide, dicom: DicomSlide) -> SizePx | None:
    """Return the size of the tiles where it is not that of the slide file."""
    stored = {image.size: image.tile_size for scan in slide.scans for image in scan.levels}
    for pyramid in dicom.pyramids:
        for wsi in pyramid:
            own = stored.get(wsi.image.size)
            if own is not None and own != wsi.tile_size:
                return wsi.tile_size
    return None


def _pair(slide: Slide, dicom: DicomSlide, options: ConvertOptions) -> Matches:
    planned = plan(slide, options)
    matches = Matches(planned, options)
    series: dict[str, list[InstancePlan]] = defaultdict(list)
    for item in planned.instances:
        if item.image.flavor is Flavor.VOLUME:
            series[item.pyramid_uid].append(item)
    pyramids = _in_order(list(series.values()), dicom)
    for number, (levels, pyramid) in enumerate(pyramids, start=1):
        prefix = f"scan {number} " if number > 1 else ""
        matches.images += _levels(levels, pyramid, prefix)
    matches.images += _associated(planned, dicom)
    if dicom.is_part:
        matches.images = [item for item in matches.images if item.found is not None]
    return matches


def _in_order(
    series: list[list[InstancePlan]], dicom: DicomSlide
) -> Iterator[tuple[list[InstancePlan], list[WsiImage]]]:
    """Yield the levels of each scan with the pyramid that has most in common with them."""
    free = list(range(len(series)))
    chosen: dict[int, list[WsiImage]] = {}
    surplus: list[list[WsiImage]] = []
    for pyramid in dicom.pyramids:
        best = max(free, key=lambda n: _in_common(series[n], pyramid), default=None)
        is_only = len(series) == len(dicom.pyramids) == 1
        if best is None or not (is_only or _in_common(series[best], pyramid)[0]):
            surplus.append(pyramid)
            continue
        chosen[best] = pyramid
        free.remove(best)
    for number, levels in enumerate(series):
        yield levels, chosen.get(number, [])
    for pyramid in surplus:
        yield [], pyramid


def _in_common(levels: list[InstancePlan], pyramid: list[WsiImage]) -> tuple[int, int]:
    """Return how many sizes are the same, and how many numbers of instances with them."""
    sizes = {item.image.size for item in levels}
    told = {(item.image.size, item.instance_number) for item in levels}
    numbers = [
        (wsi.image.size, whole(wsi.instances[0].dataset, "InstanceNumber")) for wsi in pyramid
    ]
    return sum(size in sizes for size, _ in numbers), sum(item in told for item in numbers)


def _levels(
    levels: Sequence[InstancePlan], pyramid: Sequence[WsiImage], prefix: str
) -> Iterator[Match]:
    found = {wsi.image.size: wsi for wsi in pyramid}
    for index, item in enumerate(levels):
        yield Match(f"{prefix}level {index}", item, found.pop(item.image.size, None))
    for wsi in found.values():
        yield Match(f"{prefix}level of {wsi.image.size}", None, wsi)


def _associated(planned: ConversionPlan, dicom: DicomSlide) -> Iterator[Match]:
    """Yield label, overview and thumbnail, which a plan may leave out on purpose."""
    found = {wsi.image.flavor: wsi for wsi in dicom.associated}
    for item in planned.instances:
        flavor = item.image.flavor
        if flavor is not Flavor.VOLUME:
            yield Match(flavor.value.lower(), item, found.pop(flavor, None))
    for flavor, wsi in found.items():
        yield Match(flavor.value.lower(), None, wsi)
