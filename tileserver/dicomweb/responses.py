# SPDX-License-Identifier: Apache-2.0
"""Answers that several services give: JSON, multipart, validators of caches, addresses."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from starlette.responses import Response

from dicomizer.net.multipart import closing_delimiter, part_header
from tileserver.settings import DICOMWEB_ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from tileserver.settings import Settings

IMMUTABLE = "private, max-age=31536000, immutable"
"""For what an instance UID names: it never changes."""


def dicomweb_root(request: Request) -> str:
    """Return the absolute address of the DICOMweb service as clients reach it."""
    settings: Settings = request.app.state.settings
    if settings.base_url:
        return settings.base_url.rstrip("/") + DICOMWEB_ROOT
    host, port = request.scope["server"]
    host = f"[{host}]" if ":" in host else host
    return f"{request.scope['scheme']}://{host}:{port}{DICOMWEB_ROOT}"


def new_boundary() -> str:
    """Return a boundary that occurs in no part."""
    return f"coverslip-{uuid.uuid4().hex}"


def multipart(
    parts: Sequence[bytes], media_type: str, part_type: str, headers: Mapping[str, str]
) -> Response:
    """Return a multipart answer of parts that are in memory.

    Parameters
    ----------
    media_type
        Of the parts, as the Content-Type of the whole names it.
    part_type
        Of the parts, with their parameters.
    """
    boundary = new_boundary()
    head = part_header(boundary, part_type)
    body = b"".join([piece for part in parts for piece in (head, part)])
    return Response(
        body + closing_delimiter(boundary),
        media_type=f'multipart/related; type="{media_type}"; boundary={boundary}',
        headers=dict(headers),
    )


def json_response(
    value: object, *, status: int = 200, media_type: str = "application/dicom+json"
) -> Response:
    """Return JSON."""
    return Response(
        json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        status_code=status,
        media_type=media_type,
    )


def is_unchanged(request: Request, etag: str) -> bool:
    """Tell whether the client has what an entity tag names (RFC 9110 13.1.2)."""
    given = request.headers.get("if-none-match", "")
    tags = {item.strip().removeprefix("W/") for item in given.split(",")}
    return etag in tags or "*" in tags
