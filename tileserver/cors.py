# SPDX-License-Identifier: Apache-2.0
"""Which pages of other origins may read answers, as the settings say; none unless they do.

No credentials of the browser are allowed along: a page that has a token sends it itself. Vary names
Origin in every answer, which Starlette's middleware does only where a request has one: a cache
would keep what came without.

References
----------
https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
REQUEST_HEADERS = (
    "Accept, Accept-Charset, Accept-Language, Authorization, Cache-Control, Content-Type, "
    "If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Last-Event-ID, "
    "Pragma, Prefer, Range, Tus-Resumable, Upload-Checksum, Upload-Length, Upload-Metadata, "
    "Upload-Offset, X-Requested-With"
)
EXPOSED_HEADERS = (
    "Accept-Ranges, Content-Disposition, Content-Encoding, Content-Length, Content-Location, "
    "Content-Range, Date, ETag, Last-Modified, Link, Location, Retry-After, Tus-Extension, "
    "Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Expires, Upload-Length, Upload-Metadata, "
    "Upload-Offset, Vary, Warning, "
    "X-Region-Box, X-Region-Dtype, X-Region-Mpp, X-Region-Shape"
)
"""What viewers read beyond what they always may."""
_PREFLIGHT_SECONDS = "7200"
"""The longest that any browser keeps it."""


class Cors:
    """Lets pages of the origins that are set read answers.

    Parameters
    ----------
    origins
        Such as ``https://viewer.example.org``; ``*`` for all.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self._app = app
        self._origins = frozenset(origin.rstrip("/") for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http" or not self._origins:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        allowed = self._allowed(headers.get("origin"))
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers and allowed:
            await _preflight(allowed)(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                if "*" not in self._origins:
                    answer.add_vary_header("Origin")
                if allowed:
                    answer["Access-Control-Allow-Origin"] = allowed
                    answer["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
            await send(message)

        await self._app(scope, receive, with_headers)

    def _allowed(self, origin: str | None) -> str | None:
        """Return the value that lets an origin read the answer, ``None`` where it may not."""
        if origin is None:
            return None
        if "*" in self._origins:
            return "*"
        return origin if origin in self._origins else None


def _preflight(allowed: str) -> Response:
    headers = {
        "Access-Control-Allow-Origin": allowed,
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": REQUEST_HEADERS,
        "Access-Control-Max-Age": _PREFLIGHT_SECONDS,
        "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    }
    return Response(status_code=204, headers=headers)
