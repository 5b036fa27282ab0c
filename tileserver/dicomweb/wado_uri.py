# SPDX-License-Identifier: Apache-2.0
"""WADO-URI: an instance, or a picture of it, by one address with parameters.

References
----------
PS3.18 chapter 9 (URI service)
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from tileserver.dicomweb import rendered_reports, wado
from tileserver.dicomweb.media_types import DICOM, AcceptRange, Chosen, accepted, choose
from tileserver.dicomweb.rendered import MEDIA_TYPES, Rendering, render_bytes
from tileserver.dicomweb.viewport import LONGEST_SIDE, Viewport, read_uri_region
from tileserver.errors import BadRequestError, NotAcceptableError, NotFoundError
from tileserver.pictures.annotation import read_annotation
from tileserver.pictures.answer import PictureAnswer
from tileserver.pictures.canvas import canvas_of_frame, canvas_of_instance
from tileserver.pictures.geometry import Size
from tileserver.pictures.look import Drawing, checked_window, read_quality
from tileserver.pictures.numbers import decimal, whole
from tileserver.services.render.look import Look, WindowFunction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import QueryParams
    from starlette.responses import Response

    from tileserver.index import StoredInstance
    from tileserver.pictures.canvas import Canvas
    from tileserver.services import Services

_UIDS = ("studyUID", "seriesUID", "objectUID")
_FOR_PICTURES = (
    "annotation", "columns", "frameNumber", "imageAnnotation", "imageQuality", "region", "rows",
    "windowCenter", "windowWidth",
)  # fmt: skip
_UID = re.compile(r"\*|[0-9.]{1,64}", re.ASCII)
_UNSUPPORTED = ("presentationUID", "presentationSeriesUID")


async def retrieve(request: Request) -> Response:
    """Answer a request of the URI service."""
    query = request.query_params
    _check_once(query)
    if query.get("requestType") != "WADO":
        raise BadRequestError("requestType: expected WADO")
    missing = [name for name in _UIDS if not query.get(name)]
    if missing:
        raise BadRequestError(f"expected {', '.join(missing)}")
    services: Services = request.app.state.services
    found = await run_in_threadpool(services.retrieve.instance, *(query[name] for name in _UIDS))
    is_text = await run_in_threadpool(rendered_reports.is_report, services, found)
    media_type = _media_type(request, rendered_reports.TEXT_TYPES if is_text else MEDIA_TYPES)
    if media_type == DICOM:
        return await _instance(request, found)
    if is_text:
        chosen = Chosen(media_type, is_multipart=False)
        return await rendered_reports.reports_as(request, [found], chosen)
    return await _picture(request, services, found, media_type)


def _check_once(query: QueryParams) -> None:
    names = [name for name, _ in query.multi_items()]
    twice = {name for name in names if names.count(name) > 1} if len(names) < 256 else {"query"}
    if twice:
        raise BadRequestError(f"{min(twice)[:32]}: expected one value")


def _media_type(request: Request, rendered: Sequence[str]) -> str:
    """Return what to send: of the types of contentType, or of the Accept header.

    Parameters
    ----------
    rendered
        What the instance can be rendered as; the first where any is accepted.
    """
    wanted = request.query_params.get("contentType")
    ranges = _ranges(wanted) if wanted else accepted(request)
    offers = [Chosen(name, is_multipart=False) for name in (*rendered, DICOM)]
    return choose(ranges, *offers).media_type


def _ranges(text: str) -> list[AcceptRange]:
    items = [item.partition(";")[0].strip().lower() for item in text.split(",")[:64]]
    return [AcceptRange(item if item.count("/") == 1 else "unknown/unknown",
                        is_multipart=False, transfer_syntax_uid=None, quality=1.0)
            for item in items]  # fmt: skip


async def _instance(request: Request, found: StoredInstance) -> Response:
    """Give the stored file, as the instance resource does when asked for it alone."""
    query = request.query_params
    for name in (*_FOR_PICTURES, *_UNSUPPORTED):
        if name in query:
            raise BadRequestError(f"{name}: is for pictures, not for {DICOM}")
    if "anonymize" in query:
        # Served as it is, the instance would pass for one without names (PS3.18 9.4.1.2.1).
        raise NotAcceptableError("anonymize: instances are given as they are stored")
    syntax = query.get("transferSyntax", "*")
    if not _UID.fullmatch(syntax):
        raise BadRequestError("transferSyntax: expected a UID")
    return await wado.instance(_asked_alone(request, found, f"{DICOM}; transfer-syntax={syntax}"))


def _asked_alone(request: Request, found: StoredInstance, accept: str) -> Request:
    """Return the request for the instance resource that means the same."""
    headers = [(name, value) for name, value in request.headers.raw if name != b"accept"]
    return Request(
        {
            **request.scope,
            "query_string": b"",
            "headers": [*headers, (b"accept", accept.encode("ascii"))],
            "path_params": {
                "study": found.study_instance_uid,
                "series": found.series_instance_uid,
                "instance": found.sop_instance_uid,
            },
        },
        request.receive,
    )


async def _picture(
    request: Request, services: Services, found: StoredInstance, media_type: str
) -> Response:
    query = request.query_params
    for name in _UNSUPPORTED:
        if name in query:
            raise BadRequestError(f"{name}: presentation states are not applied")
    if "transferSyntax" in query or "anonymize" in query:
        raise BadRequestError(f"transferSyntax and anonymize are for {DICOM}, not for pictures")
    canvas = await run_in_threadpool(_canvas, services, found, query.get("frameNumber"))
    asked = read_uri_rendering(query, canvas.size)
    answer = PictureAnswer(media_type, canvas.tag, f"uri {asked!r}", partial(asked.work, canvas))
    return await answer.respond(
        request, lambda: render_bytes(services, found, canvas, asked, media_type)
    )


def _canvas(services: Services, found: StoredInstance, number: str | None) -> Canvas:
    """Return what to draw: a frame, or the instance where it is one picture."""
    image = services.render.image(found)
    if number is not None:
        if image.number_of_frames == 1:
            raise BadRequestError("frameNumber: the instance has a single frame")
        frame = whole(number, "frameNumber", least=1, most=image.number_of_frames)
        try:
            return canvas_of_frame(services, found, frame)
        except NotFoundError as error:
            raise BadRequestError(f"frameNumber: {error}") from error
    if image.is_tiled or image.number_of_frames == 1:
        return canvas_of_instance(services, found)
    return canvas_of_frame(services, found, image.number_of_frames // 2 + 1)


def read_uri_rendering(query: QueryParams, image: Size) -> Rendering:
    """Return what the parameters of the URI service ask of an image (PS3.18 9.5.1.2).

    Raises
    ------
    BadRequestError
        A parameter breaks its syntax, or one of two that belong together is missing.
    """
    annotation = query.get("annotation", query.get("imageAnnotation"))
    quality = query.get("imageQuality")
    return Rendering(
        Drawing(_look(query), quality=read_quality(quality) if quality is not None else None),
        _viewport(query, image),
        read_annotation(annotation) if annotation else frozenset(),
    )


def _look(query: QueryParams) -> Look:
    center, width = query.get("windowCenter"), query.get("windowWidth")
    if center is None and width is None:
        return Look()
    if center is None or width is None:
        raise BadRequestError("windowCenter and windowWidth: expected both or neither")
    numbers = decimal(center, "windowCenter"), decimal(width, "windowWidth")
    return Look(checked_window(*numbers, WindowFunction.LINEAR, "windowWidth"))


def _viewport(query: QueryParams, image: Size) -> Viewport:
    region = query.get("region")
    found = Viewport()
    if region is not None:
        x, y, width, height = read_uri_region(region, image)
        found = Viewport(None, x, y, width, height)
    rows, columns = query.get("rows"), query.get("columns")
    if rows is None and columns is None:
        return found
    # One alone bounds its own direction only, as all editions but the newest have it.
    sides = (
        whole(text, name, least=1, most=LONGEST_SIDE) if text is not None else LONGEST_SIDE
        for text, name in ((columns, "columns"), (rows, "rows"))
    )
    return replace(found, size=Size(*sides))
