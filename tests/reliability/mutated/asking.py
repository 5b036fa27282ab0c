# SPDX-License-Identifier: Apache-2.0
"""All that is asked of a stored mutant, and what is wrong with an answer."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from defusedxml import ElementTree
from reliability.mutated.running import LONGEST_SECONDS
from servers import STOW_TYPE, multipart

_JSON = "application/dicom+json"
_XML = "application/dicom+xml"
_FILE = "application/dicom"
_OCTETS = "application/octet-stream"
_RELATED = "multipart/related; type="
_PARTS = f'{_RELATED}"{_OCTETS}"'
_STORED, _NATIVE, _JPEG = (
    f"; transfer-syntax={syntax}"
    for syntax in ("*", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50")
)
_OF_STUDY = (
    ("", f"{_RELATED}{_FILE}{_STORED}"), ("/metadata", _JSON), ("/thumbnail", None),
    ("/rendered", "image/png, multipart/related; type=image/png, text/html"),
    ("/series?includefield=all", _JSON),
)  # fmt: skip
_TILES = (
    "/iiif/info.json", "/iiif/full/max/0/default.jpg", "/iiif/7,3,20,9/!9,9/0/default.png",
    "/slide.dzi", "/slide_files/5/0_0.jpg", "/slide_files/0/0_0.jpg", "/xyz/tile.json",
    "/xyz/0/0/0.jpg", "/xyz/1/1/0.jpg", "/region?x=0&y=0&width=10&height=10", "/manifest.json",
)  # fmt: skip
_MAGIC = {"image/jpeg": b"\xff\xd8", "image/png": b"\x89PNG", "image/gif": b"GIF8"}


@dataclass(frozen=True)
class Answer:
    """What came back, whole."""

    status: int
    content_type: str
    body: bytes = field(repr=False)
    seconds: float

    def json(self) -> object:
        """Return the body, which has to be JSON to the letter of RFC 8259."""
        return json.loads(self.body, parse_constant=_no_number)


def _no_number(text: str) -> object:
    raise ValueError(f"found {text}, which is no JSON")


class Client:
    """A connection that is kept, and opened anew where the server closes it."""

    def __init__(self, address: str) -> None:
        self._host = urlsplit(address).netloc
        self._connection = self._connected()

    def _connected(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._host, timeout=2 * LONGEST_SECONDS)

    def get(self, path: str, accept: str | None = None) -> Answer:
        """Ask; an answer that is broken off or late is an error."""
        return self._asked("GET", path, None, {"Accept": accept} if accept else {})

    def store(self, files: list[bytes]) -> Answer:
        """Send files in one request."""
        headers = {"Content-Type": STOW_TYPE, "Accept": _JSON}
        return self._asked("POST", "/dicomweb/studies", multipart(files), headers)

    def close(self) -> None:
        self._connection.close()

    def _asked(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        start = time.monotonic()
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except Exception:
            self._connection.close()
            self._connection = self._connected()
            raise
        kind = answer.headers.get("Content-Type", "")
        return Answer(answer.status, kind, content, time.monotonic() - start)


def problem_of(answer: Answer) -> str | None:
    """Return what is wrong with an answer, whatever it is about."""
    if answer.status >= 500 or answer.status == 499:
        return f"status {answer.status}: {answer.body[:200]!r}"
    if answer.seconds > LONGEST_SECONDS:
        return f"it took {answer.seconds:.1f} seconds"
    try:
        _check_content(answer)
    except (ValueError, ElementTree.ParseError) as error:
        return f"status {answer.status}, {answer.content_type}: {error}"
    return None


def _check_content(answer: Answer) -> None:
    kind = answer.content_type.partition(";")[0]
    if not answer.body:
        return
    if kind.endswith("json"):
        answer.json()
    elif kind.endswith("xml"):
        ElementTree.fromstring(answer.body)
    elif not answer.body.startswith(_MAGIC.get(kind, b"")):
        raise ValueError(f"begins with {answer.body[:8]!r}")


def stored_paths(answer: Answer) -> list[str]:
    """Return the paths of the instances that a store request's answer tells as stored."""
    if answer.status not in (200, 202):
        return []
    told = answer.json()
    items = told["00081199"]["Value"]
    return [urlsplit(item["00081190"]["Value"][0]).path for item in items]


def questions(path: str, seed: int) -> Iterator[tuple[str, str | None]]:
    """Yield what is asked of an instance, its series and study: path and Accept.

    Each question is asked of every second seed.
    """
    study, series, uid = path.split("/")[3::2]
    asked = [
        *_of_instance(path),
        (f"/dicomweb?requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={uid}", None),
        *((f"/dicomweb/studies/{study}{rest}", accept) for rest, accept in _OF_STUDY),
        (f"/dicomweb/studies?StudyInstanceUID={study}&includefield=all", _JSON),
        (f"/dicomweb/instances?SOPInstanceUID={uid}&includefield=all", f"{_RELATED}{_XML}"),
        *((f"/tiles/{study}/{series}{rest}", None) for rest in _TILES),
    ]
    yield from asked[seed % 2 :: 2]


def _of_instance(path: str) -> Iterator[tuple[str, str | None]]:
    yield f"{path}/metadata", _XML
    for accept in (_FILE + _STORED, _FILE + _NATIVE, _FILE + _JPEG, _PARTS, f"{_RELATED}{_FILE}"):
        yield path, accept
    for numbers, accept in (("1", _OCTETS + _STORED), ("1", _OCTETS), ("2,1", _PARTS + _STORED),
                            ("1,2", _PARTS), ("3", f"{_RELATED}image/jpeg")):  # fmt: skip
        yield f"{path}/frames/{numbers}", accept
    yield f"{path}/rendered", None
    yield f"{path}/rendered?window=40,400,linear&viewport=50,50", "image/png"
    yield f"{path}/frames/2/rendered?iccprofile=srgb&annotation=patient,technique", None
    yield f"{path}/thumbnail", None
    yield f"{path}/pixeldata", _PARTS


def bulk_paths(metadata: object) -> Iterator[str]:
    """Yield the paths of bulk data that metadata name."""
    if isinstance(metadata, dict):
        if "BulkDataURI" in metadata:
            yield urlsplit(metadata["BulkDataURI"]).path
        metadata = list(metadata.values())
    if isinstance(metadata, list):
        for item in metadata:
            yield from bulk_paths(item)
