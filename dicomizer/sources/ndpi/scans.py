# SPDX-License-Identifier: Apache-2.0
"""Which streams of an NDPI file make levels, focal planes and scans.

Every magnification of every focal plane is a directory of its own; size tells the level, the Z
offset the plane, and the tissue index the scan.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from dicomizer.slide import Flavor, Scan, SizePx, SlideImage, SpacingMm
from dicomizer.sources.base import Refusal
from dicomizer.sources.ndpi.metadata import optical_path
from dicomizer.sources.ndpi.tags import Tag
from dicomizer.sources.tiff.pyramid import check_levels, with_level_spacing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dicomizer.sources.ndpi.directory import NdpiDirectory
    from dicomizer.sources.ndpi.stored import StoredJpeg

    Stored = tuple[NdpiDirectory, StoredJpeg]

_UM_PER_NM = 0.001


class ScanBuilder:
    """Makes scans of stored streams.

    Attributes
    ----------
    streams
        Those of each level by its key, one for each focal plane, lowest first.
    notes
        A sentence for each stream left out.
    """

    def __init__(self) -> None:
        self.streams: dict[str, tuple[StoredJpeg, ...]] = {}
        self.notes: list[str] = []

    def scans(self, stored: Iterable[Stored]) -> tuple[tuple[NdpiDirectory, Scan], ...]:
        """Return each scan with the directory of its finest level."""
        tissues: dict[int, list[Stored]] = {}
        for item in stored:
            tissues.setdefault(item[0].whole(Tag.TISSUE) or 0, []).append(item)
        return tuple(
            self._scan(items, f"tissue {number}" if len(tissues) > 1 else "")
            for number, items in sorted(tissues.items())
        )

    def _scan(self, stored: list[Stored], name: str) -> tuple[NdpiDirectory, Scan]:
        levels = self._by_level(stored)
        finest = max(levels, key=lambda size: size.width)
        heights = sorted(levels[finest])
        base = levels[finest][heights[0]][0]
        pyramid, notes = check_levels(self._levels(levels, finest))
        self.notes += notes
        spacing = SpacingMm.from_mpp(*base.mpp) if base.mpp else None
        return base, Scan(
            levels=with_level_spacing(pyramid, spacing),
            optical_paths=(optical_path(base),),
            plane_spacing_um=self._plane_spacing_um(heights),
            name=name,
        )

    def _by_level(self, stored: list[Stored]) -> dict[SizePx, dict[int, Stored]]:
        levels: dict[SizePx, dict[int, Stored]] = {}
        for directory, stream in stored:
            planes = levels.setdefault(stream.size, {})
            height = directory.whole(Tag.Z_OFFSET) or 0
            if height in planes:
                self.notes.append(
                    f"{stream.place} ({stream.size}) has the focal plane of another: left out"
                )
            planes.setdefault(height, (directory, stream))
        return levels

    def _levels(self, levels: dict[SizePx, dict[int, Stored]], finest: SizePx) -> list[SlideImage]:
        images = []
        for size, planes in levels.items():
            try:
                if sorted(planes) != sorted(levels[finest]):
                    raise Refusal("its focal planes are not those of the finest level")
                images.append(self._level(size, [planes[height] for height in sorted(planes)]))
            except Refusal as refusal:
                if size == finest:
                    raise
                self.notes.append(f"level of {size} left out: {refusal}")
        return images

    def _level(self, size: SizePx, planes: list[Stored]) -> SlideImage:
        """Describe streams of one size, one for each focal plane, as a level."""
        first = planes[0][1]
        key = str(planes[0][0].index)
        streams = tuple(stream for _, stream in planes)
        if any(_kind(stream) != _kind(first) for stream in streams):
            raise Refusal("its focal planes are coded differently")
        self.streams[key] = streams
        return SlideImage(
            key=key,
            flavor=Flavor.VOLUME,
            size=size,
            tile_size=first.tile_size,
            coding=replace(first.coding, coded_bytes=sum(item.length for item in streams)),
            pixel_format=first.pixel_format,
            planes=len(planes),
        )

    def _plane_spacing_um(self, heights: list[int]) -> float | None:
        steps = {upper - lower for lower, upper in pairwise(heights)}
        if len(steps) > 1:
            self.notes.append(
                "the focal planes lie at uneven distances: none is told of "
                + ", ".join(f"{height * _UM_PER_NM:g} um" for height in heights)
            )
        return steps.pop() * _UM_PER_NM if len(steps) == 1 else None


def _kind(stream: StoredJpeg) -> tuple[object, ...]:
    return stream.tile_size, stream.pixel_format, stream.coding.color_space
