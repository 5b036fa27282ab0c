# SPDX-License-Identifier: Apache-2.0
"""The table of routes for those who run the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tileserver.errors import BadRequestError

if TYPE_CHECKING:
    from starlette.requests import Request

    from tileserver.services import Status

_READING = "reading"
_NOT_CACHED = {"Cache-Control": "no-store"}


def routes() -> list[Route]:
    """Return the routes."""
    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


async def healthz(_: Request) -> Response:
    """Tell that the process lives: nothing is looked at."""
    return PlainTextResponse("ok\n", headers=_NOT_CACHED)


async def readyz(request: Request) -> Response:
    """Tell whether index and store answer, and there is room; 503 if not.

    Who only reads may ask so: a full disk can be read.
    """
    purpose = request.query_params.get("for")
    if purpose not in (None, _READING):
        raise BadRequestError(f"found for={purpose[:64]}, expected for={_READING}, or nothing")
    status: Status = request.app.state.services.status
    problems = await run_in_threadpool(status.problems, for_reading=purpose == _READING)
    body = {"ready": not problems, "problems": problems}
    return JSONResponse(body, status_code=503 if problems else 200, headers=_NOT_CACHED)


async def metrics(request: Request) -> Response:
    """Give the figures to Prometheus."""
    text = await run_in_threadpool(request.app.state.metrics.text)
    return Response(text, headers={**_NOT_CACHED, "Content-Type": CONTENT_TYPE_LATEST})
