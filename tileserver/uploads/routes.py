# SPDX-License-Identifier: Apache-2.0
"""The table of routes of uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from tileserver.settings import API_ROOT
from tileserver.uploads import tus

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from tileserver.uploads.tus import Endpoint

_ALL, _ONE = "/uploads", "/uploads/{upload}"
_ROUTES: tuple[tuple[str, str, Endpoint], ...] = (
    ("OPTIONS", _ALL, tus.capabilities),
    ("OPTIONS", _ONE, tus.capabilities),
    ("POST", _ALL, tus.create),
    ("GET", _ALL, tus.list_uploads),
    # Before GET, which would answer HEAD without a body of its own.
    ("HEAD", _ONE, tus.head),
    ("PATCH", _ONE, tus.patch),
    ("DELETE", _ONE, tus.terminate),
    ("GET", _ONE, tus.status),
)


def routes() -> list[BaseRoute]:
    """Return the routes of uploads."""
    return [
        Route(API_ROOT + path, endpoint, methods=[method]) for method, path, endpoint in _ROUTES
    ]
