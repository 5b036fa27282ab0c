# SPDX-License-Identifier: Apache-2.0
"""HTTP on a connection that ends in order, whatever follows a sound request.

uvicorn refuses what is no HTTP at once: in place of an answer that is being made, or between the
pieces of one that is on its way. It then closes the connection under whatever is still answering,
whose next write uvloop takes for an error; so it does for a moment where a client is gone.

References
----------
RFC 9112 9.3.2 (answers come in the order of requests)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from starlette.responses import PlainTextResponse
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn._types import ASGI3Application
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class OrderlyProtocol(HttpToolsProtocol):
    """uvicorn's protocol, but that what came before is answered, and nothing written to nobody."""

    _running: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(cast("asyncio.Transport", _UntilClosed(transport)))

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over, unless an earlier request is to be answered over it."""
        if self._running is None or self._running.response_complete:
            super().handle_websocket_upgrade()
        else:
            self.send_400_response("A WebSocket has to wait for earlier answers.")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP when its turn comes, and take no more."""
        last: RequestResponseCycle | None = self.cycle
        if last is None or last.response_complete:
            super().send_400_response(msg)
        elif not last.more_body:
            last.keep_alive = False  # the connection ends behind its answer
        elif last is not self._running:
            last.keep_alive = False
            refusal: ASGI3Application = PlainTextResponse(msg, 400)  # type: ignore[assignment]
            self.pipeline[0] = (last, refusal)
        elif last.response_started:
            self._close()
        else:
            super().send_400_response(msg)
            self._tell_gone()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the request that is being answered know that nobody reads."""
        super().connection_lost(exc)
        self._tell_gone()

    def eof_received(self) -> None:
        """Let it know: the transport is about to close."""
        self._tell_gone()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _close(self) -> None:
        """Close the connection, whatever is being answered."""
        self.transport.close()
        self._tell_gone()

    def _tell_gone(self) -> None:
        cycle = self._running
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()


class _UntilClosed:
    """A transport that takes no more once it closes, which is no error (as of asyncio's own)."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Send bytes, if somebody may read them."""
        if not self.is_closing():
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
