# SPDX-License-Identifier: Apache-2.0
"""Rendered resources of instances that have no picture: reports as text, PDF as it is.

References
----------
PS3.18 8.7.2 (resource categories), 8.7.4 (rendered media types)
"""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from tileserver.addresses import dicomweb_root
from tileserver.dicomweb.media_types import Chosen, accepted, check_charset, choose, find_choice
from tileserver.dicomweb.metadata import xml_parts
from tileserver.dicomweb.rendered_parts import multipart_of
from tileserver.dicomweb.reports import page, plain_text, read_report
from tileserver.dicomweb.responses import IMMUTABLE, ranged
from tileserver.dicomweb.wado import instance_validators
from tileserver.errors import NotAcceptableError, NotFoundError, UnrenderableError
from tileserver.pictures.answer import PictureAnswer
from tileserver.services.render import attributes as read
from tileserver.services.stored_bytes import StoredBytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from tileserver.dicomweb.media_types import AcceptRange
    from tileserver.index import StoredInstance
    from tileserver.services import Services
    from tileserver.services.render.attributes import Attributes

HTML, PLAIN, XML = "text/html", "text/plain", "text/xml"
TEXT_TYPES = (HTML, PLAIN, XML)
"""The first is the default, the others are required (table 8.7.4-1)."""
_PDF = "application/pdf"
_PDF_SOP_CLASS = "1.2.840.10008.5.1.4.1.1.104.1"
_DOCUMENT = "00420011"


async def instance(request: Request, found: StoredInstance) -> Response:
    """Give an instance without pixels as text, or the document in it.

    Raises
    ------
    UnrenderableError
        It is neither a report nor a PDF.
    """
    services: Services = request.app.state.services
    attributes = await run_in_threadpool(services.render.attributes, found)
    if _is_report(attributes):
        return await reports(request, [found])
    if read.text(attributes, "SOPClassUID") == _PDF_SOP_CLASS:
        return await _document(request, found, attributes)
    raise UnrenderableError(
        "the instance has no picture and is no report; it can be had as application/dicom"
    )


def reports_among(services: Services, found: Sequence[StoredInstance]) -> list[StoredInstance]:
    """Return the instances that are reports."""
    return [item for item in found if is_report(services, item)]


def takes_reports(ranges: Sequence[AcceptRange], *, one: bool) -> bool:
    """Tell whether reports can be had in a type that is accepted."""
    return find_choice(ranges, *_offers(one=one)) is not None


async def reports(request: Request, found: Sequence[StoredInstance]) -> Response:
    """Give reports as text: one alone, several in parts."""
    return await reports_as(
        request, found, choose(accepted(request), *_offers(one=len(found) == 1))
    )


async def reports_as(request: Request, found: Sequence[StoredInstance], chosen: Chosen) -> Response:
    """Give reports in a media type."""
    check_charset(request.headers.get("accept-charset"))
    services: Services = request.app.state.services
    root = dicomweb_root(request)
    names = "\n".join(item.sha256.hex() for item in found)
    answer = PictureAnswer(chosen.media_type, names, f"report {root}")
    makers = [partial(_text, services, item, chosen.media_type, root) for item in found]
    if chosen.is_multipart:
        return await multipart_of(request, answer, list(zip(found, makers, strict=True)))
    return await answer.respond(request, makers[0])


def _offers(*, one: bool) -> list[Chosen]:
    alone = [Chosen(name, is_multipart=False) for name in TEXT_TYPES] if one else []
    return alone + [Chosen(name, is_multipart=True) for name in TEXT_TYPES]


def is_report(services: Services, found: StoredInstance) -> bool:
    """Tell whether an instance has no picture, but is a report."""
    try:
        services.render.image(found)
    except UnrenderableError:
        return _is_report(services.render.attributes(found))
    return False


def _is_report(attributes: Attributes) -> bool:
    return read.text(attributes, "ValueType") == "CONTAINER"


def _text(services: Services, found: StoredInstance, media_type: str, root: str) -> bytes:
    if media_type == XML:
        uids = found.study_instance_uid, found.series_instance_uid, found.sop_instance_uid
        parts = xml_parts(services.retrieve.metadata(root, *uids))
        document = b"".join(chain.from_iterable(part.pieces for part in parts))
        if not document:
            raise NotFoundError("there is no such instance")
        return document
    report = read_report(services.render.attributes(found))
    if report is None:
        raise UnrenderableError("the instance is no report")
    return (page if media_type == HTML else plain_text)(report).encode()


async def _document(request: Request, found: StoredInstance, attributes: Attributes) -> Response:
    """Give an encapsulated PDF without what pads it, to be saved: it may hold scripts."""
    choose(accepted(request), Chosen(_PDF, is_multipart=False))
    services: Services = request.app.state.services
    value = await run_in_threadpool(services.retrieve.bulk_value, found, _DOCUMENT)
    told = read.whole(attributes, "EncapsulatedDocumentLength") or value.length
    value = StoredBytes(min(told, value.length), value.modified, value.read)
    if not b"".join(await run_in_threadpool(lambda: list(value.read(0, 5)))).startswith(b"%PDF-"):
        raise NotAcceptableError("the document is no PDF; it can be had as application/dicom")
    headers = {
        "Cache-Control": IMMUTABLE,
        "Vary": "Accept",
        "Content-Disposition": f'attachment; filename="{found.sop_instance_uid}.pdf"',
    }
    return ranged(request, value, _PDF, instance_validators(found, value.modified, "-pdf"), headers)
