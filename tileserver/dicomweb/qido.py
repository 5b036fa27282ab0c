# SPDX-License-Identifier: Apache-2.0
"""QIDO-RS: queries from the address, answers as DICOM JSON or XML.

References
----------
PS3.18 10.6 (search transaction), 8.3.4 (query parameters)
"""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from dicomizer.dicom.native_xml import to_xml
from tileserver.addresses import dicomweb_root
from tileserver.dicomweb.media_types import (
    DICOM_JSON,
    DICOM_XML,
    JSON,
    Chosen,
    accepted,
    check_charset,
    choose,
)
from tileserver.dicomweb.responses import COUNTED, Part, multipart, warn, what_is_left
from tileserver.dicomweb.search_parameters import SearchParameters, read_parameters
from tileserver.index import Level, Patience, Search
from tileserver.settings import DICOMWEB_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from tileserver.services import Query
    from tileserver.services.query import Answers
    from tileserver.settings import Settings

_OFFERED = (
    Chosen(DICOM_JSON, is_multipart=False),
    Chosen(JSON, is_multipart=False),
    Chosen(DICOM_XML, is_multipart=True),
)


async def _search(request: Request, level: Level) -> Response:
    check_charset(request.query_params.get("charset") or request.headers.get("accept-charset"))
    chosen = choose(accepted(request), *_OFFERED)
    settings: Settings = request.app.state.settings
    parameters = request.query_params.multi_items()
    asked = read_parameters(level, parameters, request.path_params)
    limit = settings.max_results if asked.limit is None else asked.limit
    search = Search(
        level,
        asked.conditions,
        min(limit, settings.max_results),
        asked.offset,
        counted=COUNTED + 1,
    )
    patience = Patience(settings.search_seconds)
    response = await _while_wanted(
        request, patience, partial(_answer, request, search, asked, chosen, patience)
    )
    response.headers["Cache-Control"] = "private, no-cache"
    warn(request, response, *asked.warnings)
    return response


async def _while_wanted(
    request: Request, patience: Patience, work: Callable[[], Response]
) -> Response:
    """Do work in a thread, with no more patience once the client has gone."""
    watch = asyncio.create_task(_lose_when_gone(request, patience))
    try:
        return await run_in_threadpool(work)
    finally:
        watch.cancel()


async def _lose_when_gone(request: Request, patience: Patience) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass  # a body, which no search has
    patience.lose()


def _answer(
    request: Request,
    search: Search,
    asked: SearchParameters,
    chosen: Chosen,
    patience: Patience,
) -> Response:
    query: Query = request.app.state.services.query
    found = query.search(search, asked.included, dicomweb_root(request), patience)
    if not found.items:
        return Response(status_code=204)  # PS3.18 8.3.4.4.1
    response = _in_media_type(request, found, chosen)
    if found.remaining:
        asked.warnings.append(what_is_left(found.remaining))
        response.headers["Link"] = f'<{_next_page(request, search)}>; rel="next"'
    return response


def _in_media_type(request: Request, found: Answers, chosen: Chosen) -> Response:
    """Return the answers in the form that was chosen among those offered."""
    if chosen.media_type == DICOM_XML:
        documents = [to_xml(json.loads(item)).encode() for item in found.items]
        parts = [Part(DICOM_XML, len(document), [document]) for document in documents]
        return multipart(request, DICOM_XML, parts, {})
    return Response(found.json(), media_type=chosen.media_type)


def _next_page(request: Request, search: Search) -> str:
    """Return the address of what comes behind the answers (RFC 8288)."""
    others = [item for item in request.query_params.multi_items() if item[0] != "offset"]
    path = request.url.path.removeprefix(DICOMWEB_ROOT)
    query = urlencode([*others, ("offset", str(search.offset + search.limit))])
    return f"{dicomweb_root(request)}{path}?{query}"


async def studies(request: Request) -> Response:
    """Search for studies."""
    return await _search(request, Level.STUDY)


async def series(request: Request) -> Response:
    """Search for series, of a study or of all."""
    return await _search(request, Level.SERIES)


async def instances(request: Request) -> Response:
    """Search for instances, of a series, of a study or of all."""
    return await _search(request, Level.INSTANCE)
