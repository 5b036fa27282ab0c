# SPDX-License-Identifier: Apache-2.0
"""What makes samples of an instance visible: tables, windows, colours and profiles, kept ready."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tileserver.services.render.grey import brightness, brightness_table
from tileserver.services.render.look import Window, WindowFunction
from tileserver.services.render.optics import last_entry
from tileserver.services.render.places import Area, Placed
from tileserver.services.render.shown import looked_up
from tileserver.services.render.tails import evenly, tails

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dicomizer.pixels.stored_frames import Samples
    from tileserver.services.render.attributes import Binary
    from tileserver.services.render.frames import Frames
    from tileserver.services.render.grey import GreyScale
    from tileserver.services.render.image import StoredImage
    from tileserver.services.render.look import Rgb
    from tileserver.services.render.optics import OpticalPath
    from tileserver.services.render.pyramid import Level

_CACHED_TABLES = 128
_CACHED_WINDOWS = 1024
_SAMPLED_FRAMES = 16


class Shades:
    """Makes grey samples brightness, and knows the colours of paths."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        # Instances never change, so that what is cached never gets old.
        self._table = functools.lru_cache(_CACHED_TABLES)(self._make_table)
        self._values = functools.lru_cache(_CACHED_WINDOWS)(self._sample_values)

    def brightness(
        self,
        sampled: Level,
        image: StoredImage,
        path: OpticalPath,
        part: Samples,
        window: Window | None,
        frame_index: int = 0,
    ) -> NDArray[np.uint8]:
        """Return the brightness of grey samples, by the window asked for or their own.

        Parameters
        ----------
        sampled
            Level whose values tell a window, where nothing else does.
        """
        scale = image.grey_scale(frame_index)
        window = window or scale.window
        # What shines fills little of any range; other samples of 8 bits are what is to be seen.
        is_sampled = image.pixels.bits_stored > 8 or path.is_fluorescence
        if window is None and scale.voi is None and is_sampled:
            window = self._values(sampled, path.identifier)
        scale = replace(scale, window=window)
        if image.pixels.bits_allocated <= 16:
            return looked_up(part, self._table(image, scale))
        return brightness(part.astype(np.float64), scale, image.pixels, self._loader(image))

    def _make_table(self, image: StoredImage, scale: GreyScale) -> NDArray[np.uint8]:
        return brightness_table(scale, image.pixels, self._loader(image))

    def _loader(self, image: StoredImage) -> Callable[[Binary], bytes]:
        return functools.partial(self._frames.binary, image.found)

    def _sample_values(self, level: Level, path: str) -> Window | None:
        """Return a window of nearly all values that some frames of a path have."""
        parts = level.layer(path, None)
        if not parts:
            return None
        image, number = parts[0]
        scale = image.grey_scale(0)
        if scale.modality is not None:
            return None
        placed = image.layout.places.within(number, Area(0, 0, image.columns, image.rows))
        if not image.is_tiled:
            placed = [Placed(index, 0, 0) for index in range(image.number_of_frames)]
        chosen = evenly(placed, _SAMPLED_FRAMES)
        frames = self._frames.decoded(image, [one.frame_index for one in chosen])
        found = tails(
            frame[: max(image.rows - one.top, 0), : max(image.columns - one.left, 0)]
            for one, frame in zip(chosen, frames, strict=True)
        )
        if found is None:
            return None
        low, high = (value * scale.slope + scale.intercept for value in found)
        return Window((low + high) / 2, abs(high - low), WindowFunction.LINEAR_EXACT)

    def profile(self, image: StoredImage, path: OpticalPath) -> bytes | None:
        """Return the ICC profile of a path, or that of the instance."""
        value = path.icc_profile or image.icc_profile
        return None if value is None else self._frames.binary(image.found, value)

    def color(self, image: StoredImage, path: OpticalPath) -> Rgb:
        """Return the colour of a path: the end of its palette, or as the path itself says."""
        ends = [last_entry(end, self._frames.binary(image.found, end.data)) for end in path.palette]
        if len(ends) != 3 or None in ends:
            return path.color
        red, green, blue = (end or 0 for end in ends)
        return red, green, blue


def absent(image: StoredImage, path: OpticalPath) -> tuple[tuple[int, ...], str]:
    """Return the samples of absent pixels, and their type.

    White for what light shines through, dark for what shines itself and for no segment.
    """
    if image.is_color:
        dtype = "uint16" if image.palette is None and image.pixels.bits_allocated > 8 else "uint8"
        white = (1 << image.pixels.bits_stored) - 1 if dtype == "uint16" else 255
        color = image.absent or ((0, 0, 0) if image.is_segmentation else (255, 255, 255))
        return tuple(one * white // 255 for one in color), dtype
    width = {1: 8}.get(image.pixels.bits_allocated, image.pixels.bits_allocated)
    if image.pixels.is_signed:
        dtype, largest = f"int{max(width, 16)}", (1 << (image.pixels.bits_stored - 1)) - 1
    else:
        dtype, largest = f"uint{width}", (1 << image.pixels.bits_stored) - 1
    is_dark = path.is_fluorescence or image.grey_scale(0).is_inverted or image.is_segmentation
    return (0 if is_dark else largest,), dtype


def eight_bits(part: Samples, image: StoredImage) -> NDArray[np.uint8]:
    """Return colours of 8 bits."""
    if part.dtype == np.uint8:
        return part.astype(np.uint8, copy=False)
    return np.asarray(part >> max(image.pixels.bits_stored - 8, 0)).astype(np.uint8)
