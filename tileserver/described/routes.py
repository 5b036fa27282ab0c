# SPDX-License-Identifier: Apache-2.0
"""Routes of what the server tells about itself, and OPTIONS on what is no DICOMweb.

References
----------
RFC 9110 9.3.7 (OPTIONS), 10.2.1 (Allow), RFC 8631 (links to descriptions)
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route

from tileserver.addresses import public_root
from tileserver.described.model import Answer, Operation, Service, mounted
from tileserver.described.openapi import openapi
from tileserver.described.schemas import TEXT
from tileserver.errors import NotFoundError
from tileserver.settings import DICOMWEB_ROOT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import Scope

    Endpoint = Callable[[Request], Awaitable[Response]]

OPENAPI_PATH, CONFORMANCE_PATH = "/openapi.json", "/conformance"
JSON = "application/json"
_MARKDOWN = "text/markdown"
_REVALIDATED = {"Cache-Control": "no-cache"}
_STATEMENT = "CONFORMANCE.md"
ABOUT_ITSELF = Service(
    title="Descriptions",
    meaning="What the server tells about itself.",
    operations=(
        Operation(
            method="GET",
            path=OPENAPI_PATH,
            name="RetrieveOpenApi",
            summary="Give this document.",
            answers=(
                Answer(status=200, meaning="OpenAPI 3.1.", contents={JSON: {"type": "object"}}),
            ),
        ),
        Operation(
            method="GET",
            path=CONFORMANCE_PATH,
            name="RetrieveConformanceStatement",
            summary="Give the conformance statement.",
            answers=(Answer(status=200, meaning="For people.", contents={_MARKDOWN: TEXT}),),
            errors=(404,),
        ),
    ),
)


def routes(services: tuple[Service, ...]) -> list[Route]:
    """Return the routes.

    Parameters
    ----------
    services
        All that are described, `ABOUT_ITSELF` among them.
    """
    paths = dict.fromkeys(item.route for item in mounted(services))
    return [
        Route(OPENAPI_PATH, _document(services), methods=["GET"]),
        Route(CONFORMANCE_PATH, conformance, methods=["GET"]),
        *(Route(path, options, methods=["OPTIONS"]) for path in paths if not _is_dicomweb(path)),
    ]


def _is_dicomweb(path: str) -> bool:
    """Tell whether OPTIONS is a transaction of the standard."""
    return f"{path}/".startswith(f"{DICOMWEB_ROOT}/")


def _document(services: tuple[Service, ...]) -> Endpoint:
    async def document(request: Request) -> Response:
        """Give the OpenAPI document."""
        text = json.dumps(openapi(services, public_root(request)), separators=(",", ":"))
        return Response(text, media_type=JSON, headers=_REVALIDATED)

    return document


async def conformance(_: Request) -> Response:
    """Give the conformance statement, which lies in the package, or in a checkout beside it."""
    package = Path(__file__).parents[1]
    for folder in (package, package.parent):
        if (folder / _STATEMENT).is_file():
            text = (folder / _STATEMENT).read_text("utf-8")
            return PlainTextResponse(text, media_type=_MARKDOWN, headers=_REVALIDATED)
    raise NotFoundError("the conformance statement is not installed")


def options_answer(request: Request) -> Response:
    """Return the methods of a resource, and where all is described."""
    root = public_root(request)
    links = (
        f'<{root}{OPENAPI_PATH}>; rel="service-desc"; type="{JSON}"',
        f'<{root}{CONFORMANCE_PATH}>; rel="service-doc"; type="{_MARKDOWN}"',
    )
    allow = allowed_methods(request.app.routes, request.scope)
    return Response(status_code=204, headers={"Allow": allow, "Link": ", ".join(links)})


async def options(request: Request) -> Response:
    """Tell what can be done with a resource."""
    return options_answer(request)


def allowed_methods(found: Iterable[BaseRoute], scope: Scope) -> str:
    """Return the methods of all routes of a request's path, as Allow tells them."""
    matching = [
        route
        for route in found
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE
    ]
    # A later one of another path takes slashes for a part of a name.
    methods = {
        method
        for route in matching
        if route.path == matching[0].path
        for method in route.methods or ()
    }
    return ", ".join(sorted(methods))
