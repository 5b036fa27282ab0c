# SPDX-License-Identifier: Apache-2.0
"""The real server as a child process, and the HTTP that tests speak to it."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

BOUNDARY = "test-boundary"
STOW_TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


@dataclass(frozen=True)
class Server:
    """A running server."""

    address: str
    data: Path
    log: Path
    http: httpx.Client
    process: subprocess.Popen[str]

    @property
    def root(self) -> str:
        return f"{self.address}/dicomweb"

    def get(self, path: str, accept: str | None = None, **headers: str) -> httpx.Response:
        """Ask below the DICOMweb root."""
        wanted = {"Accept": accept} if accept else {}
        return self.http.get(f"/dicomweb{path}", headers=wanted | headers)

    def store(self, *instances: bytes, study: str = "") -> httpx.Response:
        """Send Part 10 files."""
        return self.http.post(
            f"/dicomweb/studies{study and '/' + study}",
            content=multipart(instances),
            headers={"Content-Type": STOW_TYPE},
        )

    def is_alive(self) -> bool:
        return self.http.get("/healthz").text == "ok\n"


def command(*arguments: str) -> list[str]:
    """Return the command line of the server's program."""
    return [sys.executable, "-m", "tileserver", *arguments]


@contextlib.contextmanager
def serving(data: Path, *options: str) -> Iterator[Server]:
    """Run a server on a port that it chooses; its log must be free of errors at the end."""
    log = data.parent / f"{data.name}.log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            command("serve", "--data", str(data), "--port", "0", *options),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        assert process.stdout
        try:
            line = process.stdout.readline()
            found = re.search(r"http://\S+", line)
            assert found, f"no address in {line!r}: {log.read_text()}"
            with httpx.Client(base_url=found[0], timeout=60) as http:
                yield Server(found[0], data, log, http, process)
        finally:
            process.terminate()
            process.wait(timeout=20)
            process.stdout.close()
    assert not re.search(r"\b(ERROR|CRITICAL)\b|Traceback|\wWarning", log.read_text()), (
        log.read_text()
    )


def multipart(parts: Sequence[bytes], content_type: str = "application/dicom") -> bytes:
    """Return the body of a store request."""
    head = f"--{BOUNDARY}\r\nContent-Type: {content_type}\r\n\r\n".encode()
    body = b"".join(head + part + b"\r\n" for part in parts)
    return body + f"--{BOUNDARY}--\r\n".encode()


def parts_of(answer: httpx.Response) -> list[tuple[dict[str, str], bytes]]:
    """Return the header fields and the body of each part of a multipart answer."""
    boundary = re.search(r"boundary=([^;]+)", answer.headers["content-type"])
    assert boundary
    first, *parts, last = answer.content.split(f"\r\n--{boundary[1]}".encode())
    assert (first, last) == (b"", b"--\r\n")
    return [_part(part) for part in parts]


def _part(part: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = part.partition(b"\r\n\r\n")
    lines = head.decode("ascii").strip().split("\r\n")
    return dict(line.split(": ", 1) for line in lines), body
