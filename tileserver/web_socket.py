# SPDX-License-Identifier: Apache-2.0
"""How uvicorn speaks WebSocket here."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

if TYPE_CHECKING:
    from collections.abc import Mapping

_logger = logging.getLogger(__name__)
# At the level of information it writes addresses whole, and a query can hold a patient's name.
_logger.setLevel(logging.WARNING)

SETTINGS: Mapping[str, Any] = {
    "ws_max_size": 64 << 10,  # nobody has anything to tell the server
    "ws_per_message_deflate": False,  # would keep its tables for each connection
}
"""For `uvicorn.Config`, with `WebSocketProtocol` as ``ws``."""
_PROBLEM = b"Invalid WebSocket handshake."
_REFUSAL = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_PROBLEM), _PROBLEM)
)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """The protocol of uvicorn 0.54, which takes an answer in place of a handshake for an error."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger = _logger

    def data_received(self, data: bytes) -> None:
        """Take what came; a handshake that is none uvicorn would neither answer nor let go."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.handshake_initiated = self.handshake_complete = self.close_sent = True
            self.transport.write(_REFUSAL)
            self.transport.close()

    async def send(self, message: Any) -> None:
        """Send what the application says."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True
