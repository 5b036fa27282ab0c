# SPDX-License-Identifier: Apache-2.0
"""Clients of the worklist: workitems from creation to completion, subscribers that come and go."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import struct
from collections.abc import Iterator, Sequence

from reliability.soak.clients import Client, Ground, Move
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from worklist import JSON_TYPE, PERFORMED, workitem

_ROOT = "/dicomweb/workitems"
_SUBSCRIBERS = 20


class Scanner(Client):
    """Creates, claims, works on and completes workitems, and hears of them by web socket."""

    def __init__(self, ground: Ground, number: int) -> None:
        super().__init__(ground, number)
        self._numbers = itertools.count(1)
        self._turns = itertools.count()

    def moves(self) -> Sequence[tuple[int, Move]]:
        return ((2, self._work), (1, self._cancel), (2, self._listen), (1, self._vanish),
                (3, self._search))  # fmt: skip

    def _work(self) -> None:
        uid = self._new()
        self._complete(uid)

    def _new(self) -> str:
        uid = f"1.2.3.4.{self.number}.{next(self._numbers)}"
        self._send("POST", f"{_ROOT}?{uid}", workitem(), 201)
        return uid

    def _complete(self, uid: str) -> None:
        owner = f"9.{uid}"
        self._state(uid, "IN PROGRESS", owner)
        self._send("POST", f"{_ROOT}/{uid}?{owner}", PERFORMED)
        self._state(uid, "COMPLETED", owner)

    def _cancel(self) -> None:
        self._send("POST", f"{_ROOT}/{self._new()}/cancelrequest", None, 202)

    def _search(self) -> None:
        rest = self.rng.choice(
            ("PatientID=P-1&limit=5", "ProcedureStepState=SCHEDULED&limit=3",
             "WorklistLabel=histology&limit=3")
        )  # fmt: skip
        self.ask("UPS search", "GET", f"{_ROOT}?{rest}", (200, 204, 206))

    def _state(self, uid: str, state: str, owner: str) -> None:
        changes = {
            "00741000": {"vr": "CS", "Value": [state]},
            "00081195": {"vr": "UI", "Value": [owner]},
        }
        self._send("PUT", f"{_ROOT}/{uid}/state", changes)

    def _send(self, method: str, path: str, what: object, expected: int = 200) -> None:
        content = None if what is None else json.dumps([what]).encode()
        headers = {} if what is None else {"Content_Type": JSON_TYPE}
        self.ask("UPS", method, path, (expected,), body=content, **headers)

    def _listen(self) -> None:
        """Subscribe to a workitem, hear of it, and go."""
        with self._subscribed() as (aetitle, uid, connection):
            self._complete(uid)
            with self.tally.timed("UPS event"):
                self._hear(connection, uid)
        self._send("DELETE", f"{_ROOT}/{uid}/subscribers/{aetitle}", None)

    def _vanish(self) -> None:
        """Subscribe to a workitem, and go without a word."""
        with self.tally.timed("UPS vanished"), self._subscribed() as (_, _, connection):
            _break_off(connection)

    @contextlib.contextmanager
    def _subscribed(self) -> Iterator[tuple[str, str, ClientConnection]]:
        aetitle = f"AE-{self.number}-{next(self._turns) % _SUBSCRIBERS}"
        uid = self._new()
        address = f"ws://{self.place[0]}:{self.place[1]}/dicomweb/subscribers/{aetitle}"
        with connect(address, compression=None) as connection:
            self._send("POST", f"{_ROOT}/{uid}/subscribers/{aetitle}", None, 201)
            yield aetitle, uid, connection

    def _hear(self, connection: ClientConnection, uid: str) -> None:
        """Wait for the report that a workitem is completed."""
        while True:
            report = json.loads(connection.recv(timeout=30))
            state = report.get("00741000", {"Value": [None]})["Value"][0]
            if (report["00001000"]["Value"][0], state) == (uid, "COMPLETED"):
                return


def _break_off(connection: ClientConnection) -> None:
    """Reset a connection without a word."""
    stream = connection.socket
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    try:
        stream.shutdown(socket.SHUT_RD)
        stream.close()
    except (OSError, WebSocketException):
        return
