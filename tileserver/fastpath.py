# SPDX-License-Identifier: Apache-2.0
"""Stored frames, one a request, answered where the request is parsed (`tileserver.frame_protocol`).

That is what a viewer asks for all the time. Status, headers and body are those of the route in
`tileserver.dicomweb.wado`, made by the same functions; a way through ASGI, the router and a
thread costs several times what reading the frame does. Everything out of the ordinary goes that
way: other methods, queries, conditional and unknown headers, instances that are not open yet,
frames that are large or not in memory, clients that read slowly, and whatever is an error.

A viewer asks for one frame after the other with the same header fields, so that these are parsed
once: a request that differs from one answered before by nothing but its address is known by its
bytes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response

from dicomizer.net.multipart import closing_delimiter, part_header
from tileserver.dicomweb.frame_plans import frame_headers, frame_validators, plan_frames
from tileserver.dicomweb.media_types import accept_ranges
from tileserver.dicomweb.responses import multipart_type, new_boundary
from tileserver.errors import TileserverError
from tileserver.settings import DICOMWEB_ROOT

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message
    from uvicorn._types import HTTPScope

    from tileserver.dicomweb.frame_plans import FramePlan
    from tileserver.index import StoredInstance
    from tileserver.request_log import Answered, Observe
    from tileserver.services.frame_files import FrameFiles

    _Deciding = tuple[bytes | None, ...]
    Pieces = tuple[bytes | bytearray, ...]
    Answer = tuple[Pieces, int]
    """An answer without its status line and Date, and the bytes of its body."""

LARGEST_FRAME = 1 << 20
"""Copying more would keep others waiting."""
_ROOT = DICOMWEB_ROOT.encode()
BEGINNING = _ROOT + b"/studies/"
"""Of the addresses that are answered."""
_FRAMES = b"/frames/"
_ZERO = ord("0")
_MOST_DIGITS = 10
_MOST_HEADS = 1024
_LONGEST_FIELDS = 4096
_SLOT = "\x00"

HARMLESS_HEADERS = frozenset(
    name.encode()
    for name in (
        *("accept", "accept-encoding", "accept-language", "authorization", "cache-control"),
        *("connection", "cookie", "dnt", "forwarded", "host", "pragma", "priority", "purpose"),
        *("origin", "referer", "save-data", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform"),
        *("sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "sec-gpc", "traceparent"),
        *("tracestate", "user-agent", "via", "x-forwarded-for", "x-forwarded-host"),
        *("x-forwarded-proto", "x-real-ip", "x-request-id"),
    )
)
"""Headers by which an answer does not differ, but for what lets a request in and those that decide.

