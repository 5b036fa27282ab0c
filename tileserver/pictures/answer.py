# SPDX-License-Identifier: Apache-2.0
"""Pictures as answers: drawn in few threads, validated by a tag, told apart by what was asked.

What was asked for by a client that has gone is not drawn to its end, as others wait for its place.

References
----------
RFC 9110 8.8.3 (ETag), 13.1.2 (If-None-Match)
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread
from starlette.responses import Response

from tileserver.conditions import Validators, is_unchanged
from tileserver.errors import AbandonedError
from tileserver.services.abandon import abandonable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request


_Made = TypeVar("_Made")
_DRAWING_VERSION = "2"
"""To be raised when the same request gives other pixels than before."""
_MUCH_WORK = 1 << 24
"""Pixels decoded or drawn: half a second of a processor."""
_PATIENCE_SECONDS = 0.1
"""After which a client is watched; most pictures are drawn in less than watching would cost."""
SHORT = "private, max-age=300"
"""What is drawn is drawn anew when levels are added or taken away, or by a newer server."""


@functools.cache
def _limiter(*, is_long: bool) -> anyio.CapacityLimiter:
    """Return what keeps drawing to as many threads as there are cores, and one that takes long.

    Each holds a picture, and a large one several hundred megabytes. Pictures that take long wait
    for each other alone, so that quick ones pass them.
    """
    return anyio.CapacityLimiter(1 if is_long else os.cpu_count() or 2)


async def drawn(request: Request, make: Callable[[], _Made], work: int = 0) -> _Made:
    """Return what a function makes, in one of few threads that draw.

    Parameters
    ----------
    work
        Pixels to be decoded or drawn, whichever are more, as far as is known beforehand.

    Raises
    ------
    AbandonedError
        The client went away meanwhile.
    """
    watch = _Watch(request)
    limiter = _limiter(is_long=work > _MUCH_WORK)
    try:
        # A cancelled scope no longer waits for a thread, but does for what one is at.
        with watch.scope:
            return await anyio.to_thread.run_sync(
                functools.partial(abandonable, make, watch.is_client_gone), limiter=limiter
            )
    finally:
        watch.end()
    raise AbandonedError("the client went away")


class _Watch:
    """Waits beside work that takes long for its client to go away, and then gives the work up."""

    def __init__(self, request: Request) -> None:
        self.scope = anyio.CancelScope()
        self._request = request
        self._is_gone = False
        self._watching: asyncio.Task[None] | None = None
        self._begin = asyncio.get_running_loop().call_later(_PATIENCE_SECONDS, self._watch)

    def is_client_gone(self) -> bool:
        """Tell so; called by the threads that work."""
        return self._is_gone

    def end(self) -> None:
        """Wait no more."""
        self._begin.cancel()
        if self._watching is not None:
            self._watching.cancel()

    def _watch(self) -> None:
        self._watching = asyncio.create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self._is_gone = True
        self.scope.cancel()


@dataclass(frozen=True, slots=True)
class PictureAnswer:
    """How a picture is answered, known before it is drawn.

    Parameters
    ----------
    tag
        Names all stored bytes that the picture is made of.
    asked
        Everything asked of them, in one form.
    work
        Tells the pixels to be decoded or drawn, whichever are more; not asked of what is at hand.
    """

    media_type: str
    tag: str
    asked: str
    work: Callable[[], int] = field(default=lambda: 0, compare=False)

    @property
    def etag(self) -> str:
        """Entity tag: another for other bytes, another request, or another way of drawing."""
        text = "\n".join((_DRAWING_VERSION, self.tag, self.media_type, self.asked))
        return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'

    def headers(self) -> dict[str, str]:
        """Return the header fields that answers with and without the picture have."""
        return {"ETag": self.etag, "Cache-Control": SHORT, "Vary": "Accept"}

    def unchanged(self, request: Request) -> Response | None:
        """Return the answer to a client that has the picture."""
        if not is_unchanged(request.headers, Validators(self.etag)):
            return None
        return Response(status_code=304, headers=self.headers())

    async def respond(
        self,
        request: Request,
        make: Callable[[], bytes],
        headers: Mapping[str, str] | None = None,
        at_hand: Callable[[], bytes | None] = lambda: None,
    ) -> Response:
        """Return the answer; nothing is drawn for a client that has the picture.

        Parameters
        ----------
        at_hand
            Gives the picture where it need not be drawn nor waited for.
        """
        unchanged = self.unchanged(request)
        if unchanged is not None:
            return unchanged
        body = at_hand()
        return Response(
            await drawn(request, make, self.work()) if body is None else body,
            media_type=self.media_type,
            headers={**self.headers(), **(headers or {})},
        )
