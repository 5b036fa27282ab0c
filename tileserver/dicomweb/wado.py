# SPDX-License-Identifier: Apache-2.0
"""WADO-RS: instances, metadata, frames and bulk data.

References
----------
PS3.18 10.4 (retrieve transaction)
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.responses import Response, StreamingResponse

from dicomizer.net.multipart import closing_delimiter, part_header
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
    dicomweb_root,
    is_unchanged,
    multipart,
    new_boundary,
)
from tileserver.errors import BadRequestError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    chosen = choose(accepted(request), Chosen(DICOM, is_multipart=True))
    found = await run_in_threadpool(_retrieve(request).instances, path["study"], path.get("series"))
    return _instances(request, chosen, found)


async def instance(request: Request) -> Response:
    """Give an instance as it was received, alone or in multipart."""
    ranges = accepted(request)
    found = await run_in_threadpool(_retrieve(request).instance, *_uids(request))
    chosen = choose(ranges, Chosen(DICOM, is_multipart=True), Chosen(DICOM, is_multipart=False))
    return _instances(request, chosen, [found])


def _instances(request: Request, chosen: Chosen, found: list[StoredInstance]) -> Response:
    """Stream instances; lengths are known beforehand."""
    retrieve = _retrieve(request)
    headers = {"Cache-Control": "private, no-cache"}
    if not chosen.is_multipart:
        (only,) = found
        headers = _cache_headers(only)
        if is_unchanged(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        headers["Content-Length"] = str(only.size)
        headers["Content-Disposition"] = f'attachment; filename="{only.sop_instance_uid}.dcm"'
        return _streamed(request, retrieve.bytes_of(only), DICOM, headers)
    boundary = new_boundary()
    heads = [_part_head(boundary, item) for item in found]
    end = closing_delimiter(boundary)
    length = sum(len(head) + item.size for head, item in zip(heads, found, strict=True))
    headers["Content-Length"] = str(length + len(end))

    def body() -> Iterator[bytes]:
        for head, item in zip(heads, found, strict=True):
            yield head
            yield from retrieve.bytes_of(item)
        yield end

    media_type = f'multipart/related; type="{DICOM}"; boundary={boundary}'
    return _streamed(request, body(), media_type, headers)


def _part_head(boundary: str, item: StoredInstance) -> bytes:
    return part_header(boundary, f"{DICOM}; transfer-syntax={item.transfer_syntax_uid}")


def _streamed(
    request: Request, body: Iterator[bytes], media_type: str, headers: dict[str, str]
) -> Response:
    if request.method == "HEAD":
        return Response(headers=headers, media_type=media_type)
    return StreamingResponse(iterate_in_threadpool(body), headers=headers, media_type=media_type)


def _cache_headers(found: StoredInstance, part: str = "") -> dict[str, str]:
    return {"ETag": f'"{found.sha256.hex()[:32]}{part}"', "Cache-Control": IMMUTABLE}


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
    headers = _cache_headers(found, f"-{request.path_params['frames']}"[:200])
    headers["Vary"] = "Accept"
    if is_unchanged(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    values = await run_in_threadpool(partial(retrieve.frames, found, numbers))
    part_type = f"{chosen.media_type}; transfer-syntax={found.transfer_syntax_uid}"
    if chosen.is_multipart:
        return multipart(values, chosen.media_type, part_type, headers)
    (value,) = values
    content_type = part_type if chosen.media_type == OCTET_STREAM else chosen.media_type
    return Response(value, media_type=content_type, headers=headers)


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
        return multipart([value], OCTET_STREAM, OCTET_STREAM, headers)
    return Response(value, media_type=OCTET_STREAM, headers=headers)