A request with any other goes the long way, so that whatever they come to mean is kept.
"""
DECIDING_HEADERS = (b"accept", b"accept-encoding", b"origin")
"""Headers by which the head of an answer may differ."""
_LONGEST_DECIDING = 4096


@dataclass(frozen=True, slots=True)
class Fields:
    """The header fields of a plain request, and those of them that decide."""

    headers: list[tuple[bytes, bytes]]
    deciding: _Deciding


@dataclass(frozen=True, slots=True)
class _Head:
    """The head of an answer, with places for what differs.

    Parameters
    ----------
    pattern
        Has places for entity tag and length and, in multipart, twice for the boundary: in the
        head, and in the delimiter before the frame.
    end
        What stands behind the frame, with a place for the boundary; empty where it is alone.
    framing
        Bytes that multipart adds to the body.
    """

    plan: FramePlan
    pattern: bytes
    end: bytes
    framing: int


class FastFrames:
    """Makes the answers.

    Parameters
    ----------
    admits
        Asked once about header fields, of which alone it makes up its mind.
    may
        Asked about each request. Where one says no, the long way tells why.
    wrap
        Puts around an application what adds headers to its answers.
    observe
        Told of the answers.
    """

    def __init__(
        self,
        files: FrameFiles,
        wrap: Callable[[ASGIApp], ASGIApp],
        admits: Callable[[HTTPScope], bool],
        may: Callable[[HTTPScope], bool],
        observe: Observe,
    ) -> None:
        self._files = files
        self._wrap = wrap
        self.admits = admits
        self._may = may
        self._heads: dict[tuple[str, _Deciding], _Head | None] = {}
        self._fields: dict[bytes, Fields] = {}
        self._observe = observe
        self._answered: list[Answered] = []

    def answered(self, loop: asyncio.AbstractEventLoop, answer: Answered) -> None:
        """Tell the observer, after all requests that wait by now are answered.

        Telling of many at once takes less, and clients are woken one by one meanwhile.
        """
        if not self._answered:
            loop.call_soon(self._tell)
        self._answered.append(answer)

    def _tell(self) -> None:
        told, self._answered = self._answered, []
        self._observe(told)

    def recall(self, stream: bytes) -> Fields | None:
        """Return header fields by their bytes, where `remember` was told of the very same."""
        return self._fields.get(stream)

    def remember(self, stream: bytes, fields: Fields) -> None:
        """Remember the header fields of a request that was answered.

        Parameters
        ----------
        stream
            All that follows the line of the request. Nothing is remembered where it is not plain
            that these fields are all of it, one a line: then more was sent than one request.
        """
        lines = stream.count(b"\r\n")
        if (
            len(stream) <= _LONGEST_FIELDS
            and stream.endswith(b"\r\n\r\n")
            and lines == stream.count(b"\n") == stream.count(b"\r") == len(fields.headers) + 1
        ):
            if len(self._fields) >= _MOST_HEADS:
                self._fields.clear()
            self._fields[stream] = fields

    def answer(self, scope: HTTPScope, url: bytes, deciding: _Deciding) -> Answer | None:
        """Return an answer, ``None`` where the request has to go the long way."""
        place, _, number = url.rpartition(_FRAMES)
        # Whole numbers as everybody writes them; others are sorted out the long way.
        if not number.isdigit() or number[0] == _ZERO or len(number) > _MOST_DIGITS:
            return None
        file = self._files.peek(place[place.rfind(b"/") + 1 :].decode("latin-1"))
        if file is None or place != _ROOT + file.path or not self._may(scope):
            return None
        head = self._head(file.found, deciding, scope)
        if head is None:
            return None
        frame = file.read_now(int(number), LARGEST_FRAME)
        if frame is None:
            return None
        etag = frame_validators(file.found.sha256, number.decode(), head.plan).etag.encode()
        length = len(frame) + head.framing
        return _pieces(head, etag, length, frame), length

    def _head(self, found: StoredInstance, deciding: _Deciding, scope: HTTPScope) -> _Head | None:
        """Return the head for what is accepted, ``None`` where that is not what is stored."""
        key = (found.transfer_syntax_uid, deciding)
        if key not in self._heads:
            if len(self._heads) >= _MOST_HEADS:
                self._heads.clear()
            self._heads[key] = self._make_head(found, deciding[0], scope)
        return self._heads[key]

    def _make_head(
        self, found: StoredInstance, accept: bytes | None, scope: HTTPScope
    ) -> _Head | None:
        try:
            ranges = accept_ranges((accept or b"").decode("latin-1"))
            plan = plan_frames(ranges, found.transfer_syntax_uid, one=True)
        except TileserverError:
            return None
        if plan.is_transcoded:
            return None
        headers = dict(frame_headers(frame_validators(found.sha256, "1", plan)))
        headers |= {"ETag": _SLOT, "Content-Length": _SLOT}
        if not plan.chosen.is_multipart:
            response = Response(headers=headers, media_type=plan.content_type)
            pattern = self._pattern(response, scope)
            return _Head(plan, pattern, b"", 0) if pattern else None
        media_type = multipart_type(plan.chosen.media_type, _SLOT)
        pattern = self._pattern(Response(headers=headers, media_type=media_type), scope)
        begin, end = part_header(_SLOT, plan.part_type), closing_delimiter(_SLOT)
        framing = len(begin + end) + 2 * (len(new_boundary()) - len(_SLOT))
        if not pattern:
            return None
        return _Head(plan, pattern + _with_places(begin), _with_places(end), framing)

    def _pattern(self, response: Response, scope: HTTPScope) -> bytes | None:
        """Return a head with places, ``None`` where it is not to be had at once."""
        headers = _sent_headers(self._wrap(response), scope)
        if headers is None:
            return None
        lines = [b"%b: %b\r\n" % item for item in headers]
        return _with_places(b"".join((*lines, b"\r\n")))


def _sent_headers(app: ASGIApp, scope: HTTPScope) -> list[tuple[bytes, bytes]] | None:
    """Return the headers that an application answers with, if it does so without waiting."""
    found: list[Message] = []

    async def send(message: Message) -> None:
        found.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    answering = app(dict(scope), receive, send)
    assert isinstance(answering, Coroutine)
    with contextlib.closing(answering):
        try:
            answering.send(None)
        except StopIteration:
            return found[0]["headers"] if found and found[0]["status"] == 200 else None
    return None


def _pieces(head: _Head, etag: bytes, length: int, frame: bytes | bytearray) -> Pieces:
    size = str(length).encode()
    if not head.end:
        return (head.pattern % (etag, size), frame)
    boundary = new_boundary().encode()
    return (head.pattern % (etag, size, boundary, boundary), frame, head.end % boundary)


def plain_fields(headers: list[tuple[bytes, bytes]]) -> Fields | None:
    """Return header fields, ``None`` where they ask for more than a plain answer."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in DECIDING_HEADERS:
            if name in found:
                return None
            found[name] = value
        elif name not in HARMLESS_HEADERS:
            return None
    if sum(map(len, found.values())) > _LONGEST_DECIDING:
        return None
    return Fields(headers, tuple(map(found.get, DECIDING_HEADERS)))


def _with_places(text: bytes) -> bytes:
    return text.replace(b"%", b"%%").replace(_SLOT.encode(), b"%b")
