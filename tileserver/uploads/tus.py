# SPDX-License-Identifier: Apache-2.0
"""The tus protocol, 1.0.0: one function for each method.

An upload is made by POST, its bytes come by PATCH, and after each interruption HEAD tells where to
go on. Who comes again is believed rather than a connection that may be dead: what that one still
sends is refused, and what it has brought counts.

References
----------
https://tus.io/protocols/resumable-upload (core; creation, creation-with-upload, termination,
checksum, expiration)
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import functools
import hashlib
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from tileserver.addresses import public_root
from tileserver.cross_origin import check_origin
from tileserver.errors import (
    BadRequestError,
    ConflictingStateError,
    TooLargeError,
    UnsupportedMediaTypeError,
)
from tileserver.settings import API_ROOT
from tileserver.uploads.model import read_asked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from starlette.requests import Request

    from tileserver.job_queue import Job
    from tileserver.uploads.feature import Uploads
    from tileserver.uploads.store import Receiving, Upload

    Endpoint = Callable[[Request], Awaitable[Response]]

VERSION = "1.0.0"
OFFSET_STREAM = "application/offset+octet-stream"
_EXTENSIONS = "creation,creation-with-upload,termination,checksum,expiration"
_ALGORITHMS = ("sha256", "sha1")
_CHECKSUM_MISMATCH, _LOCKED = 460, 423
_PIECE = 1 << 20
_DIGITS = 18


def _uploads(request: Request) -> Uploads:
    found: Uploads = request.app.state.uploads
    return found


def _tus(endpoint: Endpoint) -> Endpoint:
    """Check the version of the protocol, and tell it in the answer."""

    @functools.wraps(endpoint)
    async def checked(request: Request) -> Response:
        check_origin(request, request.app.state.settings, "upload")
        if request.headers.get("tus-resumable") != VERSION:
            told = {"Tus-Version": VERSION, "Tus-Resumable": VERSION}
            raise HTTPException(412, f"expected Tus-Resumable: {VERSION}", told)
        try:
            response = await endpoint(request)
        except HTTPException as error:
            raise HTTPException(
                error.status_code, error.detail, {**(error.headers or {}), "Tus-Resumable": VERSION}
            ) from error
        response.headers["Tus-Resumable"] = VERSION
        response.headers["Cache-Control"] = "no-store"
        return response

    return checked


async def capabilities(request: Request) -> Response:
    """Tell what of the protocol there is."""
    headers = {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": _EXTENSIONS,
        "Tus-Max-Size": str(request.app.state.settings.max_body_bytes),
        "Tus-Checksum-Algorithm": ",".join(_ALGORITHMS),
        "Allow": "GET, OPTIONS, POST",
    }
    return Response(status_code=204, headers=headers)


@_tus
async def create(request: Request) -> Response:
    """Begin an upload; its first bytes may come along."""
    length = _whole_number(request, "upload-length")
    if length > request.app.state.settings.max_body_bytes:
        raise TooLargeError(
            f"an upload may have {request.app.state.settings.max_body_bytes:,} bytes"
        )
    asked = read_asked(length, request.headers.get("upload-metadata", ""))
    upload = await run_in_threadpool(_uploads(request).create, asked)
    headers = {
        "Location": f"{public_root(request)}{API_ROOT}/uploads/{upload.id}",
        **_expires(request, upload),
    }
    if request.headers.get("content-type") == OFFSET_STREAM:
        headers |= (await _take(request, upload, 0)).headers
    return Response(status_code=201, headers=headers)


@_tus
async def head(request: Request) -> Response:
    """Tell where to go on."""
    uploads, upload = _uploads(request), await _upload(request)
    await _end_others(request, upload)
    offset = await run_in_threadpool(uploads.store.offset, upload)
    headers = {
        "Upload-Offset": str(offset),
        "Upload-Length": str(upload.asked.length),
        **_expires(request, upload),
    }
    if upload.asked.metadata:
        headers["Upload-Metadata"] = upload.asked.metadata
    return Response(status_code=200, headers=headers)


@_tus
async def patch(request: Request) -> Response:
    """Take further bytes."""
    if request.headers.get("content-type") != OFFSET_STREAM:
        raise UnsupportedMediaTypeError(f"expected a body of {OFFSET_STREAM}")
    offset = _whole_number(request, "upload-offset")
    upload = await _upload(request)
    return await _take(request, upload, offset)


@_tus
async def terminate(request: Request) -> Response:
    """Remove an upload."""
    upload = await _upload(request)
    await _end_others(request, upload)
    await run_in_threadpool(_uploads(request).remove, upload)
    return Response(status_code=204)


async def status(request: Request) -> Response:
    """Tell how far an upload is, and what became of it; not of the protocol."""
    upload = await _upload(request)
    found = await run_in_threadpool(_status, _uploads(request), upload)
    return JSONResponse(found, headers={"Cache-Control": "no-store"})


async def list_uploads(request: Request) -> Response:
    """List uploads; not of the protocol."""

    def listed() -> list[dict[str, object]]:
        uploads = _uploads(request)
        return [_status(uploads, upload) for upload in uploads.store.list()]

    found = await run_in_threadpool(listed)
    return JSONResponse({"uploads": found}, headers={"Cache-Control": "no-store"})


def _status(uploads: Uploads, upload: Upload) -> dict[str, object]:
    job = uploads.job_of(upload)
    return {
        "id": upload.id,
        "name": upload.asked.name,
        "length": upload.asked.length,
        "offset": uploads.store.offset(upload),
        "group": upload.asked.group,
        "files": upload.asked.files,
        "job": None if job is None else job.id,
    }


async def _take(request: Request, upload: Upload, offset: int) -> Response:
    """Take the body of a request, and have the slide converted where that was the last of it."""
    checksum = _checksum(request)
    await _end_others(request, upload)
    reached = await run_in_threadpool(_uploads(request).store.offset, upload)
    if reached < upload.asked.length:
        with _alone(request, upload) as mine, request.app.state.stopping.receiving():
            reached = await _receive(request, upload, offset, checksum, mine)
    elif offset != reached:
        raise ConflictingStateError(f"the upload has all of its {reached} bytes")
    headers = {"Upload-Offset": str(reached), **_expires(request, upload)}
    if reached == upload.asked.length:
        job: Job | None = await run_in_threadpool(_uploads(request).finish, upload)
        if job is not None:
            headers["Link"] = f'<{public_root(request)}{API_ROOT}/jobs/{job.id}>; rel="monitor"'
    return Response(status_code=204, headers=headers)


async def _receive(
    request: Request,
    upload: Upload,
    offset: int,
    checksum: tuple[str, bytes] | None,
    mine: _Sending,
) -> int:
    store = _uploads(request).store
    context = store.receiving(upload)
    taking = await run_in_threadpool(context.__enter__)
    try:
        if taking is None:
            raise HTTPException(_LOCKED, "another request sends to this upload; ask by HEAD again")
        if taking.offset != offset:
            raise ConflictingStateError(f"the upload has {taking.offset} bytes, go on from there")
        taking.is_held = checksum is not None
        digest = hashlib.new(checksum[0], usedforsecurity=False) if checksum else None
        async for piece in _pieces(request, mine):
            await run_in_threadpool(_write, taking, piece, digest)
        if checksum is not None and digest is not None and digest.digest() != checksum[1]:
            raise HTTPException(_CHECKSUM_MISMATCH, "Upload-Checksum is that of other bytes")
        taking.accept()
        await run_in_threadpool(taking.settle)
        return taking.offset
    except ClientDisconnect as error:
        raise BadRequestError("the client went away") from error
    finally:
        # What has come counts, however the request ended; not even a cancellation cuts it short.
        await asyncio.shield(run_in_threadpool(context.__exit__, None, None, None))


def _write(taking: Receiving, piece: bytes, digest: hashlib._Hash | None) -> None:
    if digest is not None:
        digest.update(piece)
    taking.write(piece)


async def _pieces(request: Request, mine: _Sending) -> AsyncIterator[bytes]:
    """Yield the body in pieces that are worth a visit to a thread; all that came, in the end."""
    gathered = bytearray()
    try:
        async for chunk in _chunks(request, mine):
            gathered += chunk
            if len(gathered) >= _PIECE:
                yield bytes(gathered)
                gathered.clear()
    except (ClientDisconnect, ConflictingStateError):
        if gathered:
            yield bytes(gathered)
        raise
    if gathered:
        yield bytes(gathered)


async def _chunks(request: Request, mine: _Sending) -> AsyncIterator[bytes]:
    """Yield the body as it comes, until another request takes over."""
    stream = aiter(request.stream())
    superseded = asyncio.ensure_future(mine.is_superseded.wait())
    try:
        while True:
            coming = asyncio.ensure_future(_next(stream))
            try:
                await asyncio.wait((coming, superseded), return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not coming.done():
                    coming.cancel()
            if not coming.done():
                raise ConflictingStateError("another request has taken over this upload")
            chunk = coming.result()
            if chunk is None:
                return
            yield chunk
    finally:
        superseded.cancel()


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    return await anext(stream, None)


@dataclass(slots=True)
class _Sending:
    """A request that sends to an upload."""

    is_superseded: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)


@contextlib.contextmanager
def _alone(request: Request, upload: Upload) -> Iterator[_Sending]:
    """Be the request that sends to an upload, as far as this process knows."""
    sending: dict[str, _Sending] = request.app.state.uploading
    mine = sending[upload.id] = _Sending()
    try:
        yield mine
    finally:
        mine.is_over.set()
        if sending.get(upload.id) is mine:
            del sending[upload.id]


async def _end_others(request: Request, upload: Upload) -> None:
    """Break off a request that sends to the same upload: its client has come again."""
    other: _Sending | None = request.app.state.uploading.get(upload.id)
    if other is not None:
        other.is_superseded.set()
        await other.is_over.wait()


async def _upload(request: Request) -> Upload:
    return await run_in_threadpool(_uploads(request).store.get, request.path_params["upload"])


def _whole_number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not text.isascii() or not text.isdecimal() or len(text) > _DIGITS:
        raise BadRequestError(f"{header.title()}: expected a whole number")
    return int(text)


def _checksum(request: Request) -> tuple[str, bytes] | None:
    text = request.headers.get("upload-checksum")
    if text is None:
        return None
    algorithm, _, coded = text.partition(" ")
    try:
        digest = base64.b64decode(coded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequestError("Upload-Checksum: expected a digest in base64") from error
    if algorithm not in _ALGORITHMS:
        raise BadRequestError(f"Upload-Checksum: expected one of {', '.join(_ALGORITHMS)}")
    return algorithm, digest


def _expires(request: Request, upload: Upload) -> dict[str, str]:
    days = request.app.state.settings.keep_uploads_days
    return {"Upload-Expires": formatdate(upload.created + days * 86_400, usegmt=True)}
