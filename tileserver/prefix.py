# SPDX-License-Identifier: Apache-2.0
"""A path below which the server is reached, as base_url tells, such as https://host/pacs.

A proxy may take it off what it passes on, or leave it there: both are answered alike. Nothing of
the server's own begins like it, which the settings see to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class Prefix:
    """Takes the path below which the server is reached off that of a request.

    Parameters
    ----------
    path
        Begins with a slash and has none at its end; empty where there is none.
    """

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if self._path and scope["type"] != "lifespan":
            path: str = scope["path"]
            if path == self._path or path.startswith(f"{self._path}/"):
                scope = {**scope, "path": path[len(self._path) :] or "/"}
                scope["raw_path"] = without(scope.get("raw_path") or b"", self._path.encode())
        await self._app(scope, receive, send)


def without(url: bytes, path: bytes) -> bytes:
    """Return the target of a request without the path, where it begins with it."""
    return url[len(path) :] if path and url.startswith(path + b"/") else url
