# SPDX-License-Identifier: Apache-2.0
"""Deletion of studies, series and instances: no transaction of PS3.18, as clients expect it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tileserver.errors import ConflictingStateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from tileserver.services import Delete


async def delete(request: Request) -> Response:
    """Delete the study, series or instance that the path names, unless it is protected."""
    path = request.path_params
    service: Delete = request.app.state.services.delete
    is_protected: Callable[[str], bool] = request.app.state.is_protected
    if await run_in_threadpool(is_protected, path["study"]):
        raise ConflictingStateError(
            "the study is protected; DELETE /api/protected/{study} lets it go"
        )
    await run_in_threadpool(service.delete, path["study"], path.get("series"), path.get("instance"))
    return Response(status_code=204)
