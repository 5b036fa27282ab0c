# SPDX-License-Identifier: Apache-2.0
"""Pages of somebody else, in a browser that can reach the server, change nothing here.

Browsers let any page open web sockets, and send requests of simple kinds, anywhere; but they say
where the page comes from.

References
----------
RFC 6455 10.2, https://fetch.spec.whatwg.org/#origin-header
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tileserver.errors import ForbiddenError

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from tileserver.settings import Settings


def check_origin(connection: HTTPConnection, settings: Settings, what: str) -> None:
    """Make sure that a request comes of no page, or of one that may.

    Raises
    ------
    ForbiddenError
        The page is of another origin than this server's and those that are set.
    """
    origin = connection.headers.get("origin")
    allowed = {each.rstrip("/") for each in settings.cors_origins}
    if origin is None or "*" in allowed or origin in allowed:
        return
    own = {connection.headers.get("host", "")}
    if settings.base_url:
        own.add(urlsplit(settings.base_url).netloc)
    if _netloc(origin) not in own - {""}:
        raise ForbiddenError(f"pages of this origin may not {what}")


def _netloc(origin: str) -> str:
    """Return host and port of an origin, nothing of what is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
