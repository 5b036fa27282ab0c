# SPDX-License-Identifier: Apache-2.0
"""Pictures as answers: drawn in few threads, validated by a tag, told apart by what was asked.

References
----------
RFC 9110 8.8.3 (ETag), 13.1.2 (If-None-Match)
"""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread
from starlette.responses import Response

from tileserver.conditions import Validators, is_unchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request


_Made = TypeVar("_Made")
_DRAWING_VERSION = "1"
"""To be raised when the same request gives other pixels than before."""
_LARGE_PIXELS = 1 << 24
SHORT = "private, max-age=300"
"""For pictures of what further instances can be added to."""


@functools.cache
def _limiter(*, is_large: bool) -> anyio.CapacityLimiter:
    """Return what keeps drawing to as many threads as there are cores, of large pictures to one.

    Each holds a picture, and a large one several hundred megabytes.
    """
    return anyio.CapacityLimiter(1 if is_large else os.cpu_count() or 2)


async def drawn(make: Callable[[], _Made], pixels: int = 0) -> _Made:
    """Return what a function makes, in one of few threads that draw.

    Parameters
    ----------
    pixels
        Of the picture, as far as is known beforehand.
    """
    return await anyio.to_thread.run_sync(make, limiter=_limiter(is_large=pixels > _LARGE_PIXELS))


@dataclass(frozen=True, slots=True)
class PictureAnswer:
    """How a picture is answered, known before it is drawn.

    Parameters
    ----------
    tag
        Names the stored bytes that the picture is made of.
    asked
        Everything asked of them, in one form.
    pixels
        Of the picture, where it is known to be large.
    """

    media_type: str
    tag: str
    asked: str
    cache_control: str = SHORT
    pixels: int = 0

    @property
    def etag(self) -> str:
        """Entity tag: another for other bytes, another request, or another way of drawing."""
        text = "\n".join((_DRAWING_VERSION, self.tag, self.media_type, self.asked))
        return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'

    def headers(self) -> dict[str, str]:
        """Return the header fields that answers with and without the picture have."""
        return {"ETag": self.etag, "Cache-Control": self.cache_control, "Vary": "Accept"}

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
            await drawn(make, self.pixels) if body is None else body,
            media_type=self.media_type,
            headers={**self.headers(), **(headers or {})},
        )
