# SPDX-License-Identifier: Apache-2.0
"""The levels of an SVS as scans: pyramids, focal planes and channels.

A file may hold several pyramids one after another; each is a scan. Planes and channels are
directories of one size that tell their height of focus (OffsetZ) or their dye.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from dicomizer.slide import OpticalPath, Scan, SpacingMm
from dicomizer.sources.tiff.pyramid import pyramids, with_level_spacing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dicomizer.slide import SizePx, SlideImage
    from dicomizer.sources.svs.metadata import SvsDescription
    from dicomizer.sources.tiff.directory import TiffDirectory
    from dicomizer.sources.tiff.images import TiffImages

    Described = tuple[TiffDirectory, SvsDescription]


def read_scans(images: TiffImages, levels: Sequence[Described]) -> tuple[Scan, ...]:
    """Make scans of tiled directories, the first of which is the base of the first.

    Raises
    ------
    Refusal
        Their pixels are of a kind that is not converted.
    CorruptSourceError
        A tile is not what its directory says.
    """
    described: dict[str, list[Described]] = {}
    stored = []
    for group in _stacks(levels):
        image = _image(images, group)
        described[image.key] = group
        stored.append(image)
    return tuple(_scan(chain, described[chain[0].key]) for chain in pyramids(stored))


def _stacks(levels: Sequence[Described]) -> list[list[Described]]:
    """Group directories of one size that are planes and channels of one image."""
    by_size: dict[SizePx, list[Described]] = {}
    for item in levels:
        by_size.setdefault(item[0].size, []).append(item)
    return [
        stack
        for group in by_size.values()
        for stack in ([group] if _is_stack(group) else [[item] for item in group])
    ]


def _is_stack(group: list[Described]) -> bool:
    places = {_place(item) for _, item in group}
    heights, dyes = ({place[axis] for place in places} for axis in (0, 1))
    return len(places) == len(group) == len(heights) * len(dyes)


def _place(description: SvsDescription) -> tuple[float | None, str]:
    return description.focus_um, description.path.name if description.path else ""


def _image(images: TiffImages, group: list[Described]) -> SlideImage:
    if len(group) == 1:
        return images.level(group[0][0], None)
    dyes = list(dict.fromkeys(_place(item)[1] for _, item in group))
    ordered = sorted(
        group, key=lambda pair: (dyes.index(_place(pair[1])[1]), pair[1].focus_um or 0)
    )
    return images.stack(
        [directory for directory, _ in ordered],
        planes=len(group) // len(dyes),
        paths=len(dyes),
        spacing=None,
    )


def _scan(levels: tuple[SlideImage, ...], group: list[Described]) -> Scan:
    description = group[0][1]
    mpp = description.mpp
    spacing = SpacingMm.from_mpp(mpp, mpp) if mpp else None
    return Scan(
        with_level_spacing(levels, spacing),
        optical_paths=_paths(levels[0], group),
        plane_spacing_um=_plane_spacing(group),
        origin=description.origin,
    )


def _paths(image: SlideImage, group: list[Described]) -> tuple[OpticalPath, ...]:
    told = {item.path.name: item.path for _, item in group if item.path is not None}
    if len(told) == image.paths:
        return tuple(told.values())
    return (OpticalPath(),) * image.paths


def _plane_spacing(group: list[Described]) -> float | None:
    """Return the distance between focal planes, if it is one."""
    heights = sorted({item.focus_um for _, item in group if item.focus_um is not None})
    steps = {round(above - below, 3) for below, above in pairwise(heights)}
    return steps.pop() if len(steps) == 1 else None
