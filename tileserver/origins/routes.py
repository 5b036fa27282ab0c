# SPDX-License-Identifier: Apache-2.0
"""Requests for the DICOMweb of another server, passed on to it, and its answers passed back.

Only named servers are asked, only below their address, only for resources of DICOMweb, and only to
read. Nothing that says who the reader is goes along, nothing that is for a browser alone comes
back, and no answer is taken for a page of this server.

References
----------
PS3.18 8.2 (resources), RFC 9110 7.6.1 (hop-by-hop fields), 13.1 (preconditions)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tileserver.errors import NotFoundError, OriginError, OriginForeignError, OriginLoginError
from tileserver.origins.descriptions import ORIGINS_ROOT, PASSED_PATH
from tileserver.prefix import without

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import Receive, Scope, Send

    from tileserver.origins.peers import Passed, Peer, Peers

_ASKED = (
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "Range",
)
_ANSWERED = (
    "Accept-Ranges",
    "Cache-Control",
    "Content-Encoding",
    "Content-Length",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "ETag",
    "Expires",
    "Last-Modified",
    "Retry-After",
    "Warning",
)
_PATH = re.compile(r"/(studies|series|instances|bulkdata)(/[^/?#\\]+)*", re.IGNORECASE)
_QUERY = re.compile(rb"[!-~]{0,32768}")
_TYPES = re.compile(
    r"(application/(dicom(\+json|\+xml)?|json|octet-stream|zip|pdf)|multipart/related"
    r"|image/(jpeg|png|gif|webp|jp2|jpx|jls|jxl|jphc|x-jls|dicom-rle|x-dicom-rle))\s*(;|$)",
    re.IGNORECASE,
)
"""No text/html and no image/svg+xml: what they hold would run as if it were of this server."""
_PASSED = frozenset({200, 204, 206, 304})
_LOGIN = frozenset({401, 403, 407})
_GONE = frozenset({404, 410})
_TOLD = frozenset({400, 406, 413, 415, 416, 429, 501, 503})
"""Of errors, what viewers do something about; all else is a fault of the other server."""


def routes() -> list[BaseRoute]:
    """Return the routes."""
    return [Route(ORIGINS_ROOT + PASSED_PATH, pass_on, methods=["GET", "HEAD"])]


async def pass_on(request: Request) -> Response:
    """Pass a request on."""
    peers: Peers = request.app.state.peers
    peer = peers.get(request.path_params["origin"])
    if peer is None:
        raise NotFoundError("no such origin; origins of the settings has their names")
    return _PassingOn(peer, _target(request), _asked(request))


class _PassingOn(Response):
    """The answer of another server, which is asked when it can be sent at once."""

    def __init__(self, peer: Peer, target: str, headers: dict[str, str]) -> None:
        super().__init__()
        self._peer = peer
        self._target = target
        self._asked = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        async with self._peer.asked(method, self._target, self._asked) as passed:
            answer = _answer(self._peer.name, passed, is_search=self._target.count("/") == 1)
            await answer(scope, receive, send)


def _answer(name: str, passed: Passed, *, is_search: bool) -> Response:
    """Return what is answered to the reader.

    Parameters
    ----------
    is_search
        Whether a search of the whole archive was asked for, which every service has.
    """
    if passed.status not in _PASSED:
        return _refusal(name, passed, is_search=is_search)
    kind = passed.header("Content-Type")
    if kind is None and passed.status == 200:
        kind = "application/octet-stream"
    if kind is not None and not _TYPES.match(kind):
        raise OriginForeignError(
            f"origin {name} answers what is no DICOMweb; expected its address to be that of the "
            "service, such as http://host:8042/dicom-web"
        )
    told = {field: value for field in _ANSWERED if (value := passed.header(field)) is not None}
    # What a resource is given as depends on Accept, which not every server says.
    told["Vary"] = "Accept"
    return StreamingResponse(passed.pieces(), passed.status, told, media_type=kind)


def _refusal(name: str, passed: Passed, *, is_search: bool) -> Response:
    """Return an error in words of ours, as those of the other server may show its inside."""
    status = passed.status
    if status in _LOGIN:
        raise OriginLoginError(f"origin {name} answers {status}: set origin_logins for it")
    if status in _GONE and is_search:
        raise OriginForeignError(f"origin {name} has no DICOMweb at the address that is set")
    if status in _GONE:
        raise NotFoundError(f"origin {name} does not have it")
    if status in _TOLD:
        retry = passed.header("Retry-After")
        return JSONResponse(
            {"error": "OriginError", "message": f"origin {name} answers {status}"},
            status_code=status,
            headers={"Retry-After": retry} if retry else None,
        )
    raise OriginError(f"origin {name} answers {status}")


def _target(request: Request) -> str:
    """Return path and query as they came, once they are known to lead to a resource.

    Raises
    ------
    NotFoundError
        They lead elsewhere, such as by dots or coded slashes.
    """
    root = f"{ORIGINS_ROOT}/{request.path_params['origin']}/dicomweb"
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    path = without(raw.partition(b"?")[0], root.encode()).decode("latin-1")
    query: bytes = request.scope["query_string"]
    segments = [unquote_to_bytes(each) for each in path.split("/")[1:]]
    is_plain = path.isascii() and path.isprintable() and " " not in path
    if not (is_plain and _PATH.fullmatch(path) and _QUERY.fullmatch(query)) or any(
        not segment.strip(b".") or re.search(rb"[\x00-\x1f\x7f/\\]", segment)
        for segment in segments
    ):
        raise NotFoundError("no such resource of DICOMweb; expected studies, series or instances")
    return path + (f"?{query.decode('ascii')}" if query else "")


def _asked(request: Request) -> dict[str, str]:
    """Return the header fields that go along."""
    found = {field: request.headers[field] for field in _ASKED if field in request.headers}
    # Else http.client asks for it by itself, and its absence means any.
    return {"Accept-Encoding": "identity", **found}
