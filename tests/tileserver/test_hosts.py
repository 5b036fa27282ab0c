# SPDX-License-Identifier: Apache-2.0
"""A page whose name suddenly points to this machine gets nothing."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from tileserver.hosts import KnownHosts
from tileserver.settings import Settings


def _known(tmp_path, **options) -> KnownHosts:
    return KnownHosts(Settings(data=tmp_path, **options))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8042",
        "127.0.0.1",
        "[::1]:8042",
        "[fe80::1]",
        "192.168.7.9:80",
        "localhost:8042",
        "LOCALHOST",
        "a.localhost",
        "pathology-server:8042",
        "slides.example.org",
        "Slides.Example.Org.:443",
        "archive.example.net",
        socket.gethostname(),
    ],
)
def test_own_names_and_addresses_are_answered(tmp_path, host):
    known = _known(
        tmp_path, base_url="https://slides.example.org/a", allowed_hosts=("archive.example.net",)
    )

    assert known.knows(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8042",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "slides.example.org.evil.example",
        "slides.example.org@evil.example",
        "",
        ".",
        "[::1].evil.example",
        "127.0.0.1:8042, evil.example",
        "a b",
        "é.example",
        "x" * 300,
    ],
)
def test_other_names_are_not(tmp_path, host):
    assert not _known(tmp_path, base_url="https://slides.example.org").knows(host)


def test_any_name_is_answered_where_that_is_wanted(tmp_path):
    assert _known(tmp_path, allowed_hosts=("*",)).knows("evil.example")


@pytest.mark.parametrize("path", ["/dicomweb/studies", "/", "/healthz", "/none"])
def test_a_page_of_a_rebound_name_reads_nothing(archive, path):
    answer = archive.server.http.get(path, headers={"Host": "evil.example"})

    assert answer.status_code == 421
    assert answer.json() == {
        "error": "MisdirectedRequest",
        "message": "the server does not go by the name in the Host header; "
        "if it should, add it to allowed_hosts",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"


def exchanged(archive, head: str) -> bytes:
    """Send a request as it is, and return the answer."""
    target = urlsplit(archive.server.address)
    assert target.hostname
    assert target.port
    with socket.create_connection((target.hostname, target.port), 20) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode("latin-1"))
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


FRAME = "/dicomweb/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1/frames/1"


@pytest.mark.parametrize("path", ["/healthz", FRAME])
@pytest.mark.parametrize(
    "names",
    ["", "Host: localhost\nHost: localhost\n", "Host: localhost\nHost: evil.example\n",
     "Host: a b\n", "Host: localhost@evil.example\n", "Host: evil.example/x\n", "Host: a:b\n"],
)  # fmt: skip
def test_who_does_not_tell_one_name_is_refused(archive, path, names):
    answer = exchanged(archive, f"GET {path} HTTP/1.1\n{names}Connection: close\n\n")

    assert answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("names", ["Host: \n", "Host: evil.example:\n", "Host: a!b%41\n"])
def test_a_name_of_nobody_is_another_servers(archive, names):
    answer = exchanged(archive, f"GET /healthz HTTP/1.1\n{names}Connection: close\n\n")

    assert answer.startswith(b"HTTP/1.1 421 ")


@pytest.mark.parametrize(
    ("names", "status"),
    [("", b"200"), ("Host: localhost\n", b"200"), ("Host: localhost\nHost: localhost\n", b"400"),
     ("Host: evil.example\n", b"421")],
)  # fmt: skip
def test_http_1_0_needs_no_name(archive, names, status):
    answer = exchanged(archive, f"GET /healthz HTTP/1.0\n{names}\n")

    assert answer.startswith(b"HTTP/1.1 " + status)
