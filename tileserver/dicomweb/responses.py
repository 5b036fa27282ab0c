# SPDX-License-Identifier: Apache-2.0
"""Answers that several services give: JSON, streams, multipart, validators of caches, addresses."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.concurrency import iterate_in_threadpool
from starlette.responses import Response, StreamingResponse

from dicomizer.net.multipart import closing_delimiter, part_header
from tileserver.settings import DICOMWEB_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from starlette.requests import Request

    from tileserver.settings import Settings

IMMUTABLE = "private, max-age=31536000, immutable"
"""For what an instance UID names: it never changes."""
_SENT_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a multipart answer.

    Parameters
    ----------
    length
        Bytes that ``pieces`` add up to.
    pieces
        Read when the part is sent.
    """

    content_type: str
    length: int
    pieces: Iterable[bytes]


def dicomweb_root(request: Request) -> str:
    """Return the absolute address of the DICOMweb service as clients reach it."""
    settings: Settings = request.app.state.settings
    if settings.base_url:
        return settings.base_url.rstrip("/") + DICOMWEB_ROOT
    host, port = request.scope["server"]
    host = f"[{host}]" if ":" in host else host
    return f"{request.scope['scheme']}://{host}:{port}{DICOMWEB_ROOT}"


def multipart(
    request: Request, media_type: str, parts: Sequence[Part], headers: Mapping[str, str]
) -> Response:
    """Return a multipart answer that is read as it is sent, its length told beforehand."""
    boundary = f"coverslip-{uuid.uuid4().hex}"
    heads = [part_header(boundary, part.content_type) for part in parts]
    end = closing_delimiter(boundary)

    def body() -> Iterator[bytes]:
        for head, part in zip(heads, parts, strict=True):
            yield head
            yield from part.pieces
        yield end

    length = sum(map(len, heads)) + sum(part.length for part in parts) + len(end)
    return streamed(
        request,
        body(),
        f'multipart/related; type="{media_type}"; boundary={boundary}',
        {**headers, "Content-Length": str(length)},
    )


def streamed(
    request: Request, pieces: Iterable[bytes], media_type: str, headers: Mapping[str, str]
) -> Response:
    """Return an answer whose pieces are read, in a thread, as they are sent."""
    if request.method == "HEAD":
        return Response(headers=dict(headers), media_type=media_type)
    body = iterate_in_threadpool(_joined(pieces))
    return StreamingResponse(body, headers=dict(headers), media_type=media_type)


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces: handing over to the thread costs more than copying them."""
    pending: list[bytes] = []
    size = 0
    for piece in pieces:
        pending.append(piece)
        size += len(piece)
        if size >= _SENT_BYTES:
            yield b"".join(pending)
            pending, size = [], 0
    yield b"".join(pending)


def json_response(
    value: object,
    *,
    status: int = 200,
    media_type: str = "application/dicom+json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return JSON."""
    return Response(
        json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        status_code=status,
        media_type=media_type,
        headers=headers,
    )


def is_unchanged(request: Request, etag: str) -> bool:
    """Tell whether the client has what an entity tag names (RFC 9110 13.1.2)."""
    given = request.headers.get("if-none-match", "")
    tags = {item.strip().removeprefix("W/") for item in given.split(",")}
    return etag.removeprefix("W/") in tags or "*" in tags
