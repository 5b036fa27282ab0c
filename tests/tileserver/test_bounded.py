# SPDX-License-Identifier: Apache-2.0
"""Requests that never end, whether by size or by time, are ended by the server."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import instances
import pytest
import uvicorn
from servers import STOW_TYPE, multipart

from tileserver.app import create_app, fast_protocol
from tileserver.bounded import MOST_HEAD_BYTES
from tileserver.frame_protocol import FrameProtocol
from tileserver.settings import Settings

HEAD = b"GET /dicomweb/studies HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = (
    b"POST /dicomweb/studies HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/dicom\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


@contextlib.contextmanager
def running(data: Path) -> Iterator[int]:
    """Run a server in a thread, and give its port."""
    app = create_app(Settings(data=data))
    config = uvicorn.Config(
        app, http=fast_protocol(app), log_config=None, access_log=False, ws="none"
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(timeout=30)


@pytest.fixture(scope="module")
def port(tmp_path_factory) -> Iterator[int]:
    with running(tmp_path_factory.mktemp("bounded") / "data") as port:
        yield port


@pytest.fixture
def impatient(tmp_path, monkeypatch) -> Iterator[int]:
    """Give the port of a server that waits for half a second only."""
    monkeypatch.setattr(FrameProtocol, "head_seconds", 0.5)
    monkeypatch.setattr(FrameProtocol, "silence_seconds", 0.5)
    with running(tmp_path / "data") as port:
        yield port


def exchange(port: int, begin: bytes) -> bytes:
    """Send bytes, and return all that comes until the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(begin)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def flooded(port: int, begin: bytes, more: bytes) -> tuple[bytes, int]:
    """Return what is answered, and how many bytes were taken before."""
    taken = 0
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(begin)
            for _ in range(500):
                connection.sendall(more)
                taken += len(more)
        with contextlib.suppress(ConnectionError):
            return connection.recv(1 << 16), taken
    return b"", taken


def is_answering(port: int, **headers: str) -> bool:
    return httpx.get(f"http://127.0.0.1:{port}/dicomweb/studies", headers=headers).is_success


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (HEAD + b"X: ", b"a" * 100_000),
        (HEAD, b"X-Many: 1\r\n" * 9000),
        (b"GET /dicomweb/studies?limit=", b"1" * 100_000),
        (CHUNKED + b"0\r\n", b"X-Trailer: 1\r\n" * 9000),
        (CHUNKED + b"1;", b"a" * 100_000),
    ],
    ids=["one field", "many fields", "address", "trailers", "extension of a chunk"],
)
def test_what_is_no_body_is_bounded(port, begin, more):
    start = time.monotonic()

    answer, taken = flooded(port, begin, more)

    assert time.monotonic() - start < 2
    assert taken < 20_000_000
    assert answer[:13] in (b"HTTP/1.1 431 ", b"HTTP/1.1 400 ", b"")
    assert is_answering(port)


def test_heads_of_clients_fit(port):
    assert is_answering(port, Cookie="a" * (MOST_HEAD_BYTES - 1024))


@pytest.mark.parametrize("begin", [b"GET /dicomweb", HEAD, HEAD + b"X: y"])
def test_a_head_that_does_not_come_to_its_end_is_not_waited_for(impatient, begin):
    assert exchange(impatient, begin).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_a_connection_that_asks_nothing_is_closed_without_a_word(impatient):
    assert exchange(impatient, b"") == b""


def test_a_body_that_stops_is_not_waited_for(impatient):
    head = CHUNKED.replace(b"Transfer-Encoding: chunked", b"Content-Length: 1000")

    start = time.monotonic()
    assert exchange(impatient, head + b"\0" * 100) == b""
    assert 0.4 < time.monotonic() - start < 5


def test_a_body_that_comes_slowly_is_taken(impatient):
    body = multipart([instances.written(instances.dataset())])
    head = (
        f"POST /dicomweb/studies HTTP/1.1\r\nHost: localhost\r\nContent-Type: {STOW_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode()
    step = len(body) // 5

    with socket.create_connection(("127.0.0.1", impatient), timeout=30) as connection:
        connection.sendall(head)
        for at in range(0, len(body), step):
            assert not select.select([connection], [], [], 0.2)[0]  # it waits
            connection.sendall(body[at : at + step])
        answer = connection.recv(1 << 16)

    assert answer.startswith(b"HTTP/1.1 20")
