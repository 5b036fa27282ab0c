# SPDX-License-Identifier: Apache-2.0
"""The origins that this server asks, each by a few connections that are kept open.

A request is bounded in time and bytes, and so is the number of them: an origin that is slow or
hostile holds up nobody but its own readers.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import http.client
import socket
import ssl
import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from tileserver.errors import BusyError, OriginAwayError, OriginError, OriginSlowError
from tileserver.origin import origins_of
from tileserver.origins.logins import read_logins

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from tileserver.origin import Origin
    from tileserver.settings import Settings

_Result = TypeVar("_Result")
MOST_AT_ONCE = 16
"""Requests to one origin; a browser has six connections."""
MOST_THREADS = 64
"""Requests to all origins together."""
LONGEST_TURN_SECONDS = 10.0
"""Until one of them is free."""
LONGEST_SILENCE_SECONDS = 30.0
"""To connect, to the head of an answer, and between pieces of it."""
LONGEST_ANSWER_SECONDS = 600.0
MOST_BYTES = 4 << 30
"""Of one answer; a bulk value is the largest thing asked for."""
_PIECE = 64 << 10


class Peers:
    """The origins that this server asks, by their names.

    Raises
    ------
    ConfigurationError
        The file of logins makes no sense.
    """

    def __init__(self, settings: Settings) -> None:
        asked = {
            name: origin for name, origin in origins_of(settings).items() if not origin.is_direct
        }
        logins = read_logins(settings.origin_logins, asked)
        # Threads of their own, so that requests for the archive never wait for another server.
        self._threads = ThreadPoolExecutor(MOST_THREADS, "origins")
        self._peers = {
            name: Peer(origin, logins.get(name), self._threads) for name, origin in asked.items()
        }

    def get(self, name: str) -> Peer | None:
        """Return an origin, or ``None`` where there is none of that name."""
        return self._peers.get(name)

    def close(self) -> None:
        """Close what is kept open."""
        for peer in self._peers.values():
            peer.close()
        self._threads.shutdown(wait=False, cancel_futures=True)


class Peer:
    """One origin.

    Parameters
    ----------
    authorization
        Value of the header field; ``None`` where nobody logs in.
    threads
        Do what blocks.
    """

    def __init__(self, origin: Origin, authorization: str | None, threads: Executor) -> None:
        self.name = origin.name
        self._url = urlsplit(origin.url)
        self._headers = {"Authorization": authorization} if authorization else {}
        self._threads = threads
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    @functools.cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    @contextlib.asynccontextmanager
    async def asked(
        self, method: str, target: str, headers: Mapping[str, str]
    ) -> AsyncIterator[Passed]:
        """Ask for what lies below the address of the service; give the answer while it lasts.

        Parameters
        ----------
        target
            Path and query, beginning with a slash.

        Raises
        ------
        BusyError
            Too many others ask.
        OriginError
            It does not answer.
        """
        try:
            async with asyncio.timeout(LONGEST_TURN_SECONDS):
                await self._turns.acquire()
        except TimeoutError as error:
            raise BusyError(f"too many requests for origin {self.name}; try again") from error
        try:
            ask = functools.partial(self._ask, method, target, headers)
            connection, answer = await _within(self._threads, ask)
            passed = Passed(self.name, connection, answer, self._threads)
            try:
                yield passed
            finally:
                self._release(passed)
        finally:
            self._turns.release()

    def close(self) -> None:
        """Close the connections that are not in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _ask(
        self, method: str, target: str, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        path = self._url.path + target
        sent = {**headers, **self._headers, "User-Agent": "coverslip"}
        if kept := self._kept():
            # It may have been closed meanwhile, which is told only when it is used.
            with contextlib.suppress(OSError, http.client.HTTPException):
                return kept, _answer(kept, method, path, sent)
            kept.close()
        made = self._connection()
        try:
            return made, _answer(made, method, path, sent)
        except (OSError, http.client.HTTPException) as error:
            made.close()
            raise problem_of(self.name, error) from error

    def _kept(self) -> http.client.HTTPConnection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            return http.client.HTTPSConnection(
                host, port, timeout=LONGEST_SILENCE_SECONDS, context=self._tls
            )
        return http.client.HTTPConnection(host, port, timeout=LONGEST_SILENCE_SECONDS)

    def _release(self, passed: Passed) -> None:
        """Keep the connection for the next request where the answer was read to its end."""
        if not passed.is_at_end:
            passed.break_off()
        elif passed.connection.sock is not None:
            with self._lock:
                self._idle.append(passed.connection)


class Passed:
    """An answer of an origin, whose body is read as it is passed on."""

    def __init__(
        self,
        name: str,
        connection: http.client.HTTPConnection,
        answer: http.client.HTTPResponse,
        threads: Executor,
    ) -> None:
        self.status = answer.status
        self.connection = connection
        self.is_at_end = False
        """Whether all of the body was read."""
        self._name = name
        self._answer = answer
        self._threads = threads
        self._socket = connection.sock

    def header(self, name: str) -> str | None:
        """Return the value of a header field."""
        return self._answer.getheader(name)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Read the body.

        Raises
        ------
        OriginError
            It breaks off, or goes over a limit.
        """
        size = 0
        try:
            async with asyncio.timeout(LONGEST_ANSWER_SECONDS):
                while piece := await _within(self._threads, self._read):
                    size += len(piece)
                    if size > MOST_BYTES:
                        raise OriginError(f"origin {self._name} sends more than {MOST_BYTES:,}")
                    yield piece
        except TimeoutError as error:
            raise OriginSlowError(f"origin {self._name} does not come to an end") from error

    def _read(self) -> bytes:
        try:
            piece = self._answer.read1(_PIECE)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise problem_of(self._name, error) from error
        if not piece and self._answer.length:
            raise OriginAwayError(f"origin {self._name} broke its answer off")
        if not piece:
            self._answer.close()  # which leaves the connection open
            self.is_at_end = True
        return piece

    def break_off(self) -> None:
        """Read no more of it; a thread that waits for the next piece wakes up."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._answer.close()
        self.connection.close()


def problem_of(name: str, error: Exception) -> OriginError:
    """Return what an error of a connection means."""
    if isinstance(error, TimeoutError):
        return OriginSlowError(f"origin {name} is silent for {LONGEST_SILENCE_SECONDS:.0f} s")
    reason = getattr(error, "strerror", None) or type(error).__name__
    return OriginAwayError(f"origin {name} does not answer: {reason}")


def _answer(
    connection: http.client.HTTPConnection, method: str, path: str, headers: Mapping[str, str]
) -> http.client.HTTPResponse:
    connection.request(method, path, headers=dict(headers))
    return connection.getresponse()


async def _within(threads: Executor, work: Callable[[], _Result]) -> _Result:
    return await asyncio.get_running_loop().run_in_executor(threads, work)
