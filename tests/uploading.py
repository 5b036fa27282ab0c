# SPDX-License-Identifier: Apache-2.0
"""A client of the tus protocol, and of jobs."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from servers import Server

TUS = {"Tus-Resumable": "1.0.0"}
STREAM = "application/offset+octet-stream"
FINAL = ("done", "failed", "cancelled")
_PATIENCE = 120.0


def begun(server: Server, length: int, **metadata: object) -> str:
    """Begin an upload, and return its path."""
    answer = begin(server, length, **metadata)
    assert answer.status_code == 201, answer.text
    return httpx.URL(answer.headers["location"]).path


def begin(server: Server, length: int, **metadata: object) -> httpx.Response:
    pairs = (f"{name} {coded(value)}" for name, value in metadata.items())
    headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": ",".join(pairs)}
    return server.http.post("/api/uploads", headers=headers)


def coded(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.b64encode(text.encode()).decode()


def send(server: Server, path: str, data: bytes, offset: int = 0, **headers: str) -> httpx.Response:
    told = {**TUS, "Upload-Offset": str(offset), "Content-Type": STREAM}
    return server.http.patch(path, content=data, headers=told | headers)


def offset(server: Server, path: str) -> int:
    answer = server.http.head(path, headers=TUS)
    assert answer.status_code == 200, answer.status_code
    return int(answer.headers["upload-offset"])


def resumed(server: Server, path: str, data: bytes) -> httpx.Response:
    """Send what is missing; begin again, as clients do, where an earlier request comes in late."""
    for _ in range(100):
        begin = offset(server, path)
        answer = send(server, path, data[begin:], begin)
        if answer.status_code not in (409, 423):
            return answer
    raise AssertionError(answer.text)


def uploaded(server: Server, file: Path | bytes, name: str = "", **metadata: object) -> int:
    """Upload a file, and return the number of the job that converts it."""
    data = file if isinstance(file, bytes) else file.read_bytes()
    filename = name or (file.name if isinstance(file, Path) else "slide.svs")
    path = begun(server, len(data), filename=filename, **metadata)
    answer = send(server, path, data)
    assert answer.status_code == 204, answer.text
    return job_number(answer)


def job_number(answer: httpx.Response) -> int:
    return int(answer.links["monitor"]["url"].rsplit("/", 1)[1])


def asked(server: Server, kind: str, **more: Any) -> int:
    """Have something done, and return the number of its job."""
    answer = server.http.post("/api/jobs", json={"kind": kind, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def job(server: Server, number: int) -> Mapping[str, Any]:
    answer = server.http.get(f"/api/jobs/{number}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(server: Server, number: int, patience: float = _PATIENCE) -> Mapping[str, Any]:
    """Return a job once it has ended."""
    until = time.monotonic() + patience
    while (found := job(server, number))["state"] not in FINAL:
        assert time.monotonic() < until, found
        time.sleep(0.05)
    return found


def log(server: Server, number: int) -> list[str]:
    return [line["text"] for line in server.http.get(f"/api/jobs/{number}/log").json()["lines"]]


def instances(server: Server, study: str) -> list[str]:
    """Return the SOP Instance UIDs of a study, sorted."""
    answer = server.get(f"/studies/{study}/instances", "application/dicom+json")
    found = answer.json() if answer.status_code == 200 else []
    return sorted(item["00080018"]["Value"][0] for item in found)
