# SPDX-License-Identifier: Apache-2.0
"""A line in the log for each request, and who else wants to know of it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    Observe = Callable[[Sequence["Answered"]], None]

_logger = logging.getLogger(__name__)


class Answered(NamedTuple):
    """A request that was answered.

    Parameters
    ----------
    sent
        Bytes of the answer's body.
    """

    scope: Mapping[str, Any]
    status: int
    sent: int
    seconds: float


class Lines(tuple[str, ...]):
    """Lines that go to the log at once; one text for handlers that know no better."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(self)


def log_requests(answered: Sequence[Answered]) -> None:
    """Write a line for each request: method, path, status, bytes of the body, milliseconds.

    The query is left out, since it can hold a patient's name; control characters are escaped.
    A record for each line would cost a good part of what answering with a stored frame does.
    """
    if _logger.isEnabledFor(logging.INFO):
        lines = Lines(map(_line, answered))
        # Logger.info() would look up the call stack, which no line shows.
        _logger.handle(_logger.makeRecord(_logger.name, logging.INFO, __file__, 0, lines, (), None))


def _line(answered: Answered) -> str:
    scope, status, sent, seconds = answered
    path = _printable(scope["path"])
    return (
        f"method={scope['method']} path={path} status={status} bytes={sent} ms={seconds * 1e3:.1f}"
    )


def _printable(text: str) -> str:
    return text[:512].encode("unicode_escape").decode("ascii")


class RequestLog:
    """Tells an observer of each request when it is answered; the fast path tells it, too."""

    def __init__(self, app: ASGIApp, observe: Observe = log_requests) -> None:
        self._app = app
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        status, sent = 0, 0

        async def counted(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body" and scope["method"] != "HEAD":
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            self._observe((Answered(scope, status, sent, time.perf_counter() - start),))
