# SPDX-License-Identifier: Apache-2.0
"""WADO-RS: binary values, one by its address or all of an instance, a series or a study; pixels.

References
----------
PS3.18 10.4.1.1.5 and 10.4.3.3.5 (bulk data), 10.4.3.3.6 (pixel data), 8.7.3.3 (media types)
"""

from __future__ import annotations

import functools
from itertools import chain
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tileserver.addresses import dicomweb_root
from tileserver.conditions import is_unchanged
from tileserver.dicomweb.frame_plans import plan_frames
from tileserver.dicomweb.frames import frames_answer
from tileserver.dicomweb.lasting import remaining
from tileserver.dicomweb.left_out import LeftOut
from tileserver.dicomweb.made_ahead import parts_made_ahead
from tileserver.dicomweb.media_types import DICOM, OCTET_STREAM, Chosen, accepted, choose
from tileserver.dicomweb.responses import IMMUTABLE, Part, multipart, ranged
from tileserver.dicomweb.wado import (
    collection_validators,
    found_instance,
    found_instances,
    instance_validators,
    retrieve_service,
)
from tileserver.errors import NotFoundError
from tileserver.services.bulk import PIXEL_DATA
from tileserver.services.transfer_syntaxes import is_encapsulated, sent_syntax

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from starlette.requests import Request

    from tileserver.again import Endpoint
    from tileserver.dicomweb.frame_plans import FramePlan
    from tileserver.dicomweb.media_types import AcceptRange
    from tileserver.index import StoredInstance
    from tileserver.services import Retrieve, Transcode

_SINGLE = Chosen(OCTET_STREAM, is_multipart=False)
_MULTIPLE = Chosen(OCTET_STREAM, is_multipart=True)


async def bulk_data(request: Request) -> Response:
    """Give a binary value, alone or in multipart; encapsulated pixels as frames."""
    path = request.path_params["path"]
    ranges = accepted(request)
    found = await found_instance(request)
    if path in PIXEL_DATA and is_encapsulated(found.transfer_syntax_uid):
        return await _all_frames(request, found, ranges)
    # Bytes of multipart differ from answer to answer: who asks for a part of them means the value.
    offers = (_SINGLE, _MULTIPLE) if "range" in request.headers else (_MULTIPLE, _SINGLE)
    syntaxes = frozenset({sent_syntax(found.transfer_syntax_uid)})
    chosen = choose(ranges, *offers, transfer_syntaxes=syntaxes if path in PIXEL_DATA else _ANY)
    value = await run_in_threadpool(retrieve_service(request).bulk_value, found, path)
    headers = {"Cache-Control": IMMUTABLE, "Vary": "Accept"}
    validators = instance_validators(found, value.modified, f"-{path}"[:200])
    if not chosen.is_multipart:
        return ranged(request, value, OCTET_STREAM, validators, headers)
    headers |= validators.weak().headers()
    if is_unchanged(request.headers, validators):
        return Response(status_code=304, headers=headers)
    part = Part(OCTET_STREAM, value.length, value.pieces(), _address(request, found, path))
    return multipart(request, OCTET_STREAM, [part], headers)


_ANY: frozenset[str] = frozenset()


async def _all_frames(
    request: Request, found: StoredInstance, ranges: Sequence[AcceptRange]
) -> Response:
    count = await run_in_threadpool(retrieve_service(request).number_of_frames, found)
    plan = plan_frames(ranges, found.transfer_syntax_uid, one=count == 1)
    return await frames_answer(request, found, range(1, count + 1), "all", plan)


async def all_bulk_data(request: Request) -> Response:
    """Give all binary values of a study, series or instance."""
    return await _collected(request, of_pixels=False)


