# SPDX-License-Identifier: Apache-2.0
"""One HTTP connection to a DICOMweb service, kept open between requests.

The standard library's client is used for what it leaves to us: a body goes out as it is read, with
a length known beforehand, and an answer that comes before its end is still read.
"""

from __future__ import annotations

import contextlib
import http.client
import select
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomizer.errors import NetworkError
from dicomizer.send.errors import (
    BusyError,
    ConnectionLostError,
    LongAnswerError,
    RequestRefusedError,
)
from dicomizer.send.retry import parse_retry_after

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Mapping

    from dicomizer.send.credentials import Credentials
    from dicomizer.send.destination import WebDestination

ANSWER_LIMIT = 16 << 20
"""Bytes of an answer; a page of a query, or what became of a request's instances."""
_SLOWEST_BYTES_PER_SECOND = 5e6
"""That a server may take to store what it has received before it answers."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_REFUSED = frozenset({400, 413, 422})
_REMEDIES = {
    401: "give a token or login that the peer knows, by --token-file or --login-file",
    403: "ask for the right to store there",
    404: "check the path of the address",
    413: "raise the peer's limit on the size of requests",
}


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries.

    Parameters
    ----------
    length
        Bytes of all chunks.
    """

    content_type: str
    length: int
    chunks: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a server answered.

    Parameters
    ----------
    headers
        With lower-case names.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class HttpClient:
    """Requests to one service.

    Parameters
    ----------
    timeout
        Seconds that the peer may be silent.

    Raises
    ------
    NetworkError
        Credentials would cross a network in the clear.
    """

    def __init__(
        self,
        destination: WebDestination,
        credentials: Credentials,
        context: ssl.SSLContext,
        timeout: float,
    ) -> None:
        if credentials.authorization and not (
            destination.is_encrypted or destination.host in _LOOPBACK
        ):
            raise NetworkError(
                "the token or login would cross the network in the clear",
                file=destination,
                remedy="give an https:// address",
            )
        self._destination = destination
        self._authorization = credentials.authorization
        self._timeout = timeout
        self._is_cut = False  # whether a body was left unfinished: nothing else can follow it
        self._connection: http.client.HTTPConnection = (
            http.client.HTTPSConnection(
                destination.host, destination.port, timeout=timeout, context=context
            )
            if destination.is_encrypted
            else http.client.HTTPConnection(destination.host, destination.port, timeout=timeout)
        )

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._connection.close()

    def get(self, path: str, accept: str, query: str = "") -> HttpAnswer:
        """Ask below the service's root.

        Raises
        ------
        NetworkError
            As `post`.
        """
        return self._request("GET", path, {"Accept": accept}, query=query)

    def post(self, path: str, accept: str, body: Body) -> HttpAnswer:
        """Send a body and return the answer, whatever its status below 300 or of 404 and alike.

        Raises
        ------
        ConnectionLostError
            The peer cannot be reached, is silent, or the connection broke.
        BusyError
            It says that it cannot now.
        RequestRefusedError
            It refuses this body.
        NetworkError
            It wants a login, is not the one meant (another certificate), or sends us elsewhere.
        """
        return self._request("POST", path, {"Accept": accept}, body)

    def _request(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: Body | None = None,
        query: str = "",
    ) -> HttpAnswer:
        connection = self._connection
        self._is_cut = False
        try:
            self._begin(method, path, headers, body, query)
            if body is not None:
                self._send(body)
            if connection.sock is not None:
                sent = body.length if body else 0
                connection.sock.settimeout(self._timeout + sent / _SLOWEST_BYTES_PER_SECOND)
            with connection.getresponse() as response:
                answer = HttpAnswer(
                    response.status,
                    {name.lower(): value for name, value in response.getheaders()},
                    self._bounded(response),
                )
            if self._is_cut or response.will_close:
                connection.close()
        except ssl.SSLCertVerificationError as error:
            connection.close()
            raise NetworkError(
                f"its certificate is not trusted: {error.verify_message}",
                file=self._destination,
                remedy="name the certificate of its authority by --ca-file",
            ) from error
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise _lost(error, self._destination) from error
        except BaseException:
            connection.close()
            raise
        self._check(answer)
        return answer

    def _begin(
        self, method: str, path: str, headers: dict[str, str], body: Body | None, query: str
    ) -> None:
        self._drop_ended()
        queries = "&".join(part for part in (query, self._destination.query) if part)
        address = f"{self._destination.path}{path}{'?' if queries else ''}{queries}"
        connection = self._connection
        connection.putrequest(method, address, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if self._authorization:
            connection.putheader("Authorization", self._authorization)
        if body is not None:
            connection.putheader("Content-Type", body.content_type)
            connection.putheader("Content-Length", str(body.length))
        connection.endheaders()
        if connection.sock is not None:
            connection.sock.settimeout(self._timeout)

    def _drop_ended(self) -> None:
        """Close a connection that the peer has ended while nothing was asked of it.

        Servers do so after some seconds, which our waits exceed; what goes into it is lost. Nothing
        else is to be read between two requests, over TLS neither.
        """
        socket = self._connection.sock
        if socket is not None and _is_readable(socket):
            self._connection.close()

    def _send(self, body: Body) -> None:
        """Send a body, or as much of it as the peer wants."""
        try:
            for chunk in body.chunks:
                if self._has_answer():
                    break
                self._connection.send(chunk)
            else:
                return
        except (BrokenPipeError, ConnectionResetError):
            # A server that refuses may say why and close while we are sending.
            if not self._has_answer():
                raise
        self._is_cut = True

    def _has_answer(self) -> bool:
        """Tell whether the peer said something already.

        Not over TLS, where what arrives may be the protocol's own.
        """
        socket = self._connection.sock
        is_plain = socket is not None and not isinstance(socket, ssl.SSLSocket)
        return is_plain and _is_readable(socket)

    def _bounded(self, response: http.client.HTTPResponse) -> bytes:
        body = response.read(ANSWER_LIMIT + 1)
        if len(body) > ANSWER_LIMIT:
            self._connection.close()
            raise LongAnswerError(
                f"the answer is longer than {ANSWER_LIMIT >> 20} MiB", file=self._destination
            )
        return body

    def _check(self, answer: HttpAnswer) -> None:
        """Raise what a status means for every request alike."""
        status = answer.status
        problem = f"the peer answered {status} {http.client.responses.get(status, '')}".rstrip()
        remedy = _REMEDIES.get(status)
        if status in _BUSY:
            raise BusyError(
                problem,
                file=self._destination,
                remedy="try again later",
                retry_after=parse_retry_after(answer.headers.get("retry-after")),
            )
        if status in _REFUSED:
            raise RequestRefusedError(problem, file=self._destination, remedy=remedy)
        if status in (401, 403, 407) or status < 200:
            raise NetworkError(problem, file=self._destination, remedy=remedy)
        if 300 <= status < 400:
            raise NetworkError(
                problem,
                file=self._destination,
                remedy="give the address that it sends others to",
            )


def _is_readable(socket: socket.socket) -> bool:
    """Tell whether the peer has sent something, or ended the connection."""
    with contextlib.suppress(OSError, ValueError):
        return bool(select.select([socket], [], [], 0)[0])
    return False


def _lost(error: Exception, destination: WebDestination) -> ConnectionLostError:
    if isinstance(error, TimeoutError):
        what = "the peer was silent for too long"
    elif isinstance(error, OSError):
        what = f"the connection failed: {error.strerror or type(error).__name__}"
    else:
        what = "the connection broke before the answer"
    return ConnectionLostError(
        what, file=destination, remedy="check the address and the network, then run it again"
    )
