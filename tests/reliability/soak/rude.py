# SPDX-License-Identifier: Apache-2.0
"""Clients that hang up, that take or send slowly, and that ask for nonsense."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator, Sequence

import instances
import picture_archive
from picture_archive import LEVELS, PYRAMID, STUDY
from reliability.ledger import Name, study_uid
from reliability.soak import stock
from reliability.soak.clients import Client, Ground, Move
from servers import STOW_TYPE, multipart

_FIRST_STUDY = 60_000_000
"""Of those that are sent by half; nobody else has such."""
_SLOW_STUDY = 50_000_000
_SLOW_PIECE = 64 << 10
_SLOW_PAUSE = 0.05
_LARGE = f"/dicomweb/studies/{STUDY}"
_LEFT = (
    _LARGE,
    f"/dicomweb/studies/{STUDY}/series/{PYRAMID}/instances/{LEVELS[0]}",
    f"/dicomweb/studies/{STUDY}/series/{PYRAMID}/instances/{LEVELS[0]}/frames/1,2,3,4,5,6,7,8",
    f"/dicomweb/studies/{STUDY}/metadata",
    f"/dicomweb/studies/{STUDY}/series/{PYRAMID}/instances/{LEVELS[0]}/rendered?viewport=600,400",
    f"/tiles/{STUDY}/{PYRAMID}/region?x=0&y=0&width=340&height=240&mpp=0.6",
    "/dicomweb/instances?includefield=all",
    "/changes?since=999999999&wait=2",
    "/metrics",
)
_NONSENSE: Sequence[tuple[str, str, int, bytes | None, str]] = (
    ("GET", "/dicomweb/studies?StudyDate=yesterday", 400, None, ""),
    ("GET", "/dicomweb/studies?limit=-1", 400, None, ""),
    ("GET", "/dicomweb/studies/9.9.9/metadata", 404, None, ""),
    ("GET", "/dicomweb/studies/..%2F..%2Fetc/series/1/instances/1", 404, None, ""),
    ("GET", f"{_LEFT[1]}/frames/0", 400, None, ""),
    ("GET", f"{_LEFT[1]}/frames/99999", 404, None, ""),
    ("GET", f"{_LEFT[1]}/rendered?viewport=none", 400, None, ""),
    ("GET", f"/tiles/{STUDY}/{PYRAMID}/iiif/0,0,0,0/max/0/default.jpg", 400, None, ""),
    ("GET", f"/tiles/{STUDY}/{PYRAMID}/slide_files/99/0_0.jpg", 404, None, ""),
    ("GET", "/nowhere", 404, None, ""),
    ("PATCH", "/dicomweb/studies", 405, None, ""),
    ("POST", "/dicomweb/studies", 415, b"{}", "text/plain"),
    ("POST", "/dicomweb/studies", 400, b"no parts", STOW_TYPE),
    ("POST", "/dicomweb/studies", 409, multipart([instances.nested(500)]), STOW_TYPE),
    ("POST", "/dicomweb/workitems", 400, b"[", "application/dicom+json"),
    ("DELETE", "/dicomweb/studies/9.9.9", 404, None, ""),
)


class Rude(Client):
    """Hangs up in the middle of answers and of requests, and asks for nonsense."""

    def __init__(self, ground: Ground, number: int) -> None:
        super().__init__(ground, number)
        self._next = _FIRST_STUDY
        self._idle: list[socket.socket] = []

    def moves(self) -> Sequence[tuple[int, Move]]:
        return ((4, self._hang_up), (2, self._send_by_half), (2, self._leave_after_sending),
                (5, self._nonsense), (2, self._no_http), (1, self._stay_silent))  # fmt: skip

    def leave(self) -> None:
        for connection in self._idle:
            connection.close()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        with socket.create_connection(self.place, timeout=60) as connection:
            yield connection
            if self.rng.random() < 0.5:  # reset, as of a cable that is pulled
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _hang_up(self) -> None:
        path = self.rng.choice(_LEFT)
        with self.tally.timed("hung up"), self._connected() as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            if "wait=" not in path and self.rng.random() < 0.7:
                connection.recv(self.rng.choice((1, 1000, 20_000)))

    def _send_by_half(self) -> None:
        names, content = self._unheard()
        share = self.rng.random()
        self._send("sent by half", content, int(len(content) * share))
        self._clear(names)

    def _leave_after_sending(self) -> None:
        names, content = self._unheard()
        self._send("left after sending", content, len(content))
        self._clear(names)

    def _unheard(self) -> tuple[list[Name], bytes]:
        """Return a request whose answer nobody will hear."""
        self._next += 1
        names = [Name(self._next, number) for number in range(3)]
        self.ground.stock.perhaps(names)
        return names, multipart([stock.file(name) for name in names])

    def _send(self, kind: str, content: bytes, count: int) -> None:
        head = (
            "POST /dicomweb/studies HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: {STOW_TYPE}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        with self.tally.timed(kind), self._connected() as connection:
            connection.sendall(head.encode() + content[:count])

    def _clear(self, names: list[Name]) -> None:
        """Delete what may have come of it; and what came after that the last time."""
        for study in {names[0].study, max(names[0].study - 1, _FIRST_STUDY)}:
            path = f"/dicomweb/studies/{study_uid(study)}"
            self.ask("DELETE perhaps", "DELETE", path, (204, 404))

    def _nonsense(self) -> None:
        method, path, expected, content, content_type = self.rng.choice(_NONSENSE)
        headers = {"Content_Type": content_type} if content_type else {}
        self.ask("nonsense", method, path, (expected,), body=content, **headers)

    def _no_http(self) -> None:
        with self.tally.timed("no HTTP"), self._connected() as connection:
            connection.sendall(self.rng.randbytes(200) + b"\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                connection.recv(1000)

    def _stay_silent(self) -> None:
        """Keep some connections open that say nothing, or half of a request."""
        connection = socket.create_connection(self.place, timeout=60)
        connection.sendall(self.rng.choice((b"", b"GET /dicomweb/stu")) or b"")
        self._idle.append(connection)
        while len(self._idle) > 5:
            self._idle.pop(0).close()
        self.tally.note("silent", 0.0)


class Slow(Client):
    """Takes a whole study, and sends one, in small pieces with pauses."""

    def __init__(self, ground: Ground, number: int) -> None:
        super().__init__(ground, number)
        self._first = picture_archive.build()[0]
        self._known = Name(_SLOW_STUDY + number, 0)
        assert ground.server.store(stock.file(self._known)).status_code == 200
        ground.stock.stored([self._known])

    def moves(self) -> Sequence[tuple[int, Move]]:
        return ((1, self._read_slowly), (1, self._send_slowly))

    def _read_slowly(self) -> None:
        with self.tally.timed("read slowly"), socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(60)
            connection.connect(self.place)
            connection.sendall(
                f"GET {_LARGE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                'Accept: multipart/related; type="application/dicom"; transfer-syntax=*\r\n\r\n'
                .encode()
            )  # fmt: skip
            found = b""
            while piece := connection.recv(_SLOW_PIECE):
                found += piece
                if self.ground.stopping.wait(_SLOW_PAUSE):
                    return
        if not found.startswith(b"HTTP/1.1 200") or self._first not in found:
            self.tally.complain(f"{_LARGE} read slowly: {found[:200]!r}")

    def _send_slowly(self) -> None:
        content = multipart([stock.file(self._known, other=1)])
        head = (
            "POST /dicomweb/studies HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            f"Content-Type: {STOW_TYPE}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        whole = head.encode() + content
        with self.tally.timed("sent slowly"):
            self._send_whole(whole)

    def _send_whole(self, whole: bytes) -> None:
        with socket.create_connection(self.place, timeout=60) as connection:
            for start in range(0, len(whole), _SLOW_PIECE):
                connection.sendall(whole[start : start + _SLOW_PIECE])
                if self.ground.stopping.wait(_SLOW_PAUSE):
                    return
            answer = connection.recv(1000)
        if not answer.startswith(b"HTTP/1.1 409 "):
            self.tally.complain(f"sent slowly: {answer[:200]!r}")
