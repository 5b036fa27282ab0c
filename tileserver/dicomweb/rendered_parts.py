# SPDX-License-Identifier: Apache-2.0
"""Several pictures in one multipart answer, each drawn when its turn comes.

References
----------
PS3.18 8.6.1.2 (multipart payloads)
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from dicomizer.net.multipart import closing_delimiter, part_header
from tileserver.conditions import Validators, is_unchanged
from tileserver.errors import AbandonedError, TileserverError
from tileserver.pictures.answer import drawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from starlette.requests import Request

    from tileserver.pictures.answer import PictureAnswer


async def multipart_of(
    request: Request,
    answer: PictureAnswer,
    makers: Sequence[Callable[[], bytes]],
    is_gone: Callable[[int], bool],
) -> Response:
    """Return the pictures that functions make; an error of the first is still an answer.

    Parameters
    ----------
    is_gone
        Tells whether what a maker, by its place, draws was deleted by now; it is left out then.
    """
    # Boundaries differ from answer to answer, so that only the meaning is the same.
    headers = {
        "ETag": f"W/{answer.etag}",
        "Cache-Control": answer.cache_control,
        "Vary": "Accept",
    }
    if is_unchanged(request.headers, Validators(answer.etag)):
        return Response(status_code=304, headers=headers)
    boundary = f"coverslip-{uuid.uuid4().hex}"
    content_type = f'multipart/related; type="{answer.media_type}"; boundary={boundary}'
    first = await drawn(request, makers[0], answer.pixels)

    async def body() -> AsyncIterator[bytes]:
        is_text = answer.media_type.startswith("text/")
        head = part_header(boundary, answer.media_type + "; charset=utf-8" * is_text)
        yield head + first
        for place, make in enumerate(makers[1:], 1):
            try:
                yield head + await drawn(request, make, answer.pixels)
            except AbandonedError:
                return  # nobody reads the rest
            except TileserverError:
                if not await run_in_threadpool(is_gone, place):
                    raise
        yield closing_delimiter(boundary)

    if request.method == "HEAD":
        return Response(media_type=content_type, headers=headers)
    return StreamingResponse(body(), media_type=content_type, headers=headers)
