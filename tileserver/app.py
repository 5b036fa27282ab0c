# SPDX-License-Identifier: Apache-2.0
"""The application: the only module that wires the parts together, upon what `opening` opens."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response

from tileserver import described, dicomweb, observe, origins, static, tiles, uploads, ups
from tileserver.addresses import base_path
from tileserver.compression import Gzip
from tileserver.cors import Cors
from tileserver.dicomweb import changes
from tileserver.dicomweb.finishing import MOST_TOGETHER, finish_together
from tileserver.errors import (
    ConfigurationError,
    DamagedIndexError,
    OriginError,
    RangeNotSatisfiableError,
    StorageError,
    TileserverError,
    http_status,
)
from tileserver.events import Dispatcher
from tileserver.hosts import KnownHosts
from tileserver.index import Index, set_aside
from tileserver.job_queue import JOBS_FILE
from tileserver.jobs import routes as job_routes
from tileserver.jobs.descriptions import JOBS
from tileserver.jobs.feature import Jobs
from tileserver.jobs.kind import kinds
from tileserver.jobs.kinds.convert import check_options
from tileserver.middleware import HostCheck, LastResort, SecurityHeaders
from tileserver.opening import INDEX_FILE, open_services, read_tolerantly
from tileserver.origin import origins_of
from tileserver.policy import Everybody, Permission
from tileserver.prefix import Prefix
from tileserver.request_log import RequestLog, log_requests
from tileserver.rules import Rules, read_rules
from tileserver.services.check import Check, Repair
from tileserver.stopping import Stopping
from tileserver.store import FolderBlobStore, has_store
from tileserver.store.survey import Survey
from tileserver.tidying import tidying
from tileserver.together import Together
from tileserver.uploads import Uploads
from tileserver.ups import Ups
from tileserver.ups.feature import WORKLIST_FILE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

    from tileserver.frame_protocol import FrameProtocol
    from tileserver.origin import Origin
    from tileserver.policy import Policy
    from tileserver.request_log import Answered
    from tileserver.rules import Rule
    from tileserver.services import Reindexed
    from tileserver.services.check import Progress
    from tileserver.settings import Settings

_logger = logging.getLogger(__name__)
EVENTS_LOCK = "events.lock"
SERVICES = (
    *dicomweb.SERVICES,
    ups.UPS,
    JOBS,
    uploads.UPLOADS,
    tiles.TILES,
    observe.OPERATION,
    described.ABOUT_ITSELF,
    static.VIEWER,
    origins.ORIGINS,
)
"""All that is answered, as it is described."""


def rebuild_index(settings: Settings) -> tuple[Reindexed, Path | None]:
    """Make the index anew from the stored files, also where the one there cannot be used.

    Returns
    -------
    done
        What became of the files.
    aside
        Where a damaged index was moved to.

    Raises
    ------
    StorageError
        The folder has no stored instances, or cannot be used.
    """
    if not has_store(settings.data):
        raise StorageError(f"{settings.data} has no stored instances; nothing was made")
    aside = None
    try:
        services, index = open_services(settings, is_to_be_made=True)
        index.check()
    except DamagedIndexError:
        aside = set_aside(settings.data / INDEX_FILE)
        services, index = open_services(settings, is_to_be_made=True)
    try:
        return services.ingest.reindex(), aside
    finally:
        index.close()


def check_of(settings: Settings, *, fast: bool, report: Callable[[Progress], None]) -> Check:
    """Return a check of the data folder; nothing is opened for writing.

    Parameters
    ----------
    fast
        Whether to leave the bytes of blobs unread.

    Raises
    ------
    StorageError
        The folder has no stored instances.
    """
    if not has_store(settings.data):
        raise StorageError(f"{settings.data} has no stored instances; nothing is checked")
    read_tolerantly()
    folder = settings.data
    return Check(
        Survey(folder),
        folder / INDEX_FILE,
        [folder / WORKLIST_FILE, folder / JOBS_FILE],
        fast,
        report,
    )


def repair_of(settings: Settings, *, is_mending: bool, is_putting_aside: bool) -> Repair:
    """Return what does something about the findings of a check."""

    def opened() -> tuple[FolderBlobStore, Index]:
        return FolderBlobStore(settings.data), Index(settings.data / INDEX_FILE)

    return Repair(
        Survey(settings.data), opened, is_mending=is_mending, is_putting_aside=is_putting_aside
    )


def create_app(settings: Settings, policy: Policy | None = None) -> Starlette:
    """Return the server as an ASGI application.

    Parameters
    ----------
    policy
        Says what may be answered; everything, where there is none.

    Raises
    ------
    StorageError
        The data folder cannot be used.
    ConfigurationError
        The file of logins makes no sense.
    """
    peers = origins.Peers(settings)
    services, index = open_services(settings)
    events = Dispatcher(index, settings.data / EVENTS_LOCK)
    metrics = observe.Metrics(services.status)
    worklist = services.room.enough_for(lambda: Ups.open(settings))
    hosts = KnownHosts(settings)
    work = services.room.enough_for(lambda: Jobs.open(settings, services))
    rules = Rules(_rules(settings, work), settings, services.query, work.queue, work.ask)
    rules.subscribe(events)
    sent = Uploads(settings, work.queue, work.ask, check_options)
    policy = policy or Everybody()
    path = base_path(settings)

    def observed(answered: Sequence[Answered]) -> None:
        metrics.observe(answered)
        log_requests(answered)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        events.start()
        work.start()
        rules.start()
        async with tidying(services.retrieve.frame_files), sent.tidying():
            yield
        await run_in_threadpool(events.stop)
        await run_in_threadpool(rules.close)
        await run_in_threadpool(work.close)
        peers.close()
        services.close()
        worklist.close()
        index.close()

    app = Starlette(
        routes=_routes(path, origins_of(settings)),
        middleware=[
            Middleware(Prefix, path=path),
            Middleware(RequestLog, observe=observed),
            Middleware(Cors, origins=settings.cors_origins),
            Middleware(Gzip),
            Middleware(SecurityHeaders),
            Middleware(LastResort, answer=_unexpected()),
            Middleware(HostCheck, hosts=hosts, answer=_misdirected(), malformed=_without_host()),
            Middleware(Permission, policy=policy, answer=_forbidden()),
        ],
        exception_handlers={TileserverError: _expected, HTTPException: _http},
        lifespan=lifespan,
    )
    # A redirect would name the Host header, which anybody can forge.
    app.router.redirect_slashes = False
    app.state.settings = settings
    app.state.services = services
    app.state.events = events
    app.state.metrics = metrics
    app.state.hosts = hosts
    app.state.policy = policy
    app.state.observe = observed
    app.state.ups = worklist
    app.state.peers = peers
    app.state.jobs = work
    app.state.is_protected = work.queue.is_protected
    app.state.uploads = sent
    app.state.uploading = {}
    app.state.stopping = Stopping()
    app.state.storing = Together(finish_together, MOST_TOGETHER)
    return app


def _rules(settings: Settings, work: Jobs) -> tuple[Rule, ...]:
    return read_rules(settings.rules, work.check, kinds()) if settings.rules else ()


@contextlib.contextmanager
def rules_of(settings: Settings) -> Iterator[tuple[tuple[Rule, ...], Rules]]:
    """Give the rules of the settings, to be tried on what is stored; none is set off.

    Raises
    ------
    ConfigurationError
        A rule makes no sense, or there is no file of rules.
    """
    if settings.rules is None:
        raise ConfigurationError("rules is not given; expected --rules, TILESERVER_RULES or rules")
    services, index = open_services(settings)
    work = Jobs.open(settings, services)
    try:
        rules = _rules(settings, work)
        yield rules, Rules((), settings, services.query, work.queue, work.ask)
    finally:
        work.queue.close()
        services.close()
        index.close()


def _routes(path: str, known: Mapping[str, Origin]) -> list[BaseRoute]:
    return [
        *observe.routes(),
        *dicomweb.routes(),
        *changes.routes(),
        *tiles.routes(),
        *ups.routes(),
        *job_routes.routes(),
        *uploads.routes(),
        *origins.routes(),
        *static.routes(static.viewer_folder(), path, known),
        # Last, so that other methods are told and counted as those of the resource itself.
        *dicomweb.capabilities.routes(SERVICES),
        *described.routes(SERVICES),
    ]


def fast_protocol(app: Starlette) -> type[FrameProtocol]:
    """Return the HTTP protocol for uvicorn that answers stored frames of the application itself."""
    from tileserver.fastpath import FastFrames
    from tileserver.frame_protocol import protocol_of

    state = app.state
    files = state.services.retrieve.frame_files
    fast = FastFrames(files, _wrapping(app), state.hosts.admits, state.policy.may, state.observe)
    return protocol_of(fast, base_path(state.settings))


def _wrapping(app: Starlette) -> Callable[[ASGIApp], ASGIApp]:
    """Return what puts the middleware of an application, but for its log, around another."""

    def wrap(inner: ASGIApp) -> ASGIApp:
        for item in reversed(app.user_middleware):
            kind: object = item.cls
            if kind is not RequestLog:
                inner = item.cls(inner, *item.args, **item.kwargs)
        return inner

    return wrap


def _error(status: int, name: str, message: str) -> Response:
    return JSONResponse({"error": name, "message": message}, status_code=status)


async def _expected(_: Request, error: Exception) -> Response:
    assert isinstance(error, TileserverError)
    status = http_status(error)
    if status >= 500:
        # A fault of another server is none of ours.
        level = logging.WARNING if isinstance(error, OriginError) else logging.ERROR
        _logger.log(level, "%s: %s", type(error).__name__, error)
    response = _error(status, type(error).__name__, str(error))
    if isinstance(error, RangeNotSatisfiableError):
        response.headers["Content-Range"] = f"bytes */{error.size}"
    return response


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        settings = request.app.state.settings
        page = await static.no_page(request, base_path(settings), origins_of(settings))
        if page is not None:
            return page
    response = _error(error.status_code, "HttpError", error.detail)
    response.headers.update(error.headers or {})
    if error.status_code == 404:
        response.headers["Vary"] = "Accept"  # a browser gets the page
    if error.status_code == 405:
        # A path can have several routes, each of which knows its own methods only.
        response.headers["Allow"] = described.allowed_methods(request.app.routes, request.scope)
    return response


def _unexpected() -> Response:
    return _error(500, "InternalError", "an unexpected error; the server's log has more")


def _misdirected() -> Response:
    return _error(
        421,
        "MisdirectedRequest",
        "the server does not go by the name in the Host header; "
        "if it should, add it to allowed_hosts",
    )


def _without_host() -> Response:
    return _error(400, "BadRequestError", "expected one Host header, with a name or an address")


def _forbidden() -> Response:
    return _error(403, "Forbidden", "this is not allowed")
