# SPDX-License-Identifier: Apache-2.0
"""Rendering: stored instances to pictures.

Attributes out of the index become a description of the image, images of a series a pyramid, a
region of the best of its levels an array of samples, and these, by a look, a picture.

References
----------
PS3.18 8.3.5.1 and 8.7.4 (rendered resources)
"""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tileserver.errors import BadRequestError, NotFoundError, TooLargeError, UnrenderableError
from tileserver.services.render.frames import Frames
from tileserver.services.render.grey import brightness_table
from tileserver.services.render.image import StoredImage
from tileserver.services.render.load import load_image
from tileserver.services.render.look import Channel, Look, Picture, Window, WindowFunction
from tileserver.services.render.optics import last_entry
from tileserver.services.render.places import Area
from tileserver.services.render.pyramid import Level, Pyramid, check_path, pyramid_of, pyramids
from tileserver.services.render.resample import Span, resample
from tileserver.services.render.shown import blended, finished, grey
from tileserver.services.render.stitch import Layer, part_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dicomizer.pixels.stored_frames import Samples
    from tileserver.index import Index, StoredInstance
    from tileserver.services.render.attributes import Binary
    from tileserver.services.render.grey import GreyScale
    from tileserver.services.render.look import Rgb
    from tileserver.services.render.optics import OpticalPath
    from tileserver.store import BlobStore

PICTURE_PIXELS = 1 << 26
"""Of a picture, at most."""
CHANNEL_LIMIT = 16
_CACHED_IMAGES = 1024
_CACHED_TABLES = 128
_CACHED_WINDOWS = 1024
_SAMPLED_FRAMES = 16
_TAILS = (0.1, 99.9)
"""Percentiles between which values are shown, where nothing says it."""
_TOLERANCE = 1e-3


class Region(NamedTuple):
    """A part of a total pixel matrix; pixel 0 begins at 0.0 and ends at 1.0."""

    left: float
    top: float
    width: float
    height: float


class Size(NamedTuple):
    """Columns and rows of a picture."""

    width: int
    height: int


