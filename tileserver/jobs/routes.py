# SPDX-License-Identifier: Apache-2.0
"""The table of routes of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from tileserver.jobs import api
from tileserver.settings import API_ROOT

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from tileserver.jobs.api import Endpoint

_ROUTES: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/jobs", api.list_jobs),
    ("POST", "/jobs", api.create_job),
    ("GET", "/jobs/kinds", api.list_kinds),
    ("GET", "/jobs/events", api.watch_jobs),
    ("GET", "/jobs/{job}", api.get_job),
    ("GET", "/jobs/{job}/events", api.watch_job),
    ("GET", "/jobs/{job}/log", api.get_log),
    ("GET", "/jobs/{job}/result", api.get_result),
    ("POST", "/jobs/{job}/cancel", api.cancel_job),
    ("POST", "/jobs/{job}/retry", api.retry_job),
    ("GET", "/protected", api.list_protected),
    ("PUT", "/protected/{study}", api.protect_study),
    ("DELETE", "/protected/{study}", api.unprotect_study),
)


def routes() -> list[BaseRoute]:
    """Return the routes of jobs."""
    return [
        Route(API_ROOT + path, endpoint, methods=[method]) for method, path, endpoint in _ROUTES
    ]
