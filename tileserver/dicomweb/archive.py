# SPDX-License-Identifier: Apache-2.0
"""WADO-RS as ZIP: the files of a study, series or instance for people to keep.

References
----------
PS3.18 10.4.1.1 (retrieve), application/zip among its media types since supplement 211
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from tileserver.conditions import is_unchanged
from tileserver.dicomweb.media_types import DICOM, Chosen, accepted, find_choice
from tileserver.dicomweb.responses import streamed
from tileserver.dicomweb.wado import collection_validators, found_instances, retrieve_service
from tileserver.dicomweb.zip_stream import ZIP, ZippedFile, zip_length, zip_pieces

if TYPE_CHECKING:
    from starlette.requests import Request

    from tileserver.again import Endpoint
    from tileserver.index import StoredInstance
    from tileserver.services.stored_bytes import StoredBytes

_ARCHIVE = Chosen(ZIP, is_multipart=False)
_OFFERED = (Chosen(DICOM, is_multipart=True), Chosen(DICOM, is_multipart=False), _ARCHIVE)
_AS_STORED = frozenset({"as stored"})
"""No transfer syntax that could be asked for: an archive has the files as they are."""


def or_archive(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint of instances that gives them as ZIP to who would rather have that."""

    @functools.wraps(endpoint)
    async def either(request: Request) -> Response:
        chosen = find_choice(accepted(request), *_OFFERED, transfer_syntaxes=_AS_STORED)
        return await (_archive if chosen == _ARCHIVE else endpoint)(request)

    return either


async def _archive(request: Request) -> Response:
    found = await found_instances(request)
    validators = collection_validators(found, ZIP)
    path = request.path_params
    uid = safe_name(path.get("instance") or path.get("series") or path["study"])
    headers = {
        **validators.headers(),
        "Cache-Control": "private, no-cache",
        "Vary": "Accept",
        "Content-Disposition": f'attachment; filename="{uid}.zip"',
    }
    if is_unchanged(request.headers, validators):
        return Response(status_code=304, headers=headers)
    service = retrieve_service(request)
    # All are looked at before the answer begins: 200 must not break off at one that was lost.
    files = await run_in_threadpool(lambda: [_file(item, service.file(item)) for item in found])
    headers["Content-Length"] = str(zip_length(files))
    return streamed(request, zip_pieces(files), ZIP, headers)


def _file(found: StoredInstance, file: StoredBytes) -> ZippedFile:
    names = map(safe_name, (found.series_instance_uid, found.sop_instance_uid))
    return ZippedFile(f"{'/'.join(names)}.dcm", file.modified, file.length, file.pieces())


def safe_name(uid: str) -> str:
    """Return a UID as a name that is none of a place elsewhere, on any system."""
    return re.sub(r"[^0-9A-Za-z.-]", "_", uid).strip(".") or "_"
