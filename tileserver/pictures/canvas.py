# SPDX-License-Identifier: Apache-2.0
"""What can be drawn, whatever it is made of: a pyramid, the matrix of an instance, or a frame.

All routes with pictures draw on a `Canvas`; it hands over to `tileserver.services.render`, and
finds stored frames that need not be drawn.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from tileserver.errors import NotFoundError, UnrenderableError
from tileserver.pictures import words
from tileserver.pictures.geometry import Box, Size, placed
from tileserver.pictures.passthrough import browser_jpeg, whole_frame
from tileserver.pictures.transform import blank, on_background
from tileserver.services.render import Picture, Pyramid, Region, decoded_pixels
from tileserver.services.render import Size as RenderSize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tileserver.index import StoredInstance
    from tileserver.pictures.look import Drawing
    from tileserver.pictures.passthrough import ReadFrame
    from tileserver.pictures.words import Attributes
    from tileserver.services import Retrieve, Services
    from tileserver.services.render import Level, SpacingUm, StoredImage

_SQUARE = 0.01
"""By which the spacing of columns and rows may differ where one number stands for both."""
_CACHED_DIGESTS = 1024
_MAY_HAVE_LABEL = ("OVERVIEW", "LOCALIZER")


class _Draw(Protocol):
    def __call__(self, region: Region, size: tuple[int, int], drawing: Drawing) -> Picture:
        """Return a region, in pixels of the canvas, at a size."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A picture that can be drawn in parts and at any size.

    Parameters
    ----------
    size
        In its finest pixels.
    tile
        Size of the stored frames.
    levels
        Sizes that are stored.
    mpp
        Micrometres from column to column and from row to row; ``None`` where unknown.
    tag
        Another for other stored bytes, of all that it is drawn from.
    attributes
        Gives those of its (finest) instance, as DICOM JSON.
    """

    size: Size
    tile: Size
    levels: tuple[Size, ...]
    mpp: tuple[float, float] | None
    tag: str
    _draw: _Draw = field(repr=False)
    _decoded: Callable[[Region, RenderSize, int | None], int] = field(repr=False)
    _stored: Callable[[Box, Size, ReadFrame], bytes | None] = field(repr=False)
    _retrieve: Retrieve = field(repr=False)
    attributes: Callable[[], Attributes] = field(repr=False)

    @property
    def square_mpp(self) -> float | None:
        """Micrometres between pixels where they are the same both ways."""
        if self.mpp is None or abs(self.mpp[0] / self.mpp[1] - 1) > _SQUARE:
            return None
        return self.mpp[0]

    def draw(self, box: Box, size: Size, drawing: Drawing) -> Picture:
        """Return what is in a box, which lies within the canvas."""
        region = Region(float(box.x), float(box.y), float(box.width), float(box.height))
        return self._draw(region, (size.width, size.height), drawing)

    def work(self, box: Box, size: Size, drawing: Drawing) -> int:
        """Return how many pixels have to be decoded, or drawn where these are more; about."""
        channels = drawing.look.channels
        region = Region(float(box.x), float(box.y), float(box.width), float(box.height))
        decoded = self._decoded(
            region,
            RenderSize(size.width, size.height),
            None if channels is None else len(channels),
        )
        return max(decoded, size.pixels)

    def draw_with_background(self, box: Box, size: Size, drawing: Drawing) -> Picture:
        """Return what is in a box that may reach beyond the edges, white there."""
        found = placed(box, size, self.size)
        if found is None:
            # A pixel tells whether the picture is grey or has colours, and its profile.
            sample = self.draw(Box(0, 0, 1, 1), Size(1, 1), drawing)
            return Picture(blank(size, sample.pixels.shape[2]), sample.icc_profile)
        drawn = self.draw(found.box, found.size, drawing)
        pixels = on_background(drawn.pixels, found.x, found.y, size)
        return Picture(pixels, drawn.icc_profile)

    def stored_jpeg(self, box: Box, size: Size) -> bytes | None:
        """Return the stored frame that is what would be drawn, if there is one browsers read."""
        return self._stored(box, size, self._retrieve.frame)

    def stored_jpeg_now(self, box: Box, size: Size) -> bytes | None:
        """Return the same; nothing where anything had to be waited for."""
        return self._stored(box, size, self._retrieve.frame_now)


def _mpp(spacing: SpacingUm | None) -> tuple[float, float] | None:
    return (spacing.between_columns, spacing.between_rows) if spacing else None


def _tag(images: Iterable[StoredImage], *more: object) -> str:
    digest = _digest(tuple(image.found.sha256 for image in images))
    return " ".join((digest, *map(str, more)))


@functools.lru_cache(_CACHED_DIGESTS)
def _digest(digests: tuple[bytes, ...]) -> str:
    return hashlib.sha256(b"".join(digests)).hexdigest()


def canvas_of_pyramid(services: Services, pyramid: Pyramid) -> Canvas:
    """Return a canvas of all levels of a pyramid."""
    base = pyramid.base

    def draw(region: Region, size: tuple[int, int], drawing: Drawing) -> Picture:
        return services.render.region(
            pyramid, region, _render_size(size), drawing.look, drawing.plane
        )

    return Canvas(
        Size(base.columns, base.rows),
        _tile(base),
        tuple(Size(level.columns, level.rows) for level in pyramid.levels),
        _mpp(base.spacing),
        _tag(image for level in pyramid.levels for image in level.images),
        draw,
        functools.partial(decoded_pixels, pyramid),
        functools.partial(whole_frame, pyramid),
        services.retrieve,
        functools.partial(services.render.attributes, base.images[0].found),
    )


def _render_size(size: tuple[int, int]) -> RenderSize:
    return RenderSize(*size)


def _tile(level: Level) -> Size:
    pixels = level.images[0].pixels
    return Size(pixels.columns, pixels.rows)


def canvas_of_series(
    services: Services, study: str, series: str, pyramid_uid: str | None = None
) -> Canvas:
    """Return a canvas of a pyramid of a series: of a UID, or the largest.

    Raises
    ------
    NotFoundError
        There is none.
    """
    return canvas_of_pyramid(services, services.render.pyramid(study, series, pyramid_uid))


def canvas_of_instance(services: Services, found: StoredInstance) -> Canvas:
    """Return a canvas of the matrix of an instance, or of its frame where it has a single one.

    An instance that is a level of a pyramid, or a part of one, stands for that level.

    Raises
    ------
    UnrenderableError
        It has no pixels that can be shown.
    """
    image = services.render.image(found)
    if not image.is_tiled:
        return canvas_of_frame(services, found, image.number_of_frames // 2 + 1)
    pyramid = services.render.pyramid_with(found)
    number = next(n for n, level in enumerate(pyramid.levels) if image in level.images)
    own, drawn_from = pyramid.levels[number], pyramid.levels[number:]

    def draw(region: Region, size: tuple[int, int], drawing: Drawing) -> Picture:
        return services.render.matrix(
            found, region, _render_size(size), drawing.look, drawing.plane, pyramid
        )

    return Canvas(
        Size(image.columns, image.rows),
        _tile(own),
        (Size(image.columns, image.rows),),
        _mpp(image.spacing),
        # Coarser levels can come and go, and give other pixels.
        _tag([image, *(one for level in drawn_from for one in level.images)]),
        draw,
        functools.partial(decoded_pixels, Pyramid(drawn_from)),
        functools.partial(whole_frame, Pyramid((own,))),
        services.retrieve,
        functools.partial(services.render.attributes, found),
    )


def canvas_of_frame(services: Services, found: StoredInstance, frame_number: int) -> Canvas:
    """Return a canvas of one frame.

    Raises
    ------
    UnrenderableError
        The instance has no pixels that can be shown.
    """
    image = services.render.image(found)
    size = Size(image.pixels.columns, image.pixels.rows)

    def draw(region: Region, size: tuple[int, int], drawing: Drawing) -> Picture:
        return services.render.frame(found, frame_number, drawing.look, region, _render_size(size))

    def stored(box: Box, size: Size, read: ReadFrame) -> bytes | None:
        if box != Box.whole(canvas.size) or size != canvas.size:
            return None
        return browser_jpeg(read, image, frame_number)

    canvas = Canvas(
        size,
        size,
        (size,),
        _mpp(image.spacing),
        _tag([image], frame_number),
        draw,
        lambda *_: size.pixels,  # a frame is decoded as a whole
        stored,
        services.retrieve,
        functools.partial(services.render.attributes, found),
    )
    return canvas


def representative(
    services: Services, found: Sequence[StoredInstance]
) -> tuple[StoredInstance, Canvas]:
    """Return what stands for instances as a small picture that names nobody.

    Of slides that is the largest pyramid; of others the one in the middle. What shows a label
    never does.

    Raises
    ------
    NotFoundError
        There is nothing of the kind.
    """
    images = list(_drawable(services, found))
    slides = [image for image in images if image.is_tiled]
    others = [image for image in images if not image.is_tiled]
    # From the middle on, then the first half: a film or volume begins and ends with little.
    middle = len(others) // 2
    candidates = [
        *sorted(slides, key=lambda image: -image.columns * image.rows),
        *others[middle:],
        *others[:middle],
    ]
    for image in candidates:
        if not _shows_names(services, image):
            return image.found, canvas_of_instance(services, image.found)
    raise NotFoundError("there is no picture without a label")


def _drawable(services: Services, found: Iterable[StoredInstance]) -> Iterator[StoredImage]:
    for item in found:
        try:
            yield services.render.image(item)
        except UnrenderableError:
            continue


def _shows_names(services: Services, image: StoredImage) -> bool:
    """Tell whether a picture may show a label or other words (PS3.3 C.7.6.1.1.5, C.8.12.4)."""
    if image.flavor == "LABEL":
        return True
    attributes = services.render.attributes(image.found)
    label = words.first_text(attributes, "00480010")
    burned = words.first_text(attributes, "00280301")
    return label == "YES" or burned == "YES" or (image.flavor in _MAY_HAVE_LABEL and label != "NO")


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture as a manifest has it.

    Parameters
    ----------
    pyramid_uid, instance_uid
        Which picture of its series; neither for the largest pyramid of one without Pyramid UIDs.
    """

    canvas: Canvas
    attributes: Attributes = field(repr=False)
    study_uid: str
    series_uid: str
    flavor: str
    pyramid_uid: str | None = None
    instance_uid: str | None = None


