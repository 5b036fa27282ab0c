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
from tileserver.dicomweb.left_out import LeftOut
from tileserver.errors import AbandonedError, TileserverError
from tileserver.pictures.answer import SHORT, drawn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from starlette.requests import Request

    from tileserver.index import StoredInstance
    from tileserver.pictures.answer import PictureAnswer
    from tileserver.services import Retrieve

    Maker = tuple[StoredInstance, Callable[[], bytes]]
    """An instance, and what makes a picture of it."""


async def multipart_of(
    request: Request,
    answer: PictureAnswer,
    makers: Sequence[Maker],
    left_out: LeftOut | None = None,
) -> Response:
    """Return the pictures that functions make; where none can be made, the error of the first.

    What was deleted by now, or cannot be made, is left out.

    Parameters
    ----------
    left_out
        What cannot be made, as was found out before.
    """
    # Boundaries differ from answer to answer, so that only the meaning is the same.
    headers = {
        "ETag": f"W/{answer.etag}",
        "Cache-Control": SHORT,
        "Vary": "Accept",
    }
    left_out = left_out or LeftOut()
    if is_unchanged(request.headers, Validators(answer.etag)):
        return Response(status_code=304, headers=headers)
    boundary = f"coverslip-{uuid.uuid4().hex}"
    content_type = f'multipart/related; type="{answer.media_type}"; boundary={boundary}'
    is_text = answer.media_type.startswith("text/")
    head = part_header(boundary, answer.media_type + "; charset=utf-8" * is_text)
    pictures = _made(request, answer, makers, left_out)
    first = await anext(pictures)

    async def body() -> AsyncIterator[bytes]:
        try:
            yield head + first
            async for picture in pictures:
                yield head + picture
        except AbandonedError:
            return  # nobody reads the rest
        yield closing_delimiter(boundary)

    if request.method == "HEAD":
        made = Response(media_type=content_type, headers=headers)
    else:
        made = StreamingResponse(body(), media_type=content_type, headers=headers)
    return left_out.tell(request, made)


async def _made(
    request: Request, answer: PictureAnswer, makers: Sequence[Maker], left_out: LeftOut
) -> AsyncIterator[bytes]:
    """Yield pictures; what was deleted before the first is an error, by which it is asked again."""
    service: Retrieve = request.app.state.services.retrieve
    work = answer.work()
    has_any = False
    for item, make in makers:
        try:
            picture = await drawn(request, make, work)
        except AbandonedError:
            raise
        except TileserverError as error:
            if await run_in_threadpool(service.is_deleted, item):
                if not has_any:
                    raise
            elif not left_out.takes(item, error):
                raise
        else:
            has_any = True
            yield picture
    if not has_any:
        assert left_out.first is not None  # there is something to make, and all of it failed
        raise left_out.first
