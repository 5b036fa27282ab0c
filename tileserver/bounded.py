# SPDX-License-Identifier: Apache-2.0
"""HTTP on a connection, but bounded: how much is no body, and how long nothing comes.

uvicorn takes a head of any size, joining it piece by piece, so that the time grows with the square
of its length; it keeps trailers of any number, and waits for ever for what a client began. Each
keeps others from being answered: the first by the event loop, the others by memory and descriptors.

References
----------
RFC 6585 5 (431 Request Header Fields Too Large), RFC 9110 15.5.9 (408 Request Timeout)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tileserver.orderly import OrderlyProtocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

MOST_HEAD_BYTES = 64 << 10
"""Bytes in a row that are no body, such as of a head or of trailers; one more read may come."""
LONGEST_HEAD_SECONDS = 30.0
"""From the first byte of a request, or of a new connection, to the end of the head."""
LONGEST_SILENCE_SECONDS = 120.0
"""Without a byte of a body that is still to come, while the server would take one."""


class BoundedProtocol(OrderlyProtocol):
    """uvicorn's protocol with bounds.

    What costs time is done only where a request is not whole at the end of a read, which those of
    viewers always are.
    """

    head_seconds: ClassVar[float] = LONGEST_HEAD_SECONDS
    silence_seconds: ClassVar[float] = LONGEST_SILENCE_SECONDS
    _is_whole = True
    _has_head = False
    _has_progress = False
    _bytes = 0
    _waiting: asyncio.TimerHandle | None = None
    _until = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._until = self.loop.time() + self.head_seconds
        self._waiting = self.loop.call_later(self.head_seconds, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        self._wait_no_more()

    def on_message_begin(self) -> None:
        """Take the first byte of a request."""
        self._is_whole = self._has_head = False
        self._has_progress = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Take the end of a head."""
        self._has_head = self._has_progress = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._has_progress = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        self._is_whole = True
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Take what came over the connection."""
        super().data_received(data)
        if not self._is_whole:
            self._bound(len(data))
        elif self._waiting is not None:
            self._wait_no_more()

    def _bound(self, size: int) -> None:
        """Look whether what came brought a request forward, and how much did not."""
        if self._has_progress:
            # Where in the read it was nobody knows, so that counting begins with the next.
            self._has_progress = False
            self._bytes = 0
            seconds = self.silence_seconds if self._has_head else self.head_seconds
            self._until = self.loop.time() + seconds
            if self._waiting is None:
                self._waiting = self.loop.call_later(seconds, self._look)
            return
        self._bytes += size
        if self._bytes > MOST_HEAD_BYTES:
            problem = f"header fields are longer than {MOST_HEAD_BYTES:,} bytes"
            self._refuse(b"431 Request Header Fields Too Large", problem)

    def _look(self) -> None:
        """Wait no longer; but where it is the server that takes nothing, or progress was made."""
        self._waiting = None
        now = self.loop.time()
        if self._is_server_busy():
            self._until = now + self.silence_seconds
        if now < self._until:
            self._waiting = self.loop.call_later(self._until - now, self._look)
        elif self._is_whole:
            self.transport.close()  # nothing was ever asked
        else:
            self._refuse(b"408 Request Timeout", "the request did not come to its end in time")

    def _is_server_busy(self) -> bool:
        """Tell whether a body is read slowly here, or an answer is still given."""
        cycle: RequestResponseCycle | None = self.cycle
        is_answering = cycle is not None and not cycle.response_complete
        return self.flow.read_paused or (is_answering and not self._has_head)

    def _refuse(self, status: bytes, problem: str) -> None:
        """End the connection, with an answer where none was begun."""
        self._wait_no_more()
        self._is_whole = True
        if self.transport.is_closing():
            return
        if not self._has_head and not self._is_server_busy():
            self.transport.write(
                b"HTTP/1.1 %b\r\ncontent-type: text/plain; charset=utf-8\r\n"
                b"content-length: %d\r\nconnection: close\r\n\r\n%b"
                % (status, len(problem), problem.encode())
            )
        self.logger.info("connection ended: %s", problem)
        self._close()

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
