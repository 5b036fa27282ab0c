# SPDX-License-Identifier: Apache-2.0
"""The fast path answers as the ASGI route does, byte for byte, or hands over to it."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

import httpx
import instances
import pytest
import uvicorn
from archive import HTJ2K_FRAMES, JPEG_FRAMES, NATIVE_FRAMES, build
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import STOW_TYPE, multipart

from tileserver import fastpath, frame_protocol
from tileserver.app import create_app, fast_protocol
from tileserver.fastpath import HARMLESS_HEADERS, LARGEST_FRAME
from tileserver.frame_protocol import FrameProtocol
from tileserver.policy import Everybody, Policy
from tileserver.request_log import RequestLog
from tileserver.services.frame_files import FrameFiles
from tileserver.settings import Settings

ROOT = "/dicomweb"
JPEG = "/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1"
NATIVE = "/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.2"
MULLER = "/studies/1.2.3.2/series/1.2.3.2.1/instances/1.2.3.2.1.1"
FRAMES = {JPEG: JPEG_FRAMES, NATIVE: NATIVE_FRAMES, MULLER: HTJ2K_FRAMES}
ANY = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
OHIF = (
    'multipart/related; type="image/jls"; transfer-syntax=1.2.840.10008.1.2.4.80, '
    'multipart/related; type="image/jp2"; transfer-syntax=1.2.840.10008.1.2.4.90, '
    'multipart/related; type="application/octet-stream"; transfer-syntax=*, '
    'multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.50'
)


@dataclass
class Running:
    """A server within this process."""

    port: int
    server: uvicorn.Server
    files: FrameFiles
    observed: list[tuple[str, str, int, int]]
    fast: list[str]
    """Paths that were answered by the fast path."""

    def exchange(self, *pieces: bytes) -> bytes:
        """Send bytes over one connection, and return all that comes until it is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in pieces:
                connection.sendall(piece)
            return b"".join(iter(lambda: connection.recv(1 << 16), b""))

    def converse(self, asked: Iterable[bytes]) -> list[tuple[int, str, bytes]]:
        """Ask over one connection, each request when the one before is answered."""
        answers = []
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            for stream in asked:
                connection.sendall(stream)
                answer = HTTPResponse(connection, method=stream.split(b" ", 1)[0].decode())
                answer.begin()
                answers.append((answer.status, str(answer.headers), answer.read()))
                if answer.will_close:
                    break
        return answers

    def get(self, path: str, accept: str = "image/jpeg", **headers: str) -> httpx.Response:
        """Ask below the DICOMweb root."""
        return httpx.get(
            f"http://127.0.0.1:{self.port}{ROOT}{path}", headers={"Accept": accept} | headers
        )


