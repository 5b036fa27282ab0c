# SPDX-License-Identifier: Apache-2.0
"""What follows a sound request on its connection takes nothing from its answer."""

from __future__ import annotations

import re
import socket
from urllib.parse import urlsplit

import pytest
from servers import Server

WAITING = b"GET /changes?wait=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
"""Is answered after a second."""
PLAIN = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
UPLOAD = (
    b"POST /dicomweb/studies HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/dicom\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
HANDSHAKE = (
    b"GET /dicomweb/subscribers/A HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def connected(server: Server) -> socket.socket:
    where = urlsplit(server.address)
    return socket.create_connection((where.hostname, where.port), timeout=30)


def exchange(server: Server, sent: bytes) -> bytes:
    """Send bytes, and return all that comes until the connection is closed."""
    with connected(server) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def statuses(answer: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 (\d{3})", answer)


def test_what_is_no_http_comes_behind_the_answer_to_what_is(server):
    answer = exchange(server, WAITING + b"\0\0\0\r\n\r\n")

    assert statuses(answer) == [b"200"]
    assert b"connection: close" in answer
    assert answer.endswith((b'"more": false}', b'"more":false}'))


def test_all_that_waits_is_answered_before(server):
    answer = exchange(server, WAITING + PLAIN + PLAIN + b"\0\0\0\r\n\r\n")

    assert statuses(answer) == [b"200", b"200", b"200"]
    assert answer.count(b"connection: close") == 1


def test_a_broken_body_is_refused_when_its_turn_comes(server):
    answer = exchange(server, WAITING + UPLOAD + b"x\r\n")

    assert statuses(answer) == [b"200", b"400"]
    assert answer.endswith(b"Invalid HTTP request received.")


def test_a_broken_body_is_refused(server):
    assert statuses(exchange(server, UPLOAD + b"5\r\nDICOM\r\nx\r\n")) == [b"400"]
    assert list((server.data / "incoming").iterdir()) == []


def test_a_web_socket_has_to_wait_for_earlier_answers(server):
    answer = exchange(server, WAITING + HANDSHAKE + b"\r\n")

    assert statuses(answer) == [b"200"]
    assert b"connection: close" in answer


@pytest.mark.parametrize("wrong", [b"Content-Length: 2\r\n\r\n{}", b"X: y\r\n" * 200 + b"\r\n"])
def test_a_handshake_that_is_none_is_answered(server, wrong):
    # Else the server would not come to its end in order, either: uvicorn trips over it.
    assert statuses(exchange(server, HANDSHAKE + wrong)) == [b"400"]


def test_who_is_gone_before_the_answer_is_no_error(server):
    for _ in range(50):
        with connected(server) as connection:
            connection.sendall(PLAIN * 20 + WAITING)

    assert server.is_alive()
