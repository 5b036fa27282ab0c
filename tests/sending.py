# SPDX-License-Identifier: Apache-2.0
"""What tests of sending share: instances of any size, lines that break, peers that answer."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import instances as build
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind

_CHUNK = 256 << 10


def write_study(folder: Path, count: int = 5) -> list[Path]:
    """Write a series of JPEG instances with 1, 2, 3 … frames."""
    folder.mkdir(parents=True, exist_ok=True)
    study, series = generate_uid(), generate_uid()
    paths = []
    for number in range(1, count + 1):
        found = build.slide(
            [build.jpeg(10 + number)] * number, StudyInstanceUID=study, SeriesInstanceUID=series
        )
        paths.append(folder / f"{number}.dcm")
        paths[-1].write_bytes(build.written(found))
    return paths


def write_large(folder: Path, count: int, frames: int = 1) -> list[Path]:
    """Write a series of uncompressed instances of 201 MB for each frame, which take no disk."""
    folder.mkdir(parents=True, exist_ok=True)
    study, series = generate_uid(), generate_uid()
    paths = []
    for number in range(1, count + 1):
        found = build.with_pixels(
            build.dataset(StudyInstanceUID=study, SeriesInstanceUID=series), frames
        )
        found.PhotometricInterpretation = "RGB"
        found.Rows = found.Columns = 8192
        head = build.written(found)
        length = 8192 * 8192 * 3 * frames
        head += struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, length)
        paths.append(folder / f"{number}.dcm")
        with paths[-1].open("wb") as file:
            file.write(head)
            file.truncate(len(head) + length)
    return paths


class CuttingProxy:
    """Forwards connections, and cuts one after so many bytes from the client, then another …

    A connection that ends before leaves the cut to the next.
    """

    def __init__(self, port: int, cuts: Sequence[int], tls: Any = None) -> None:
        self._target = port
        self._cuts = list(cuts)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.sent_bytes = 0
        self.cut = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                limit = self._cuts[0] if self._cuts else None
                threading.Thread(target=self._serve, args=(client, limit), daemon=True).start()

    def _serve(self, client: socket.socket, limit: int | None) -> None:
        with contextlib.suppress(OSError):
            if self._tls is not None:
                client = self._tls.wrap_socket(client, server_side=True)
            server = socket.create_connection(("127.0.0.1", self._target))
            threading.Thread(target=self._answer, args=(server, client), daemon=True).start()
            self._forward(client, server, limit)

    def _forward(self, client: socket.socket, server: socket.socket, limit: int | None) -> None:
        passed = 0
        try:
            while chunk := client.recv(_CHUNK):
                self.sent_bytes += len(chunk)
                if limit is not None and passed + len(chunk) > limit:
                    server.sendall(chunk[: limit - passed])
                    self._cuts.pop(0)
                    self.cut += 1
                    return
                passed += len(chunk)
                server.sendall(chunk)
        finally:
            for one in (client, server):
                # Without lingering the peers see a reset, as of a broken line.
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    @staticmethod
    def _answer(server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := server.recv(_CHUNK):
                client.sendall(chunk)
            client.shutdown(socket.SHUT_RDWR)


@dataclass
class Asked:
    """A request that `ScriptedServer` got."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class ScriptedServer:
    """An HTTP server that gives the answers it was told, the last again and again."""

    url: str
    answers: dict[str, list[tuple[int, dict[str, str], bytes]]]
    asked: list[Asked] = field(default_factory=list)

    @property
    def stored(self) -> list[Asked]:
        return [one for one in self.asked if one.method == "POST"]


@contextlib.contextmanager
def scripted(
    post: Sequence[tuple[int, dict[str, str], bytes]],
    get: Sequence[tuple[int, dict[str, str], bytes]] = ((404, {}, b""),),
    idle_seconds: float | None = None,
) -> Iterator[ScriptedServer]:
    """Serve scripted answers; every GET answers 404 unless told.

    Parameters
    ----------
    idle_seconds
        After which a connection without a request is ended.
    """
    told = ScriptedServer("", {"POST": list(post), "GET": list(get)})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = idle_seconds

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.asked.append(Asked(self.command, self.path, dict(self.headers.items()), body))
            script = told.answers[self.command]
            status, headers, content = script.pop(0) if len(script) > 1 else script[0]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _do  # noqa: N815 - names of the standard library

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_port}/dicom-web"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Entity:
    """A running application entity, and the data sets that it got, encoded, in their order."""

    port: int
    stored: list[tuple[str, str, bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    calling: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"dicom://STORE@127.0.0.1:{self.port}"


@contextlib.contextmanager
def entity(
    syntaxes: Sequence[str], *, answers_queries: bool = False, maximum_pdu: int = 16384
) -> Iterator[Entity]:
    """Run pynetdicom as a peer that takes slides in some transfer syntaxes."""
    running = Entity(0)

    def store(event: Any) -> int:
        running.calling.add(event.assoc.requestor.ae_title)
        status = running.statuses.pop(0) if running.statuses else 0
        if status >> 12 in (0x0, 0xB):
            request = event.request
            running.stored.append(
                (
                    str(request.AffectedSOPInstanceUID),
                    str(event.context.transfer_syntax),
                    request.DataSet.getvalue(),
                )
            )
        return status

    def find(event: Any) -> Iterator[tuple[int, Any]]:
        for uid, _, _ in running.stored:
            yield 0xFF00, build.item(QueryRetrieveLevel="IMAGE", SOPInstanceUID=uid)

    # pynetdicom forgets a connection that was reset without closing it, which is a warning here.
    connections = []

    def hold(event: Any) -> None:
        connections.append(event.assoc.dul.socket.socket)

    ae = AE("STORE")
    ae.require_called_aet = True
    ae.maximum_pdu_size = maximum_pdu
    ae.add_supported_context(build.WHOLE_SLIDE, list(syntaxes))
    if answers_queries:
        ae.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
    server = ae.start_server(
        ("127.0.0.1", 0),
        block=False,
        evt_handlers=[
            (evt.EVT_CONN_OPEN, hold),
            (evt.EVT_C_STORE, store),
            (evt.EVT_C_FIND, find),
        ],
    )
    assert server is not None
    running.port = server.server_address[1]
    try:
        yield running
    finally:
        server.shutdown()
        for connection in connections:
            connection.close()
