# SPDX-License-Identifier: Apache-2.0
"""What is asked of another server, what comes back of its answers, and what it cannot do to us."""

from __future__ import annotations

import gzip
import socketserver
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import anyio
import httpx
import pytest
from servers import Server, serving

from tileserver.app import create_app
from tileserver.errors import OriginAwayError, OriginError
from tileserver.origin import Origin
from tileserver.origins import peers
from tileserver.settings import Settings

JSON = b"Content-Type: application/dicom+json\r\n"


def answer(body: bytes, head: bytes = JSON, status: bytes = b"200 OK") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 " + status + b"\r\n" + head + length + b"\r\n" + body


@dataclass
class Other:
    """Another server, which answers as it is told and remembers what it was asked."""

    port: int
    answers: dict[str, bytes] = field(default_factory=dict)
    asked: list[bytes] = field(default_factory=list)
    connections: int = 0
    silence: threading.Event = field(default_factory=threading.Event)


@pytest.fixture(scope="module")
def other() -> Iterator[Other]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            known.connections += 1
            while head := self._head():
                known.asked.append(head)
                told = known.answers.get(head.split(b" ")[1].decode(), b"")
                self.wfile.write(told)
                if told == b"":
                    known.silence.wait(20)
                if b"Connection: close" in told or told.endswith(b"broken") or told == b"":
                    return

        def _head(self) -> bytes:
            lines = iter(self.rfile.readline, b"\r\n")
            return b"".join(iter(lambda: next(lines, b""), b""))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        known = Other(listening.server_address[1])
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
        thread.start()
        yield known
        known.silence.set()
        listening.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server(other, tmp_path_factory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("origins")
    logins = folder / "logins.toml"
    logins.write_text('secured = "reader:pass"\ntokened = "Bearer abc"\n')
    address = f"http://127.0.0.1:{other.port}/dw"
    settings = [
        part
        for name in ("lab", "secured", "tokened")
        for part in ("--origins", f"{name}={address}")
    ]
    away = ("--origins", "away=http://127.0.0.1:9/dw")
    direct = ("--direct-origins", "direct=https://pacs.example.org/dicom-web/")
    with serving(
        folder / "data", *settings, *away, *direct, "--origin-logins", str(logins)
    ) as running:
        yield running


def test_a_request_goes_along_without_who_asks(server, other):
    other.answers["/dw/studies?PatientID=a%2Cb&limit=1"] = answer(
        b"[]", JSON + b"Set-Cookie: a=b\r\nETag: W/x\r\nX-Powered-By: y\r\nWarning: 299 z\r\n"
    )

    found = server.http.get(
        "/origins/lab/dicomweb/studies?PatientID=a%2Cb&limit=1",
        headers={
            "Accept": "application/dicom+json",
            "Authorization": "Bearer ours",
            "Cookie": "session=ours",
            "X-Forwarded-For": "10.0.0.1",
        },
    )

    assert (found.status_code, found.content) == (200, b"[]")
    assert found.headers["content-type"] == "application/dicom+json"
    assert (found.headers["etag"], found.headers["warning"]) == ("W/x", "299 z")
    assert found.headers["vary"] == "Accept, Accept-Encoding"
    assert not {"set-cookie", "x-powered-by"} & set(found.headers)
    asked = other.asked[-1].decode().lower()
    assert asked.startswith("get /dw/studies?patientid=a%2cb&limit=1 http/1.1")
    assert "accept: application/dicom+json" in asked
    assert f"host: 127.0.0.1:{other.port}" in asked
    assert not any(word in asked for word in ("ours", "cookie", "authorization", "10.0.0.1"))


@pytest.mark.parametrize(
    ("name", "expected"), [("secured", "Basic cmVhZGVyOnBhc3M="), ("tokened", "Bearer abc")]
)
def test_a_login_of_the_settings_goes_along(server, other, name, expected):
    other.answers["/dw/studies"] = answer(b"[]")

    found = server.http.get(f"/origins/{name}/dicomweb/studies")

    assert found.status_code == 200
    assert f"Authorization: {expected}".encode() in other.asked[-1]
    assert expected not in server.log.read_text()


def test_a_connection_is_used_again_and_made_anew_where_it_was_closed(server, other):
    other.answers["/dw/studies/1"] = answer(b"kept")
    other.answers["/dw/studies/2"] = answer(b"last", JSON + b"Connection: close\r\n")
    other.answers["/dw/studies/3"] = answer(b"unsaid broken")
    before = other.connections

    bodies = [
        server.http.get(f"/origins/lab/dicomweb/studies/{number}").content
        for number in (1, 1, 1, 2, 3, 1)
    ]

    assert bodies == [b"kept"] * 3 + [b"last", b"unsaid broken", b"kept"]
    assert other.connections - before <= 3


def test_a_coded_body_and_parts_pass_as_they_are(server, other):
    packed = gzip.compress(b"[]")
    other.answers["/dw/studies/4/metadata"] = answer(packed, JSON + b"Content-Encoding: gzip\r\n")
    kind = b'multipart/related; type="image/jpeg; transfer-syntax=1.2"; boundary=b'
    other.answers["/dw/studies/4/series/5/instances/6/frames/1"] = answer(
        b"--b\r\n\r\n\x00\r\n--b--", b"Content-Type: " + kind + b"\r\n"
    )

    metadata = server.http.get("/origins/lab/dicomweb/studies/4/metadata")
    frame = server.http.get("/origins/lab/dicomweb/studies/4/series/5/instances/6/frames/1")

    assert (metadata.headers["content-encoding"], metadata.content) == ("gzip", b"[]")
    assert frame.headers["content-type"] == kind.decode()
    assert frame.content == b"--b\r\n\r\n\x00\r\n--b--"


def test_head_and_conditions_pass(server, other):
    other.answers["/dw/studies/7"] = b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"

    unchanged = server.http.get("/origins/lab/dicomweb/studies/7", headers={"If-None-Match": "x"})

    assert (unchanged.status_code, unchanged.headers["etag"]) == (304, "x")
    assert b"If-None-Match: x" in other.asked[-1]
    other.answers["/dw/studies/7"] = b"HTTP/1.1 200 OK\r\n" + JSON + b"Content-Length: 9\r\n\r\n"
    head = server.http.head("/origins/lab/dicomweb/studies/7")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "9", b"")


