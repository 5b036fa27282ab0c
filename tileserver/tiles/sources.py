# SPDX-License-Identifier: Apache-2.0
"""From the address of a request to what is drawn: a pyramid of a series, or one instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from tileserver.addresses import public_root
from tileserver.pictures.canvas import canvas_of_instance, canvas_of_series
from tileserver.settings import TILES_ROOT

if TYPE_CHECKING:
    from starlette.requests import Request

    from tileserver.pictures.canvas import Canvas
    from tileserver.services import Services

SERIES = "/{study}/{series}"
PYRAMID = SERIES + "/pyramids/{pyramid}"
INSTANCE = SERIES + "/instances/{instance}"


def services_of(request: Request) -> Services:
    """Return the verbs of the server."""
    services: Services = request.app.state.services
    return services


def canvas(request: Request) -> Canvas:
    """Return what a request wants to see; blocks while the index is read.

    Raises
    ------
    NotFoundError
        There is no such series, pyramid or instance, or nothing of it can be drawn.
    """
    services, path = services_of(request), request.path_params
    if "instance" in path:
        found = services.retrieve.instance(path["study"], path["series"], path["instance"])
        return canvas_of_instance(services, found)
    return canvas_of_series(services, path["study"], path["series"], path.get("pyramid"))


async def canvas_of(request: Request) -> Canvas:
    """Return what a request wants to see: at once where it is known, else by a thread.

    Raises
    ------
    NotFoundError
        See `canvas`.
    """
    path = request.path_params
    render = services_of(request).render
    if "instance" not in path and render.is_ready(path["study"], path["series"]):
        return canvas(request)
    return await run_in_threadpool(canvas, request)


def address(request: Request) -> str:
    """Return the absolute address of what a request wants to see, for all that is served of it."""
    path = request.path_params
    below = SERIES
    if "instance" in path:
        below = INSTANCE
    elif "pyramid" in path:
        below = PYRAMID
    return public_root(request) + TILES_ROOT + below.format(**path)
