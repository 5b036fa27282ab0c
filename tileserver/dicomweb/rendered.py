# SPDX-License-Identifier: Apache-2.0
"""Rendered pictures and thumbnails of studies, series, instances and frames.

An instance of a slide is one picture, however many frames it has: its whole matrix, scaled where
it is larger than what is drawn unasked.

References
----------
PS3.18 8.3.5 (rendering parameters), 8.7.4 (rendered media types), 10.4.1.1.3 (rendered
resources), 10.4.1.1.4 and 10.4.3.3.4 (thumbnails, which never name the patient)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from tileserver.dicomweb import rendered_reports
from tileserver.dicomweb.left_out import LeftOut
from tileserver.dicomweb.media_types import Chosen, accepted, choose, find_choice
from tileserver.dicomweb.rendered_parts import multipart_of
from tileserver.dicomweb.viewport import Viewport, read_viewport
from tileserver.dicomweb.wado import frame_numbers
from tileserver.errors import BadRequestError, NoPixelsError, NotAcceptableError, NotFoundError
from tileserver.pictures import words
from tileserver.pictures.annotation import annotated, read_annotation
from tileserver.pictures.answer import PictureAnswer
from tileserver.pictures.canvas import (
    canvas_of_frame,
    canvas_of_instance,
    representative,
)
from tileserver.pictures.coding import encoded
from tileserver.pictures.geometry import Size
from tileserver.pictures.look import Drawing, read_drawing
from tileserver.pictures.transform import flipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import QueryParams
    from starlette.requests import Request
    from starlette.responses import Response

    from tileserver.index import StoredInstance
    from tileserver.pictures.canvas import Canvas
    from tileserver.pictures.geometry import Box
    from tileserver.services import Services

MEDIA_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
"""The first is the default; GIF and PNG are required too (table 8.7.4-1), WebP is ours."""
MOST_PIXELS_UNASKED = 1 << 24
"""Of a picture without a viewport: 4096 x 4096."""
_MOST_FRAMES = 1000
_MOST_INSTANCES = 1000
_THUMBNAIL = Size(256, 256)


@dataclass(frozen=True, slots=True)
class Rendering:
    """What is asked of each picture of an answer.

    Parameters
    ----------
    annotation
        Keywords of what is written into the picture.
    """

    drawing: Drawing = field(default_factory=Drawing)
    viewport: Viewport = field(default_factory=Viewport)
    annotation: frozenset[str] = frozenset()

    def work(self, canvas: Canvas) -> int:
        """Return how many pixels have to be decoded or drawn, about."""
        try:
            box = self.viewport.box(canvas.size)
            size = self.viewport.picture_size(box, MOST_PIXELS_UNASKED)
        except BadRequestError:  # which is told where it is drawn
            return 0
        return canvas.work(box, size, self.drawing)

    @property
    def is_plain(self) -> bool:
        """Whether nothing was asked for."""
        return self.drawing.is_plain and self.viewport.is_plain and not self.annotation


def read_rendering(query: QueryParams) -> Rendering:
    """Return what the query parameters of a rendered resource ask for (PS3.18 8.3.5).

    Raises
    ------
    BadRequestError
        A parameter breaks its syntax.
    """
    viewport, annotation = query.get("viewport"), query.get("annotation")
    return Rendering(
        read_drawing(query),
        Viewport() if viewport is None else read_viewport(viewport),
        frozenset() if annotation is None else read_annotation(annotation),
    )


def render_bytes(
    services: Services,
    found: StoredInstance,
    canvas: Canvas,
    asked: Rendering,
    media_type: str,
) -> bytes:
    """Return a picture, drawn and coded.

    Raises
    ------
    BadRequestError
        The region lies outside, or the picture would be too large.
    UnrenderableError
        The pixels cannot be shown.
    """
    box = asked.viewport.box(canvas.size)
    size = asked.viewport.picture_size(box, MOST_PIXELS_UNASKED)
    if asked.is_plain and media_type == "image/jpeg":
        stored = canvas.stored_jpeg(box, size)
        if stored is not None:
            return stored
    drawn = canvas.draw(box, size, asked.drawing)
    pixels = flipped(
        drawn.pixels, columns=asked.viewport.flips_columns, rows=asked.viewport.flips_rows
    )
    if asked.annotation:
        lines = _lines(services, found, asked.annotation, _mpp(canvas, box, size))
        pixels = annotated(pixels, lines)
    return encoded(replace(drawn, pixels=pixels), media_type, asked.drawing.quality)


def _mpp(canvas: Canvas, box: Box, size: Size) -> tuple[float, float] | None:
    """Return micrometres between pixels of a picture: those of the matrix, scaled with it."""
    if canvas.mpp is None:
        return None
    return canvas.mpp[0] * box.width / size.width, canvas.mpp[1] * box.height / size.height


def _lines(
    services: Services,
    found: StoredInstance,
    keywords: frozenset[str],
    mpp: tuple[float, float] | None,
) -> list[str]:
    attributes = services.render.attributes(found)
    pairs = words.patient_words(attributes) if "patient" in keywords else []
    if "patient" in keywords:
        pairs += words.study_words(attributes)
    if "technique" in keywords:
        pairs += words.technique_words(attributes, mpp)
    return [f"{name}: {value}" for name, value in pairs]


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def _offers(*, one: bool) -> list[Chosen]:
    """Return what an answer can be: a picture alone, or pictures in multipart."""
    alone = [Chosen(name, is_multipart=False) for name in MEDIA_TYPES] if one else []
    return alone + [Chosen(name, is_multipart=True) for name in MEDIA_TYPES]


async def instance(request: Request) -> Response:
    """Give the picture of an instance, or all its frames where they are no parts of one.

    A report is given as text.
    """
    services, path = _services(request), request.path_params
    found = await run_in_threadpool(
        services.retrieve.instance, path["study"], path["series"], path["instance"]
    )
    try:
        image = await run_in_threadpool(services.render.image, found)
    except NoPixelsError:
        return await rendered_reports.instance(request, found)
    if image.is_tiled or image.number_of_frames == 1:
        return await _pictures(request, [(found, None)])
    if image.number_of_frames > _MOST_FRAMES:
        raise NotAcceptableError(
            f"the instance has {image.number_of_frames} frames: ask for some of them by "
            "frames/{numbers}/rendered"
        )
    return await _pictures(
        request, [(found, number) for number in range(1, image.number_of_frames + 1)]
    )


async def frames(request: Request) -> Response:
    """Give the pictures of frames."""
    services, path = _services(request), request.path_params
    numbers = frame_numbers(path["frames"])
    if len(numbers) > _MOST_FRAMES:
        raise NotAcceptableError(f"at most {_MOST_FRAMES:,} frames are rendered at once")
    found = await run_in_threadpool(
        services.retrieve.instance, path["study"], path["series"], path["instance"]
    )
    await run_in_threadpool(services.retrieve.frame_lengths, found, numbers)
    return await _pictures(request, [(found, number) for number in numbers])


async def study_or_series(request: Request) -> Response:
    """Give the pictures of all instances of a study or series that have one, or its reports."""
    services, path = _services(request), request.path_params
    found = await run_in_threadpool(services.retrieve.instances, path["study"], path.get("series"))
    left_out = LeftOut()
    shown = await run_in_threadpool(_with_pictures, services, found, left_out)
    ranges = accepted(request)
    if not shown or find_choice(ranges, *_offers(one=len(shown) == 1)) is None:
        reports = await run_in_threadpool(rendered_reports.reports_among, services, found)
        is_text = rendered_reports.takes_reports(ranges, one=len(reports) == 1)
        if reports and (is_text or not shown):
            return await rendered_reports.reports(request, reports)
    if not shown:
        raise left_out.first or NotAcceptableError("nothing of it can be rendered")
    return await _pictures(request, shown, left_out)


def _with_pictures(
    services: Services, found: Sequence[StoredInstance], left_out: LeftOut
) -> list[tuple[StoredInstance, int | None]]:
    if len(found) > _MOST_INSTANCES:
        raise NotAcceptableError(f"at most {_MOST_INSTANCES:,} instances are rendered at once")
    shown: list[tuple[StoredInstance, int | None]] = []
    for item in found:
        try:
            image = services.render.image(item)
        except NoPixelsError:
            continue
        except NotAcceptableError as error:
            left_out.takes(item, error)
            continue
        is_one = image.is_tiled or image.number_of_frames == 1
        # Of a film its middle: all its frames are to be had from the instance.
        shown.append((item, None if is_one else image.number_of_frames // 2 + 1))
    return shown


async def _pictures(
    request: Request,
    shown: Sequence[tuple[StoredInstance, int | None]],
    left_out: LeftOut | None = None,
) -> Response:
    """Give pictures of instances or, where a number stands beside, of one of their frames."""
    asked = read_rendering(request.query_params)
    services = _services(request)
    canvases = await run_in_threadpool(_canvases, services, shown)
    chosen = choose(accepted(request), *_offers(one=len(canvases) == 1))

    def make(found: StoredInstance, canvas: Canvas) -> bytes:
        return render_bytes(services, found, canvas, asked, chosen.media_type)

    names = "\n".join(canvas.tag for _, canvas in canvases)
    answer = PictureAnswer(
        chosen.media_type,
        names,
        repr(asked),
        lambda: max(asked.work(canvas) for _, canvas in canvases),
    )
    if chosen.is_multipart:
        makers = [(found, partial(make, found, canvas)) for found, canvas in canvases]
        return await multipart_of(request, answer, makers, left_out)
    drawn = await answer.respond(request, lambda: make(*canvases[0]))
    return left_out.tell(request, drawn) if left_out else drawn


def _canvases(
    services: Services, shown: Sequence[tuple[StoredInstance, int | None]]
) -> list[tuple[StoredInstance, Canvas]]:
    found: list[tuple[StoredInstance, Canvas]] = []
    for item, number in shown:
        try:
            canvas = (
                canvas_of_instance(services, item)
                if number is None
                else canvas_of_frame(services, item, number)
            )
        except NotFoundError:  # its series was deleted meanwhile
            continue
        found.append((item, canvas))
    if not found:
        raise NotFoundError("all of it is deleted by now")
    return found


async def thumbnail(request: Request) -> Response:
    """Give a small picture of a study, series, instance or frame, without a label."""
    services, path = _services(request), request.path_params
    asked = read_rendering(request.query_params)
    if asked.viewport.size is None:
        asked = replace(asked, viewport=replace(asked.viewport, size=_THUMBNAIL))
    # Never with words (10.4.3.3.4).
    asked = replace(asked, annotation=frozenset())
    chosen = choose(accepted(request), *(Chosen(name, is_multipart=False) for name in MEDIA_TYPES))
    found, canvas = await run_in_threadpool(_representative, services, dict(path))
    answer = PictureAnswer(
        chosen.media_type, canvas.tag, f"thumbnail {asked!r}", partial(asked.work, canvas)
    )
    return await answer.respond(
        request, lambda: render_bytes(services, found, canvas, asked, chosen.media_type)
    )


def _representative(services: Services, path: dict[str, str]) -> tuple[StoredInstance, Canvas]:
    study, series = path["study"], path.get("series")
    if "instance" not in path:
        return representative(services, services.retrieve.instances(study, series))
    assert series is not None
    found = services.retrieve.instance(study, series, path["instance"])
    if "frames" not in path:
        return representative(services, [found])
    numbers = frame_numbers(path["frames"])
    if len(numbers) != 1:
        raise NotFoundError("there is a thumbnail of one frame, not of several")
    services.retrieve.frame_lengths(found, numbers)
    representative(services, [found])
    return found, canvas_of_frame(services, found, numbers[0])
