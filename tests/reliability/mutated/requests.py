# SPDX-License-Identifier: Apache-2.0
"""Sound requests of every route and method of the server's own description, to begin from."""

from __future__ import annotations

import functools
import itertools
import random
import re
from dataclasses import dataclass, field

import instances
import picture_archive
from servers import STOW_TYPE, multipart

from tileserver.app import SERVICES
from tileserver.described.model import Mounted, Place, mounted

DOOMED = instances.written(
    instances.slide(
        [instances.jpeg(10)], StudyInstanceUID="1.2.66", SeriesInstanceUID="1.2.66.1",
        SOPInstanceUID="1.2.66.1.1",
    )
)  # fmt: skip
"""An instance that requests delete and store again."""
_WORKITEM = (
    b'[{"00741000":{"vr":"CS","Value":["IN PROGRESS"]},"00081195":{"vr":"UI","Value":["1.2.3"]}}]'
)
_METADATA = b'[{"00080018":{"vr":"UI","Value":["1.2"]},"00080016":{"vr":"UI","Value":["1.2.9"]}}]'
_BODIES = {
    "application/dicom": ("application/dicom", DOOMED),
    "multipart/related": (STOW_TYPE, multipart([DOOMED, DOOMED[:300]])),
    "application/dicom+json": ("application/dicom+json", _METADATA),
    "application/dicom+xml": ("application/dicom+xml", b"<NativeDicomModel/>"),
    "application/json": ("application/dicom+json", _WORKITEM),
}
_PLACES = (
    {"series": picture_archive.PYRAMID, "instance": f"{picture_archive.PYRAMID}.1"},
    {"series": picture_archive.CT, "instance": f"{picture_archive.CT}.1"},
    {"series": picture_archive.FILM, "instance": f"{picture_archive.FILM}.1"},
    {"series": picture_archive.REPORT, "instance": f"{picture_archive.REPORT}.1"},
)
_DOOMED_PLACE = {"study": "1.2.66", "series": "1.2.66.1", "instance": "1.2.66.1.1"}
_VALUES = {
    "study": picture_archive.STUDY, "pyramid": picture_archive.PYRAMID_UID, "frames": "1,2",
    "path": "7FE00010", "aetitle": "VIEWER", "workitem": "1.2.3.4", "region": "full",
    "size": "max", "rotation": "0", "last": "default.jpg", "level": "8", "name": "0_0.jpg",
    "z": "0", "x": "0",
}  # fmt: skip
_QUERY = {
    "viewport": "64,64", "window": "40,400,linear", "quality": "80", "limit": "3", "offset": "1",
    "requestType": "WADO", "studyUID": picture_archive.STUDY, "seriesUID": picture_archive.CT,
    "objectUID": f"{picture_archive.CT}.1", "x": "1", "y": "2", "width": "30", "height": "20",
    "since": "0", "accept": "*/*", "filter": "PatientID=1", "includefield": "all",
}  # fmt: skip
_LEFT_OUT = ("wait",)
"""Parameters by which an answer may rightly take long."""
_HEADERS = (
    b"Accept: application/dicom+json", b"Accept: image/png, */*;q=0.5", b"Accept: text/html",
    b'Accept: multipart/related; type="application/octet-stream"; transfer-syntax=*',
    b"Range: bytes=0-99", b"Range: bytes=-5, 3-9", b'If-None-Match: "a", W/"b"', b"If-Match: *",
    b"If-Modified-Since: Sun, 06 Nov 2044 08:49:37 GMT", b'If-Range: "a"', b"Origin: http://a.test",
    b"If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT", b"Accept-Encoding: gzip;q=0.5, br",
    b"Accept-Charset: utf-8", b"Connection: keep-alive", b"Connection: close", b"TE: trailers",
    b"Access-Control-Request-Method: POST", b"X-Forwarded-For: 1.2.3.4", b"Cookie: a=b",
    b"Expect: 100-continue", b"Content-Encoding: gzip", b"User-Agent: x", b"Upgrade: h2c",
)  # fmt: skip
_WEB_SOCKET = (
    b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)  # fmt: skip


@dataclass(frozen=True)
class Request:
    """A request in its pieces, each of which may be made unsound.

    Parameters
    ----------
    headers
        Lines, without what tells of the body's framing.
    chunks
        Of the body; sent chunked where there are several.
    """

    method: bytes
    target: bytes
    headers: tuple[bytes, ...]
    chunks: tuple[bytes, ...] = field(default=(), repr=False)


@functools.cache
def operations() -> tuple[Mounted, ...]:
    """Return every method of every route, in the order of the server's description."""
    return mounted(SERVICES)


def sound_request(chance: random.Random) -> Request:
    """Return a request of some operation, with some of the headers that matter."""
    operation = chance.choice(operations())
    method = operation.operation.method
    path = _path(operation, chance)
    query = _query(operation, chance)
    headers = [b"Host: 127.0.0.1", *chance.sample(_HEADERS, chance.randrange(4))]
    if "subscribers" in path and method == "GET":
        headers += _WEB_SOCKET
    chunks: tuple[bytes, ...] = ()
    if operation.operation.body:
        media_type = chance.choice(list(operation.operation.body))
        content_type, body = _BODIES.get(media_type, _BODIES["application/json"])
        headers.append(b"Content-Type: " + content_type.encode())
        chunks = _chunks(body, chance)
    if method == "GET" and chance.random() < 0.15:
        method = chance.choice(["HEAD", "OPTIONS"])
    return Request(method.encode(), (path + query).encode(), tuple(headers), chunks)


def _path(operation: Mounted, chance: random.Random) -> str:
    values = _VALUES | chance.choice(_PLACES)
    if operation.operation.method == "DELETE" and "aetitle" not in operation.path:
        values |= _DOOMED_PLACE
    return re.sub(r"\{(\w+)\}", lambda name: values.get(name[1], "1"), operation.path)


def _query(operation: Mounted, chance: random.Random) -> str:
    told = [
        f"{item.name}={_QUERY.get(item.name, item.example or '1')}"
        for item in operation.parameters
        if item.place is Place.QUERY
        and item.name not in _LEFT_OUT
        and (item.is_required or chance.random() < 0.3)
    ]
    return "?" + "&".join(told) if told else ""


def _chunks(body: bytes, chance: random.Random) -> tuple[bytes, ...]:
    if chance.random() < 0.7:
        return (body,)
    cuts = sorted(chance.sample(range(1, len(body)), min(3, len(body) - 1)))
    places = [0, *cuts, len(body)]
    return tuple(body[begin:end] for begin, end in itertools.pairwise(places))
