# SPDX-License-Identifier: Apache-2.0
"""A network that breaks: TCP passed on to a server, cut off after so many bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

_PIECE = 1 << 14


class Network:
    """Passes on what clients send to a server, and back."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.passed = 0
        """Bytes from clients that the server got."""
        self.cuts = 0
        self._most: int | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, size: int) -> None:
        """Break all connections once so many more bytes have passed, and refuse further ones."""
        with self._lock:
            self._most = self.passed + size

    def mend(self) -> None:
        """Let everything pass again."""
        with self._lock:
            self._most = None

    @property
    def is_cut(self) -> bool:
        return self._most is not None and self.passed >= self._most

    def close(self) -> None:
        self._listening.close()
        self._break()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return  # closed
            if self.is_cut:
                client.close()
                continue
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._open |= {client, server}
            for source, sink, is_counted in ((client, server, True), (server, client, False)):
                arguments = (source, sink, is_counted)
                threading.Thread(target=self._pass_on, args=arguments, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_PIECE):
                if is_counted and not self._may_pass(data):
                    return
                sink.sendall(data)
        for end in (source, sink):
            with self._lock:
                self._open.discard(end)
            end.close()

    def _may_pass(self, data: bytes) -> bool:
        with self._lock:
            self.passed += len(data)
        if not self.is_cut:
            return True
        self.cuts += 1
        self._break()
        return False

    def _break(self) -> None:
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextlib.contextmanager
def network(target: str) -> Iterator[Network]:
    """Give a network to a server."""
    made = Network(target)
    try:
        yield made
    finally:
        made.close()
