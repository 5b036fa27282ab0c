# SPDX-License-Identifier: Apache-2.0
"""A DICOMweb service as peer: STOW-RS to store, QIDO-RS and WADO-RS to ask back.

References
----------
PS3.18 10.5 (store transaction), I.2 (its answer), 8.6.1.2 (multipart payloads)
"""

from __future__ import annotations

import json
import os
import uuid
from typing import TYPE_CHECKING, Any

from dicomizer.dicom.uids import EXPLICIT_VR_LITTLE_ENDIAN
from dicomizer.errors import DicomError, NetworkError
from dicomizer.net.multipart import closing_delimiter, part_header
from dicomizer.send.errors import NotOfferedError
from dicomizer.send.http import Body
from dicomizer.send.peer import Answer
from dicomizer.send.qido import WebQuery
from dicomizer.send.reasons import failure_reason, warning_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dicomizer.send.http import HttpAnswer, HttpClient
    from dicomizer.send.instances import Instance
    from dicomizer.send.peer import Held

    Sent = Callable[[Instance, int], None]

_CHUNK = 1 << 20
_DICOM = "application/dicom"
_DICOM_JSON = "application/dicom+json"
_REFERENCED, _FAILED, _OTHER = "00081199", "00081198", "0008119A"
_SOP_INSTANCE_UID, _WARNING_REASON, _FAILURE_REASON = "00081155", "00081196", "00081197"
_RESOURCES = range(0xA700, 0xA800)
_PROCESSING_FAILURE = 0x0110
_UNSUPPORTED_MEDIA_TYPE = 415
_NOT_OFFERED = frozenset({404, 405, 406, 410, _UNSUPPORTED_MEDIA_TYPE, 501})


class WebPeer:
    """A DICOMweb service."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._query = WebQuery(http)
        self._names_syntax = False

    def find(self, instances: Sequence[Instance]) -> dict[str, Held] | None:
        """Return those that the service holds; see `Peer.find`."""
        return self._query.find(instances)

    def store(self, batch: Sequence[Instance], sent: Sent) -> Iterator[tuple[Instance, Answer]]:
        """Send instances in one request; see `Peer.store`.

        The transfer syntax stands in each file; whoever wants it before each part too says 415.
        Orthanc's plugin (1.7) drops the whole request where it stands there.
        """
        answer = self._post(batch, sent)
        if answer.status == _UNSUPPORTED_MEDIA_TYPE and not self._names_syntax:
            self._names_syntax = True
            answer = self._post(batch, sent)
        if answer.status in _NOT_OFFERED:
            raise NotOfferedError(
                f"the peer answered {answer.status} and so stores nothing at this address",
                remedy="check the path of the address",
            )
        answers = read_answer(answer)
        for instance in batch:
            yield instance, answers.get(instance.sop_instance_uid, _unnamed(answer))

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _post(self, batch: Sequence[Instance], sent: Sent) -> HttpAnswer:
        body = multipart_body(batch, sent, names_syntax=self._names_syntax)
        return self._http.post("/studies", _DICOM_JSON, body)


def multipart_body(batch: Sequence[Instance], sent: Sent, *, names_syntax: bool) -> Body:
    """Return files as one body, which is read while it is sent.

    Parameters
    ----------
    names_syntax
        Whether each part's media type has the transfer syntax, unless it is the default one.
    """
    boundary = uuid.uuid4().hex
    heads = [
        (part_header(boundary, _media_type(instance) if names_syntax else _DICOM), instance)
        for instance in batch
    ]
    end = closing_delimiter(boundary)
    length = sum(len(head) + instance.size for head, instance in heads) + len(end)

    def chunks() -> Iterator[bytes]:
        for head, instance in heads:
            yield head
            for chunk in _content(instance):
                yield chunk
                sent(instance, len(chunk))
        yield end

    content_type = f'multipart/related; type="{_DICOM}"; boundary={boundary}'
    return Body(content_type, length, chunks())


def _media_type(instance: Instance) -> str:
    syntax = instance.transfer_syntax_uid
    return _DICOM if syntax == EXPLICIT_VR_LITTLE_ENDIAN else f"{_DICOM}; transfer-syntax={syntax}"


def _content(instance: Instance) -> Iterator[bytes]:
    """Yield a file of exactly the size that was announced.

    Raises
    ------
    DicomError
        The file has changed since.
    """
    left = instance.size
    try:
        with instance.path.open("rb", buffering=0) as file:
            state = os.fstat(file.fileno())
            if (state.st_size, state.st_mtime_ns) != (instance.size, instance.modified_ns):
                raise changed(instance)
            while left:
                chunk = file.read(min(_CHUNK, left))
                if not chunk:
                    raise changed(instance)
                left -= len(chunk)
                yield chunk
    except OSError as error:
        raise DicomError(
            f"cannot be read: {error.strerror or error}", file=instance.path
        ) from error


def changed(instance: Instance) -> DicomError:
    """Return the error of a file that is not what it was."""
    return DicomError(
        "has changed while it was being sent", file=instance.path, remedy="run it again"
    )


def read_answer(answer: HttpAnswer) -> dict[str, Answer]:
    """Return what a Store Instances Response says of each instance, by SOP Instance UID.

    Empty where it is none that can be read, such as one in XML: then only its status counts.
    """
    try:
        document: Any = json.loads(answer.body)
        document = document[0] if isinstance(document, list) and document else document
        return {
            **{uid: _accepted(item) for uid, item in _items(document, _REFERENCED)},
            **{uid: _refused(item) for uid, item in _items(document, _FAILED)},
        }
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError):
        return {}


def _items(document: Any, tag: str) -> Iterator[tuple[str, Any]]:
    for item in (document.get(tag) or {}).get("Value") or ():
        yield str(item[_SOP_INSTANCE_UID]["Value"][0]), item


def _accepted(item: Any) -> Answer:
    code = _number(item, _WARNING_REASON)
    return Answer(is_accepted=True, reason=None if code is None else warning_reason(code))


def _refused(item: Any) -> Answer:
    code = _number(item, _FAILURE_REASON)
    if code is None:
        return Answer(is_accepted=False, reason="the peer gives no reason")
    may_retry = code in _RESOURCES or code == _PROCESSING_FAILURE
    return Answer(is_accepted=False, reason=failure_reason(code), may_retry=may_retry)


def _number(item: Any, tag: str) -> int | None:
    values = (item.get(tag) or {}).get("Value") or (None,)
    return None if values[0] is None else int(values[0])


def _unnamed(answer: HttpAnswer) -> Answer:
    """Return what the status alone says of an instance that the answer does not name."""
    if answer.status in (200, 201, 202, 204):
        # 202 may be of others in the request: asking back will tell.
        return Answer(is_accepted=True)
    if answer.status == 409:
        return Answer(is_accepted=False, reason="the peer refuses it without a reason")
    raise NetworkError(f"the peer answered {answer.status}, expected 200, 202 or 409")
