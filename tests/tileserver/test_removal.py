# SPDX-License-Identifier: Apache-2.0
"""What is read while it is deleted or replaced: the truth before or after, and a clean log."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import anyio
import httpx
import instances
import pytest
from servers import STOW_TYPE, multipart, serving

from tileserver.app import create_app
from tileserver.index import Index
from tileserver.services.retrieve import Retrieve
from tileserver.settings import Duplicates, Settings
from tileserver.store.folder import FolderBlobStore

STUDY = "/dicomweb/studies/1.2.3"
PATHS = ["", "/frames/1", "/rendered", "/bulkdata/7FE00010", "/metadata", "/thumbnail"]


def two(**changed: str) -> list[bytes]:
    made = []
    for number in (1, 2):
        found = instances.slide([instances.jpeg(number)])
        found.StudyInstanceUID, found.SeriesInstanceUID = "1.2.3", "1.2.3.1"
        found.SOPInstanceUID = found.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.1.{number}"
        for name, value in changed.items():
            setattr(found, name, value)
        made.append(instances.written(found))
    return made


def stored(app, files: list[bytes]) -> None:
    async def post() -> httpx.Response:
        return await client(app).post(
            "/dicomweb/studies",
            content=multipart(files),
            headers={"Content-Type": STOW_TYPE},
        )

    assert anyio.run(post).status_code == 200


def client(app) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def get(app, path: str, accept: str = "*/*") -> httpx.Response:
    async def ask() -> httpx.Response:
        return await client(app).get(path, headers={"Accept": accept})

    return anyio.run(ask)


@pytest.fixture
def app(tmp_path):
    app = create_app(Settings(data=tmp_path / "data", duplicates=Duplicates.REPLACE))
    stored(app, two())
    return app


def once(monkeypatch, kind: type, name: str, change) -> None:
    """Let something happen between the question to the index and the opening of a file."""
    method = getattr(kind, name)
    has_happened = False

    def changed(self, *arguments, **named):
        nonlocal has_happened
        if not has_happened:
            has_happened = True
            change()
        return method(self, *arguments, **named)

    monkeypatch.setattr(kind, name, changed)


@pytest.mark.parametrize("path", PATHS)
def test_what_is_deleted_meanwhile_is_not_found(app, monkeypatch, path):
    delete = app.state.services.delete
    once(
        monkeypatch, FolderBlobStore, "open", lambda: delete.delete("1.2.3", "1.2.3.1", "1.2.3.1.1")
    )

    answer = get(app, f"{STUDY}/series/1.2.3.1/instances/1.2.3.1.1{path}")

    assert answer.status_code in ({200} if path == "/metadata" else {404})


def test_what_is_deleted_before_its_frames_are_looked_up_is_not_found_and_drawn_once_it_is_back(
    app, monkeypatch
):
    delete = app.state.services.delete
    path = f"{STUDY}/series/1.2.3.1/instances/1.2.3.1.1/rendered"
    once(monkeypatch, Index, "frames", lambda: delete.delete("1.2.3", "1.2.3.1", "1.2.3.1.1"))

    gone = get(app, path)
    stored(app, two())
    back = get(app, path)

    assert (gone.status_code, back.status_code) == (404, 200)


def test_a_study_is_given_without_what_is_deleted_meanwhile(app, monkeypatch):
    delete = app.state.services.delete
    once(monkeypatch, Retrieve, "file", lambda: delete.delete("1.2.3", "1.2.3.1", "1.2.3.1.1"))

    answer = get(app, STUDY)

    assert answer.status_code == 200
    assert answer.content.count(b"\r\nContent-Type: application/dicom") == 1
    assert two()[1] in answer.content


def test_what_is_replaced_meanwhile_is_given_anew(app, monkeypatch):
    newer = two(SeriesDescription="another one")
    once(monkeypatch, Retrieve, "file", lambda: replaced(app, newer))

    answer = get(app, f"{STUDY}/series/1.2.3.1/instances/1.2.3.1.1", "application/dicom")

    assert answer.status_code == 200
    assert answer.content == newer[0]


def replaced(app, files: list[bytes]) -> None:
    ingest = app.state.services.ingest
    for file in files:
        with ingest.receive() as incoming:
            incoming.write(file)
            ingest.accept(incoming)


def large_study(count: int = 3, byte: int = 0, megabytes: int = 4) -> list[bytes]:
    """Return instances of two frames, together more than connections hold."""
    made = []
    for number in range(count):
        frames = [b"\xff\xd8" + bytes([byte]) * (megabytes << 20) + b"\xff\xd9"] * 2
        found = instances.slide(frames)
        found.StudyInstanceUID, found.SeriesInstanceUID = "1.2.3", "1.2.3.1"
        found.SOPInstanceUID = found.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.1.{number + 1}"
        made.append(instances.written(found))
    return made


def files_below(data: Path, folder: str) -> list[Path]:
    return [path for path in (data / folder).rglob("*") if path.is_file()]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_study_that_is_deleted_while_it_is_sent_comes_whole(tmp_path, workers):
    files, others = large_study(), large_study(byte=1)
    with serving(tmp_path / "data", "--workers", workers) as server:
        assert server.store(*files).status_code == 200
        with server.http.stream("GET", STUDY) as answer:
            pieces = answer.iter_raw(1000)
            begin = next(pieces)
            deleted = httpx.delete(f"{server.address}{STUDY}")
            gone = httpx.get(f"{server.address}{STUDY}/metadata")
            frame = httpx.get(
                f"{server.address}{STUDY}/series/1.2.3.1/instances/1.2.3.1.1/frames/1"
            )
            kept = len(files_below(server.data, "removed"))
            stored = httpx.post(
                f"{server.root}/studies",
                content=multipart(others),
                headers={"Content-Type": STOW_TYPE},
            )
            content = b"".join((begin, *pieces))
        newer = server.get("/studies/1.2.3").content
        left = [files_below(server.data, name) for name in ("removed", "reading", "condemned")]

    assert answer.status_code == 200
    assert len(content) == int(answer.headers["Content-Length"])
    assert all(file in content for file in files)
    assert [deleted.status_code, gone.status_code, frame.status_code] == [204, 404, 404]
    assert kept == 3
    assert stored.status_code == 200
    assert all(file in newer for file in others)
    assert left == [[], [], []]


def test_who_goes_away_keeps_nothing(tmp_path):
    with serving(tmp_path / "data") as server:
        assert server.store(*large_study()).status_code == 200
        with server.http.stream("GET", STUDY) as answer:
            next(answer.iter_raw(1000))
            httpx.delete(f"{server.address}{STUDY}")

        until = time.monotonic() + 20
        while files_below(server.data, "removed") and time.monotonic() < until:
            server.is_alive()

        assert files_below(server.data, "removed") == files_below(server.data, "reading") == []
        assert files_below(server.data, "blobs") == []


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("", "application/dicom"),
        ("", 'multipart/related; type="application/dicom"'),
        ("/bulkdata/7FE00010", "*/*"),
        ("/frames/1,2", 'multipart/related; type="*/*"; transfer-syntax=*'),
    ],
)
def test_an_instance_that_is_deleted_once_its_answer_began_comes_whole(tmp_path, path, accept):
    (file,) = large_study(1, megabytes=8)
    instance = f"{STUDY}/series/1.2.3.1/instances/1.2.3.1.1{path}"
    with serving(tmp_path / "data") as server:
        assert server.store(file).status_code == 200
        with server.http.stream("GET", instance, headers={"Accept": accept}) as answer:
            deleted = httpx.delete(f"{server.address}{STUDY}")
            content = answer.read()

    assert (answer.status_code, deleted.status_code) == (200, 204)
    assert len(content) == int(answer.headers["Content-Length"])


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("", 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1'),
        ("/bulkdata", "*/*"),
        ("/rendered", 'multipart/related; type="image/png"'),
    ],
)
def test_what_is_made_as_it_is_sent_is_left_out_once_it_is_deleted(app, path, accept):
    delete = app.state.services.delete
    parts: list[int] = []

    async def ask() -> tuple[int, bytes]:
        async with client(app) as http:
            request = http.build_request("GET", f"{STUDY}{path}", headers={"Accept": accept})
            messages: list[dict[str, Any]] = []

            async def send(message) -> None:
                if message.get("body") and not parts:
                    parts.append(1)
                    delete.delete("1.2.3", "1.2.3.1", "1.2.3.1.2")
                messages.append(message)

            async def receive() -> dict[str, str]:
                await anyio.sleep_forever()
                raise AssertionError

            scope = {
                "type": "http",
                "method": "GET",
                "path": request.url.path,
                "query_string": b"",
                "headers": [(b"host", b"test"), (b"accept", accept.encode())],
                "http_version": "1.1",
                "scheme": "http",
                "server": ("test", 80),
                "root_path": "",
            }
            await app(scope, receive, send)
            return messages[0]["status"], b"".join(m.get("body", b"") for m in messages[1:])

    status, content = anyio.run(ask)

    assert status == 200
    assert content.endswith(b"--\r\n")
    assert 1 <= content.count(b"\r\nContent-Type: ") <= 2


def test_an_answer_that_is_broken_off_is_one_line_in_the_log(tmp_path):
    large = [instances.native(bytes(768) * 8000, 8000) for _ in range(3)]
    for found in large:
        found.StudyInstanceUID = "1.2.3"
    with contextlib.suppress(AssertionError), serving(tmp_path / "data") as server:
        assert server.store(*map(instances.written, large)).is_success
        with (
            pytest.raises(httpx.RemoteProtocolError),
            server.http.stream("GET", STUDY) as answer,
        ):
            pieces = answer.iter_raw(1000)
            next(pieces)
            for blob in (server.data / "blobs").rglob("*.dcm"):
                blob.unlink()
            for _ in pieces:
                pass

    log = server.log.read_text()
    assert log.count("answer broken off: blob ") == 1
    assert "Traceback" not in log
    assert "unexpected" not in log
