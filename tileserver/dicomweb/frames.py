# SPDX-License-Identifier: Apache-2.0
"""WADO-RS: frames, one alone or several in multipart.

References
----------
PS3.18 10.4.1.1.6 (frames resources), 8.7.3.3 (media types)
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tileserver.conditions import is_unchanged, wants_any
from tileserver.dicomweb.frame_plans import frame_headers, frame_validators, plan_frames
from tileserver.dicomweb.made_ahead import made_ahead
from tileserver.dicomweb.media_types import accepted
from tileserver.dicomweb.responses import Part, multipart
from tileserver.dicomweb.wado import found_instance, frame_numbers, retrieve_service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from tileserver.dicomweb.frame_plans import FramePlan
    from tileserver.index import StoredInstance
    from tileserver.services import Transcode


async def frames(request: Request) -> Response:
    """Give frames by number."""
    text = request.path_params["frames"]
    numbers = frame_numbers(text)
    ranges = accepted(request)
    found = await found_instance(request)
    plan = plan_frames(ranges, found.transfer_syntax_uid, one=len(numbers) == 1)
    return await frames_answer(request, found, numbers, text, plan)


async def frames_answer(
    request: Request,
    found: StoredInstance,
    numbers: Sequence[int],
    frame_list: str,
    plan: FramePlan,
) -> Response:
    """Return frames as planned.

    Parameters
    ----------
    frame_list
        What tells these frames from others of the instance.
    """
    service = retrieve_service(request)
    validators = frame_validators(found.sha256, frame_list, plan)
    headers = frame_headers(validators)
    # A tag is only known for frames that are there; "*" asks whether they are.
    if not wants_any(request.headers) and is_unchanged(request.headers, validators):
        return Response(status_code=304, headers=dict(headers))
    lengths = await run_in_threadpool(service.frame_lengths, found, numbers)
    if wants_any(request.headers):
        return Response(status_code=304, headers=dict(headers))
    if plan.is_transcoded:
        return await _transcoded_frames(request, found, numbers, plan, headers)
    return await _stored_frames(request, found, numbers, lengths, plan, headers)


async def _stored_frames(
    request: Request,
    found: StoredInstance,
    numbers: Sequence[int],
    lengths: Sequence[int],
    plan: FramePlan,
    headers: Mapping[str, str],
) -> Response:
    service = retrieve_service(request)
    if plan.chosen.is_multipart:
        values = await run_in_threadpool(service.frames, found, numbers)
        parts = [Part(plan.part_type, length, islice(values, 1)) for length in lengths]
        return multipart(request, plan.chosen.media_type, parts, headers)
    value = await run_in_threadpool(lambda: b"".join(service.frames(found, numbers)))
    return Response(value, media_type=plan.content_type, headers=dict(headers))


async def _transcoded_frames(
    request: Request,
    found: StoredInstance,
    numbers: Sequence[int],
    plan: FramePlan,
    headers: Mapping[str, str],
) -> Response:
    service: Transcode = request.app.state.services.transcode
    syntax = plan.transfer_syntax_uid
    length = await run_in_threadpool(service.frame_length, found, syntax)
    values = await run_in_threadpool(lambda: made_ahead(service.frames(found, numbers, syntax)))
    if not plan.chosen.is_multipart:
        return Response(next(values), media_type=plan.content_type, headers=dict(headers))
    if length is None:
        made = (Part(plan.part_type, len(value), [value]) for value in values)
        return multipart(request, plan.chosen.media_type, made, headers)
    parts = [Part(plan.part_type, length, islice(values, 1)) for _ in numbers]
    return multipart(request, plan.chosen.media_type, parts, headers)
