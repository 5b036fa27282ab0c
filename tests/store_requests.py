# SPDX-License-Identifier: Apache-2.0
"""STOW-RS requests of metadata with bulk data, and what was stored of them."""

from __future__ import annotations

import io

import httpx
import pydicom
from servers import BOUNDARY, Server

JSON_TYPE = f'multipart/related; type="application/dicom+json"; boundary={BOUNDARY}'
XML_TYPE = f'multipart/related; type="application/dicom+xml"; boundary={BOUNDARY}'


def body(*parts: tuple[str, str | None, bytes]) -> bytes:
    """Return a body of parts of a type, a location and content."""
    made = b""
    for content_type, location, content in parts:
        head = f"--{BOUNDARY}\r\nContent-Type: {content_type}\r\n"
        head += f"Content-Location: {location}\r\n" if location else ""
        made += head.encode() + b"\r\n" + content + b"\r\n"
    return made + f"--{BOUNDARY}--\r\n".encode()


def stored(server: Server, found: pydicom.Dataset) -> pydicom.FileDataset:
    answer = server.get(
        f"/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
        f"/instances/{found.SOPInstanceUID}",
        "application/dicom",
    )
    assert answer.status_code == 200
    return pydicom.dcmread(io.BytesIO(answer.content))


def post(server: Server, content: bytes, content_type: str, **headers: str) -> httpx.Response:
    return server.http.post(
        "/dicomweb/studies", content=content, headers={"Content-Type": content_type, **headers}
    )