class Render:
    """Makes pictures."""

    def __init__(self, store: BlobStore, index: Index) -> None:
        self._index = index
        self._frames = Frames(store, index)
        # Instances never change, so that what is cached never gets old.
        self._image = functools.lru_cache(_CACHED_IMAGES)(functools.partial(load_image, index))
        self._pyramids = functools.lru_cache(_CACHED_IMAGES)(self._find_pyramids)
        self._table = functools.lru_cache(_CACHED_TABLES)(self._make_table)
        self._values = functools.lru_cache(_CACHED_WINDOWS)(self._sample_values)

    def image(self, found: StoredInstance) -> StoredImage:
        """Describe an instance as a picture.

        Raises
        ------
        UnrenderableError
            It has no pixels, or none that can be shown.
        """
        return self._image(found)

    def pyramids(self, study: str, series: str) -> list[Pyramid]:
        """Return the pyramids of tiled images in a series, that of the largest image first.

        Raises
        ------
        NotFoundError
            There is no such series.
        """
        found = self._index.instances(study, series)
        if not found:
            raise NotFoundError("there is no such series")
        return self._pyramids(tuple(found))

    def pyramid(self, study: str, series: str, pyramid_uid: str | None = None) -> Pyramid:
        """Return the pyramid of a UID, or the largest of a series.

        Raises
        ------
        NotFoundError
            There is none.
        """
        return pyramid_of(self.pyramids(study, series), pyramid_uid)

    def pyramid_with(self, found: StoredInstance) -> Pyramid:
        """Return the pyramid that an instance belongs to, which may be it alone."""
        image = self._image(found)
        if image.is_tiled:
            for pyramid in self.pyramids(found.study_instance_uid, found.series_instance_uid):
                if any(image in level.images for level in pyramid.levels):
                    return pyramid
        return Pyramid((Level((image,)),))

    def frame(
        self,
        found: StoredInstance,
        frame_number: int,
        look: Look,
        region: Region | None = None,
        size: Size | None = None,
    ) -> Picture:
        """Return a frame, or a region of it.

        Raises
        ------
        NotFoundError
            There is no such frame.
        BadRequestError
            The region is none of the frame.
        UnrenderableError
            The frame is damaged.
        """
        image = self._image(found)
        columns, rows = image.pixels.columns, image.pixels.rows
        region = region or Region(0, 0, columns, rows)
        size = size or Size(columns, rows)
        across, down = _spans(region, size, columns, rows)
        (pixels,) = self._frames.decoded(image, [frame_number - 1])
        part = resample(pixels, across, down)
        path = image.paths[0]
        if image.is_color:
            return finished(_eight_bits(part, image), self._profile(image, path), look.icc)
        return finished(
            self._brightness(Level((image,)), image, path, part, look.window, frame_number - 1),
            None,
            look.icc,
        )

    def matrix(
        self,
        found: StoredInstance,
        region: Region | None,
        size: Size | None,
        look: Look,
        plane: int | None = None,
    ) -> Picture:
        """Return a region of the total pixel matrix of an instance.

        Where it is much reduced, a coarser level of the same pyramid is taken in its place.

        Parameters
        ----------
        region
            In its pixels; ``None`` stands for all of it.
        size
            Of the picture; ``None`` stands for a pixel for each.
        plane
            Focal plane by number from the lowest; ``None`` stands for the middle one.

        Raises
        ------
        BadRequestError
            The region is none of the image, or there is no such optical path.
        NotFoundError
            There is no such focal plane.
        TooLargeError
            The picture, or what it is made of, is too large.
        UnrenderableError
            A frame is damaged.
        """
        image = self._image(found)
        region = region or Region(0, 0, image.columns, image.rows)
        size = size or Size(math.ceil(region.width), math.ceil(region.height))
        across, down = _spans(region, size, image.columns, image.rows)
        level = Level((image,))
        if min(across.scale, down.scale) >= 2 and image.is_tiled:
            pyramid = self.pyramid_with(found)
            own = next((one for one in pyramid.levels if image in one.images), level)
            coarser = Pyramid((own, *pyramid.levels[pyramid.levels.index(own) + 1 :]))
            return self._of(coarser, across, down, look, plane)
        return self._picture(level, level, across, down, look, plane)

    def region(
        self,
        pyramid: Pyramid,
        region: Region | None,
        size: Size,
        look: Look,
        plane: int | None = None,
    ) -> Picture:
        """Return a region of a pyramid, in pixels of its finest level, from the best level.

        Parameters and errors are those of `matrix`.
        """
        base = pyramid.base
        region = region or Region(0, 0, base.columns, base.rows)
        across, down = _spans(region, size, base.columns, base.rows)
        return self._of(pyramid, across, down, look, plane)

    def _of(
        self, pyramid: Pyramid, across: Span, down: Span, look: Look, plane: int | None
    ) -> Picture:
        level = pyramid.best(min(across.scale, down.scale))
        scale_x, scale_y = pyramid.scale(level)
        return self._picture(
            level,
            pyramid.levels[-1],
            _clipped(across, scale_x, level.columns),
            _clipped(down, scale_y, level.rows),
            look,
            plane,
        )

    def _picture(
        self,
        level: Level,
        coarsest: Level,
        across: Span,
        down: Span,
        look: Look,
        plane: int | None,
    ) -> Picture:
        channels = _channels(level, look)
        image = level.images[0]
        if channels is None or image.is_color:
            path = level.paths[0]
            if channels:
                check_path(level, channels[0].path)
                path = next(one for one in level.paths if one.identifier == channels[0].path)
            part = self._samples(level, path, plane, across, down)
            if image.is_color:
                return finished(_eight_bits(part, image), self._profile(image, path), look.icc)
            bright = self._brightness(coarsest, image, path, part, look.window, None)
            return finished(bright, None, look.icc)
        layers = []
        for channel in channels:
            check_path(level, channel.path)
            path = next(one for one in level.paths if one.identifier == channel.path)
            part = self._samples(level, path, plane, across, down)
            window = channel.window or look.window
            bright = self._brightness(coarsest, image, path, part, window, None)
            layers.append((bright, channel.color or self._color(image, path)))
        return finished(blended(layers), None, look.icc)

    def _samples(
        self, level: Level, path: OpticalPath, plane: int | None, across: Span, down: Span
    ) -> Samples:
        image = level.images[0]
        parts = level.layer(path.identifier, plane)
        absent, dtype = _absent(image, path)
        layer = Layer(tuple(parts), level.columns, level.rows, absent, dtype)
        return part_of(layer, self._frames, across, down)

    def _brightness(
        self,
        sampled: Level,
        image: StoredImage,
        path: OpticalPath,
        part: Samples,
        window: Window | None,
        frame_index: int | None,
    ) -> NDArray[np.uint8]:
        """Return the brightness of grey samples, by the window asked for or their own."""
        scale = image.grey_scale(frame_index or 0)
        window = window or scale.window
        if window is None and scale.voi is None and image.pixels.bits_stored > 8:
            window = self._values(sampled, path.identifier)
        table = None
        if image.pixels.bits_allocated <= 16:
            table = self._table(image, scale, window)
        return grey(part, table, _with(scale, window), image.pixels, self._loader(image))

    def _make_table(
        self, image: StoredImage, scale: GreyScale, window: Window | None
    ) -> NDArray[np.uint8]:
        return brightness_table(_with(scale, window), image.pixels, self._loader(image))

    def _loader(self, image: StoredImage) -> Callable[[Binary], bytes]:
        return functools.partial(self._frames.binary, image.found)

    def _sample_values(self, level: Level, path: str) -> Window | None:
        """Return a window of nearly all values that some frames of a path have."""
        parts = level.layer(path, None)
        if not parts:
            return None
        image, number = parts[0]
        placed = image.layout.places.within(number, Area(0, 0, image.columns, image.rows))
        indices = [one.frame_index for one in placed]
        if not image.is_tiled:
            indices = list(range(image.number_of_frames))
        step = max(1, len(indices) // _SAMPLED_FRAMES)
        sampled = [
            np.percentile(frame, _TAILS)
            for frame in self._frames.decoded(image, indices[::step][:_SAMPLED_FRAMES])
        ]
        if not sampled:
            return None
        scale = image.grey_scale(0)
        if scale.modality is not None:
            return None
        low = min(one[0] for one in sampled) * scale.slope + scale.intercept
        high = max(one[1] for one in sampled) * scale.slope + scale.intercept
        width = max(abs(high - low), abs(scale.slope))
        return Window((low + high) / 2, width, WindowFunction.LINEAR_EXACT)

    def _profile(self, image: StoredImage, path: OpticalPath) -> bytes | None:
        value = path.icc_profile or image.icc_profile
        return None if value is None else self._frames.binary(image.found, value)

    def _color(self, image: StoredImage, path: OpticalPath) -> Rgb:
        """Return the colour of a path: the end of its palette, or as the path itself says."""
        ends = [last_entry(end, self._frames.binary(image.found, end.data)) for end in path.palette]
        if len(ends) != 3 or None in ends:
            return path.color
        red, green, blue = (end or 0 for end in ends)
        return red, green, blue

    def _find_pyramids(self, found: tuple[StoredInstance, ...]) -> list[Pyramid]:
        images = []
        for one in found:
            try:
                images.append(self._image(one))
            except UnrenderableError:
                continue
        return pyramids(images)


def _spans(region: Region, size: Size, columns: int, rows: int) -> tuple[Span, Span]:
    """Return a region as intervals of both axes.

    Raises
    ------
    BadRequestError
        It is empty, or not within the image.
    TooLargeError
        The picture would be too large.
    """
    if size.width < 1 or size.height < 1:
        raise BadRequestError(f"a picture of {size.width} x {size.height} pixels makes no sense")
    if size.width * size.height > PICTURE_PIXELS:
        raise TooLargeError(f"a picture has {PICTURE_PIXELS} pixels at most")
    return (
        _span(region.left, region.width, size.width, columns),
        _span(region.top, region.height, size.height, rows),
    )


def _span(start: float, length: float, count: int, limit: int) -> Span:
    is_within = start >= -_TOLERANCE and start + length <= limit + _TOLERANCE
    if not (math.isfinite(start) and math.isfinite(length) and is_within and length > 0):
        raise BadRequestError(f"the region is empty or not within the {limit} pixels of the image")
    start = max(start, 0.0)
    return Span(start, min(length, limit - start), count)


def _clipped(span: Span, scale: float, limit: int) -> Span:
    """Return an interval in pixels of a level; its last pixel may be half of one."""
    start = min(span.start / scale, limit - _TOLERANCE)
    return Span(start, min(span.length / scale, limit - start), span.count)


def _channels(level: Level, look: Look) -> tuple[Channel, ...] | None:
    """Return the channels asked for, or all paths of a level of fluorescence."""
    if look.channels is not None:
        if not 1 <= len(look.channels) <= CHANNEL_LIMIT:
            raise BadRequestError(f"a picture has 1 to {CHANNEL_LIMIT} channels")
        return look.channels
    paths = level.paths
    if level.images[0].is_color or not any(path.is_fluorescence for path in paths):
        return None
    return tuple(Channel(path.identifier) for path in paths[:CHANNEL_LIMIT])


def _absent(image: StoredImage, path: OpticalPath) -> tuple[tuple[int, ...], str]:
    """Return the samples of absent pixels, and their type.

    White for what light shines through, dark for what shines itself.
    """
    if image.is_color:
        dtype = "uint16" if image.palette is None and image.pixels.bits_allocated > 8 else "uint8"
        white = (1 << image.pixels.bits_stored) - 1 if dtype == "uint16" else 255
        color = image.absent or (255, 255, 255)
        return tuple(one * white // 255 for one in color), dtype
    width = {1: 8}.get(image.pixels.bits_allocated, image.pixels.bits_allocated)
    if image.pixels.is_signed:
        dtype, largest = f"int{max(width, 16)}", (1 << (image.pixels.bits_stored - 1)) - 1
    else:
        dtype, largest = f"uint{width}", (1 << image.pixels.bits_stored) - 1
    is_dark = path.is_fluorescence or image.grey_scale(0).is_inverted
    return (0 if is_dark else largest,), dtype


def _with(scale: GreyScale, window: Window | None) -> GreyScale:
    return replace(scale, window=window)


def _eight_bits(part: Samples, image: StoredImage) -> NDArray[np.uint8]:
    """Return colours of 8 bits."""
    if part.dtype == np.uint8:
        bits = image.pixels.bits_stored if image.palette is None else 8
        return part if bits == 8 else (part << (8 - bits)).astype(np.uint8)
    return np.asarray(part >> max(image.pixels.bits_stored - 8, 0)).astype(np.uint8)