@contextlib.contextmanager
def running(
    data: Path,
    *,
    fast: bool = True,
    policy: Policy | None = None,
    base_url: str | None = None,
    **options: object,
) -> Iterator[Running]:
    """Run a server in a thread, with the fast path or without."""
    app = create_app(Settings(data=data, base_url=base_url), policy)
    observed: list[tuple[str, str, int, int]] = []
    answered: list[str] = []
    log = next(item for item in app.user_middleware if item.cls is RequestLog)
    log.kwargs["observe"] = app.state.observe = lambda answered: observed.extend(
        (item.scope["method"], item.scope["path"], item.status, item.sent) for item in answered
    )
    protocol = fast_protocol(app)
    count(protocol, answered)
    config = uvicorn.Config(
        app,
        http=protocol if fast else "httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        **options,  # type: ignore[arg-type]
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        port = listening.getsockname()[1]
        try:
            files = app.state.services.retrieve.frame_files
            yield Running(port, server, files, observed, answered)
        finally:
            server.should_exit = True
            thread.join(timeout=30)


def count(protocol: type[FrameProtocol], answered: list[str]) -> None:
    """Note what the fast path answers."""
    answer = protocol.fast.answer

    def noted(scope, url, deciding):
        found = answer(scope, url, deciding)
        if found is not None:
            answered.append(url.decode())
        return found

    protocol.fast.answer = noted  # type: ignore[method-assign]


def store(server: Running, *files: bytes) -> None:
    answer = httpx.post(
        f"http://127.0.0.1:{server.port}{ROOT}/studies",
        content=multipart(files),
        headers={"Content-Type": STOW_TYPE},
    )
    assert answer.status_code == 200


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Give a data folder with the known studies."""
    folder = tmp_path_factory.mktemp("fast") / "data"
    with running(folder) as server:
        store(server, *build().values())
    return folder


@pytest.fixture(scope="module")
def both(data) -> Iterator[tuple[Running, Running]]:
    """Give a server with the fast path, all instances of which are open, and one without."""
    with running(data) as fast, running(data, fast=False) as plain:
        for path in FRAMES:
            assert fast.get(f"{path}/frames/1", "*/*").status_code == 200
        fast.fast.clear()
        yield fast, plain


def request(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


CLOSING = request("/healthz", "Connection: close")


def comparable(stream: bytes) -> bytes:
    """Leave out what differs from answer to answer: date, boundary and port."""
    stream = re.sub(rb"127\.0\.0\.1:[0-9]+", b"<address>", stream)
    stream = re.sub(rb"coverslip-[0-9a-f]{32}", b"<boundary>", stream)
    return re.sub(rb"date: [^\r]+ GMT", b"<date>", stream)


ACCEPTS = [
    *("image/jpeg", "*/*", ANY, OHIF, "image/*", "multipart/related", "image/jphc", "garbage", ""),
    *('multipart/related; type="*/*"', "image/png, image/jpeg;q=0.5", "application/octet-stream"),
    *("image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.70", "text/html;q=0", 'a"b', "%s %b %d"),
    *("image/jpeg,application/octet-stream;q=0.8", "x" * 5000, "\xff\xfe", "*/*;q=0, image/jpeg"),
    "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
]
HEADERS = [
    *(f"{name.decode()}: 1" for name in sorted(HARMLESS_HEADERS - {b"accept", b"host"})),
    *("Connection: keep-alive", "Connection: Keep-Alive, x", "Accept-Encoding: gzip, br"),
    *('If-None-Match: "x"', "If-None-Match: *", "If-Modified-Since: Sat, 21 Nov 2026 14:00:00 GMT"),
    *("Range: bytes=0-9", "If-Match: *", "Origin: https://viewer.example", "X-Other: 1"),
    *("Content-Length: 0", "Expect: 100-continue", "Upgrade: websocket", "TE: trailers"),
    *("Accept: image/jpeg", "Accept: */*", "Host: other.example"),
]
UIDS = {
    "study": ["1.2.3.1", "1.2.3.2", "9.9", "1.2.3.1%20", "%31.2.3.1", "..", "1.2.3.1;x"],
    "series": ["1.2.3.1.1", "1.2.3.2.1", "1.2.3.1.2", "9.9", "series"],
    "instance": [
        *("1.2.3.1.1.1", "1.2.3.1.1.2", "1.2.3.2.1.1", "1.2.3.1.2.1", "9.9", "1.2.3.1.1.1%00"),
        *("frames", "1.2.3.1.1.1/frames/1/x"),
    ],
}
NUMBERS = [
    *("1", "2", "3", "4", "0", "01", "-1", "+1", "1,2", "1,1", "1.0", "1e0", "%31", "%D9%A1", ""),
    *("9999999999", "99999999999", "1/", "1/rendered", "1;x", "1#x", "x", "1_0", " 1", "1%0D%0A"),
]


@st.composite
def paths(draw) -> str:
    """Give the path of a frame, most of them of frames that are there."""
    known = draw(st.sampled_from([*FRAMES, None, None]))
    if known is None:
        study, series, instance = (draw(st.sampled_from(UIDS[level])) for level in UIDS)
        known = f"/studies/{study}/series/{series}/instances/{instance}"
    number = draw(st.one_of(st.sampled_from("1234"), st.sampled_from(NUMBERS)))
    root = draw(st.sampled_from([*[ROOT] * 12, "//dicomweb", "http://x/dicomweb", "/dicomweb/"]))
    query = draw(st.sampled_from([*[""] * 8, "?", "?accept=image/jpeg", "?accept=*/*&x=%00", "?1"]))
    return f"{root}{known}/frames/{number}{query}".replace(" ", "%20")


@st.composite
def requests(draw, versions: tuple[str, ...] = ("1.1",)) -> bytes:
    """Give a request, most of them plain."""
    method = draw(st.sampled_from(["GET"] * 8 + ["HEAD", "POST", "DELETE", "OPTIONS", "PUT"]))
    headers = draw(st.lists(st.sampled_from(HEADERS), max_size=3, unique=True))
    accept = draw(st.sampled_from([None, *ACCEPTS]))
    if accept is not None:
        headers.insert(draw(st.integers(0, len(headers))), f"Accept: {accept}")
    return request(draw(paths()), *headers, method=method, version=draw(st.sampled_from(versions)))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(requests(), max_size=6),
    st.one_of(st.just(CLOSING), requests(("1.0",))),
    st.lists(st.floats(0, 1), max_size=5),
)
def test_any_requests_of_a_connection_are_answered_as_by_the_route(both, sent, last, places):
    fast, plain = both
    stream = b"".join([*sent, last])
    cuts = [int(place * len(stream)) for place in sorted(places)]
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    assert comparable(fast.exchange(*pieces)) == comparable(plain.exchange(stream))


@settings(max_examples=150, deadline=None)
@given(st.lists(requests(("1.1", "1.1", "1.1", "1.0")), min_size=1, max_size=4))
def test_what_is_asked_again_is_answered_as_by_the_route(both, asked):
    fast, plain = both
    twice = [stream for stream in asked for _ in range(2)]

    found, expected = fast.converse(twice), plain.converse(twice)

    for ours, theirs in zip(found, expected, strict=True):
        assert ours[0] == theirs[0]
        assert comparable(ours[1].encode()) == comparable(theirs[1].encode())
        assert comparable(ours[2]) == comparable(theirs[2])


def test_fields_that_came_before_are_known_by_their_bytes(both, monkeypatch):
    fast, plain = both
    asked = [
        request(f"{ROOT}{JPEG}/frames/{number}", "Accept: image/jpeg", "User-Agent: again")
        for number in (1, 2, 3, 1, 4)
    ]
    parsed, parse = [], frame_protocol.plain_fields

    def noted(headers):
        parsed.append(headers)
        return parse(headers)

    monkeypatch.setattr(frame_protocol, "plain_fields", noted)
    fast.fast.clear()

    found = fast.converse(asked)

    assert [(status, body) for status, _, body in found[:4]] == [
        (200, JPEG_FRAMES[number]) for number in (0, 1, 2, 0)
    ]
    assert len(fast.fast) == 4
    assert len(parsed) == 2  # of the first, and of the one that the route had to answer
    assert found[4][::2] == plain.converse(asked[4:])[0][::2]


@pytest.mark.parametrize(
    "fields",
    [
        b"Host: a\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        b"Host: a\n\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        b"Host: a\r\n\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        b"Host: a\r\n\r\n\r\n",
        b"Host: a\r\n\r\nGET",
        b"Host: a\r\nUser-Agent: a\r\n b\r\n\r\n",
        b"Host: a\r\nUser-Agent: a\rb\r\n\r\n",
        b"Host: a\r\nUser-Agent: a\nDNT: b\r\n\r\n",
        b"Host: a\r\nUser-Agent: " + b"a" * 5000 + b"\r\n\r\n",
    ],
)
def test_more_than_plain_fields_is_parsed_each_time(both, fields):
    fast, plain = both
    stream = f"GET {ROOT}{JPEG}/frames/1 HTTP/1.1\r\n".encode() + fields

    found = {comparable(fast.exchange(stream + CLOSING)) for _ in range(3)}
    expected = comparable(plain.exchange(stream + CLOSING))
    assert len(found) == 1
    statuses = re.findall(rb"HTTP/1\.1 (\d+) ", *found)
    if b"400" in statuses:
        # Where nonsense follows a request, the route may be cut off before it has answered.
        assert statuses in ([b"400"], [b"200", b"400"])
        assert expected.count(b"HTTP/1.1 400 ") == 1
    else:
        assert found == {expected}


@pytest.mark.parametrize(
    ("stream", "headers"),
    [
        (b"Host: a\r\n\r\n", 1),
        (b"Host: a\r\nDNT: 1\r\n\r\n", 2),
    ],
)
def test_plain_fields_are_remembered(stream, headers):
    made = fastpath.Fields([(b"", b"")] * headers, (None, None, None))
    frames = fastpath.FastFrames(None, None, bool, bool, print)

    frames.remember(stream, made)

    assert frames.recall(stream) is made


@pytest.mark.parametrize(
    ("stream", "headers"),
    [
        (b"Host: a\r\n\r\n", 2),
        (b"Host: a\n\nDNT: 1\r\n\r\n", 1),
        (b"Host: a\r\n\r\nDNT: 1\r\n\r\n", 1),
        (b"Host: a\r\nDNT:\r 1\r\n\r\n", 2),
        (b"Host: a\r\n", 1),
        (b"Host: " + b"a" * 4096 + b"\r\n\r\n", 1),
    ],
)
def test_others_are_not(stream, headers):
    frames = fastpath.FastFrames(None, None, bool, bool, print)

    frames.remember(stream, fastpath.Fields([(b"", b"")] * headers, (None, None, None)))

    assert frames.recall(stream) is None


def test_what_viewers_send_is_answered_by_the_fast_path(both):
    fast, plain = both
    sent = [
        request(f"{ROOT}{JPEG}/frames/1", "Accept: image/jpeg", "User-Agent: viewer"),
        request(f"{ROOT}{JPEG}/frames/2", f"Accept: {ANY}", "Accept-Encoding: gzip, deflate, br"),
        request(f"{ROOT}{MULLER}/frames/2", f"Accept: {OHIF}", "Referer: http://x/"),
        request(f"{ROOT}{JPEG}/frames/3"),
        request(f"{ROOT}{NATIVE}/frames/1", "Accept: */*", "Sec-Fetch-Mode: cors"),
    ]
    fast.fast.clear()

    answer = fast.exchange(*sent, CLOSING)

    assert comparable(answer) == comparable(plain.exchange(*sent, CLOSING))
    assert fast.fast == [line.split(b" ")[1].decode() for line in sent]
    assert b"\r\n\r\n" + JPEG_FRAMES[0] + b"HTTP/1.1 200 OK\r\n" in answer


@pytest.mark.parametrize(
    "path", [f"{JPEG}/frames/4", f"{JPEG}/frames/1?accept=image/jpeg", f"{JPEG}/frames/1,2"]
)
def test_all_else_goes_the_long_way(both, path):
    fast, _ = both
    fast.fast.clear()

    fast.get(path)

    assert fast.fast == []


def test_requests_that_are_no_http_are_refused_alike(both):
    fast, plain = both

    for garbage in (b"\x00\x01\x02\r\n\r\n", request(f"{ROOT}{JPEG}/frames/1", "no header line")):
        assert comparable(fast.exchange(garbage)) == comparable(plain.exchange(garbage))
        assert fast.exchange(garbage).startswith(b"HTTP/1.1 400 ")


def test_every_request_is_observed_alike(data):
    paths = (f"{JPEG}/frames/1", f"{JPEG}/frames/1", f"{JPEG}/frames/9", "/studies?limit=1")
    found = []
    for is_fast in (True, False):
        with running(data, fast=is_fast) as server:
            for path in paths:
                server.exchange(request(ROOT + path), CLOSING)
        found.append(sorted(server.observed))
        assert len(server.fast) == is_fast
        assert server.server.server_state.total_requests == 2 * len(paths)

    assert found[0] == found[1]
    frame = ("GET", f"{ROOT}{JPEG}/frames/1", 200, len(JPEG_FRAMES[0]) + 166)
    assert found[0].count(frame) == 2


class NobodyOf(Everybody):
    """Refuses those who say who they are."""

    def may(self, scope) -> bool:
        return (b"authorization", b"Bearer no") not in scope["headers"]


def test_the_policy_is_asked_on_both_ways(data):
    with running(data, policy=NobodyOf()) as server:
        for _ in range(2):
            assert server.get(f"{JPEG}/frames/1").status_code == 200
            refused = server.get(f"{JPEG}/frames/1", Authorization="Bearer no")
            assert (refused.status_code, refused.json()["error"]) == (403, "Forbidden")
        assert len(server.fast) == 1


def test_the_limit_of_connections_holds(data):
    with running(data, limit_concurrency=2) as server:
        assert server.get(f"{JPEG}/frames/1").status_code == 200
        with socket.create_connection(("127.0.0.1", server.port)) as other:
            other.sendall(request(f"{ROOT}{JPEG}/frames/1"))
            assert other.recv(12) == b"HTTP/1.1 200"
            assert server.get(f"{JPEG}/frames/1").status_code == 503


def test_a_connection_is_closed_when_nothing_was_asked_for_a_time(data):
    asked = request(f"{ROOT}{JPEG}/frames/1", "Accept: image/jpeg")
    with (
        running(data, timeout_keep_alive=1) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection,
    ):
        for _ in range(3):
            last = time.monotonic()
            connection.sendall(asked)
            answer = HTTPResponse(connection)
            answer.begin()
            assert answer.read() == JPEG_FRAMES[0]
            assert not select.select([connection], [], [], 0.6)[0]
        assert connection.recv(1) == b""
        assert 0.9 < time.monotonic() - last < 20
        assert len(server.fast) == 2


def test_an_unexpected_error_goes_the_long_way(data, monkeypatch, caplog):
    with running(data) as server:
        server.get(f"{JPEG}/frames/1")
        monkeypatch.setattr(fastpath, "frame_validators", lambda *_: {}["Doe^Jane"])
        assert server.get(f"{JPEG}/frames/1").content == JPEG_FRAMES[0]

    assert "unexpected KeyError at test_fastpath.py:" in caplog.text
    assert "Doe" not in caplog.text


@pytest.fixture
def slide(tmp_path) -> Iterator[Callable[..., tuple[Running, str]]]:
    """Give a server that stores a slide of the frames it is called with, and its path."""
    with contextlib.ExitStack() as stack:

        def stored(*frames: bytes, **options: object) -> tuple[Running, str]:
            server = stack.enter_context(running(tmp_path / "data", **options))
            found = instances.slide(frames)
            store(server, instances.written(found))
            path = (
                f"/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
                f"/instances/{found.SOPInstanceUID}/frames"
            )
            assert server.get(f"{path}/1").content == frames[0]
            return server, path

        yield stored


def test_large_frames_go_the_long_way(slide):
    largest = b"\xff\xd8" + bytes(LARGEST_FRAME - 4) + b"\xff\xd9"
    server, path = slide(largest, largest + b"\xff\xd9")

    assert server.get(f"{path}/1").content == largest
    assert server.get(f"{path}/2").content == largest + b"\xff\xd9"
    assert server.fast == [f"{ROOT}{path}/1"]


def test_frames_that_are_not_in_memory_go_the_long_way(slide, monkeypatch):
    server, path = slide(instances.jpeg(1))
    monkeypatch.setattr("tileserver.store.folder.FolderBlob.read_now", lambda *_: None)

    assert server.get(f"{path}/1").content == instances.jpeg(1)
    assert server.fast == []


def test_a_client_that_does_not_read_takes_no_memory(slide):
    frame = b"\xff\xd8" + bytes(500_000) + b"\xff\xd9"
    server, path = slide(frame)
    wanted = 400
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        for _ in range(wanted):
            connection.sendall(request(f"{ROOT}{path}/1", "Accept: image/jpeg"))
        assert server.get(f"{path}/1").content == frame  # others are answered meanwhile
        waiting = [
            item.transport.get_write_buffer_size()
            for item in server.server.server_state.connections
        ]
        assert 0 < max(waiting) < 20 * len(frame)
        connection.sendall(CLOSING)
        received = b"".join(iter(lambda: connection.recv(1 << 20), b""))

    assert received.count(b"\r\n\r\n" + frame) == wanted
    assert received.endswith(b"ok\n")


def test_one_connection_does_not_keep_others_waiting(slide, monkeypatch):
    monkeypatch.setattr(frame_protocol, "MOST_AT_ONCE", 3)
    server, path = slide(instances.jpeg(1))

    answer = server.exchange(request(f"{ROOT}{path}/1", "Accept: image/jpeg") * 10 + CLOSING)

    assert answer.count(instances.jpeg(1)) == 10
    assert len(server.fast) < 10


def test_a_removed_file_is_given_no_more(slide, tmp_path):
    server, path = slide(instances.jpeg(1))
    for blob in (tmp_path / "data" / "blobs").rglob("*.dcm"):
        blob.unlink()

    assert server.get(f"{path}/1").status_code == 500
    assert server.fast == []
    assert len(server.files) == 0


def test_what_is_forgotten_is_read_anew(slide):
    server, path = slide(instances.jpeg(1))

    server.files.forget(path.split("/")[-2])

    assert len(server.files) == 0
    assert server.get(f"{path}/1").content == instances.jpeg(1)
    assert server.get(f"{path}/1").content == instances.jpeg(1)
    assert server.fast == [f"{ROOT}{path}/1"]


@pytest.mark.parametrize("times", [1, 3])
def test_frames_below_the_path_of_a_proxy_are_answered_fast(data, times):
    path = f"{JPEG}/frames"
    with running(data, base_url="https://host.example/pacs") as server:
        server.get(f"{path}/1")  # opens it
        server.fast.clear()

        # One connection, so that header fields are known by their bytes from the second on.
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}/pacs{ROOT}") as http:
            below = [http.get(f"{path}/2", headers={"Accept": "image/jpeg"}) for _ in range(times)]
        plain = server.get(f"{path}/2")

    assert {answer.content for answer in below} == {plain.content}
    assert {answer.status_code for answer in below} == {200}
    assert server.fast == [f"{ROOT}{path}/2"] * (times + 1)
