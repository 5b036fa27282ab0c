# SPDX-License-Identifier: Apache-2.0
"""UPS-RS over HTTP: one function for each transaction.

References
----------
PS3.18 11.4 to 11.12
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from tileserver.addresses import dicomweb_root
from tileserver.cross_origin import check_origin
from tileserver.dicomweb.media_types import check_charset
from tileserver.dicomweb.responses import COUNTED, warn, what_is_left
from tileserver.dicomweb.search_parameters import read_parameters
from tileserver.errors import (
    BadRequestError,
    ConflictingStateError,
    NotFoundError,
    TileserverError,
    http_status,
)
from tileserver.index import Level
from tileserver.settings import DICOMWEB_ROOT
from tileserver.ups.dataset import first
from tileserver.ups.errors import (
    INCONSISTENT_WITH_STATE,
    INCONSISTENT_WITH_WORKITEM,
    NOT_CLAIMED,
)
from tileserver.ups.model import FILTERED_WORKLIST, GlobalSubscription, State
from tileserver.ups.names import read_aetitle, read_uid, uid_parameter
from tileserver.ups.payload import answer, chosen_type, read_body, read_workitem
from tileserver.ups.reports import STATE
from tileserver.ups.service import TRANSACTION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from starlette.requests import Request

    from tileserver.dicomweb.media_types import Chosen
    from tileserver.ups.feature import Ups

    Endpoint = Callable[[Request], Awaitable[Response]]

_NOT_CACHED = {"Cache-Control": "private, no-cache"}
_NEXT_KEY = re.compile(r",(?=[A-Za-z0-9.]+=)")
_STATES = {str(state): state for state in State} | {"CANCELLED": State.CANCELED}
"""PS3.18 11.7.1.4 writes it with two Ls."""
_NOT_KEYS = frozenset({"deletionlock", "filter", "accept", "charset"})
_OF_PAGES = frozenset({"includefield", "limit", "offset"})


def _ups(request: Request) -> Ups:
    found: Ups = request.app.state.ups
    return found


def _transaction(
    *, inconsistent: str | None = None, unknown: str | None = None
) -> Callable[[Endpoint], Endpoint]:
    """Answer refusals with the warnings that the standard wants.

    Parameters
    ----------
    inconsistent, unknown
        What is warned of where a refusal has no warning of its own: of a request that makes no
        sense for the workitem, and of one that is not there.
    """

    def decorated(endpoint: Endpoint) -> Endpoint:
        @functools.wraps(endpoint)
        async def answered(request: Request) -> Response:
            if request.method not in ("GET", "HEAD"):
                check_origin(request, request.app.state.settings, "change the worklist")
            try:
                return await endpoint(request)
            except (BadRequestError, ConflictingStateError) as error:
                return _refusal(request, error, getattr(error, "warnings", ()) or (inconsistent,))
            except NotFoundError as error:
                return _refusal(request, error, (unknown,))

        return answered

    return decorated


def _refusal(request: Request, error: TileserverError, warnings: Iterable[str | None]) -> Response:
    body = {"error": type(error).__name__, "message": str(error)}
    response = JSONResponse(body, http_status(error))
    warn(request, response, *filter(None, warnings))
    return response


def _uid(request: Request) -> str:
    return read_uid(request.path_params["workitem"])


@_transaction()
async def create(request: Request) -> Response:
    """Put a workitem on the list."""
    parameters = request.query_params.multi_items()
    uid = uid_parameter(parameters, "workitem", "AffectedSOPInstanceUID", "SOPInstanceUID")
    given = await read_workitem(request)
    uid, is_modified = await run_in_threadpool(_ups(request).worklist.create, uid, given)
    location = f"{dicomweb_root(request)}/workitems/{uid}"
    response = Response(status_code=201, headers={"Location": location})
    if is_modified:
        warn(request, response, "The Workitem was created with modifications.")
    return response


@_transaction()
async def retrieve(request: Request) -> Response:
    """Give a workitem."""
    chosen = _chosen(request)
    uid = _uid(request)
    found = await run_in_threadpool(_ups(request).worklist.retrieve, uid)
    response = answer(request, chosen, [found])
    response.headers.update(_NOT_CACHED)
    response.headers["Content-Location"] = f"{dicomweb_root(request)}/workitems/{uid}"
    return response


def _chosen(request: Request) -> Chosen:
    check_charset(request.query_params.get("charset") or request.headers.get("accept-charset"))
    return chosen_type(request)


@_transaction(inconsistent=INCONSISTENT_WITH_WORKITEM, unknown=NOT_CLAIMED)
async def update(request: Request) -> Response:
    """Change attributes of a workitem."""
    parameters = request.query_params.multi_items()
    told = uid_parameter(parameters, "transaction-uid", "transaction", "TransactionUID")
    given = await read_workitem(request)
    uids = {told, first(given, TRANSACTION)} - {None}
    if len(uids) > 1:
        raise BadRequestError("the payload has another Transaction UID than the address")
    owner = next(iter(uids), None)
    await run_in_threadpool(_ups(request).worklist.update, _uid(request), owner, given)
    return Response(headers={"Content-Location": f"{dicomweb_root(request)}{_below(request)}"})


def _below(request: Request) -> str:
    return request.url.path.removeprefix(DICOMWEB_ROOT)


@_transaction(inconsistent=INCONSISTENT_WITH_STATE, unknown=INCONSISTENT_WITH_STATE)
async def change_state(request: Request) -> Response:
    """Claim, complete or cancel a workitem."""
    given = await read_workitem(request)
    asked = _STATES.get(first(given, STATE) or "")
    if asked is None:
        raise BadRequestError("ProcedureStepState is none of IN PROGRESS, COMPLETED, CANCELED")
    owner = first(given, TRANSACTION)
    change = _ups(request).worklist.change_state
    is_changed = await run_in_threadpool(change, _uid(request), owner and read_uid(owner), asked)
    response = Response()
    if not is_changed:
        warn(request, response, f"The UPS is already in the requested state of {asked}.")
    return response


@_transaction()
async def request_cancel(request: Request) -> Response:
    """Ask for a workitem to be canceled."""
    given = await read_workitem(request, is_required=False)
    ask = _ups(request).worklist.request_cancel
    is_accepted = await run_in_threadpool(ask, _uid(request), given)
    response = Response(status_code=202)
    if not is_accepted:
        warn(request, response, "The UPS is already in the requested state of CANCELED.")
    return response


@_transaction()
async def search(request: Request) -> Response:
    """Find workitems."""
    chosen = _chosen(request)
    most = request.app.state.settings.max_results
    asked = read_parameters(Level.INSTANCE, request.query_params.multi_items(), {})
    limit = min(most if asked.limit is None else asked.limit, most)
    found, remaining = await run_in_threadpool(
        _ups(request).worklist.search,
        asked.conditions,
        asked.included,
        limit,
        asked.offset,
        COUNTED + 1,
    )
    if not found:
        response = Response(status_code=204)
    else:
        response = answer(request, chosen, found, 206 if remaining else 200)
    if found and remaining:
        response.headers["Link"] = f'<{_next_page(request, asked.offset + limit)}>; rel="next"'
        warn(request, response, what_is_left(remaining))
    warn(request, response, *asked.warnings)
    response.headers.update(_NOT_CACHED)
    return response


def _next_page(request: Request, offset: int) -> str:
    others = [item for item in request.query_params.multi_items() if item[0] != "offset"]
    query = urlencode([*others, ("offset", str(offset))])
    return f"{dicomweb_root(request)}{_below(request)}?{query}"


def of_worklist(uid: str, endpoint: Endpoint) -> Endpoint:
    """Return a transaction on one of the worklists, whose addresses have its UID as it is."""

    @functools.wraps(endpoint)
    async def answered(request: Request) -> Response:
        request.path_params["workitem"] = uid
        return await endpoint(request)

    return answered


@_transaction()
async def subscribe(request: Request) -> Response:
    """Subscribe to a workitem."""
    uid, aetitle = _uid(request), read_aetitle(request.path_params["aetitle"])
    _check_no_filter(request)
    await read_body(request)
    add = functools.partial(
        _ups(request).subscriptions.subscribe, deletion_lock=_deletion_lock(request)
    )
    await run_in_threadpool(add, uid, aetitle)
    return _subscribed(request, aetitle)


@_transaction()
async def subscribe_globally(request: Request) -> Response:
    """Subscribe to a worklist."""
    uid, aetitle = _uid(request), read_aetitle(request.path_params["aetitle"])
    keys: tuple[tuple[str, str], ...] = ()
    if uid == FILTERED_WORKLIST:
        keys = _filter(request)
    else:
        _check_no_filter(request)
    await read_body(request)
    asked = GlobalSubscription(aetitle, uid, _deletion_lock(request), keys)
    await run_in_threadpool(_ups(request).subscriptions.subscribe_globally, asked)
    return _subscribed(request, aetitle)


def _subscribed(request: Request, aetitle: str) -> Response:
    """Tell where the notification connection of a subscriber is to be opened."""
    root = dicomweb_root(request).replace("http", "ws", 1)
    address = f"{root}/subscribers/{quote(aetitle, safe='')}"
    return Response(status_code=201, headers={"Content-Location": address})


def _deletion_lock(request: Request) -> bool:
    told = request.query_params.get("deletionlock", "false").lower()
    if told not in ("true", "false"):
        raise BadRequestError("deletionlock is neither true nor false")
    return told == "true"


def _check_no_filter(request: Request) -> None:
    """Refuse a filter that would not be applied: more would be told than was asked for."""
    if "filter" in request.query_params:
        raise BadRequestError("only a subscription to the filtered worklist takes a filter")


def _filter(request: Request) -> tuple[tuple[str, str], ...]:
    """Return the matching keys of a filter, all of which can be matched."""
    keys = _matching_keys(request)
    for name, _ in keys:
        if name in _OF_PAGES:
            raise BadRequestError(f"{name} is no matching key")
    if not keys:
        raise BadRequestError("a subscription to the filtered worklist needs a filter")
    asked = read_parameters(Level.INSTANCE, keys, {})
    if asked.warnings:
        raise BadRequestError(asked.warnings[0])
    return tuple(keys)


def _matching_keys(request: Request) -> list[tuple[str, str]]:
    """Return names and values; some clients give them as parameters of their own."""
    keys: list[tuple[str, str]] = []
    for name, text in request.query_params.multi_items():
        if name == "filter":
            for part in filter(None, _NEXT_KEY.split(text)):
                key, equals, value = part.partition("=")
                if not equals:
                    raise BadRequestError("a filter has attribute=value, parted by commas")
                keys.append((key, value))
        elif name not in _NOT_KEYS:
            keys.append((name, text))
    return keys


@_transaction()
async def unsubscribe(request: Request) -> Response:
    """End a subscription."""
    if request.path_params["aetitle"].endswith("/suspend"):
        raise HTTPException(405)  # a resource of its own, which takes POST
    aetitle = read_aetitle(request.path_params["aetitle"])
    await run_in_threadpool(_ups(request).subscriptions.unsubscribe, _uid(request), aetitle)
    return Response()


@_transaction()
async def suspend(request: Request) -> Response:
    """Subscribe to no further workitems."""
    uid, aetitle = _uid(request), read_aetitle(request.path_params["aetitle"])
    await run_in_threadpool(_ups(request).subscriptions.suspend, uid, aetitle)
    return Response()


async def plain_connection(request: Request) -> Response:
    """Tell a client that came without a web socket that it needs one."""
    read_aetitle(request.path_params["aetitle"])
    body = {"error": "UpgradeRequired", "message": "open a web socket here (RFC 6455)"}
    return JSONResponse(body, 426, headers={"Upgrade": "websocket", "Connection": "Upgrade"})
