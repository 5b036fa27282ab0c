# SPDX-License-Identifier: Apache-2.0
"""The table of routes for those who run the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

_NOT_CACHED = {"Cache-Control": "no-store"}


def routes() -> list[Route]:
    """Return the routes."""
    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


async def healthz(_: Request) -> Response:
    """Tell that the process lives: nothing is looked at."""
    return PlainTextResponse("ok\n", headers=_NOT_CACHED)


async def readyz(request: Request) -> Response:
    """Tell whether index and store answer, 503 if not."""
    problems = await run_in_threadpool(request.app.state.services.status.problems)
    body = {"ready": not problems, "problems": problems}
    return JSONResponse(body, status_code=503 if problems else 200, headers=_NOT_CACHED)


async def metrics(request: Request) -> Response:
    """Give the figures to Prometheus."""
    text = await run_in_threadpool(request.app.state.metrics.text)
    return Response(text, headers={**_NOT_CACHED, "Content-Type": CONTENT_TYPE_LATEST})
