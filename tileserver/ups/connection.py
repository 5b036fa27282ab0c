# SPDX-License-Identifier: Apache-2.0
"""The notification connection: event reports over a web socket, in order.

A subscriber gets what waits for it, and then what comes. What was written to a connection counts
as delivered: the standard has no answer to a report, so that the last ones before a connection
breaks can be lost, or come again on the next.

References
----------
PS3.18 8.10.4 (open notification connection), 8.10.5 (send event report)
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.websockets import WebSocketDisconnect

from tileserver.cross_origin import check_origin
from tileserver.errors import ForbiddenError, TileserverError, http_status
from tileserver.ups.dataset import element
from tileserver.ups.names import read_aetitle
from tileserver.ups.reports import MESSAGE_ID

if TYPE_CHECKING:
    import asyncio

    from starlette.websockets import WebSocket

    from tileserver.ups.hub import Hub
    from tileserver.ups.model import Notice

_UNEXPECTED = 1011
_ACTION = "watch the worklist"
_logger = logging.getLogger(__name__)


async def notification_connection(websocket: WebSocket) -> None:
    """Send a subscriber its event reports until it goes away."""
    hub: Hub = websocket.app.state.ups.hub
    try:
        check_origin(websocket, websocket.app.state.settings, _ACTION)
        _check_permission(websocket)
        aetitle = read_aetitle(websocket.path_params["aetitle"])
        with hub.listening(aetitle) as news:
            await websocket.accept()
            _logger.info("subscriber %s is connected", aetitle)
            await _serve(websocket, hub, aetitle, news)
    except TileserverError as error:
        body = {"error": type(error).__name__, "message": str(error)}
        await websocket.send_denial_response(JSONResponse(body, http_status(error)))


def _check_permission(websocket: WebSocket) -> None:
    """Ask the policy, which middleware asks about plain requests only."""
    if not websocket.app.state.policy.may({**websocket.scope, "method": "GET"}):
        raise ForbiddenError("not allowed")


async def _serve(websocket: WebSocket, hub: Hub, aetitle: str, news: asyncio.Event) -> None:
    async with anyio.create_task_group() as tasks:

        async def send() -> None:
            await _send(websocket, hub, aetitle, news)
            tasks.cancel_scope.cancel()

        tasks.start_soon(send)
        await _until_gone(websocket)
        tasks.cancel_scope.cancel()


async def _until_gone(websocket: WebSocket) -> None:
    """Read, and take no notice of, what a subscriber says."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


async def _send(websocket: WebSocket, hub: Hub, aetitle: str, news: asyncio.Event) -> None:
    try:
        sequence = await run_in_threadpool(hub.cursor, aetitle)
        while True:
            news.clear()
            notices = await run_in_threadpool(hub.waiting, aetitle, sequence)
            for notice in notices:
                await websocket.send_text(_text(notice))
                sequence = notice.sequence
            if notices:
                await run_in_threadpool(hub.delivered, aetitle, sequence)
            else:
                await news.wait()
    except WebSocketDisconnect:
        return
    except TileserverError as error:
        _logger.error("subscriber %s gets no more reports: %s", aetitle, error)
        await websocket.close(_UNEXPECTED)


def _text(notice: Notice) -> str:
    """Return a report as it is sent; its number is its Message ID, as far as that goes."""
    number = element("US", notice.sequence & 0xFFFF)
    report = dict(sorted((notice.report | {MESSAGE_ID: number}).items()))
    return json.dumps(report, ensure_ascii=False, separators=(",", ":"))
