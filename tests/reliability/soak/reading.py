# SPDX-License-Identifier: Apache-2.0
"""Clients that read: what is always there, whose answers stay the same, and what comes and goes."""

from __future__ import annotations

import functools
import json
import re
import socket
import time
from collections.abc import Sequence
from typing import BinaryIO

from all_answers import ANY_FILE, ANY_FRAME, JSON, retrieved, searches
from picture_archive import CT, EXACT, FILM, LEVELS, ODD_STUDY, PYRAMID, SPARSE, STAINS, STUDY
from reliability.soak import stock
from reliability.soak.clients import Client, Ground, Move

PLAIN, BASELINE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50"
_OCTETS = 'multipart/related; type="application/octet-stream"'
_AHEAD = 16
"""Frames that a viewer asks for without waiting for each."""


def _wado(series: str, rest: str, study: str = STUDY) -> str:
    return f"/dicomweb/studies/{study}/series/{series}{rest}"


_BASE = _wado(PYRAMID, f"/instances/{LEVELS[0]}")
_PLAIN = _wado(EXACT, f"/instances/{EXACT}.1")
PICTURES: dict[str, Sequence[tuple[str, str | None]]] = {
    "rendered": (
        (f"{_BASE}/rendered", "image/jpeg"),
        (f"{_BASE}/rendered?viewport=200,150", "image/png"),
        (f"{_BASE}/rendered?viewport=300,300,100,50,256,256&annotation=technique", "image/webp"),
        (f"{_BASE}/frames/3,4/rendered", 'multipart/related; type="image/jpeg"'),
        (f"{_wado(CT, f'/instances/{CT}.1')}/rendered?window=100,300,linear", "image/png"),
        (f"{_wado(FILM, f'/instances/{FILM}.1')}/rendered", 'multipart/related; type="image/gif"'),
        (f"{_wado(STAINS, f'/instances/{STAINS}.1', ODD_STUDY)}/frames/1/rendered", "image/png"),
        (_wado(PYRAMID, "/rendered"), 'multipart/related; type="image/jpeg"'),
        (
            f"/dicomweb?requestType=WADO&studyUID={STUDY}&seriesUID={EXACT}"
            f"&objectUID={EXACT}.1&contentType=image/jpeg&rows=90",
            None,
        ),
    ),
    "thumbnail": (
        (f"/dicomweb/studies/{STUDY}/thumbnail", "image/jpeg"),
        (_wado(PYRAMID, "/thumbnail?viewport=64,64"), "image/png"),
        (f"{_BASE}/thumbnail", "image/jpeg"),
        (f"{_PLAIN}/frames/2/thumbnail", "image/jpeg"),
    ),
    "IIIF": (
        (f"/tiles/{STUDY}/{PYRAMID}/iiif/info.json", None),
        (f"/tiles/{STUDY}/{PYRAMID}/iiif/0,0,256,256/128,/0/default.jpg", None),
        (f"/tiles/{STUDY}/{PYRAMID}/iiif/pct:10,10,50,50/200,/90/gray.png", None),
        (f"/tiles/{STUDY}/{EXACT}/iiif/full/max/!15/default.webp", None),
        (f"/tiles/{STUDY}/manifest.json", None),
    ),
    "Deep Zoom": (
        (f"/tiles/{STUDY}/{PYRAMID}/slide.dzi", None),
        (f"/tiles/{STUDY}/{PYRAMID}/slide_files/10/1_1.jpg", None),
        (f"/tiles/{STUDY}/{EXACT}/slide_files/8/0_0.png", None),
        (f"/tiles/{ODD_STUDY}/{SPARSE}/slide_files/8/0_0.jpg", None),
    ),
    "XYZ": (
        (f"/tiles/{STUDY}/{PYRAMID}/xyz/tile.json", None),
        (f"/tiles/{STUDY}/{PYRAMID}/xyz/1/0/0.jpg", None),
        (f"/tiles/{STUDY}/{EXACT}/xyz/1/1/0.webp", None),
    ),
    "region": (
        (f"/tiles/{STUDY}/{PYRAMID}/region?x=25&y=10&width=60&height=40", None),
        (f"/tiles/{STUDY}/{PYRAMID}/region?x=0&y=0&width=300&height=200&mpp=1&format=npy", None),
        (f"/tiles/{STUDY}/{EXACT}/region?x=10&y=10&width=40&height=40&format=raw", None),
    ),
    "transcoded": (
        (f"{_BASE}/frames/5", f"{_OCTETS}; transfer-syntax={PLAIN}"),
        (f"{_BASE}/frames/6,7,8", f"{_OCTETS}; transfer-syntax={PLAIN}"),
        (_BASE, f"application/dicom; transfer-syntax={PLAIN}"),
        (_PLAIN, f"application/dicom; transfer-syntax={BASELINE}"),
    ),
}  # fmt: skip


def kind_of(path: str) -> str:
    """Return what kind of retrieval a path is."""
    if path.endswith("/metadata"):
        return "metadata"
    if "/frames/" in path:
        return "frame list" if "," in path else "frame"
    if path.startswith("/tiles/"):
        return "IIIF"
    return "QIDO" if "includefield" in path else "instance"


