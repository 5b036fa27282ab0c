# SPDX-License-Identifier: Apache-2.0
"""Addresses of the server as clients reach it, for those that answers hold.

From the settings, else from the connection; never from the Host header, which anybody can forge
and some clients send without its port.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tileserver.settings import DICOMWEB_ROOT

if TYPE_CHECKING:
    from starlette.requests import Request

    from tileserver.settings import Settings


def public_root(request: Request) -> str:
    """Return the absolute address of the server, without a slash at the end."""
    settings: Settings = request.app.state.settings
    if settings.base_url:
        return settings.base_url.rstrip("/")
    host, port = request.scope["server"]
    host = f"[{host}]" if ":" in host else host
    return f"{request.scope['scheme']}://{host}:{port}"


def base_path(settings: Settings) -> str:
    """Return the path below which the server is reached, without a slash at the end."""
    return urlsplit(settings.base_url or "").path.rstrip("/")


def dicomweb_root(request: Request) -> str:
    """Return the absolute address of the DICOMweb service."""
    return public_root(request) + DICOMWEB_ROOT
