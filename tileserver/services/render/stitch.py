# SPDX-License-Identifier: Apache-2.0
"""A part of a level as one array of samples: frames found, read, decoded, joined and resampled.

Large parts are made block by block, so that memory is bounded by a block and the result. Blocks
are what the whole would be: their borders lie between pixels of the result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tileserver.errors import TooLargeError
from tileserver.services.abandon import check_wanted
from tileserver.services.render.places import Area
from tileserver.services.render.resample import resample

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dicomizer.pixels.stored_frames import Samples
    from tileserver.services.render.image import StoredImage
    from tileserver.services.render.places import Placed
    from tileserver.services.render.resample import Span

BLOCK_PIXELS = 1 << 24
SOURCE_PIXELS = 1 << 29
"""Of frames that may be decoded for one picture: 2 seconds of two processors."""
SOURCE_PIXELS_OF_ALL = 1 << 31
"""The same of all its channels together."""


class FrameSource(Protocol):
    """Gives decoded frames."""

    def decoded(self, image: StoredImage, frame_indices: Sequence[int]) -> Iterator[Samples]:
        """Yield frames of an instance, grey or RGB, in the order asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Layer:
    """The instances that hold a layer, its number in each, and what stands for absent frames.

    Parameters
    ----------
    columns, rows
        Of the total pixel matrix.
    absent
        A value for each sample.
    """

    parts: tuple[tuple[StoredImage, int], ...]
    columns: int
    rows: int
    absent: tuple[int, ...]
    dtype: str


def part_of(layer: Layer, source: FrameSource, across: Span, down: Span) -> Samples:
    """Return a part of a layer at any size.

    Returns
    -------
    array
        ``(down.count, across.count, samples)``.

    Raises
    ------
    TooLargeError
        Too many frames would have to be decoded.
    UnrenderableError
        A frame is damaged.
    """
    check_source(across, down)
    if _pixels(across, down) <= BLOCK_PIXELS:
        return _block(layer, source, across, down)
    made = np.empty((down.count, across.count, len(layer.absent)), layer.dtype)
    for rows, columns in _blocks(across, down):
        made[rows.start : rows.stop, columns.start : columns.stop] = _block(
            layer,
            source,
            across.part(columns.start, columns.stop),
            down.part(rows.start, rows.stop),
        )
    return made


def check_source(across: Span, down: Span, channels: int = 1) -> None:
    """Make sure that a picture is made of no more pixels than may be decoded for one.

    Raises
    ------
    TooLargeError
        There are more.
    """
    pixels = across.length * down.length
    if pixels > SOURCE_PIXELS or pixels * channels > SOURCE_PIXELS_OF_ALL:
        kind = f" in {channels} channels" * (channels > 1)
        raise TooLargeError(
            f"{round(across.length)} x {round(down.length)} pixels{kind} are too many to make a "
            "picture of; ask for less, or of a coarser level"
        )


def _pixels(across: Span, down: Span) -> float:
    return max(across.length, across.count) * max(down.length, down.count)


def _blocks(across: Span, down: Span) -> Iterator[tuple[range, range]]:
    """Yield rows and columns of the result that are made at once."""
    side = math.isqrt(BLOCK_PIXELS)
    width = min(max(int(side / max(across.scale, 1)), 1), across.count)
    height = max(int(BLOCK_PIXELS / max(width * across.scale, width, 1) / max(down.scale, 1)), 1)
    for top in range(0, down.count, height):
        for left in range(0, across.count, width):
            yield (
                range(top, min(top + height, down.count)),
                range(left, min(left + width, across.count)),
            )


def _block(layer: Layer, source: FrameSource, across: Span, down: Span) -> Samples:
    left, right = across.bounds(layer.columns)
    top, bottom = down.bounds(layer.rows)
    pixels = _joined(layer, source, Area(left, top, right, bottom))
    check_wanted()
    return resample(pixels, across.moved(left), down.moved(top))


def _joined(layer: Layer, source: FrameSource, area: Area) -> Samples:
    """Return the frames of an area, joined and cut to it."""
    found = [
        (image, placed)
        for image, number in layer.parts
        if (placed := image.layout.places.within(number, area))
    ]
    canvas: Samples | None = None
    if not _is_covered(found, area):
        canvas = np.empty((area.height, area.width, len(layer.absent)), layer.dtype)
        canvas[...] = layer.absent
    for image, placed in found:
        frames = source.decoded(image, [one.frame_index for one in placed])
        for one, frame in zip(placed, frames, strict=True):
            if canvas is None and len(placed) == 1 and len(found) == 1:
                return _cut(frame, one, area)
            if canvas is None:
                canvas = np.empty((area.height, area.width, len(layer.absent)), layer.dtype)
            _paste(canvas, frame, one, area, is_added=_adds_up(image))
    assert canvas is not None  # an area that is covered has frames
    return canvas


def _is_covered(found: list[tuple[StoredImage, list[Placed]]], area: Area) -> bool:
    """Tell whether frames cover an area for certain."""
    covered = 0
    for image, placed in found:
        if image.layout.places.may_overlap:
            return False
        width, height = image.pixels.columns, image.pixels.rows
        for one in placed:
            right, bottom = min(one.left + width, area.right), min(one.top + height, area.bottom)
            covered += (right - max(one.left, area.left)) * (bottom - max(one.top, area.top))
    return covered >= area.width * area.height


def _adds_up(image: StoredImage) -> bool:
    """Tell whether frames at one place are of several segments, of which all are shown."""
    is_binary = image.is_segmentation and image.pixels.bits_allocated == 1
    return is_binary and image.layout.places.may_overlap


def _cut(frame: Samples, placed: Placed, area: Area) -> Samples:
    top, left = area.top - placed.top, area.left - placed.left
    return frame[top : top + area.height, left : left + area.width]


def _paste(canvas: Samples, frame: Samples, placed: Placed, area: Area, *, is_added: bool) -> None:
    left, top = max(placed.left, area.left), max(placed.top, area.top)
    right = min(placed.left + frame.shape[1], area.right)
    bottom = min(placed.top + frame.shape[0], area.bottom)
    there = canvas[top - area.top : bottom - area.top, left - area.left : right - area.left]
    here = frame[top - placed.top : bottom - placed.top, left - placed.left : right - placed.left]
    there[...] = np.maximum(there, here) if is_added else here
