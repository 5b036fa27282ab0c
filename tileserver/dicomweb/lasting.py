# SPDX-License-Identifier: Apache-2.0
"""Answers that come to their end, although what they are made of is deleted meanwhile.

They are as of the moment when they began. Where an answer tells its length, all of it has to come;
else what cannot be had any more can be left out, as if it had been deleted before.
"""

from __future__ import annotations

import functools
from contextlib import ExitStack
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tileserver.errors import LostBlobError, TileserverError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from tileserver.again import Endpoint
    from tileserver.dicomweb.left_out import LeftOut
    from tileserver.dicomweb.responses import Part
    from tileserver.index import StoredInstance
    from tileserver.services import Retrieve


def lasting(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint that keeps what is deleted until its answer is sent."""

    @functools.wraps(endpoint)
    async def kept(request: Request) -> Response:
        service: Retrieve = request.app.state.services.retrieve
        kept = ExitStack()
        await run_in_threadpool(kept.enter_context, service.reading())
        try:
            return _Lasting(await endpoint(request), kept)
        except BaseException:
            await run_in_threadpool(kept.close)
            raise

    return kept


class _Lasting(Response):
    """An answer with what is closed behind it."""

    def __init__(self, answer: Response, kept: ExitStack) -> None:
        self._answer = answer
        self._kept = kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        try:
            await self._answer(scope, receive, send)
        finally:
            await run_in_threadpool(self._kept.close)


def remaining(
    service: Retrieve,
    items: Iterable[StoredInstance],
    parts: Callable[[StoredInstance], Iterator[Part]],
    left_out: LeftOut,
) -> Iterator[Part]:
    """Yield the parts of instances, each begun; of those that are deleted by now, no more.

    Of an instance that cannot be made nothing comes; where some of it came already, the answer is
    broken off, so that the part is not taken for the whole.

    Raises
    ------
    TileserverError
        Of an instance that is still there; or nothing is left at all.
    """
    has_any = False
    for item in items:
        has_begun = False
        try:
            for part in parts(item):
                has_begun = has_any = True
                yield part
        except TileserverError as error:
            if service.is_deleted(item):
                continue
            if has_begun or not left_out.takes(item, error):
                raise
    if not has_any:
        raise left_out.first or LostBlobError("all of it is deleted by now")
