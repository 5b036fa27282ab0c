# SPDX-License-Identifier: Apache-2.0
"""Reading what is deleted or replaced at the same moment."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from tileserver.errors import LostBlobError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    Endpoint = Callable[[Request], Awaitable[Response]]

_MOST_TIMES = 8
"""Of a study whose instances are deleted one by one, another may go each time."""


def asked_again(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint that asks the index again where a stored file is gone.

    What was deleted meanwhile is then not found, or left out, and what was replaced is the new
    one. A file that the index still knows was lost, which remains an error.
    """

    @functools.wraps(endpoint)
    async def asked(request: Request) -> Response:
        for _ in range(_MOST_TIMES - 1):
            try:
                return await endpoint(request)
            except LostBlobError:
                continue
        return await endpoint(request)

    return asked
