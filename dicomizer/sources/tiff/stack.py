# SPDX-License-Identifier: Apache-2.0
"""Several directories as one image: focal planes and channels, one after another."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from dicomizer.sources.base import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.sources.base import Frame
    from dicomizer.sources.tiff.coded import TileFrames
    from dicomizer.sources.tiff.directory import TiffDirectory


class Stack:
    """Frames of several directories, those of the first before those of the second.

    Raises
    ------
    Refusal
        They differ in size or coding, or one holds several optical paths itself.
    """

    def __init__(self, directories: Sequence[TiffDirectory], parts: Sequence[TileFrames]) -> None:
        _check(directories, parts)
        self._parts = parts
        self._each = parts[0].number_of_frames
        self.content = parts[0].content
        self.tile_size = parts[0].tile_size
        self.number_of_frames = self._each * len(parts)
        self.coding = replace(
            parts[0].coding,
            lossy=any(part.coding.lossy for part in parts),
            coded_bytes=sum(part.coding.coded_bytes for part in parts),
            method=next((part.coding.method for part in parts if part.coding.lossy), None),
        )
        self.missing = frozenset(
            number * self._each + index
            for number, part in enumerate(parts)
            for index in part.missing
        )

    def frames(self, indices: Sequence[int] | None) -> Iterator[list[Frame]]:
        """Yield frames in batches; see `SlideSource.frames`."""
        if indices is None:
            for part in self._parts:
                yield from part.frames(None)
            return
        for number, group in groupby(indices, lambda index: index // self._each):
            yield from self._parts[number].frames([index % self._each for index in group])


def _check(directories: Sequence[TiffDirectory], parts: Sequence[TileFrames]) -> None:
    for directory, part in zip(directories, parts, strict=True):
        if part.content.paths > 1:
            raise Refusal(f"{directory.place} of a stack holds {part.content.paths} channels")
        if directory.size != directories[0].size or _kind(part) != _kind(parts[0]):
            raise Refusal(
                f"{directory.place} ({directory.size}) is of another size or coding than "
                f"{directories[0].place} ({directories[0].size}) of one stack"
            )


def _kind(part: TileFrames) -> tuple[object, ...]:
    return part.content, part.tile_size, part.coding.compression, part.coding.color_space
