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
from typing import TYPE_CHECKING

from tileserver.errors import BadRequestError, NotFoundError, UnrenderableError
from tileserver.index import Remembered
from tileserver.services.render.frames import Frames
from tileserver.services.render.load import load_attributes, load_image
from tileserver.services.render.look import Channel, Look, Picture
from tileserver.services.render.pyramid import Level, Pyramid, path_of, pyramid_of, pyramids
from tileserver.services.render.region import Region, Size, in_level, spans
from tileserver.services.render.resample import Span, resample
from tileserver.services.render.shades import Shades, absent, eight_bits
from tileserver.services.render.shown import blended, finished
from tileserver.services.render.stitch import Layer, check_source, part_of

if TYPE_CHECKING:
    from dicomizer.pixels.stored_frames import Samples
    from tileserver.decoding import Decode
    from tileserver.index import Index, StoredInstance
    from tileserver.services.render.attributes import Attributes
    from tileserver.services.render.image import StoredImage
    from tileserver.services.render.optics import OpticalPath
    from tileserver.store import BlobStore

CHANNEL_LIMIT = 16
_CACHED_IMAGES = 1024
_CACHED_SERIES = 1024


class Render:
    """Makes pictures."""

    def __init__(self, store: BlobStore, index: Index, decode: Decode) -> None:
        self._index = index
        self._frames = Frames(store, index, decode)
        self._shades = Shades(self._frames)
        # Instances never change, so that what is cached never gets old.
        self._image = functools.lru_cache(_CACHED_IMAGES)(functools.partial(load_image, index))
        # Caches of what is drawn go by levels: these stay the same while others are written.
        self._made = functools.lru_cache(_CACHED_SERIES)(self._make_pyramids)
        self._pyramids = Remembered(index.version, self._find_pyramids, _CACHED_SERIES)

    def close(self) -> None:
        """End the threads that decode."""
        self._frames.close()

    def image(self, found: StoredInstance) -> StoredImage:
        """Describe an instance as a picture.

        Raises
        ------
        UnrenderableError
            It has no pixels, or none that can be shown.
        """
        return self._image(found)

    def attributes(self, found: StoredInstance) -> Attributes:
        """Return what is told of an instance, as DICOM JSON; frames may be left out."""
        return load_attributes(self._index, found)

    def pyramids(self, study: str, series: str) -> list[Pyramid]:
        """Return the pyramids of tiled images in a series, that of the largest image first.

        Raises
        ------
        NotFoundError
            There is no such series.
        """
        return self._pyramids.get((study, series))

    def is_ready(self, study: str, series: str) -> bool:
        """Tell whether the pyramids of a series are known, so that nothing is waited for."""
        return self._pyramids.known((study, series)) is not None

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
        across, down = spans(region, size, columns, rows)
        (pixels,) = self._frames.decoded(image, [frame_number - 1])
        part = resample(pixels, across, down)
        path = image.paths[0]
        if image.is_color:
            return finished(eight_bits(part, image), self._shades.profile(image, path), look.icc)
        return finished(
            self._shades.brightness(
                Level((image,)), image, path, part, look.window, frame_number - 1
            ),
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
        pyramid: Pyramid | None = None,
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
        pyramid
            That it belongs to; ``None`` stands for the one it belongs to by now.

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
        across, down = spans(region, size, image.columns, image.rows)
        level = Level((image,))
        if min(across.scale, down.scale) >= 2 and image.is_tiled:
            pyramid = pyramid or self.pyramid_with(found)
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
        across, down = spans(region, size, base.columns, base.rows)
        return self._of(pyramid, across, down, look, plane)

    def _of(
        self, pyramid: Pyramid, across: Span, down: Span, look: Look, plane: int | None
    ) -> Picture:
        level = pyramid.best(min(across.scale, down.scale))
        scale_x, scale_y = pyramid.scale(level)
        return self._picture(
            level,
            pyramid.levels[-1],
            in_level(across, scale_x, level.columns),
            in_level(down, scale_y, level.rows),
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
            path = path_of(level, channels[0].path) if channels else level.paths[0]
            part = self._samples(level, path, plane, across, down)
            if image.is_color:
                profile = self._shades.profile(image, path)
                return finished(eight_bits(part, image), profile, look.icc)
            bright = self._shades.brightness(coarsest, image, path, part, look.window)
            return finished(bright, None, look.icc)
        check_source(across, down, len(channels))
        paths = [path_of(level, channel.path) for channel in channels]
        # One by one, as large pictures of many channels would not fit into memory together.
        layers = (
            (
                self._shades.brightness(
                    coarsest,
                    image,
                    path,
                    self._samples(level, path, plane, across, down),
                    channel.window or look.window,
                ),
                channel.color or self._shades.color(image, path),
            )
            for channel, path in zip(channels, paths, strict=True)
        )
        return finished(blended(layers), None, look.icc)

    def _samples(
        self, level: Level, path: OpticalPath, plane: int | None, across: Span, down: Span
    ) -> Samples:
        image = level.images[0]
        parts = level.layer(path.identifier, plane)
        fill, dtype = absent(image, path)
        layer = Layer(tuple(parts), level.columns, level.rows, fill, dtype)
        return part_of(layer, self._frames, across, down)

    def _find_pyramids(self, place: tuple[str, str]) -> list[Pyramid]:
        found = self._index.instances(*place)
        if not found:
            raise NotFoundError("there is no such series")
        return self._made(tuple(found))

    def _make_pyramids(self, found: tuple[StoredInstance, ...]) -> list[Pyramid]:
        images = []
        for one in found:
            try:
                images.append(self._image(one))
            except UnrenderableError:
                continue
        return pyramids(images)


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
