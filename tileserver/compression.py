# SPDX-License-Identifier: Apache-2.0
"""Answers of text go out compressed where the client takes it; pixels never.

Long pieces are compressed in a thread, so that others are answered meanwhile.

References
----------
RFC 9110 8.4 (content codings), 12.5.3 (Accept-Encoding), RFC 1952 (gzip)
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders

from tileserver.content_codings import takes_gzip

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TYPES = (
    "application/dicom+json",
    "application/json",
    "application/dicom+xml",
    'multipart/related; type="application/dicom+xml"',
    # The viewer: its scripts are a third, which tells on a slow link.
    "text/html",
    "text/css",
    "text/javascript",
    "application/javascript",
    "image/svg+xml",
)
_LEAST_BYTES = 1024
"""Below, the answer fits a packet anyway."""
_LONG_PIECE = 32 << 10
_LEVEL = 1
"""Metadata repeats itself: level 1 makes a twentieth of it, level 6 takes three times as long."""
_GZIP = zlib.MAX_WBITS | 16


class Gzip:
    """Compresses answers of text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http" or not takes_gzip(Headers(scope=scope).get("accept-encoding")):
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _Compressing(send))


class _Compressing:
    """Sends the messages of one answer, compressed where it is of text and long enough."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._coder: zlib._Compress | None = None

    async def __call__(self, message: Message) -> None:
        """Take a message of the answer."""
        if message["type"] == "http.response.start" and _is_text(message):
            self._start = message  # whether it is long enough shows only with the body
        elif message["type"] == "http.response.body" and self._start is not None:
            await self._begin(self._start, message)
        elif message["type"] == "http.response.body" and self._coder is not None:
            await self._continue(message)
        else:
            await self._send(message)

    async def _begin(self, start: Message, message: Message) -> None:
        self._start = None
        is_whole = not message.get("more_body", False)
        if is_whole and len(message.get("body", b"")) < _LEAST_BYTES:
            await self._send(start)
            await self._send(message)
            return
        self._coder = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        message = await self._compressed(message)
        headers = MutableHeaders(scope=start)
        headers["Content-Encoding"] = "gzip"
        if "accept-encoding" not in headers.get("vary", "").lower():
            headers.add_vary_header("Accept-Encoding")
        if "etag" in headers and not headers["etag"].startswith("W/"):
            headers["ETag"] = f"W/{headers['etag']}"  # the bytes are others
        if is_whole:
            headers["Content-Length"] = str(len(message["body"]))
        else:
            del headers["Content-Length"]
        await self._send(start)
        await self._send(message)

    async def _continue(self, message: Message) -> None:
        await self._send(await self._compressed(message))

    async def _compressed(self, message: Message) -> Message:
        body, is_last = message.get("body", b""), not message.get("more_body", False)
        if len(body) < _LONG_PIECE:
            return {**message, "body": self._coded(body, is_last=is_last)}
        return {**message, "body": await run_in_threadpool(self._coded, body, is_last=is_last)}

    def _coded(self, body: bytes, *, is_last: bool) -> bytes:
        assert self._coder is not None
        return self._coder.compress(body) + (self._coder.flush() if is_last else b"")


def _is_text(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    return (
        start["status"] == 200
        and headers.get("content-type", "").startswith(_TYPES)
        and "content-encoding" not in headers
    )