def pictures_of(services: Services, study: str, series: str | None = None) -> list[Shown]:
    """Return the pictures of a study or a series: pyramids first, then what is beside them.

    Raises
    ------
    NotFoundError
        There is no such study or series, or no picture in it.
    """
    by_series: dict[str, list[StoredInstance]] = {}
    for item in services.retrieve.instances(study, series):
        by_series.setdefault(item.series_instance_uid, []).append(item)
    shown = [
        picture
        for uid, found in by_series.items()
        for picture in _of_series(services, study, uid, found)
    ]
    if not shown:
        raise NotFoundError("there is no picture in it")
    return shown


def _of_series(
    services: Services, study: str, series: str, found: Sequence[StoredInstance]
) -> Iterator[Shown]:
    drawn: set[str] = set()
    for number, pyramid in enumerate(services.render.pyramids(study, series)):
        images = [image for level in pyramid.levels for image in level.images]
        drawn.update(image.found.sop_instance_uid for image in images)
        uid = images[0].pyramid_uid
        if uid is None and number:
            continue
        attributes = services.render.attributes(pyramid.levels[-1].images[0].found)
        canvas = canvas_of_pyramid(services, pyramid)
        yield Shown(canvas, attributes, study, series, "VOLUME", pyramid_uid=uid)
    for image in _drawable(services, found):
        uid = image.found.sop_instance_uid
        if uid not in drawn:
            attributes = services.render.attributes(image.found)
            canvas = canvas_of_instance(services, image.found)
            flavor = image.flavor or f"instance {uid}"
            yield Shown(canvas, attributes, study, series, flavor, instance_uid=uid)