@pytest.mark.parametrize(
    ("told", "status", "name"),
    [
        (answer(b"<p>", b"Content-Type: text/html\r\n"), 502, "OriginForeignError"),
        (answer(b"<svg/>", b"Content-Type: image/svg+xml\r\n"), 502, "OriginForeignError"),
        (answer(b"", b"Location: http://10.0.0.1/\r\n", b"302 Found"), 502, "OriginError"),
        (answer(b"secret", JSON, b"401 No"), 502, "OriginLoginError"),
        (answer(b"secret", JSON, b"403 No"), 502, "OriginLoginError"),
        (answer(b"secret", JSON, b"404 No"), 404, "NotFoundError"),
        (answer(b"secret", JSON, b"400 No"), 400, "OriginError"),
        (answer(b"secret", JSON, b"406 No"), 406, "OriginError"),
        (answer(b"secret", JSON + b"Retry-After: 3\r\n", b"503 No"), 503, "OriginError"),
        (answer(b"secret", JSON, b"500 No"), 502, "OriginError"),
        (b"no HTTP at all\r\n\r\nbroken", 502, "OriginAwayError"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000 + b"\r\nbroken", 502, "OriginAwayError"),
    ],
)
def test_what_is_no_answer_of_dicomweb_is_told_in_words_of_ours(server, other, told, status, name):
    other.answers["/dw/studies/8/series"] = told

    found = server.http.get("/origins/lab/dicomweb/studies/8/series")

    assert (found.status_code, found.json()["error"]) == (status, name)
    assert "lab" in found.json()["message"]
    assert "secret" not in found.text
    assert found.headers["content-type"] == "application/json"
    assert ("retry-after" in found.headers) == (status == 503)


def test_an_address_without_a_service_is_told(server, other):
    other.answers["/dw/studies?limit=1"] = answer(b"", JSON, b"404 Not Found")

    found = server.http.get("/origins/lab/dicomweb/studies?limit=1")

    assert (found.status_code, found.json()["error"]) == (502, "OriginForeignError")


def test_a_server_that_is_away_is_told(server):
    found = server.http.get("/origins/away/dicomweb/studies")

    assert (found.status_code, found.json()) == (
        502,
        {
            "error": "OriginAwayError",
            "message": "origin away does not answer: Connection refused",
        },
    )


