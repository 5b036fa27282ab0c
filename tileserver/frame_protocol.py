# SPDX-License-Identifier: Apache-2.0
"""HTTP on a connection, where stored frames are answered before there is a task."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tileserver.bounded import BoundedProtocol
from tileserver.dicomweb import frames
from tileserver.fastpath import BEGINNING, plain_fields
from tileserver.middleware import log_unexpected
from tileserver.prefix import without
from tileserver.request_log import Answered

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from tileserver.fastpath import FastFrames, Fields

MOST_AT_ONCE = 16
"""Requests of a connection that are answered in one go: others would be kept waiting."""
_METHOD = b"GET "
_VERSION = b" HTTP/1.1\r\n"


class FrameProtocol(BoundedProtocol):
    """uvicorn's protocol, but that stored frames are answered before there is a task.

    Its pipelining, flow control, time-outs and limits hold: what is answered here is counted, and
    nothing is where an earlier request waits, or the client has not taken earlier answers.
    """

    fast: ClassVar[FastFrames]
    path: ClassVar[bytes] = b""
    """Below which the server is reached, where a proxy leaves it in."""
    _is_answered = False
    _in_one_go = 0
    _until_idle = 0.0
    _rest = b""
    _dates: tuple[object, bytes] = (None, b"")

    def data_received(self, data: bytes) -> None:
        """Take what came over the connection."""
        self._in_one_go = 0
        self._rest = b""
        if self._is_whole and data.startswith(_METHOD):
            line, _, self._rest = data.partition(_VERSION)
            fields = self.fast.recall(self._rest)
            if fields is not None and self._is_free():
                self._begin(fields)
                if self._answers(without(line[len(_METHOD) :], self.path), fields):
                    self._wait_no_more()
                    return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Answer a request or begin to, as soon as its headers are there."""
        url = without(self.url, self.path)
        self._is_answered = url.startswith(BEGINNING) and self._answers_parsed(url)
        if not self._is_answered:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        if self._is_answered:
            self._is_whole = True
        else:
            super().on_message_complete()

    def _begin(self, fields: Fields) -> None:
        """Begin a request as the parser would."""
        HttpToolsProtocol.on_message_begin(self)
        self.scope["headers"] = fields.headers

    def _answers_parsed(self, url: bytes) -> bool:
        if not self._is_free() or not self._is_plain():
            return False
        fields = plain_fields(self.headers)
        if fields is None or not self.fast.admits(self.scope) or not self._answers(url, fields):
            return False
        if self._rest:
            self.fast.remember(self._rest, fields)
        return True

    def _answers(self, url: bytes, fields: Fields) -> bool:
        start = time.perf_counter()
        scope = self.scope
        scope["method"], scope["raw_path"], scope["query_string"] = "GET", url, b""
        scope["path"] = url.decode("latin-1")
        scope["endpoint"] = frames.frames  # type: ignore[typeddict-unknown-key] # as the router does
        try:
            answer = self.fast.answer(scope, url, fields.deciding)
        except Exception as error:  # noqa: BLE001 - within the parser, it would be an error of the client
            log_unexpected(error)
            return False
        if answer is None:
            return False
        pieces, length = answer
        self.transport.write(b"".join((self._start(), *pieces)))
        self._in_one_go += 1
        self.server_state.total_requests += 1
        self._stay()
        told = Answered(scope, 200, length, time.perf_counter() - start)
        self.fast.answered(self.loop, told)
        return True

    def _stay(self) -> None:
        """Keep the connection for a time; a timer for each answer would take longer than it."""
        self._until_idle = self.loop.time() + self.timeout_keep_alive
        if self.timeout_keep_alive_task is None:
            self._wait_for_next(self.timeout_keep_alive)

    def _wait_for_next(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, unless there was an answer since the timer was set."""
        left = self._until_idle - self.loop.time()
        if left > 0:
            self._wait_for_next(left)
        else:
            super().timeout_keep_alive_handler()

    def _start(self) -> bytes:
        """Return the status line and what every answer has, which changes with the second."""
        headers = self.server_state.default_headers
        if self._dates[0] is not headers:
            lines = [b"%b: %b\r\n" % item for item in headers]
            FrameProtocol._dates = headers, b"".join((STATUS_LINE[200], *lines))
        return self._dates[1]

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
