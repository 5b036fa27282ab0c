# SPDX-License-Identifier: Apache-2.0
"""Answers that several services give: JSON, streams, multipart, ranges, addresses."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.concurrency import iterate_in_threadpool
from starlette.responses import Response, StreamingResponse

from dicomizer.net.multipart import closing_delimiter, part_header
from tileserver.addresses import dicomweb_root
from tileserver.conditions import allows_range, is_failed, is_unchanged
from tileserver.dicomweb.ranges import asked_ranges
from tileserver.errors import PreconditionFailedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from starlette.requests import Request

    from tileserver.conditions import Validators
    from tileserver.dicomweb.ranges import ByteRange
    from tileserver.services.stored_bytes import StoredBytes

IMMUTABLE = "private, max-age=31536000, immutable"
"""For what an instance UID names: it never changes."""
_SENT_BYTES = 256 << 10
_LONGEST_SENT = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a multipart answer.

    Parameters
    ----------
    length
        Bytes that ``pieces`` add up to.
    pieces
        Read when the part is sent.
    location
        Address of what is in the part.
    """

    content_type: str
    length: int
    pieces: Iterable[bytes]
    location: str | None = None


def multipart(
    request: Request, media_type: str, parts: Iterable[Part], headers: Mapping[str, str]
) -> Response:
    """Return a multipart answer that is read as it is sent.

    Where the parts are at hand, its length is told beforehand.
    """
    boundary = new_boundary()
    content_type = multipart_type(media_type, boundary)
    if isinstance(parts, Sequence):
        headers = {**headers, "Content-Length": str(_multipart_length(boundary, parts))}
    return streamed(request, _multipart_body(boundary, parts), content_type, headers)


def new_boundary() -> str:
    """Return a boundary that no value has in it."""
    return f"coverslip-{uuid.uuid4().hex}"


def multipart_type(media_type: str, boundary: str) -> str:
    """Return the media type of a multipart answer with parts of one media type."""
    return f'multipart/related; type="{media_type}"; boundary={boundary}'


def _multipart_body(boundary: str, parts: Iterable[Part]) -> Iterator[bytes]:
    for part in parts:
        yield part_header(boundary, part.content_type, part.location)
        yield from part.pieces
    yield closing_delimiter(boundary)


def _multipart_length(boundary: str, parts: Sequence[Part]) -> int:
    heads = sum(len(part_header(boundary, part.content_type, part.location)) for part in parts)
    return heads + sum(part.length for part in parts) + len(closing_delimiter(boundary))


def streamed(
    request: Request,
    pieces: Iterable[bytes],
    media_type: str,
    headers: Mapping[str, str],
    status: int = 200,
) -> Response:
    """Return an answer whose pieces are read, in a thread, as they are sent."""
    if request.method == "HEAD":
        answer = Response(status_code=status, headers=dict(headers), media_type=media_type)
        if "Content-Length" not in headers:
            del answer.headers["Content-Length"]  # nobody knows how long the body would be
        return answer
    body = iterate_in_threadpool(_joined(pieces))
    return StreamingResponse(body, status, headers=dict(headers), media_type=media_type)


def beginning(pieces: Iterator[bytes], most: int) -> tuple[list[bytes], bool]:
    """Return pieces up to a number of bytes, and whether these are all."""
    found: list[bytes] = []
    size = 0
    for piece in pieces:
        found.append(piece)
        size += len(piece)
        if size >= most:
            return found, False
    return found, True


def ranged(
    request: Request,
    value: StoredBytes,
    media_type: str,
    validators: Validators,
    headers: Mapping[str, str],
) -> Response:
    """Return a value, or the parts of it that are asked for (RFC 9110 13 and 14).

    Raises
    ------
    PreconditionFailedError
        It is not the version that If-Match or If-Unmodified-Since name.
    RangeNotSatisfiableError
        It has no such bytes.
    """
    headers = {**headers, **validators.headers(), "Accept-Ranges": "bytes"}
    if is_failed(request.headers, validators):
        raise PreconditionFailedError("what is stored is another version")
    if is_unchanged(request.headers, validators):
        return Response(status_code=304, headers=headers)
    ranges = _asked(request, value.length, validators)
    if not ranges:
        headers["Content-Length"] = str(value.length)
        return streamed(request, value.pieces(), media_type, headers)
    if len(ranges) == 1:
        (one,) = ranges
        headers["Content-Length"] = str(one.length)
        headers["Content-Range"] = one.content_range(value.length)
        return streamed(request, value.read(one.start, one.stop), media_type, headers, 206)
    return _byte_ranges(request, value, media_type, ranges, headers)


def _asked(request: Request, size: int, validators: Validators) -> list[ByteRange]:
    """Return the ranges that count; only GET has any (RFC 9110 14.2)."""
    if request.method != "GET" or not allows_range(request.headers, validators):
        return []
    return asked_ranges(request.headers.get("range"), size)


def _byte_ranges(
    request: Request,
    value: StoredBytes,
    media_type: str,
    ranges: Sequence[ByteRange],
    headers: dict[str, str],
) -> Response:
    """Return several ranges, each a part (RFC 9110 14.6)."""
    boundary = new_boundary()
    heads = [
        part_header(boundary, media_type, content_range=one.content_range(value.length))
        for one in ranges
    ]
    end = closing_delimiter(boundary)

    def body() -> Iterator[bytes]:
        for head, one in zip(heads, ranges, strict=True):
            yield head
            yield from value.read(one.start, one.stop)
        yield end

    length = sum(map(len, heads)) + sum(one.length for one in ranges) + len(end)
    headers["Content-Length"] = str(length)
    content_type = f"multipart/byteranges; boundary={boundary}"
    return streamed(request, body(), content_type, headers, 206)


def _joined(pieces: Iterable[bytes]) -> Iterator[bytes | memoryview]:
    """Join small pieces, since handing over to the thread costs more than copying them.

    Long ones are parted: what a socket does not take at once is copied more than once.
    """
    pending: list[bytes] = []
    size = 0
    for piece in pieces:
        if len(piece) > _LONGEST_SENT:
            yield b"".join(pending)
            pending, size = [], 0
            view = memoryview(piece)
            yield from (view[at : at + _LONGEST_SENT] for at in range(0, len(piece), _LONGEST_SENT))
            continue
        if len(piece) >= _SENT_BYTES and size:
            yield b"".join(pending)
            pending, size = [], 0
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


def warn(request: Request, response: Response, *warnings: str) -> None:
    """Add warnings in the form that PS3.18 writes them in (8.3.4.4.1), which is not RFC 7234's."""
    for text in warnings:
        response.headers.append("Warning", f"299 {dicomweb_root(request)}: {text}")


COUNTED = 100
"""How far what is left is counted: the exact number of very many is worth no wait."""


def what_is_left(remaining: int) -> str:
    """Return the warning of results behind those that are answered (PS3.18 8.3.4.4.1)."""
    number = f"{'more than ' * (remaining > COUNTED)}{min(remaining, COUNTED)}"
    return f"There are {number} additional results that can be requested"
