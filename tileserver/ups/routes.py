# SPDX-License-Identifier: Apache-2.0
"""The table of routes of the worklist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route, WebSocketRoute

from tileserver.settings import DICOMWEB_ROOT
from tileserver.ups import ups_rs
from tileserver.ups.connection import notification_connection
from tileserver.ups.model import WORKLISTS

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from tileserver.ups.ups_rs import Endpoint

_WORKITEM = "/workitems/{workitem}"
# A path takes slashes, too: they are part of no title, which is then told.
_SUBSCRIBER = "/subscribers/{aetitle:path}"
_CONNECTION = DICOMWEB_ROOT + "/subscribers/{aetitle:path}"
_ROUTES: tuple[tuple[str, str, Endpoint], ...] = (
    ("POST", "/workitems", ups_rs.create),
    ("GET", "/workitems", ups_rs.search),
    ("GET", _WORKITEM, ups_rs.retrieve),
    ("POST", _WORKITEM, ups_rs.update),
    ("PUT", _WORKITEM + "/state", ups_rs.change_state),
    ("POST", _WORKITEM + "/cancelrequest", ups_rs.request_cancel),
    *(
        (method, f"/workitems/{uid}{path}", ups_rs.of_worklist(uid, endpoint))
        for uid in WORKLISTS
        for method, path, endpoint in (
            ("POST", _SUBSCRIBER + "/suspend", ups_rs.suspend),
            ("POST", _SUBSCRIBER, ups_rs.subscribe_globally),
            ("DELETE", _SUBSCRIBER, ups_rs.unsubscribe),
        )
    ),
    ("POST", _WORKITEM + _SUBSCRIBER, ups_rs.subscribe),
    ("DELETE", _WORKITEM + _SUBSCRIBER, ups_rs.unsubscribe),
    ("GET", "/subscribers/{aetitle:path}", ups_rs.plain_connection),
)


def routes() -> list[BaseRoute]:
    """Return the routes of the worklist."""
    found: list[BaseRoute] = [WebSocketRoute(_CONNECTION, notification_connection)]
    found += [
        Route(DICOMWEB_ROOT + path, endpoint, methods=[method])
        for method, path, endpoint in _ROUTES
    ]
    return found
