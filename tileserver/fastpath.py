# SPDX-License-Identifier: Apache-2.0
"""Stored frames, one a request, answered where the request is parsed.

That is what a viewer asks for all the time. Status, headers and body are those of the route in
`tileserver.dicomweb.wado`, made by the same functions; a way through ASGI, the router and a
thread costs several times what reading the frame does. Everything out of the ordinary goes that
way: other methods, queries, conditional and unknown headers, instances that are not open yet,
frames that are large or not in memory, clients that read slowly, and whatever is an error.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from dicomizer.net.multipart import closing_delimiter, part_header
from tileserver.bounded import BoundedProtocol
from tileserver.dicomweb import frames
from tileserver.dicomweb.frame_plans import frame_headers, frame_validators, plan_frames
from tileserver.dicomweb.media_types import accept_ranges
from tileserver.dicomweb.responses import multipart_type, new_boundary
from tileserver.errors import TileserverError
from tileserver.middleware import log_unexpected
from tileserver.prefix import without
from tileserver.services.retrieve import instance_path
from tileserver.settings import DICOMWEB_ROOT

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Sequence

    from starlette.types import ASGIApp, Message, Scope
    from uvicorn._types import HTTPScope
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from tileserver.dicomweb.frame_plans import FramePlan
    from tileserver.index import StoredInstance
    from tileserver.services.frame_files import FrameFiles

    _Deciding = tuple[bytes | None, ...]
    Pieces = tuple[bytes | bytearray, ...]

LARGEST_FRAME = 1 << 20
"""Copying more would keep others waiting."""
MOST_AT_ONCE = 16
"""Requests of a connection that are answered in one go, for the same reason."""
_BEGINNING = f"{DICOMWEB_ROOT}/studies/".encode()
_FRAMES = b"/frames/"
_ZERO = ord("0")
_MOST_DIGITS = 10
_MOST_HEADS = 1024
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
"""Headers by which an answer does not differ, but for what gates look at and those that decide.

A request with any other goes the long way, so that whatever they come to mean is kept.
"""
DECIDING_HEADERS = (b"accept", b"accept-encoding", b"origin")
"""Headers by which the head of an answer may differ."""
_LONGEST_DECIDING = 4096


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
    gates
        Each is asked with the scope of a request; where one says no, the long way tells why.
    wrap
        Puts around an application what adds headers to its answers.
    observe
        Told of each answer: scope, status, bytes of the body, seconds.
    """

    def __init__(
        self,
        files: FrameFiles,
        wrap: Callable[[ASGIApp], ASGIApp],
        gates: Sequence[Callable[[HTTPScope], bool]],
        observe: Callable[[HTTPScope, int, int, float], None],
    ) -> None:
        self._files = files
        self._wrap = wrap
        self._gates = tuple(gates)
        self._heads: dict[tuple[str, _Deciding], _Head | None] = {}
        self._observe = observe
        self._answered: list[tuple[HTTPScope, int, int, float]] = []

    def answered(
        self, loop: asyncio.AbstractEventLoop, answer: tuple[HTTPScope, int, int, float]
    ) -> None:
        """Tell the observer, after all requests that wait by now are answered.

        Writing a line takes as long as an answer, and clients are woken one by one meanwhile.
        """
        if not self._answered:
            loop.call_soon(self._tell)
        self._answered.append(answer)

    def _tell(self) -> None:
        told, self._answered = self._answered, []
        for answer in told:
            self._observe(*answer)

    def answer(self, scope: HTTPScope, url: bytes) -> tuple[Pieces, int] | None:
        """Return the pieces of an answer without status line and Date, and its body's length.

        ``None`` where the request has to go the long way.
        """
        place, _, number = url.rpartition(_FRAMES)
        # Whole numbers as everybody writes them; others are sorted out the long way.
        if not number.isdigit() or number[0] == _ZERO or len(number) > _MOST_DIGITS:
            return None
        deciding = _deciding(scope["headers"])
        file = self._files.peek(place[place.rfind(b"/") + 1 :].decode("latin-1"))
        if deciding is None or file is None or place != _place(file.found):
            return None
        if not all(gate(scope) for gate in self._gates):
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


def _deciding(headers: Iterable[tuple[bytes, bytes]]) -> _Deciding | None:
    """Return what the head depends on, ``None`` where headers ask for more than a plain answer."""
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
    return tuple(map(found.get, DECIDING_HEADERS))


def _place(found: StoredInstance) -> bytes:
    return f"{DICOMWEB_ROOT}{instance_path(found)}".encode()


def _with_places(text: bytes) -> bytes:
    return text.replace(b"%", b"%%").replace(_SLOT.encode(), b"%b")


class FrameProtocol(BoundedProtocol):
    """uvicorn's protocol, but that stored frames are answered before there is a task.

    Its pipelining, flow control, time-outs and limits hold: what is answered here is counted, and
    nothing is where an earlier request waits, or the client has not taken earlier answers.
    """

    fast: ClassVar[FastFrames]
    path: ClassVar[bytes] = b""
    """Below which the server is reached."""
    _is_answered = False
    _in_one_go = 0

    def data_received(self, data: bytes) -> None:
        """Take what came over the connection."""
        self._in_one_go = 0
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Answer a request or begin to, as soon as its headers are there."""
        url = without(self.url, self.path)
        self._is_answered = url.startswith(_BEGINNING) and self._answers(url)
        if not self._is_answered:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        if self._is_answered:
            self._is_whole = True
        else:
            super().on_message_complete()

    def _answers(self, url: bytes) -> bool:
        start = time.perf_counter()
        if not self._is_free() or not self._is_plain():
            return False
        scope = self.scope
        scope["method"], scope["raw_path"], scope["query_string"] = "GET", url, b""
        scope["path"] = url.decode("latin-1")
        cast("Scope", scope)["endpoint"] = frames.frames  # as the router would, for the figures
        try:
            found = self.fast.answer(scope, url)
        except Exception as error:  # noqa: BLE001 - within the parser, it would be an error of the client
            log_unexpected(error)
            return False
        if found is None:
            return False
        pieces, length = found
        dates = [b"%b: %b\r\n" % item for item in self.server_state.default_headers]
        self.transport.write(b"".join((STATUS_LINE[200], *dates, *pieces)))
        self._in_one_go += 1
        self.on_response_complete()
        self.fast.answered(self.loop, (scope, 200, length, time.perf_counter() - start))
        return True

    def _is_free(self) -> bool:
        """Tell whether nothing stands before this answer: no other, no slow client, no limit."""
        cycle: RequestResponseCycle | None = self.cycle
        limit = self.limit_concurrency
        return (
            (cycle is None or cycle.response_complete)
            and self._in_one_go < MOST_AT_ONCE
            and not self.flow.write_paused
            and not self.transport.is_closing()
            and (limit is None or max(len(self.connections), len(self.tasks)) < limit)
        )

    def _is_plain(self) -> bool:
        """Tell whether this is a GET of HTTP/1.1 on a connection that stays."""
        return (
            self.parser.get_method() == b"GET"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and not self.root_path
        )


def protocol_of(fast: FastFrames, path: str = "") -> type[FrameProtocol]:
    """Return the protocol class for a server, and the path below which that is reached."""
    return type("FrameProtocol", (FrameProtocol,), {"fast": fast, "path": path.encode()})