async def read(other: Other, target: str) -> bytes:
    """Ask without a server between."""
    with ThreadPoolExecutor(1) as threads:
        peer = peers.Peer(Origin("lab", f"http://127.0.0.1:{other.port}/dw"), None, threads)
        async with peer.asked("GET", target, {}) as passed:
            return b"".join([piece async for piece in passed.pieces()])


def test_an_answer_that_breaks_off_is_not_taken_for_whole(other):
    other.answers["/dw/studies/9"] = (
        b"HTTP/1.1 200 OK\r\n" + JSON + b"Content-Length: 100\r\n\r\nbroken"
    )

    with pytest.raises(OriginAwayError, match="origin lab broke its answer off"):
        anyio.run(read, other, "/studies/9")


def test_an_answer_over_the_limit_is_broken_off(other, monkeypatch):
    monkeypatch.setattr(peers, "MOST_BYTES", 10)
    other.answers["/dw/studies/10"] = answer(b"12345678901")

    with pytest.raises(OriginError, match="origin lab sends more than 10"):
        anyio.run(read, other, "/studies/10")


@pytest.mark.parametrize(
    "path",
    [
        "/origins/none/dicomweb/studies",
        "/origins/direct/dicomweb/studies",
        "/origins/lab/dicomweb/",
        "/origins/lab/dicomweb/system",
        "/origins/lab/dicomweb/servers",
        "/origins/lab/dicomweb/../system",
        "/origins/lab/dicomweb/studies/../../system",
        "/origins/lab/dicomweb/studies/..%2F..%2Fsystem",
        "/origins/lab/dicomweb/studies/%2e%2e/x",
        "/origins/lab/dicomweb/studies//x",
        "/origins/lab/dicomweb/studies/%0d%0aX:y",
        "/origins/lab/dicomweb/studies/a%5c..%5cb",
        "/origins/lab/dicomweb/@evil.example/studies",
        "/origins/lab/dicomweb//evil.example/studies",
        "/origins/none/",
    ],
)
def test_nothing_else_is_asked(server, other, path):
    before = len(other.asked)
    raw = httpx.URL(server.address).copy_with(raw_path=path.encode())

    found = server.http.get(raw)

    assert found.status_code == 404
    assert found.json()["error"] in ("NotFoundError", "HttpError")
    assert len(other.asked) == before


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_is_changed_there(server, other, method):
    before = len(other.asked)

    found = server.http.request(method, "/origins/lab/dicomweb/studies", content=b"x")

    assert (found.status_code, found.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert len(other.asked) == before


def test_a_page_may_ask_its_own_origin_and_no_other(server):
    own, passed, direct = (
        server.http.get(path) for path in ("/", "/origins/lab/", "/origins/direct/studies/1.2")
    )

    assert own.headers["content-security-policy"] == passed.headers["content-security-policy"]
    assert "connect-src 'self';" in own.headers["content-security-policy"]
    assert (
        "connect-src 'self' https://pacs.example.org;" in direct.headers["content-security-policy"]
    )


def in_process(other: Other, folder, paths: list[str]) -> list[httpx.Response | Exception]:
    """Ask a server in this process for several things at once."""
    app = create_app(
        Settings(data=folder / "data", origins=(f"lab=http://127.0.0.1:{other.port}/dw",))
    )
    found: list[httpx.Response | Exception] = []

    async def ask(client: httpx.AsyncClient, path: str) -> None:
        found.append(await client.get(f"/origins/lab/dicomweb{path}"))

    async def run() -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
            anyio.create_task_group() as group,
        ):
            for path in paths:
                group.start_soon(ask, client, path)

    anyio.run(run)
    return found


def test_a_silent_server_is_waited_for_in_bounds(other, tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "LONGEST_SILENCE_SECONDS", 0.2)
    begun = time.monotonic()

    (found,) = in_process(other, tmp_path, ["/studies/silent"])

    assert (found.status_code, found.json()["error"]) == (504, "OriginSlowError")
    assert time.monotonic() - begun < 10


def test_who_comes_when_too_many_wait_is_told_so(other, tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(peers, "LONGEST_TURN_SECONDS", 0.1)
    monkeypatch.setattr(peers, "LONGEST_SILENCE_SECONDS", 0.6)

    found = in_process(other, tmp_path, ["/studies/silent"] * 3)

    assert sorted(each.status_code for each in found) == [503, 504, 504]
