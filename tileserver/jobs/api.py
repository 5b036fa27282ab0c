# SPDX-License-Identifier: Apache-2.0
"""Jobs over HTTP: one function for each operation."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, TypeGuard

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from dicomizer.dicom.uids import is_uid
from tileserver.addresses import public_root
from tileserver.cross_origin import check_origin
from tileserver.errors import (
    BadRequestError,
    NotFoundError,
    TooLargeError,
    UnsupportedMediaTypeError,
)
from tileserver.job_queue import RESULT_TYPES, Asked, State, made_file
from tileserver.jobs.documents import document_of, moment
from tileserver.jobs.kind import kind_of, kinds
from tileserver.jobs.watching import watched
from tileserver.settings import API_ROOT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from tileserver.jobs.feature import Jobs

    Endpoint = Callable[[Request], Awaitable[Response]]

_NOT_CACHED = {"Cache-Control": "no-store"}
_EVENTS = "text/event-stream"
_MOST_BYTES = 2 << 20
_MOST_LISTED = 1000
_MOST_NEEDS = 100
_PRIORITIES = range(-1000, 1001)
_LONGEST_KEY = 200
_LARGEST = 10**18 - 1


def _jobs(request: Request) -> Jobs:
    found: Jobs = request.app.state.jobs
    return found


def _changing(endpoint: Endpoint) -> Endpoint:
    """Refuse pages of other origins."""

    @functools.wraps(endpoint)
    async def checked(request: Request) -> Response:
        check_origin(request, request.app.state.settings, "have anything done")
        return await endpoint(request)

    return checked


async def list_jobs(request: Request) -> Response:
    """List jobs, the newest first."""
    query = request.query_params
    states = [_state(text) for text in query.getlist("state")]
    limit = min(_whole_number("limit", query.get("limit", "100")), _MOST_LISTED)
    before = _whole_number("before", query["before"]) if "before" in query else None
    found, after = await run_in_threadpool(
        _jobs(request).queue.page, states, query.get("kind"), before, limit
    )
    document = {"jobs": [document_of(job) for job in found], "next": after}
    return JSONResponse(document, headers=_NOT_CACHED)


async def list_kinds(_: Request) -> Response:
    """List what can be asked for."""
    offered = [kind for kind in kinds().values() if not kind.is_internal]
    found = [{"kind": kind.name, "summary": kind.summary} for kind in offered]
    return JSONResponse({"kinds": found}, headers=_NOT_CACHED)


@_changing
async def create_job(request: Request) -> Response:
    """Put a job on the queue."""
    asked = _asked(await _json(request))
    if kind_of(asked.kind).is_internal:
        raise BadRequestError(f"only rules of the server ask for the kind {asked.kind}")
    job = await run_in_threadpool(_jobs(request).ask, asked)
    headers = {**_NOT_CACHED, "Location": f"{public_root(request)}{API_ROOT}/jobs/{job.id}"}
    return JSONResponse(document_of(job), 201, headers)


async def get_job(request: Request) -> Response:
    """Give a job."""
    job = await run_in_threadpool(_jobs(request).queue.get, _number(request))
    return JSONResponse(document_of(job), headers=_NOT_CACHED)


async def get_log(request: Request) -> Response:
    """Give the log of a job."""
    lines = await run_in_threadpool(_jobs(request).queue.log, _number(request))
    found = [{"time": moment(time), "text": text} for time, text in lines]
    return JSONResponse({"lines": found}, headers=_NOT_CACHED)


async def get_result(request: Request) -> Response:
    """Give the file that a job has made."""
    job = await run_in_threadpool(_jobs(request).queue.get, _number(request))
    found = made_file(request.app.state.settings.data, job.id)
    if job.state is not State.DONE or found is None:
        raise NotFoundError(f"the job is {job.state} and has no file")
    path, suffix = found
    name = f"{job.kind}-{job.id}{suffix}"
    return FileResponse(path, media_type=RESULT_TYPES[suffix], filename=name, headers=_NOT_CACHED)


@_changing
async def cancel_job(request: Request) -> Response:
    """Cancel a job."""
    job = await run_in_threadpool(_jobs(request).queue.cancel, _number(request))
    return JSONResponse(document_of(job), 202 if not job.is_final else 200, headers=_NOT_CACHED)


@_changing
async def retry_job(request: Request) -> Response:
    """Try a job again."""
    job = await run_in_threadpool(_jobs(request).queue.retry, _number(request))
    return JSONResponse(document_of(job), headers=_NOT_CACHED)


@_changing
async def protect_study(request: Request) -> Response:
    """Keep a study from being deleted."""
    await run_in_threadpool(_jobs(request).queue.protect, _study(request))
    return Response(status_code=204)


@_changing
async def unprotect_study(request: Request) -> Response:
    """Let a study be deleted again."""
    await run_in_threadpool(_jobs(request).queue.unprotect, _study(request))
    return Response(status_code=204)


async def list_protected(request: Request) -> Response:
    """List the studies that are kept so."""
    found = await run_in_threadpool(_jobs(request).queue.protected)
    return JSONResponse({"studies": found}, headers=_NOT_CACHED)


async def watch_jobs(request: Request) -> Response:
    """Tell of all jobs as they change."""
    return await _events(request, None)


async def watch_job(request: Request) -> Response:
    """Tell of a job as it changes, until it has ended."""
    job = _number(request)
    await run_in_threadpool(_jobs(request).queue.get, job)
    return await _events(request, job)


async def _events(request: Request, job: int | None) -> Response:
    since = request.headers.get("last-event-id") or request.query_params.get("since")
    version = None if since is None else _whole_number("since", since)
    if request.method == "HEAD":
        return Response(media_type=_EVENTS, headers=_NOT_CACHED)
    stopping = request.app.state.stopping
    events = watched(_jobs(request).queue, job, version, stopping.has_begun)
    headers = {**_NOT_CACHED, "X-Accel-Buffering": "no"}  # else nginx keeps them back
    return StreamingResponse(events, media_type=_EVENTS, headers=headers)


def _study(request: Request) -> str:
    study: str = request.path_params["study"]
    if not is_uid(study):
        raise BadRequestError("expected the UID of a study")
    return study


def _number(request: Request) -> int:
    text = request.path_params["job"]
    if not text.isdecimal() or not text.isascii() or int(text[:20]) > _LARGEST:
        raise NotFoundError("there is no such job")
    return int(text)


def _whole_number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text[:20]) > _LARGEST:
        raise BadRequestError(f"{name}: expected a whole number")
    return int(text)


def _state(text: str) -> State:
    if text not in set(State):
        raise BadRequestError(f"state: expected one of {', '.join(State)}")
    return State(text)


async def _json(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise UnsupportedMediaTypeError("expected a body of application/json")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_BYTES:
                raise TooLargeError(f"a job may have {_MOST_BYTES:,} bytes")
        found = json.loads(body)
    except ClientDisconnect as error:
        raise BadRequestError("the client went away") from error
    except (ValueError, RecursionError) as error:
        raise BadRequestError(f"the body is no JSON: {type(error).__name__}") from error
    if not isinstance(found, dict):
        raise BadRequestError("expected a JSON object")
    return found


def _asked(body: dict[str, Any]) -> Asked:
    known = ("kind", "parameters", "priority", "needs", "key")
    if unknown := body.keys() - set(known):
        raise BadRequestError(f"unknown {min(unknown)[:64]!r}; expected {', '.join(known)}")
    kind, parameters = body.get("kind"), body.get("parameters", {})
    priority, needs, key = body.get("priority", 0), body.get("needs", []), body.get("key")
    if not isinstance(kind, str) or not isinstance(parameters, dict):
        raise BadRequestError("expected a kind, a text, and parameters, a JSON object")
    if not _is_whole(priority) or priority not in _PRIORITIES:
        raise BadRequestError("priority: expected a whole number from -1000 to 1000")
    if not isinstance(needs, list) or len(needs) > _MOST_NEEDS or not all(map(_is_number, needs)):
        raise BadRequestError(f"needs: expected at most {_MOST_NEEDS} numbers of jobs")
    if key is not None and not (isinstance(key, str) and 0 < len(key) <= _LONGEST_KEY):
        raise BadRequestError(f"key: expected a text of up to {_LONGEST_KEY} characters")
    return Asked(kind, parameters, priority, tuple(needs), f"api {key}" if key else None)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return _is_whole(value) and 0 < value <= _LARGEST
