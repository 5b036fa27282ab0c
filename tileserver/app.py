# SPDX-License-Identifier: Apache-2.0
"""The application: the only module that wires the parts together."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

import pydicom.config
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tileserver import dicomweb, static, tiles
from tileserver.compression import Gzip
from tileserver.cors import Cors
from tileserver.errors import RangeNotSatisfiableError, TileserverError, http_status
from tileserver.index import Index
from tileserver.middleware import LastResort, RequestLog, SecurityHeaders
from tileserver.services import Services
from tileserver.store import FolderBlobStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from tileserver.settings import Settings

_logger = logging.getLogger(__name__)
INDEX_FILE = "index.sqlite"


def open_services(settings: Settings) -> tuple[Services, Index]:
    """Open store and index in the data folder, and return the verbs over them.

    Raises
    ------
    StorageError
        The folder cannot be used.
    """
    _read_tolerantly()
    store = FolderBlobStore(settings.data)
    index = Index(settings.data / INDEX_FILE)
    return Services.over(store, index), index


def _read_tolerantly() -> None:
    """Keep pydicom from warning of values that break their VR: its warnings show the values."""
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE


def create_app(settings: Settings) -> Starlette:
    """Return the server as an ASGI application.

    Raises
    ------
    StorageError
        The data folder cannot be used.
    """
    services, index = open_services(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        index.close()

    app = Starlette(
        routes=[
            Route("/healthz", _healthz),
            *dicomweb.routes(),
            *tiles.routes(),
            *static.routes(static.viewer_folder()),
        ],
        middleware=[
            Middleware(RequestLog),
            Middleware(Cors, origins=settings.cors_origins),
            Middleware(Gzip),
            Middleware(SecurityHeaders),
            Middleware(LastResort, answer=_unexpected()),
        ],
        exception_handlers={TileserverError: _expected, HTTPException: _http},
        lifespan=lifespan,
    )
    # A redirect would name the Host header, which anybody can forge.
    app.router.redirect_slashes = False
    app.state.settings = settings
    app.state.services = services
    return app


async def _healthz(_: Request) -> Response:
    return PlainTextResponse("ok\n")


def _error(status: int, name: str, message: str) -> Response:
    return JSONResponse({"error": name, "message": message}, status_code=status)


async def _expected(_: Request, error: Exception) -> Response:
    assert isinstance(error, TileserverError)
    status = http_status(error)
    if status >= 500:
        _logger.error("%s: %s", type(error).__name__, error)
    response = _error(status, type(error).__name__, str(error))
    if isinstance(error, RangeNotSatisfiableError):
        response.headers["Content-Range"] = f"bytes */{error.size}"
    return response


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = _error(error.status_code, "HttpError", error.detail)
    response.headers.update(error.headers or {})
    return response


def _unexpected() -> Response:
    return _error(500, "InternalError", "an unexpected error; the server's log has more")