def or_bulk_data(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint of instances that gives their binary values to who accepts octets only.

    So did editions before there were resources of bulk data (PS3.18 10.4.4, notes).
    """

    @functools.wraps(endpoint)
    async def either(request: Request) -> Response:
        wanted = [item for item in accepted(request) if item.quality > 0]
        is_bulk = any(item.is_multipart and item.media_type == OCTET_STREAM for item in wanted)
        if is_bulk and not any(item.covers(DICOM) for item in wanted):
            return await all_bulk_data(request)
        return await endpoint(request)

    return either


async def pixel_data(request: Request) -> Response:
    """Give the pixels of a study, series or instance."""
    return await _collected(request, of_pixels=True)


async def _collected(request: Request, *, of_pixels: bool) -> Response:
    ranges = accepted(request)
    found = await found_instances(request)
    service = retrieve_service(request)
    paths = await run_in_threadpool(_paths, service, found, of_pixels=of_pixels)
    if not paths:
        raise NotFoundError("there is no binary value")
    plans = _plans(ranges, paths)
    await run_in_threadpool(lambda: [service.file(item) for item in found])
    validators = collection_validators(found, f"bulk {of_pixels} {plans}")
    headers = {**validators.headers(), "Cache-Control": "private, no-cache", "Vary": "Accept"}
    if is_unchanged(request.headers, validators):
        return Response(status_code=304, headers=headers)
    left_out = LeftOut()
    parts = _parts(request, paths, plans, left_out)
    # The first is made now: of frames that cannot be decoded, 406 tells.
    first = await run_in_threadpool(next, parts)
    media_type = first.content_type.partition(";")[0]
    answer = multipart(request, media_type, chain([first], parts), headers)
    return left_out.tell(request, answer)


def _paths(
    service: Retrieve, found: Sequence[StoredInstance], *, of_pixels: bool
) -> list[tuple[StoredInstance, str]]:
    return [
        (item, path)
        for item in found
        for path in service.bulk_paths(item)
        if not of_pixels or path in PIXEL_DATA
    ]


def _is_framed(found: StoredInstance, path: str) -> bool:
    """Tell whether a value is encapsulated pixels, which go out frame by frame."""
    return path in PIXEL_DATA and is_encapsulated(found.transfer_syntax_uid)


def _plans(
    ranges: Sequence[AcceptRange], paths: Sequence[tuple[StoredInstance, str]]
) -> dict[str, FramePlan]:
    """Plan how frames of each transfer syntax go out; refuse what cannot."""
    if not all(_is_framed(item, path) for item, path in paths):
        choose(ranges, _MULTIPLE)
    return {
        item.transfer_syntax_uid: plan_frames(ranges, item.transfer_syntax_uid, one=False)
        for item, path in paths
        if _is_framed(item, path)
    }


def _parts(
    request: Request,
    paths: Sequence[tuple[StoredInstance, str]],
    plans: Mapping[str, FramePlan],
    left_out: LeftOut,
) -> Iterator[Part]:
    """Yield a part for each value, and one for each frame of encapsulated pixels."""
    service = retrieve_service(request)
    by_instance: dict[str, list[str]] = {}
    for item, path in paths:
        by_instance.setdefault(item.sop_instance_uid, []).append(path)

    def of_instance(item: StoredInstance) -> Iterator[Part]:
        return parts_made_ahead(
            part
            for path in by_instance[item.sop_instance_uid]
            for part in _parts_of_value(request, item, path, plans)
        )

    items = {item.sop_instance_uid: item for item, _ in paths}
    return remaining(service, items.values(), of_instance, left_out)


def _parts_of_value(
    request: Request, item: StoredInstance, path: str, plans: Mapping[str, FramePlan]
) -> Iterator[Part]:
    address = _address(request, item, path)
    if _is_framed(item, path):
        plan = plans[item.transfer_syntax_uid]
        for frame in _frames(request, item, plan):
            yield Part(plan.part_type, len(frame), [frame], address)
    else:
        value = retrieve_service(request).bulk_value(item, path)
        yield Part(OCTET_STREAM, value.length, value.pieces(), address)


def _frames(request: Request, found: StoredInstance, plan: FramePlan) -> Iterator[bytes]:
    service = retrieve_service(request)
    numbers = range(1, service.number_of_frames(found) + 1)
    if not plan.is_transcoded:
        return service.frames(found, numbers)
    transcode: Transcode = request.app.state.services.transcode
    return transcode.frames(found, numbers, plan.transfer_syntax_uid)


def _address(request: Request, found: StoredInstance, path: str) -> str:
    return f"{dicomweb_root(request)}{found.path}/bulkdata/{path}"
