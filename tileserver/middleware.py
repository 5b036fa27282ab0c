# SPDX-License-Identifier: Apache-2.0
"""What every answer has: headers that keep browsers safe, and no traceback."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

from tileserver.content_security import content_security_policy
from tileserver.errors import TileserverError
from tileserver.hosts import is_well_formed

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tileserver.hosts import KnownHosts

_logger = logging.getLogger(__name__)


class SecurityHeaders:
    """Adds the headers that every answer has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                if headers.get("content-type", "").startswith("text/html"):
                    headers.setdefault("Content-Security-Policy", content_security_policy())
            await send(message)

        await self._app(scope, receive, with_headers)


class HostCheck:
    """Answers nobody who came by a name that is not the server's.

    Parameters
    ----------
    answer
        For who came by another name.
    malformed
        For who does not tell one name.
    """

    def __init__(
        self, app: ASGIApp, hosts: KnownHosts, answer: Response, malformed: Response
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._answer = answer
        self._malformed = malformed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request or a web socket."""
        if scope["type"] == "lifespan" or self._hosts.admits(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            answer = self._answer if is_well_formed(scope) else self._malformed
            await answer(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})


class LastResort:
    """Answers where an error that nobody expected comes out, and logs where it came from.

    The text of such an error stays out of the log, since it can hold a value of a patient.
    """

    def __init__(self, app: ASGIApp, answer: Response) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        has_started = False

        async def watched(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - the one broad catch of the server
            if isinstance(error.__cause__, TileserverError):
                # What is expected, but too late to be told; the framework wraps it.
                _logger.error("answer broken off: %s", error.__cause__)
            else:
                log_unexpected(error)
            if scope["type"] != "http":
                raise ConnectionAbortedError from None
            if not has_started:
                await self._answer(scope, receive, send)
            # Else the connection is ended by the server, as the answer is not at its end.


def log_unexpected(error: Exception) -> None:
    """Write where an error came from, without its text."""
    _logger.error("unexpected %s at %s", type(error).__name__, _places(error))


def _places(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))
