# SPDX-License-Identifier: Apache-2.0
"""The change feed: ``GET /changes?since=…&limit=…&wait=…``, events in order, as JSON."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from tileserver.dicomweb.responses import json_response
from tileserver.errors import BadRequestError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from tileserver.events import Event
    from tileserver.services import Changes
    from tileserver.services.changes import Page

_DEFAULT_LIMIT = 100
_MOST = 1000
_LONGEST_WAIT = 60
_LARGEST_NUMBER = (1 << 63) - 1
_LOOK_SECONDS = 0.25


def routes() -> list[Route]:
    """Return the route of the change feed, beside DICOMweb."""
    return [Route("/changes", changes, methods=["GET"])]


async def changes(request: Request) -> Response:
    """Give what has happened after ``since``; wait for it where asked to."""
    since = _number(request, "since", 0, _LARGEST_NUMBER)
    limit = _number(request, "limit", _DEFAULT_LIMIT, _MOST)
    if limit < 1:
        raise BadRequestError(f"limit: expected 1 to {_MOST}")
    wait = _number(request, "wait", 0, _LONGEST_WAIT)
    page = await _page(request, since, limit, wait)
    body = {
        "changes": [_change(event) for event in page.events],
        "last": page.last,
        "more": page.has_more,
    }
    return json_response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


async def _page(request: Request, since: int, limit: int, wait: int) -> Page:
    service: Changes = request.app.state.services.changes
    end = time.monotonic() + wait
    while True:
        page = await run_in_threadpool(service.since, since, limit)
        left = end - time.monotonic()
        if page.events or left <= 0 or await request.is_disconnected():
            return page
        await asyncio.sleep(min(_LOOK_SECONDS, left))


def _number(request: Request, name: str, default: int, largest: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= largest):
        raise BadRequestError(f"{name}: expected a whole number up to {largest}")
    return int(text)


def _change(event: Event) -> dict[str, object]:
    moment = datetime.fromtimestamp(event.time / 1000, UTC)
    uids = {
        "StudyInstanceUID": event.study_instance_uid,
        "SeriesInstanceUID": event.series_instance_uid,
        "SOPInstanceUID": event.sop_instance_uid,
    }
    return {
        "sequence": event.sequence,
        "kind": event.kind.value,
        "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **{name: uid for name, uid in uids.items() if uid is not None},
    }
