# SPDX-License-Identifier: Apache-2.0
"""Requests that claim, or unpack to, far more than they have, and floods of what is no body."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import bombs
import instances
import pytest
from bounds import within_bounds
from servers import BOUNDARY, STOW_TYPE, Server

STORE, WORKITEMS = "/dicomweb/studies", "/dicomweb/workitems?1.2.3.4"
GIGABYTES = 10 << 30


def raw(server: Server, head: str, *more: bytes) -> bytes:
    """Send bytes as they are, as far as they are taken, and return how the answer begins."""
    address = urlsplit(server.address)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        try:
            connection.sendall(f"{head}\n\n".replace("\n", "\r\n").encode())
            for piece in more:
                connection.sendall(piece)
        except ConnectionError:
            pass  # an answer may have come before
        try:
            return connection.recv(64)
        except ConnectionError:
            return b""


@pytest.fixture(scope="module")
def bomb() -> bytes:
    return bombs.gzipped(GIGABYTES)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "gzip, gzip", "br", "GZIP", "identity,gzip"])
def test_a_packed_body_of_instances(server, bomb, coding):
    headers = {"Content-Type": STOW_TYPE, "Content-Encoding": coding}

    with within_bounds(server):
        answer = server.http.post(STORE, content=bomb[: 4 << 20], headers=headers)

    assert answer.status_code == 415


@pytest.mark.parametrize("size", [1000, 1 << 20, 10 << 20])
@pytest.mark.parametrize("coding", ["gzip", "x-gzip"])
def test_a_packed_body_of_a_workitem(server, bomb, coding, size):
    headers = {"Content-Type": "application/dicom+json", "Content-Encoding": coding}

    with within_bounds(server):
        answer = server.http.post(WORKITEMS, content=bomb[:size], headers=headers)

    # A megabyte unpacks to a gigabyte: a thousand bytes of it are within the limit, and cut short.
    assert answer.status_code == (400 if size == 1000 else 413)


@pytest.mark.parametrize("path", [STORE, f"{STORE}/1.2.3", WORKITEMS])
@pytest.mark.parametrize("length", [2**63 - 1, 2**63, 2**64, 2**64 - 1, 10**30, 1 << 40])
def test_a_length_that_nothing_has(server, path, length):
    head = f"POST {path} HTTP/1.1\nHost: localhost\nContent-Type: {STOW_TYPE}"

    with within_bounds(server):
        begin = raw(server, f"{head}\nContent-Length: {length}", b"--")

    # Beyond 64 bits it is no length at all.
    assert begin.startswith(b"HTTP/1.1 413 " if length < 2**64 - 1 else b"HTTP/1.1 4")


@pytest.mark.parametrize("length", ["-1", "0x10", "1_0", "+5", "1, 2", "", " ", "1e3"])
def test_a_length_that_is_none(server, length):
    head = f"POST {STORE} HTTP/1.1\nHost: localhost\nContent-Type: {STOW_TYPE}"

    with within_bounds(server):
        begin = raw(server, f"{head}\nContent-Length: {length}")

    assert begin.startswith(b"HTTP/1.1 400 ")


def test_two_lengths_and_a_length_beside_chunks(server):
    head = f"POST {STORE} HTTP/1.1\nHost: localhost\nContent-Type: {STOW_TYPE}\nContent-Length: 3"

    with within_bounds(server):
        twice = raw(server, f"{head}\nContent-Length: 4", b"abcd")
        chunked = raw(server, f"{head}\nTransfer-Encoding: chunked", b"0\r\n\r\n")

    assert twice.startswith(b"HTTP/1.1 400 ")
    assert chunked.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("chunk", ["FFFFFFFFFFFFFFFF", "7FFFFFFFFFFFFFFF", "F" * 40, "-1", "x"])
def test_a_chunk_that_nothing_has(server, chunk):
    head = f"POST {STORE} HTTP/1.1\nHost: localhost\nContent-Type: {STOW_TYPE}"

    with within_bounds(server):
        # What a length says that can be one never comes: who began goes away.
        raw_begin(server, f"{head}\nTransfer-Encoding: chunked", f"{chunk}\r\nabc".encode())


def raw_begin(server: Server, head: str, more: bytes) -> None:
    """Send a beginning, and go away."""
    address = urlsplit(server.address)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(f"{head}\n\n".replace("\n", "\r\n").encode() + more)


def test_fifty_thousand_ranges(server):
    found = instances.slide([instances.jpeg(3)])
    assert server.store(instances.written(found)).status_code == 200
    study = f"/studies/{found.StudyInstanceUID}"
    instance = f"{study}/series/{found.SeriesInstanceUID}/instances/{found.SOPInstanceUID}"
    whole, part = (
        ",".join(f"{number}-{number}" for number in range(count)) for count in (50_000, 6000)
    )

    for path in (instance, f"{instance}/frames/1", study, f"{instance}/rendered"):
        for accept in ("*/*", "application/dicom", "application/octet-stream"):
            head = f"GET /dicomweb{path} HTTP/1.1\nHost: localhost\nAccept: {accept}\nRange: bytes="
            with within_bounds(server):
                all_of_them, as_many_as_fit = raw(server, head + whole), raw(server, head + part)

            # Half a megabyte is more than a head may have.
            assert all_of_them.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 ")) or not all_of_them
            assert as_many_as_fit[9:12] in (b"416", b"200", b"406")
    head = f"GET /dicomweb{instance} HTTP/1.1\nHost: localhost\nAccept: application/dicom"
    assert raw(server, f"{head}\nRange: bytes={part}").startswith(b"HTTP/1.1 416 ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Accept", "a/b;q=0.1," * 6000),
        ("Accept-Encoding", "gzip;q=0," * 6000),
        ("Accept-Charset", "utf-8;q=0.1," * 4000),
        ("If-None-Match", '"a",' * 15_000),
        ("If-Match", "W/" * 30_000),
        ("If-Modified-Since", "Mon," * 12_000),
        ("Cookie", "a=b;" * 15_000),
        ("Content-Type", "multipart/related" + ";a" * 25_000),
        ("Content-Type", 'multipart/related;a="' + "\\" * 60_000),
        ("Content-Type", "multipart/related" + " ;" * 25_000),
        ("X-Forwarded-For", "1.1.1.1," * 7000),
        ("Range", "bytes=" + "9" * 60_000 + "-"),
        ("Range", "bytes=" + " " * 60_000 + "1"),
    ],
    ids=lambda text: text[:32],
)
def test_a_header_field_as_long_as_there_may_be(server, name, value):
    for method, path in (("GET", "/dicomweb/studies"), ("GET", "/healthz"), ("POST", STORE)):
        with within_bounds(server):
            answer = server.http.request(method, path, headers={name: value})

        assert answer.status_code in (200, 204, 304, 400, 406, 412, 415)


def test_as_many_header_fields_as_fit(server):
    fields = "\n".join(f"{number:x}:" for number in range(9000))

    with within_bounds(server):
        begin = raw(server, f"GET /healthz HTTP/1.1\nHost: localhost\n{fields}")

    assert begin.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "content",
    [
        f"--{BOUNDARY}\r\nA: ".encode() + b"x" * (50 << 20),
        f"--{BOUNDARY}\r\n".encode() + b"A: b\r\n" * (1 << 20),
        f"--{BOUNDARY}\r\n".encode() + b"\r\n" * (1 << 20),
        f"--{BOUNDARY}".encode() + b" " * (20 << 20),
        b"x" * (50 << 20),
        f"\r\n--{BOUNDARY[:-1]}".encode() * (3 << 20),
        b"\r\n--" * (5 << 20),
    ],
    ids=[
        *("one field", "many fields", "line breaks", "blanks", "no boundary", "nearly a boundary"),
        "beginnings of a boundary",
    ],
)
def test_a_multipart_body_that_does_not_begin(server, content):
    with within_bounds(server):
        answer = server.http.post(STORE, content=content, headers={"Content-Type": STOW_TYPE})

    assert answer.status_code in (400, 409)
    assert list((server.data / "incoming").iterdir()) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "POST"])
def test_a_body_that_nobody_asked_for(server, method):
    path = "/dicomweb/nothing" if method == "POST" else "/dicomweb/studies/1.2.3/series/4"

    with within_bounds(server):
        answer = server.http.request(method, path, content=bytes(100 << 20))

    assert answer.status_code in (200, 204, 404, 405)


@pytest.mark.parametrize(
    "query",
    [
        "&".join(f"PatientID={number}" for number in range(4000)),
        "StudyInstanceUID=" + ",".join(f"1.{number}" for number in range(7000)),
        "includefield=" + "00400560." * 6000,
        "includefield=" + ",".join(["00400560"] * 6000),
        "PatientName=" + "%2A%3F" * 9000,
        "PatientName=" + "%00" * 15_000,
        "StudyDate=" + "-" * 50_000,
        "limit=" + "9" * 50_000,
        "offset=" + "9" * 30,
        "%" * 50_000,
    ],
    ids=lambda text: text[:32],
)
def test_a_query_as_long_as_there_may_be(server, query):
    with within_bounds(server):
        answer = server.http.get(f"/dicomweb/studies?{query}")

    assert answer.status_code in (200, 204, 400)