class Viewer(Client):
    """Asks for pictures and frames of slides, many frames without waiting for each."""

    def __init__(self, ground: Ground, number: int) -> None:
        super().__init__(ground, number)
        self._stream: socket.socket | None = None
        self._answers: BinaryIO | None = None

    def moves(self) -> Sequence[tuple[int, Move]]:
        pictures = [(1, functools.partial(self._picture, kind)) for kind in PICTURES]
        return (*pictures, (4, self._frames_ahead), (4, self._of_stock))

    def leave(self) -> None:
        if self._stream and self._answers:
            self._answers.close()
            self._stream.close()

    def _picture(self, kind: str) -> None:
        self.get_same(kind, *self.rng.choice(PICTURES[kind]))

    def _frames_ahead(self) -> None:
        if self._stream is None or self._answers is None:
            self._stream = socket.create_connection(self.place, timeout=60)
            self._answers = self._stream.makefile("rb")
        numbers = self.rng.choices(range(1, 25), k=_AHEAD)
        accept = "application/octet-stream; transfer-syntax=*"
        asked = (
            f"GET {_BASE}/frames/{number} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n\r\n"
            for number in numbers
        )
        begun = time.monotonic()
        self._stream.sendall("".join(asked).encode())
        lengths = [_body_length(self._answers) for _ in numbers]
        self.tally.note("frame ahead", (time.monotonic() - begun) / _AHEAD, _AHEAD)
        expected = [len(stock.FRAMES[number - 1]) for number in numbers]
        if lengths != expected:
            self.tally.complain(f"frames of {lengths} bytes, expected {expected}")

    def _of_stock(self) -> None:
        """Look at what may be deleted meanwhile."""
        name = self.ground.stock.any(self.rng)
        if name is None:
            return
        path, gone = f"/dicomweb{name.path}", (200, 404)
        found = self.ask("comes and goes", "GET", path, gone, Accept="application/dicom")
        if found.status == 200 and found.body != stock.file(name):
            self.tally.complain(f"{path} has other bytes")
        self.ask("comes and goes", "GET", f"{path}/metadata", gone)
        for _ in range(2):  # the second is answered where it is parsed
            self.ask("comes and goes", "GET", f"{path}/frames/1", gone, Accept=ANY_FRAME)
        if stock.is_coded(name):
            path = f"{path}/rendered"
            self.ask("comes and goes", "GET", path, gone, Accept="image/jpeg")
        if stock.is_slide(name):
            study, series, _ = name.uids
            self.ask("comes and goes", "GET", f"{path}/thumbnail", gone)
            tile = f"/tiles/{study}/{series}/slide_files/9/0_0.jpg"
            self.ask("comes and goes", "GET", tile, gone)
        self.ask(
            "comes and goes", "GET", f"/dicomweb/studies/{name.uids[0]}", gone, Accept=ANY_FILE
        )


def _body_length(answers: BinaryIO) -> int:
    """Read an answer to its end; return the length of its body."""
    status = answers.readline()
    assert status.startswith(b"HTTP/1.1 200 "), status
    length = 0
    while (line := answers.readline()).strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return len(answers.read(length))


class Archivist(Client):
    """Searches, and retrieves all there is of what is always there."""

    def __init__(self, ground: Ground, number: int) -> None:
        super().__init__(ground, number)
        self._searches = list(searches())
        self._retrieved = list(retrieved(ground.server))
        self._bulk = _bulk_addresses(ground)
        self._since = 0

    def moves(self) -> Sequence[tuple[int, Move]]:
        return ((5, self._search), (6, self._retrieve), (1, self._bulk_value), (1, self._changes),
                (1, self._figures))  # fmt: skip

    def _search(self) -> None:
        path, accept = self.rng.choice(self._searches)
        self.ask("QIDO", "GET", path, (200, 204), Accept=accept)

    def _retrieve(self) -> None:
        path, accept = self.rng.choice(self._retrieved)
        # Not every series is a pyramid.
        expected = (200, 404) if path.startswith("/tiles/") else (200,)
        self.get_same(kind_of(path), path, accept, expected)

    def _bulk_value(self) -> None:
        self.get_same("bulk data", self.rng.choice(self._bulk), f"{_OCTETS}; transfer-syntax=*")

    def _changes(self) -> None:
        answer = self.ask("change feed", "GET", f"/changes?since={self._since}&limit=500&wait=1")
        page = json.loads(answer.body)
        numbers = [each["sequence"] for each in page["changes"]]
        begin = self._since + 1 if self._since else min(numbers)  # which is none in particular
        if numbers != list(range(begin, begin + len(numbers))):
            self.tally.complain(f"changes since {self._since} are {numbers}")
        self._since = page["last"]

    def _figures(self) -> None:
        for path in ("/metrics", "/healthz", "/readyz"):
            self.ask("metrics", "GET", path)


def _bulk_addresses(ground: Ground) -> list[str]:
    """Return the paths of binary values of what is always there."""
    found: list[str] = []
    for study in ("1.2.3.2", STUDY):
        text = ground.server.get(f"/studies/{study}/metadata", JSON).text
        root = re.escape(ground.server.address)
        found += re.findall(rf'"BulkDataURI": ?"(?:{root})?([^"]+)"', text)
    assert found
    return found
