# SPDX-License-Identifier: Apache-2.0
"""WADO-RS: instances and their metadata.

References
----------
PS3.18 10.4 (retrieve transaction)
"""

from __future__ import annotations

import hashlib
from itertools import chain
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tileserver.addresses import dicomweb_root
from tileserver.conditions import Validators, is_unchanged
from tileserver.dicomweb.instance_plans import plan_instances
from tileserver.dicomweb.lasting import remaining
from tileserver.dicomweb.left_out import LeftOut
from tileserver.dicomweb.made_ahead import made_ahead
from tileserver.dicomweb.media_types import (
    DICOM,
    DICOM_JSON,
    DICOM_XML,
    JSON,
    Chosen,
    accepted,
    check_charset,
    choose,
    offer_text,
)
from tileserver.dicomweb.metadata import json_answer, json_pieces, xml_parts
from tileserver.dicomweb.responses import IMMUTABLE, Part, multipart, ranged, streamed
from tileserver.errors import (
    BadRequestError,
    NotAcceptableError,
    NotFoundError,
    TileserverError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from starlette.requests import Request

    from tileserver.dicomweb.instance_plans import InstancePlan
    from tileserver.index import StoredInstance
    from tileserver.services import Retrieve, Transcode
    from tileserver.services.stored_bytes import StoredBytes

_MOST_FRAMES = 10_000
_MOST_FRAME_DIGITS = 10
_REVALIDATED = "private, no-cache"
_SINGLE, _MULTIPLE = Chosen(DICOM, is_multipart=False), Chosen(DICOM, is_multipart=True)


def retrieve_service(request: Request) -> Retrieve:
    """Return the service that gives what is stored."""
    service: Retrieve = request.app.state.services.retrieve
    return service


async def found_instance(request: Request) -> StoredInstance:
    """Return the instance that the path names."""
    path = request.path_params
    return await run_in_threadpool(
        retrieve_service(request).instance, path["study"], path["series"], path["instance"]
    )


async def found_instances(request: Request) -> list[StoredInstance]:
    """Return all instances of what the path names: a study, a series or one instance."""
    path = request.path_params
    if "instance" in path:
        return [await found_instance(request)]
    service = retrieve_service(request)
    return await run_in_threadpool(service.instances, path["study"], path.get("series"))


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


async def study_or_series(request: Request) -> Response:
    """Give all instances of a study or series as multipart."""
    ranges = accepted(request)
    found = await found_instances(request)
    plan = plan_instances(ranges, found, _MULTIPLE)
    return await _multipart_instances(request, found, plan)


async def instance(request: Request) -> Response:
    """Give an instance as it was received, or transcoded, alone or in multipart."""
    ranges = accepted(request)
    found = await found_instance(request)
    # Bytes of multipart differ from answer to answer: who asks for a part of them means the file.
    offers = (_SINGLE, _MULTIPLE) if "range" in request.headers else (_MULTIPLE, _SINGLE)
    plan = plan_instances(ranges, [found], *offers)
    if plan.chosen.is_multipart:
        return await _multipart_instances(request, [found], plan)
    headers = {
        "Cache-Control": IMMUTABLE,
        "Vary": "Accept",
        "Content-Disposition": f'attachment; filename="{found.sop_instance_uid}.dcm"',
    }
    syntax = plan.made_of(found)
    if syntax is None:
        file = await run_in_threadpool(retrieve_service(request).file, found)
        return ranged(request, file, DICOM, instance_validators(found, file.modified), headers)
    validators = instance_validators(found, None, f"-{syntax}")
    headers |= validators.headers()
    if is_unchanged(request.headers, validators):
        return Response(status_code=304, headers=headers)
    pieces = await run_in_threadpool(
        lambda: made_ahead(_transcode(request).instance(found, syntax))
    )
    return streamed(request, pieces, f"{DICOM}; transfer-syntax={syntax}", headers)


def _transcode(request: Request) -> Transcode:
    service: Transcode = request.app.state.services.transcode
    return service


def instance_validators(found: StoredInstance, modified: int | None, part: str = "") -> Validators:
    """Return the validators of an instance, or of a part of it."""
    return Validators(f'"{found.sha256.hex()[:32]}{part}"', modified)


def collection_validators(found: Sequence[StoredInstance], form: str) -> Validators:
    """Return the validators of what is made of several instances.

    Parameters
    ----------
    form
        What is made: a media type, an address.
    """
    digest = hashlib.sha256(form.encode())
    for item in found:
        digest.update(item.sha256)
    return Validators(f'W/"{digest.hexdigest()[:32]}"')


async def _multipart_instances(
    request: Request, found: Sequence[StoredInstance], plan: InstancePlan
) -> Response:
    validators = collection_validators(found, f"{DICOM} {plan.transfer_syntax_uid}")
    headers = {**validators.headers(), "Cache-Control": _REVALIDATED, "Vary": "Accept"}
    if is_unchanged(request.headers, validators):
        return Response(status_code=304, headers=headers)
    service = retrieve_service(request)
    # All are looked at before the answer begins: 200 must not break off at one that was lost.
    files = await run_in_threadpool(
        lambda: {item.sop_instance_uid: service.file(item) for item in found}
    )
    if any(plan.made_of(item) for item in found):
        left_out = LeftOut()
        checked = await run_in_threadpool(_transcodable, request, found, plan, left_out)
        parts = _transcoded_parts(request, checked, files, plan, left_out)
        first = await run_in_threadpool(next, parts)
        answer = multipart(request, DICOM, chain([first], parts), headers)
        return left_out.tell(request, answer)
    stored = [_stored_part(item, files[item.sop_instance_uid]) for item in found]
    return multipart(request, DICOM, stored, headers)


def _stored_part(found: StoredInstance, file: StoredBytes) -> Part:
    content_type = f"{DICOM}; transfer-syntax={found.transfer_syntax_uid}"
    return Part(content_type, file.length, file.pieces())


def _transcodable(
    request: Request, found: Sequence[StoredInstance], plan: InstancePlan, left_out: LeftOut
) -> list[StoredInstance]:
    """Return the instances that can be had in a transfer syntax, as far as their headers tell."""
    kept = []
    for item in found:
        syntax = plan.made_of(item)
        try:
            if syntax is not None:
                _transcode(request).check(item, syntax)
        except TileserverError as error:
            if retrieve_service(request).is_deleted(item):
                continue
            if not left_out.takes(item, error):
                raise
        else:
            kept.append(item)
    return kept


def _transcoded_parts(
    request: Request,
    found: Sequence[StoredInstance],
    files: Mapping[str, StoredBytes],
    plan: InstancePlan,
    left_out: LeftOut,
) -> Iterator[Part]:

    def parts(item: StoredInstance) -> Iterator[Part]:
        syntax = plan.made_of(item)
        if syntax is None:
            yield _stored_part(item, files[item.sop_instance_uid])
        else:
            # As long as its part has not begun, an instance with a damaged frame is left out.
            pieces = made_ahead(_transcode(request).instance(item, syntax))
            yield Part(f"{DICOM}; transfer-syntax={syntax}", 0, pieces)

    return remaining(retrieve_service(request), found, parts, left_out)


async def metadata(request: Request) -> Response:
    """Give the attributes of all instances of a study, series or instance as JSON or XML."""
    chosen = choose(
        accepted(request),
        Chosen(DICOM_JSON, is_multipart=False),
        Chosen(JSON, is_multipart=False),
        Chosen(DICOM_XML, is_multipart=True),
        Chosen(DICOM_XML, is_multipart=False),
    )
    check_charset(request.headers.get("accept-charset"))
    found = await found_instances(request)
    is_xml = chosen.media_type == DICOM_XML
    if is_xml and not chosen.is_multipart and len(found) > 1:
        raise NotAcceptableError(
            offer_text(Chosen(DICOM_XML, is_multipart=True), Chosen(DICOM_JSON, is_multipart=False))
        )
    root = dicomweb_root(request)
    validators = collection_validators(found, f"{chosen} {root}")
    headers = {
        **validators.headers(),
        "Cache-Control": _REVALIDATED,
        "Vary": "Accept, Accept-Encoding",
    }
    if is_unchanged(request.headers, validators):
        return Response(status_code=304, headers=headers)
    path = request.path_params
    pages = retrieve_service(request).metadata(
        root, path["study"], path.get("series"), path.get("instance")
    )
    if not is_xml:
        texts = retrieve_service(request).packed
        return await json_answer(request, texts, json_pieces(pages), chosen.media_type, headers)
    if chosen.is_multipart:
        return multipart(request, DICOM_XML, xml_parts(pages), headers)
    parts = await run_in_threadpool(lambda: list(xml_parts(pages)))
    return Response(b"".join(parts[0].pieces), media_type=DICOM_XML, headers=headers)
