# SPDX-License-Identifier: Apache-2.0
"""STOW-RS: instances in multipart or alone, or as metadata with bulk data; streamed to the store.

References
----------
PS3.18 10.5 (store transaction)
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from dicomizer.net.multipart import MultipartError, parse_media_type
from tileserver.dicomweb.finishing import SMALL, finish
from tileserver.dicomweb.media_types import DICOM, DICOM_JSON, accepted
from tileserver.dicomweb.store_body import MultipartBody, SingleBody
from tileserver.dicomweb.store_parts import InstanceParts, MetadataParts
from tileserver.dicomweb.store_response import DICOM_XML, store_response
from tileserver.errors import BadRequestError, TooLargeError, UnsupportedMediaTypeError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from tileserver.dicomweb.store_body import Body
    from tileserver.dicomweb.store_parts import Outcome, Parts
    from tileserver.services import Ingest
    from tileserver.settings import Settings
    from tileserver.together import Together

    _Parts = TypeVar("_Parts", bound=Parts)

_PIECE = 1 << 20
"""Bytes that are gathered before a thread is asked to take them."""
_MULTIPART = "multipart/related"
_TYPES = (DICOM, DICOM_JSON, DICOM_XML)


async def store(request: Request) -> Response:
    """Store the instances of a body."""
    settings: Settings = request.app.state.settings
    media_type, boundary = _media_type(request.headers.get("content-type", ""))
    _check_length(request.headers.get("content-length"), settings.max_body_bytes)
    _check_coding(request.headers.get("content-encoding", ""))
    is_xml = _wants_xml(request)
    try:
        if media_type == DICOM:
            outcome = await _store_instances(request, boundary, settings.max_body_bytes)
        else:
            parts = MetadataParts(_ingest(request), _study(request), media_type)
            body = _body(parts, media_type, boundary)
            await _receive(request, body, settings.max_body_bytes)
            outcome = await run_in_threadpool(finish, body)
    except MultipartError as error:
        raise BadRequestError(str(error)) from error
    except ClientDisconnect as error:
        raise BadRequestError("the client went away") from error
    return store_response(request, outcome, is_xml=is_xml)


async def _store_instances(request: Request, boundary: str | None, limit: int) -> Outcome:
    body = _body(InstanceParts(_ingest(request), _study(request)), DICOM, boundary)
    if await _receive(request, body, limit) <= SMALL:
        together: Together[Body[InstanceParts], Outcome] = request.app.state.storing
        return await together.do(body)
    return await run_in_threadpool(finish, body)


def _media_type(text: str) -> tuple[str, str | None]:
    """Return the type of instances or metadata, and the boundary where they come in multipart."""
    media_type, parameters = parse_media_type(text)
    boundary = None
    if media_type == _MULTIPART:
        media_type = parameters.get("type", DICOM).lower()
        boundary = parameters.get("boundary", "")
    if media_type not in _TYPES:
        raise UnsupportedMediaTypeError(
            f"found {text[:128] or 'no Content-Type'}, expected {_MULTIPART} with a type of, "
            f"or alone: {', '.join(_TYPES)}"
        )
    return media_type, boundary


def _check_length(text: str | None, limit: int) -> None:
    if text is not None and (not text.isdecimal() or int(text[:20]) > limit):
        raise TooLargeError(f"a body may have {limit:,} bytes")


def _check_coding(text: str) -> None:
    """Refuse what is compressed on the way (RFC 9110 8.4)."""
    if text.strip().lower() not in ("", "identity"):
        raise UnsupportedMediaTypeError("found a Content-Encoding, expected a body without")


def _wants_xml(request: Request) -> bool:
    """Tell whether XML is accepted rather than JSON, which is given where neither is."""
    for item in accepted(request):
        if item.covers(DICOM_JSON) or item.covers(DICOM_XML):
            return not item.covers(DICOM_JSON)
    return False


def _ingest(request: Request) -> Ingest:
    ingest: Ingest = request.app.state.services.ingest
    return ingest


def _study(request: Request) -> str | None:
    """Return the study that all must belong to, where the address names one."""
    return request.path_params.get("study")


def _body(parts: _Parts, media_type: str, boundary: str | None) -> Body[_Parts]:
    return SingleBody(parts, media_type) if boundary is None else MultipartBody(parts, boundary)


async def _receive(request: Request, body: Body[Parts], limit: int) -> int:
    """Hand the body over, or discard it where it does not come whole; return how many bytes came.

    Who is handed over has to finish it.
    """
    try:
        with request.app.state.stopping.receiving():
            return await _hand_over(request, body, limit)
    except BaseException:
        await run_in_threadpool(body.parts.close)
        raise


async def _hand_over(request: Request, body: Body[Parts], limit: int) -> int:
    """Hand the body over, in large pieces; the next is received while one is written."""
    received = gathered = 0
    chunks: list[bytes] = []
    taking: asyncio.Task[None] | None = None
    try:
        async for chunk in request.stream():
            received += len(chunk)
            if received > limit:
                raise TooLargeError(f"a body may have {limit:,} bytes")
            chunks.append(chunk)
            gathered += len(chunk)
            if gathered >= _PIECE:
                if taking is not None:
                    await taking
                taking = asyncio.create_task(run_in_threadpool(body.take, b"".join(chunks)))
                chunks, gathered = [], 0
    finally:
        if taking is not None:
            await asyncio.wait([taking])
    if taking is not None:
        taking.result()
    body.keep(b"".join(chunks))
    return received
