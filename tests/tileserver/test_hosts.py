# SPDX-License-Identifier: Apache-2.0
"""A page whose name suddenly points to this machine gets nothing."""

from __future__ import annotations

import socket

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
