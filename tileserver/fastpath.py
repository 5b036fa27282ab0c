# SPDX-License-Identifier: Apache-2.0
"""Stored frames, one a request, answered where the request is parsed.

That is what a viewer asks for all the time. Status, headers and body are those of the route in
`tileserver.dicomweb.wado`, made by the same functions; a way through ASGI, the router and a
thread costs several times what reading the frame does. Everything out of the ordinary goes that
way: other methods, queries, conditional and unknown headers, instances that are not open yet,
frames that are large or not in memory, clients that read slowly, and whatever is an error.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from dicomizer.net.multipart import closing_delimiter, part_header
from tileserver.dicomweb.media_types import accept_ranges, choose_frames
from tileserver.dicomweb.responses import multipart_type, new_boundary
from tileserver.dicomweb.wado import frame_headers, frame_type, single_frame_type
from tileserver.errors import TileserverError
from tileserver.middleware import log_unexpected, secure
from tileserver.services.retrieve import instance_path
from tileserver.settings import DICOMWEB_ROOT

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Sequence

    from uvicorn._types import HTTPScope
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from tileserver.dicomweb.media_types import Chosen
    from tileserver.index import StoredInstance
    from tileserver.services.frame_files import FrameFiles

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
        *("referer", "save-data", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform"),
        *("sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "sec-gpc", "traceparent"),
        *("tracestate", "user-agent", "via", "x-forwarded-for", "x-forwarded-host"),
        *("x-forwarded-proto", "x-real-ip", "x-request-id"),
    )
)
"""Headers by which the answer to a frame does not differ, but for Accept and what a gate looks at.

A request with any other goes the long way, so that whatever they come to mean is kept.
"""


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

    chosen: Chosen
    pattern: bytes
    end: bytes
    framing: int


class FastFrames:
    """Makes the answers.

    Parameters
    ----------
    gates
        Each is asked with the scope of a request; where one says no, the long way tells why.
    observe
        Told of each answer: scope, status, bytes of the body, seconds.
    """

    def __init__(
        self,
        files: FrameFiles,
        gates: Sequence[Callable[[HTTPScope], bool]],
        observe: Callable[[HTTPScope, int, int, float], None],
    ) -> None:
        self._files = files
        self._gates = tuple(gates)
        self._heads: dict[tuple[str, bytes], _Head | None] = {}
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

    def answer(self, scope: HTTPScope, url: bytes) -> tuple[bytes, int] | None:
        """Return an answer without status line and Date, and the length of its body.

        ``None`` where the request has to go the long way.
        """
        place, _, number = url.rpartition(_FRAMES)
        # Whole numbers as everybody writes them; others are sorted out the long way.
        if not number.isdigit() or number[0] == _ZERO or len(number) > _MOST_DIGITS:
            return None
        accept = _plain_accept(scope["headers"])
        file = self._files.peek(place[place.rfind(b"/") + 1 :].decode("latin-1"))
        if accept is None or file is None or place != _place(file.found):
            return None
        head = self._head(file.found, accept)
        if head is None or not all(gate(scope) for gate in self._gates):
            return None
        frame = file.read_now(int(number), LARGEST_FRAME)
        if frame is None:
            return None
        etag = frame_headers(file.found, number.decode(), head.chosen)["ETag"].encode()
        return _joined(head, etag, frame), len(frame) + head.framing

    def _head(self, found: StoredInstance, accept: bytes) -> _Head | None:
        """Return the head for what is accepted, ``None`` where that is not what is stored."""
        key = (found.transfer_syntax_uid, accept)
        if key not in self._heads:
            if len(self._heads) >= _MOST_HEADS:
                self._heads.clear()
            self._heads[key] = _make_head(found, accept.decode("latin-1"))
        return self._heads[key]


def _joined(head: _Head, etag: bytes, frame: bytes | bytearray) -> bytes:
    length = str(len(frame) + head.framing).encode()
    if not head.end:
        return b"".join((head.pattern % (etag, length), frame))
    boundary = new_boundary().encode()
    start = head.pattern % (etag, length, boundary, boundary)
    return b"".join((start, frame, head.end % boundary))


def _plain_accept(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """Return what is accepted, ``None`` where headers ask for more than a plain answer."""
    accept = None
    for name, value in headers:
        if name == b"accept":
            if accept is not None:
                return None
            accept = value
        elif name not in HARMLESS_HEADERS:
            return None
    return accept or b""


def _place(found: StoredInstance) -> bytes:
    return f"{DICOMWEB_ROOT}{instance_path(found)}".encode()


def _make_head(found: StoredInstance, accept: str) -> _Head | None:
    try:
        chosen = choose_frames(accept_ranges(accept), found.transfer_syntax_uid, one=True)
    except TileserverError:
        return None
    headers = frame_headers(found, "1", chosen) | {"ETag": _SLOT, "Content-Length": _SLOT}
    if not chosen.is_multipart:
        return _Head(chosen, _pattern(headers, single_frame_type(found, chosen)), b"", 0)
    content_type = multipart_type(chosen.media_type, _SLOT)
    part, end = part_header(_SLOT, frame_type(found, chosen)), closing_delimiter(_SLOT)
    slot = _SLOT.encode()
    framing = len(part + end) + 2 * (len(new_boundary()) - len(slot))
    pattern = _pattern(headers, content_type) + _with_places(part)
    return _Head(chosen, pattern, _with_places(end), framing)


def _pattern(headers: dict[str, str], content_type: str) -> bytes:
    response = Response(headers=headers, media_type=content_type)
    secure(MutableHeaders(raw=response.raw_headers))
    lines = [b"%b: %b\r\n" % item for item in response.raw_headers]
    return _with_places(b"".join((*lines, b"\r\n")))


def _with_places(text: bytes) -> bytes:
    return text.replace(b"%", b"%%").replace(_SLOT.encode(), b"%b")


class FrameProtocol(HttpToolsProtocol):
    """uvicorn's protocol, but that stored frames are answered before there is a task.

    Its pipelining, flow control, time-outs and limits hold: what is answered here is counted, and
    nothing is where an earlier request waits, or the client has not taken earlier answers.
    """

    fast: ClassVar[FastFrames]
    _is_answered = False
    _in_one_go = 0

    def data_received(self, data: bytes) -> None:
        """Take what came over the connection."""
        self._in_one_go = 0
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Answer a request or begin to, as soon as its headers are there."""
        self._is_answered = self.url.startswith(_BEGINNING) and self._answers()
        if not self._is_answered:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        if not self._is_answered:
            super().on_message_complete()

    def _answers(self) -> bool:
        start = time.perf_counter()
        if not self._is_free() or not self._is_plain():
            return False
        scope, url = self.scope, self.url
        scope["method"], scope["raw_path"], scope["query_string"] = "GET", url, b""
        scope["path"] = url.decode("latin-1")
        try:
            found = self.fast.answer(scope, url)
        except Exception as error:  # noqa: BLE001 - within the parser, it would be an error of the client
            log_unexpected(error)
            return False
        if found is None:
            return False
        data, length = found
        dates = [b"%b: %b\r\n" % item for item in self.server_state.default_headers]
        self.transport.write(b"".join((STATUS_LINE[200], *dates, data)))
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


def protocol_of(fast: FastFrames) -> type[FrameProtocol]:
    """Return the protocol class for a server."""
    return type("FrameProtocol", (FrameProtocol,), {"fast": fast})
