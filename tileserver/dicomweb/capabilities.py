# SPDX-License-Identifier: Apache-2.0
"""The Retrieve Capabilities transaction: OPTIONS on the root and on every resource below it.

References
----------
PS3.18 8.9 (Retrieve Capabilities), G (WADL as JSON), H (Capabilities Description)
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from tileserver.addresses import dicomweb_root
from tileserver.described.model import template
from tileserver.described.routes import CONFORMANCE_PATH, OPENAPI_PATH, options_answer
from tileserver.described.wadl import describe, to_json, to_xml
from tileserver.dicomweb.media_types import JSON, Chosen, accepted, choose
from tileserver.settings import DICOMWEB_ROOT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.requests import Request

    from tileserver.described import Service

WADL = "application/vnd.sun.wadl+xml"
_OFFERED = (Chosen(WADL, is_multipart=False), Chosen(JSON, is_multipart=False))


def routes(services: Sequence[Service]) -> list[Route]:
    """Return the routes.

    Parameters
    ----------
    services
        All that are described; those below the DICOMweb root are told.
    """
    told = [item for item in services if item.root == DICOMWEB_ROOT]
    paths = dict.fromkeys(one.path for item in told for one in item.operations)
    return [
        Route(DICOMWEB_ROOT + path, _capabilities(told, path), methods=["OPTIONS"])
        for path in paths
    ]


def _capabilities(
    services: Sequence[Service], path: str
) -> Callable[[Request], Awaitable[Response]]:
    async def capabilities(request: Request) -> Response:
        """Give the capabilities of a resource and of all below it."""
        chosen = choose(accepted(request), *_OFFERED)
        root = dicomweb_root(request)
        server = root.removesuffix(DICOMWEB_ROOT)
        documents = {
            "Conformance statement": server + CONFORMANCE_PATH,
            "OpenAPI document": server + OPENAPI_PATH,
            "Character sets": "UTF-8",  # PS3.18 8.8
        }
        found = describe(services, root, template(path), documents)
        if chosen.media_type == WADL:
            body = to_xml(found)
        else:
            body = json.dumps(to_json(found), separators=(",", ":")).encode()
        headers = options_answer(request).headers
        told = {name: headers[name] for name in ("Allow", "Link")}
        return Response(body, media_type=chosen.media_type, headers=told | {"Vary": "Accept"})

    return capabilities
