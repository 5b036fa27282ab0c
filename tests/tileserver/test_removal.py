# SPDX-License-Identifier: Apache-2.0
"""What is read while it is deleted or replaced: the truth before or after, and a clean log."""

from __future__ import annotations

import contextlib

import anyio
import httpx
import instances
import pytest
from servers import STOW_TYPE, multipart, serving

from tileserver.app import create_app
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


def test_a_study_is_given_without_what_is_deleted_meanwhile(app, monkeypatch):
    delete = app.state.services.delete
    once(monkeypatch, Retrieve, "file", lambda: delete.delete("1.2.3", "1.2.3.1", "1.2.3.1.1"))

    answer = get(app, STUDY)

    assert answer.status_code == 200
    assert answer.content.count(b"\r\nContent-Type: application/dicom") == 1
    assert two()[1] in answer.content


def test_what_is_replaced_meanwhile_is_given_anew(app, monkeypatch):
    newer = two(SeriesDescription="another one")
    once(monkeypatch, Retrieve, "check", lambda: replaced(app, newer))

    answer = get(app, f"{STUDY}/series/1.2.3.1/instances/1.2.3.1.1", "application/dicom")

    assert answer.status_code == 200
    assert answer.content == newer[0]


def replaced(app, files: list[bytes]) -> None:
    ingest = app.state.services.ingest
    for file in files:
        with ingest.receive() as incoming:
            incoming.write(file)
            ingest.accept(incoming)


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
