# SPDX-License-Identifier: Apache-2.0
"""The server on its address: the listening socket, uvicorn, one process or several."""

from __future__ import annotations

import asyncio
import errno
import functools
import resource
import socket
import sys
from typing import TYPE_CHECKING

import uvicorn

from tileserver import web_socket, workers
from tileserver.allocation import bound_arenas
from tileserver.app import create_app, fast_protocol
from tileserver.errors import StorageError, TileserverError
from tileserver.observe.multiprocess import count_as, shared_figures
from tileserver.services.frame_files import MOST_OPEN

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from tileserver.settings import Settings
    from tileserver.stopping import Stopping

_BACKLOG = 2048
_STOP_SECONDS = 10
_IDLE_SECONDS = 75
"""Longer than proxies keep connections (nginx: 60), lest one is used that closes just then."""


def serve(settings: Settings, announce: Callable[[str], None], prepare: Callable[[], None]) -> None:
    """Serve until a signal comes.

    Parameters
    ----------
    announce
        Called with the address, when it can be opened.
    prepare
        Called first in every other process, such as for its log; can be pickled.

    Raises
    ------
    StorageError
        The address or the data folder cannot be used.
    """
    if settings.workers == 1:
        # Before a folder is made for a server that cannot run.
        (listening,) = sockets = _listen(settings.host, settings.port, 1)
        with listening:
            server = _Server(*_config(settings))
            announce(_address(settings.host, listening))
            server.run(sockets=sockets)
        return
    sockets = _listen(settings.host, settings.port, settings.workers)
    try:
        target = functools.partial(_work, settings, prepare)
        address = _address(settings.host, sockets[0])
        workers.run(target, sockets, lambda: announce(address), shared_figures())
    finally:
        for listening in sockets:
            listening.close()


def _config(settings: Settings) -> tuple[uvicorn.Config, Stopping]:
    bound_arenas()
    app = create_app(settings)
    app.state.services.retrieve.frame_files.limit(_most_open())
    config = uvicorn.Config(
        app,
        http=fast_protocol(app),
        access_log=False,
        log_config=None,
        server_header=False,
        ws=web_socket.WebSocketProtocol,
        **web_socket.SETTINGS,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    return config, app.state.stopping


def _most_open() -> int:
    """Let the process open as many files as it may; return how many may be kept open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return MOST_OPEN if most == resource.RLIM_INFINITY else min(MOST_OPEN, most // 2)


def _work(
    settings: Settings,
    prepare: Callable[[], None],
    number: int,
    listening: socket.socket,
    parent: Connection,
) -> None:
    """Be a worker."""
    workers.accept_signals()
    prepare()
    count_as(number)
    try:
        config, stopping = _config(settings)
    except TileserverError as error:
        parent.send_bytes(str(error).encode())
        sys.exit(1)
    with listening:
        _Worker(config, stopping, parent).run(sockets=[listening])


class _Server(uvicorn.Server):
    """A server that waits for what it answers, but not for what is still being sent to it."""

    def __init__(self, config: uvicorn.Config, stopping: Stopping) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Come to an end."""
        self._stopping.begin()
        await super().shutdown(sockets)


class _Worker(_Server):
    """A server that tells its parent when it serves, and stops when the parent is gone."""

    def __init__(self, config: uvicorn.Config, stopping: Stopping, parent: Connection) -> None:
        super().__init__(config, stopping)
        self._parent = parent

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        self._parent.send_bytes(workers.READY)
        # Nothing else comes from the parent than its end.
        asyncio.get_running_loop().add_reader(self._parent.fileno(), self._orphaned)

    def _orphaned(self) -> None:
        asyncio.get_running_loop().remove_reader(self._parent.fileno())
        self.should_exit = True


def _listen(host: str, port: int, count: int) -> list[socket.socket]:
    """Bind before anything is said, so that a printed address can be opened."""
    try:
        if count == 1 or sys.platform != "linux":
            return [_bound(host, port)] * count
        if port:
            # Sockets that share their address are let in where others of the user share it, too.
            _bound(host, port).close()
        found = [_bound(host, port, is_shared=True)]
        port = found[0].getsockname()[1]
        return found + [_bound(host, port, is_shared=True) for _ in range(count - 1)]
    except OSError as error:
        raise StorageError(
            f"cannot listen on {host} port {port}: {error.strerror or error}; "
            f"choose another with {_remedy(error)}"
        ) from error


def _remedy(error: OSError) -> str:
    is_host = isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL
    return "--host" if is_host else "--port"


def _bound(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def _address(host: str, listening: socket.socket) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared only
    port = listening.getsockname()[1]
    return f"http://{f'[{host}]' if ':' in host and '[' not in host else host}:{port}"
