# SPDX-License-Identifier: Apache-2.0
"""STOW-RS: instances as multipart, streamed to the store part by part.

References
----------
PS3.18 10.5 (store transaction), table I.2-2 (failure reasons)
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from dicomizer.net.multipart import (
    MultipartError,
    MultipartReader,
    PartBegin,
    PartData,
    parse_media_type,
)
from tileserver.dicomweb.media_types import DICOM
from tileserver.dicomweb.responses import dicomweb_root, json_response
from tileserver.errors import (
    BadRequestError,
    ConflictError,
    InvalidInstanceError,
    RefusedInstanceError,
    TooLargeError,
    UnsupportedMediaTypeError,
    WrongStudyError,
)

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from dicomizer.net.multipart import Event
    from tileserver.services import Ingest
    from tileserver.services.ingest import Ingested
    from tileserver.settings import Settings
    from tileserver.store import Incoming

_WRITE_BYTES = 1 << 20
FAILURE_REASON: dict[type[RefusedInstanceError], int] = {
    ConflictError: 0x0111,  # duplicate SOP Instance (PS3.7 C.5.6); table I.2-2 has none for it
    InvalidInstanceError: 0xC000,  # cannot understand
    WrongStudyError: 0xA900,  # does not match
}


@dataclass
class _Outcome:
    """What became of the parts."""

    stored: list[Ingested] = field(default_factory=list)
    refused: list[RefusedInstanceError] = field(default_factory=list)


class _Receiver:
    """Gives the events of a multipart body to the store, one instance at a time."""

    def __init__(self, ingest: Ingest, study: str | None) -> None:
        self._ingest = ingest
        self._study = study
        self._incoming: Incoming | None = None
        self._cleanup = ExitStack()
        self._pending = bytearray()
        self.outcome = _Outcome()

    def take(self, events: list[Event]) -> None:
        """Take events in order; blocks while the disk does."""
        for event in events:
            if isinstance(event, PartBegin):
                self._begin(event)
            elif isinstance(event, PartData):
                self._data(event.data)
            else:
                self._end()

    def close(self) -> None:
        """Discard what was not kept."""
        self._cleanup.close()

    def _begin(self, part: PartBegin) -> None:
        media_type, _ = parse_media_type(part.headers.get("content-type", DICOM))
        if media_type == DICOM:
            self._incoming = self._cleanup.enter_context(self._ingest.receive())

    def _data(self, data: bytes) -> None:
        if self._incoming is None:
            return
        self._pending += data
        if len(self._pending) >= _WRITE_BYTES:
            self._flush(self._incoming)

    def _flush(self, incoming: Incoming) -> None:
        incoming.write(bytes(self._pending))
        self._pending.clear()

    def _end(self) -> None:
        try:
            if self._incoming is None:
                raise InvalidInstanceError(f"a part is not {DICOM}")
            self._flush(self._incoming)
            self.outcome.stored.append(self._ingest.accept(self._incoming, self._study))
        except RefusedInstanceError as error:
            self.outcome.refused.append(error)
        finally:
            self._incoming = None
            self._pending.clear()
            self._cleanup.close()


async def store(request: Request) -> Response:
    """Store the instances of a multipart body."""
    media_type, parameters = parse_media_type(request.headers.get("content-type", ""))
    if media_type != "multipart/related" or parameters.get("type", DICOM).lower() != DICOM:
        raise UnsupportedMediaTypeError(
            f"found {media_type[:64] or 'no Content-Type'}, "
            f'expected multipart/related; type="{DICOM}"'
        )
    settings: Settings = request.app.state.settings
    _check_length(request.headers.get("content-length"), settings.max_body_bytes)
    receiver = _Receiver(request.app.state.services.ingest, request.path_params.get("study"))
    try:
        reader = MultipartReader(parameters.get("boundary", ""))
        await _receive(request, reader, receiver, settings.max_body_bytes)
    except MultipartError as error:
        raise BadRequestError(str(error)) from error
    except ClientDisconnect as error:
        raise BadRequestError("the client went away") from error
    finally:
        await run_in_threadpool(receiver.close)
    return _answer(request, receiver.outcome)


def _check_length(text: str | None, limit: int) -> None:
    if text is not None and (not text.isdecimal() or int(text[:20]) > limit):
        raise TooLargeError(f"a body may have {limit:,} bytes")


async def _receive(
    request: Request, reader: MultipartReader, receiver: _Receiver, limit: int
) -> None:
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit:
            raise TooLargeError(f"a body may have {limit:,} bytes")
        events = list(reader.feed(chunk))
        if events:
            await run_in_threadpool(partial(receiver.take, events))
    reader.close()


def _answer(request: Request, outcome: _Outcome) -> Response:
    """Return the Store Instances Response (PS3.18 10.5.3, I.2).

    What cannot even be named goes to Other Failures Sequence, as the items of Failed SOP Sequence
    must have their UIDs.
    """
    if not outcome.stored and not outcome.refused:
        raise BadRequestError("the body has no instance")
    root = dicomweb_root(request)
    body: dict[str, dict[str, object]] = {}
    if outcome.stored:
        body["00081199"] = {"vr": "SQ", "Value": [_reference(root, i) for i in outcome.stored]}
        studies = {item.study_instance_uid for item in outcome.stored}
        if len(studies) == 1:
            body["00081190"] = {"vr": "UR", "Value": [f"{root}/studies/{studies.pop()}"]}
    for tag, is_named in (("00081198", True), ("0008119A", False)):
        failures = [_failure(e) for e in outcome.refused if (e.uids is not None) == is_named]
        if failures:
            body[tag] = {"vr": "SQ", "Value": failures}
    status = 200 if not outcome.refused else 202 if outcome.stored else 409
    return json_response(dict(sorted(body.items())), status=status)


def _failure(error: RefusedInstanceError) -> dict[str, dict[str, object]]:
    names: dict[str, dict[str, object]] = {}
    if error.uids is not None:
        sop_class_uid, sop_instance_uid = error.uids
        names["00081150"] = {"vr": "UI", "Value": [sop_class_uid]}
        names["00081155"] = {"vr": "UI", "Value": [sop_instance_uid]}
    return names | {"00081197": {"vr": "US", "Value": [FAILURE_REASON[type(error)]]}}


def _reference(root: str, item: Ingested) -> dict[str, dict[str, object]]:
    url = (
        f"{root}/studies/{item.study_instance_uid}/series/{item.series_instance_uid}"
        f"/instances/{item.sop_instance_uid}"
    )
    return {
        "00081150": {"vr": "UI", "Value": [item.sop_class_uid]},
        "00081155": {"vr": "UI", "Value": [item.sop_instance_uid]},
        "00081190": {"vr": "UR", "Value": [url]},
    }
