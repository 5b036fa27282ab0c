# SPDX-License-Identifier: Apache-2.0
"""A worklist as tests speak to it, and the workitems they put on it."""

from __future__ import annotations

import contextlib
import copy
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
from servers import Server
from websockets.sync.client import ClientConnection, connect

JSON_TYPE = "application/dicom+json"
WORKLIST, FILTERED = "1.2.840.10008.5.1.4.34.5", "1.2.840.10008.5.1.4.34.5.1"
_numbers = itertools.count(1)


def code(value: str, meaning: str = "meaning") -> dict:
    return {
        "00080100": {"vr": "SH", "Value": [value]},
        "00080102": {"vr": "SH", "Value": ["99TEST"]},
        "00080104": {"vr": "LO", "Value": [meaning]},
    }


WORKITEM: dict[str, dict] = {
    "00081080": {"vr": "LO"},
    "00081084": {"vr": "SQ"},
    "00081195": {"vr": "UI"},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]},
    "00100020": {"vr": "LO", "Value": ["P-1"]},
    "00100021": {"vr": "LO"},
    "00100024": {"vr": "SQ"},
    "00100030": {"vr": "DA", "Value": ["19700101"]},
    "00100040": {"vr": "CS", "Value": ["F"]},
    "00101002": {"vr": "SQ"},
    "00380010": {"vr": "LO"},
    "00380014": {"vr": "SQ"},
    "00400400": {"vr": "LT"},
    "00404005": {"vr": "DT", "Value": ["20260301080000"]},
    "00404018": {"vr": "SQ", "Value": [code("SCAN")]},
    "00404021": {"vr": "SQ"},
    "00404025": {"vr": "SQ"},
    "00404026": {"vr": "SQ"},
    "00404027": {"vr": "SQ"},
    "00404041": {"vr": "CS", "Value": ["READY"]},
    "0040A370": {"vr": "SQ"},
    "00741000": {"vr": "CS", "Value": ["SCHEDULED"]},
    "00741002": {"vr": "SQ"},
    "00741200": {"vr": "CS", "Value": ["MEDIUM"]},
    "00741202": {"vr": "LO", "Value": ["histology"]},
    "00741204": {"vr": "LO", "Value": ["scan a slide"]},
    "00741210": {"vr": "SQ"},
    "00741216": {"vr": "SQ"},
}
"""All that a new workitem must have, and nothing else."""

PERFORMED = {
    "00741216": {
        "vr": "SQ",
        "Value": [
            {
                "00404019": {"vr": "SQ", "Value": [code("SCAN")]},
                "00404028": {"vr": "SQ", "Value": [code("SCANNER-1")]},
                "00404033": {"vr": "SQ"},
                "00404050": {"vr": "DT", "Value": ["20260301081000"]},
                "00404051": {"vr": "DT", "Value": ["20260301082000"]},
            }
        ],
    }
}
"""What a workitem needs before it is completed."""


def workitem(changes: dict | None = None, without: str | tuple[str, ...] = ()) -> dict:
    found = copy.deepcopy(WORKITEM) | (changes or {})
    return {tag: value for tag, value in found.items() if tag not in without}


def new_uid() -> str:
    return f"1.2.3.4.{next(_numbers)}"


@dataclass(frozen=True)
class Worklist:
    """A server's worklist."""

    server: Server

    def ask(self, method: str, path: str, body: object = None, **options) -> httpx.Response:
        content = options.pop("content", None if body is None else json.dumps([body]))
        headers = {"Content-Type": JSON_TYPE} if content is not None else {}
        headers |= options.pop("headers", {})
        path = f"/dicomweb{path}"
        return self.server.http.request(method, path, content=content, headers=headers, **options)

    def add(self, changes: dict | None = None, uid: str | None = None) -> str:
        uid = uid or new_uid()
        answer = self.ask("POST", f"/workitems?{uid}", workitem(changes))
        assert answer.status_code == 201, answer.text
        return uid

    def get(self, uid: str) -> dict:
        answer = self.ask("GET", f"/workitems/{uid}")
        assert answer.status_code == 200, answer.text
        (found,) = answer.json()
        return found

    def state(self, uid: str) -> str:
        return self.get(uid)["00741000"]["Value"][0]

    def update(self, uid: str, changes: dict, owner: str | None = None) -> httpx.Response:
        return self.ask("POST", f"/workitems/{uid}{'?' + owner if owner else ''}", changes)

    def change(self, uid: str, state: str, owner: str | None) -> httpx.Response:
        body = {"00741000": {"vr": "CS", "Value": [state]}}
        if owner:
            body["00081195"] = {"vr": "UI", "Value": [owner]}
        return self.ask("PUT", f"/workitems/{uid}/state", body)

    def cancel(self, uid: str, body: dict | None = None) -> httpx.Response:
        return self.ask("POST", f"/workitems/{uid}/cancelrequest", body)

    def subscribe(self, uid: str, aetitle: str, query: str = "") -> httpx.Response:
        return self.ask("POST", f"/workitems/{uid}/subscribers/{aetitle}{query}")

    def unsubscribe(self, uid: str, aetitle: str) -> httpx.Response:
        return self.ask("DELETE", f"/workitems/{uid}/subscribers/{aetitle}")

    def found(self, query: str = "") -> list[dict]:
        answer = self.ask("GET", f"/workitems{query}")
        if answer.status_code == 204:
            assert not answer.content
            return []
        assert answer.status_code in (200, 206), answer.text
        assert answer.json(), "where nothing matches the status is 204"
        return answer.json()

    def uids(self, query: str = "") -> list[str]:
        return [item["00080018"]["Value"][0] for item in self.found(query)]

    def claimed(self, changes: dict | None = None) -> tuple[str, str]:
        uid, owner = self.add(changes), f"9.{next(_numbers)}"
        assert self.change(uid, "IN PROGRESS", owner).status_code == 200
        return uid, owner

    def address(self, aetitle: str) -> str:
        return f"{self.server.root.replace('http', 'ws', 1)}/subscribers/{aetitle}"

    @contextlib.contextmanager
    def listening(self, aetitle: str, **options) -> Iterator[Events]:
        with connect(self.address(aetitle), **options) as connection:
            yield Events(connection)


@dataclass(frozen=True)
class Events:
    """What a subscriber hears."""

    connection: ClientConnection

    def next(self) -> dict:
        found = json.loads(self.connection.recv(timeout=20))
        assert isinstance(found, dict)
        return found

    def told(self) -> tuple[int, str, str | None]:
        """Return type, workitem and state of the next event."""
        event = self.next()
        state = event.get("00741000", {"Value": [None]})["Value"][0]
        return event["00001002"]["Value"][0], event["00001000"]["Value"][0], state


def warnings(answer: httpx.Response) -> list[str]:
    """Return the texts of the Warning header, which is of the form "299 <service>: <text>"."""
    found = answer.headers.get_list("warning")
    forms = [re.fullmatch(r"299 http://[^ ]+/dicomweb: (.+)", item) for item in found]
    return [form[1] if form else "of another form" for form in forms]
