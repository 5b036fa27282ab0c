# SPDX-License-Identifier: Apache-2.0
"""Bodies of requests and answers: workitems as DICOM JSON or XML.

References
----------
PS3.18 11.1.3 (media types), 8.4.2 (content encoding)
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, NoReturn

from starlette.requests import ClientDisconnect
from starlette.responses import Response

from dicomizer.dicom.native_xml import from_xml, to_xml
from dicomizer.errors import CorruptDicomError
from dicomizer.net.multipart import MultipartError, MultipartReader, PartData, parse_media_type
from tileserver.dicomweb.media_types import DICOM_JSON, DICOM_XML, JSON, Chosen, accepted, choose
from tileserver.dicomweb.responses import Part, json_response, multipart
from tileserver.errors import BadRequestError, TooLargeError, UnsupportedMediaTypeError
from tileserver.ups.dataset import read_dataset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from tileserver.ups.model import Attributes

LARGEST_BODY = 1 << 20
_OFFERED = (
    Chosen(DICOM_JSON, is_multipart=False),
    Chosen(JSON, is_multipart=False),
    Chosen(DICOM_XML, is_multipart=True),
    Chosen(DICOM_XML, is_multipart=False),
)


async def read_body(request: Request) -> bytes:
    """Return the body of a request, unpacked.

    Raises
    ------
    BadRequestError
        It did not come to its end.
    TooLargeError
        It is too large, packed or unpacked; where it says so, none of it is waited for.
    UnsupportedMediaTypeError
        It is packed in a way that is not known.
    """
    received = bytearray()
    if int(request.headers.get("content-length", 0)) > LARGEST_BODY:
        _refuse_large()
    try:
        async for chunk in request.stream():
            received += chunk
            if len(received) > LARGEST_BODY:
                _refuse_large()
    except ClientDisconnect as error:
        raise BadRequestError("the client went away") from error
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding == "identity":
        return bytes(received)
    if coding not in ("gzip", "x-gzip"):
        raise UnsupportedMediaTypeError(f"Content-Encoding is {coding[:32]!r}, expected gzip")
    return _unpacked(bytes(received))


def _unpacked(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        body = unpacker.decompress(packed, LARGEST_BODY + 1)
    except zlib.error as error:
        raise BadRequestError("the body is no gzip") from error
    if len(body) > LARGEST_BODY:
        _refuse_large()
    if not unpacker.eof:
        raise BadRequestError("the gzip of the body is cut short")
    return body


def _refuse_large() -> NoReturn:
    raise TooLargeError(f"the body of a workitem may have {LARGEST_BODY:,} bytes")


async def read_workitem(request: Request, *, is_required: bool = True) -> Attributes:
    """Return the one dataset that a request brings.

    Parameters
    ----------
    is_required
        Whether there has to be a body.

    Raises
    ------
    BadRequestError
        It is none, or more than one.
    TooLargeError, UnsupportedMediaTypeError
        The body cannot be read.
    """
    body = await read_body(request)
    if not body and not is_required:
        return {}
    media_type, parameters = parse_media_type(request.headers.get("content-type", ""))
    if media_type == "multipart/related":
        media_type = parameters.get("type", "").lower()
        body = _only_part(body, parameters.get("boundary", ""))
    if media_type == DICOM_XML:
        return _from_xml(body)
    if media_type in (DICOM_JSON, JSON):
        return _from_json(body)
    raise UnsupportedMediaTypeError(
        f"found {media_type[:64] or 'no Content-Type'}, expected {DICOM_JSON} or "
        f'multipart/related; type="{DICOM_XML}"'
    )


def _only_part(body: bytes, boundary: str) -> bytes:
    parts: list[bytearray] = []
    try:
        reader = MultipartReader(boundary)
        for event in reader.feed(body):
            if isinstance(event, PartData):
                parts[-1] += event.data
            else:
                parts += [bytearray()] * hasattr(event, "headers")
        reader.close()
    except MultipartError as error:
        raise BadRequestError(str(error)) from error
    if len(parts) != 1:
        raise BadRequestError("a request about a workitem has one part")
    return bytes(parts[0])


def _from_json(body: bytes) -> Attributes:
    try:
        found = json.loads(body.decode(), parse_constant=_no_constant)
        json.dumps(found, ensure_ascii=False).encode()  # lone surrogates have no place in text
    except (ValueError, RecursionError) as error:
        raise BadRequestError("the body is no JSON in UTF-8, or nested too deep") from error
    if isinstance(found, list):
        if len(found) != 1:
            raise BadRequestError("a request about a workitem has one dataset")
        found = found[0]
    return read_dataset(found)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _from_xml(body: bytes) -> Attributes:
    try:
        return read_dataset(from_xml(body))
    except CorruptDicomError as error:
        raise BadRequestError(str(error)) from error


def chosen_type(request: Request) -> Chosen:
    """Return the media type of an answer.

    Raises
    ------
    NotAcceptableError
        The client takes none that there is.
    """
    return choose(accepted(request), *_OFFERED)


def answer(
    request: Request, chosen: Chosen, found: Sequence[Attributes], status: int = 200
) -> Response:
    """Return workitems in a media type."""
    if chosen.media_type != DICOM_XML:
        return json_response(found, status=status, media_type=chosen.media_type)
    documents = [to_xml(each).encode() for each in found]
    if chosen.is_multipart:
        parts = [Part(DICOM_XML, len(each), [each]) for each in documents]
        response = multipart(request, DICOM_XML, parts, {})
        response.status_code = status
        return response
    if len(documents) > 1:
        raise BadRequestError(f'several workitems go as multipart/related; type="{DICOM_XML}"')
    return Response(documents[0], status, media_type=DICOM_XML)
