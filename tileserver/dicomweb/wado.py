# SPDX-License-Identifier: Apache-2.0
"""WADO-RS: instances, metadata, frames and bulk data.

References
----------
PS3.18 10.4 (retrieve transaction)
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tileserver.dicomweb.media_types import (
    DICOM,
    DICOM_JSON,
    JSON,
    OCTET_STREAM,
    Chosen,
    accepted,
    choose,
    choose_frames,
)
from tileserver.dicomweb.responses import (
    IMMUTABLE,
    Part,
    dicomweb_root,
    is_unchanged,
    multipart,
    streamed,
)
from tileserver.errors import BadRequestError, NotFoundError

if TYPE_CHECKING:
    from starlette.requests import Request

    from tileserver.index import StoredInstance
    from tileserver.services import Retrieve

_MOST_FRAMES = 10_000
_MOST_FRAME_DIGITS = 10


def _retrieve(request: Request) -> Retrieve:
    service: Retrieve = request.app.state.services.retrieve
    return service


def _uids(request: Request) -> tuple[str, str, str]:
    path = request.path_params
    return path["study"], path["series"], path["instance"]


async def study_or_series(request: Request) -> Response:
    """Give all instances of a study or series as multipart."""
    path = request.path_params
    ranges = accepted(request)
    found = await run_in_threadpool(_retrieve(request).instances, path["study"], path.get("series"))
    choose(ranges, Chosen(DICOM, is_multipart=True), transfer_syntaxes=_syntaxes(found))
    return _multipart_instances(request, found)


async def instance(request: Request) -> Response:
    """Give an instance as it was received, alone or in multipart."""
    ranges = accepted(request)
    found = await run_in_threadpool(_retrieve(request).instance, *_uids(request))
    chosen = choose(
        ranges,
        Chosen(DICOM, is_multipart=True),
        Chosen(DICOM, is_multipart=False),
        transfer_syntaxes=_syntaxes([found]),
    )
    if chosen.is_multipart:
        return _multipart_instances(request, [found])
    return _single_instance(request, found)


def _syntaxes(found: list[StoredInstance]) -> frozenset[str]:
    return frozenset(item.transfer_syntax_uid for item in found)


def _multipart_instances(request: Request, found: list[StoredInstance]) -> Response:
    retrieve = _retrieve(request)
    parts = [
        Part(
            f"{DICOM}; transfer-syntax={item.transfer_syntax_uid}",
            item.size,
            retrieve.bytes_of(item),
        )
        for item in found
    ]
    return multipart(request, DICOM, parts, {"Cache-Control": "private, no-cache"})


def _single_instance(request: Request, found: StoredInstance) -> Response:
    headers = _cache_headers(_etag(found))
    if is_unchanged(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    headers["Content-Length"] = str(found.size)
    headers["Content-Disposition"] = f'attachment; filename="{found.sop_instance_uid}.dcm"'
    retrieve = _retrieve(request)
    retrieve.check(found)
    return streamed(request, retrieve.bytes_of(found), DICOM, headers)


def _etag(found: StoredInstance, part: str = "") -> str:
    return f'"{found.sha256.hex()[:32]}{part}"'


def _cache_headers(etag: str) -> dict[str, str]:
    return {"ETag": etag, "Cache-Control": IMMUTABLE, "Vary": "Accept"}


async def metadata(request: Request) -> Response:
    """Give the attributes of all instances of a study, series or instance as DICOM JSON."""
    path = request.path_params
    chosen = choose(
        accepted(request),
        Chosen(DICOM_JSON, is_multipart=False),
        Chosen(JSON, is_multipart=False),
    )
    text = await run_in_threadpool(
        _retrieve(request).metadata,
        dicomweb_root(request),
        path["study"],
        path.get("series"),
        path.get("instance"),
    )
    return Response(
        text, media_type=chosen.media_type, headers={"Cache-Control": "private, no-cache"}
    )


def frame_numbers(text: str) -> list[int]:
    """Return the numbers of a frame list, such as ``1,5,7``.

    Raises
    ------
    BadRequestError
        It is no list of positive whole numbers, or too long a one.
    NotFoundError
        A number is larger than any instance can have.
    """
    items = text.split(",")
    if len(items) > _MOST_FRAMES:
        raise BadRequestError(f"the list has more than {_MOST_FRAMES:,} frames")
    for item in items:
        if not (item.isascii() and item.isdigit() and item.strip("0")):
            raise BadRequestError("a frame list has positive whole numbers parted by commas")
        if len(item) > _MOST_FRAME_DIGITS:
            raise NotFoundError("there is no frame of so large a number")
    return [int(item) for item in items]


async def frames(request: Request) -> Response:
    """Give frames as stored, one alone or several in multipart."""
    retrieve = _retrieve(request)
    numbers = frame_numbers(request.path_params["frames"])
    ranges = accepted(request)
    found = await run_in_threadpool(retrieve.instance, *_uids(request))
    chosen = choose_frames(ranges, found.transfer_syntax_uid, one=len(numbers) == 1)
    headers = frame_headers(found, request.path_params["frames"], chosen)
    if is_unchanged(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    lengths = await run_in_threadpool(retrieve.frame_lengths, found, numbers)
    part_type = frame_type(found, chosen)
    if chosen.is_multipart:
        values = retrieve.frames(found, numbers)
        parts = [Part(part_type, length, islice(values, 1)) for length in lengths]
        return multipart(request, chosen.media_type, parts, headers)
    value = await run_in_threadpool(lambda: b"".join(retrieve.frames(found, numbers)))
    return Response(value, media_type=single_frame_type(found, chosen), headers=headers)


def frame_headers(found: StoredInstance, numbers: str, chosen: Chosen) -> dict[str, str]:
    """Return what caches are told of frames, by their numbers as they were asked for."""
    etag = _etag(found, f"-{numbers}"[:200])
    # Boundaries differ from answer to answer, so that only the meaning of multipart is the same.
    return _cache_headers(f"W/{etag}" if chosen.is_multipart else etag)


def frame_type(found: StoredInstance, chosen: Chosen) -> str:
    """Return the media type of a frame within multipart."""
    return f"{chosen.media_type}; transfer-syntax={found.transfer_syntax_uid}"


def single_frame_type(found: StoredInstance, chosen: Chosen) -> str:
    """Return the media type of a frame that is sent alone."""
    return frame_type(found, chosen) if chosen.media_type == OCTET_STREAM else chosen.media_type


async def bulk_data(request: Request) -> Response:
    """Give a binary value, alone or in multipart."""
    retrieve = _retrieve(request)
    chosen = choose(
        accepted(request),
        Chosen(OCTET_STREAM, is_multipart=True),
        Chosen(OCTET_STREAM, is_multipart=False),
    )
    found = await run_in_threadpool(retrieve.instance, *_uids(request))
    value = await run_in_threadpool(retrieve.bulk_data, found, request.path_params["path"])
    headers = {"Cache-Control": IMMUTABLE, "Vary": "Accept"}
    if chosen.is_multipart:
        part = Part(OCTET_STREAM, len(value), [value])
        return multipart(request, OCTET_STREAM, [part], headers)
    return Response(value, media_type=OCTET_STREAM, headers=headers)
