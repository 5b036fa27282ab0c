# SPDX-License-Identifier: Apache-2.0
"""A client that goes on asking until it is told to stop; what it asks is up to those below it."""

from __future__ import annotations

import hashlib
import http.client
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from all_answers import without_boundary
from reliability.soak.stock import Stock
from reliability.soak.tally import Tally
from servers import Server

Move = Callable[[], None]
PAUSE_SECONDS = 0.02
"""Of each client in the mean, so that what is measured is not only the wait for a core."""


@dataclass(frozen=True)
class Ground:
    """What the clients of one server share."""

    server: Server
    stock: Stock
    tally: Tally = field(default_factory=Tally)
    stopping: threading.Event = field(default_factory=threading.Event)
    digests: dict[tuple[str, str | None], bytes] = field(default_factory=dict)
    """Of answers that are always the same."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Client:
    """Makes one move after the other; each below says which.

    Parameters
    ----------
    number
        Another for each client of a server.
    """

    def __init__(self, ground: Ground, number: int) -> None:
        self.name = f"{type(self).__name__} {number}"
        self.ground = ground
        self.tally = ground.tally
        self.number = number
        self.rng = random.Random(number)
        url = urlsplit(ground.server.address)
        assert url.hostname
        assert url.port
        self.place = url.hostname, url.port
        self._connection = http.client.HTTPConnection(*self.place, timeout=60)

    def moves(self) -> Sequence[tuple[int, Move]]:
        """Return what it does, each with a weight."""
        raise NotImplementedError

    def leave(self) -> None:
        """Do what is left to do at the end."""

    def run(self) -> None:
        weights, moves = zip(*self.moves(), strict=True)
        for move in moves:  # each at least once, however short the time
            self._make(move)
        while not self.ground.stopping.wait(self.rng.expovariate(1 / PAUSE_SECONDS)):
            (move,) = self.rng.choices(moves, weights)
            self._make(move)
        self._make(self.leave)
        self._connection.close()

    def _make(self, move: Move) -> None:
        try:
            move()
        except Exception as error:  # noqa: BLE001 - told at the end, and the others go on
            self._connection.close()
            self.tally.complain(f"{self.name}: {type(error).__name__}: {error}")

    def ask(
        self,
        kind: str,
        method: str,
        path: str,
        expected: Sequence[int] = (200,),
        *,
        body: bytes | None = None,
        **headers: str,
    ) -> Answer:
        """Send a request, and return the answer, which must have an expected status."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        begun = time.monotonic()
        self._connection.request(method, path, body, fields)
        found = self._connection.getresponse()
        answer = Answer(found.status, found.headers, found.read())
        self.tally.note(kind, time.monotonic() - begun)
        if answer.status not in expected:
            told = answer.body[:200]
            self.tally.complain(f"{kind}: {method} {path} {answer.status} {told!r}")
        return answer

    def get_same(
        self, kind: str, path: str, accept: str | None = None, expected: Sequence[int] = (200,)
    ) -> Answer:
        """Get what must be the same each time, whoever asks."""
        answer = self.ask(kind, "GET", path, expected, **({"Accept": accept} if accept else {}))
        content = str(answer.status).encode() + without_boundary(answer.headers, answer.body)
        digest = hashlib.sha256(content).digest()
        if self.ground.digests.setdefault((path, accept), digest) != digest:
            self.tally.complain(f"{kind}: {path} ({accept}) is not what it was")
        return answer
