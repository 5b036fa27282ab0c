# SPDX-License-Identifier: Apache-2.0
"""What every answer has, the viewer's pages, the log, and errors that nobody expects."""

from __future__ import annotations

import gzip
import io
import re
import shutil

import anyio
import httpx
import instances
import pytest
from servers import serving
from starlette.routing import Route

from tileserver.app import create_app, open_services
from tileserver.compression import Gzip
from tileserver.errors import HTTP_STATUS, TileserverError, http_status
from tileserver.settings import Settings
from tileserver.static import routes, viewer_folder

PATHS = ["/", "/healthz", "/studies/1.2.3", "/dicomweb/studies", "/dicomweb/studies/9.9", "/none"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_keeps_browsers_from_guessing(archive, path):
    headers = archive.server.http.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


def test_pages_have_a_strict_policy(archive):
    headers = archive.server.http.get("/").headers

    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "connect-src 'self'; font-src 'self'; worker-src 'self' blob:; manifest-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def test_every_study_has_the_same_page(archive):
    first, second = (archive.server.http.get(path) for path in ("/", "/studies/1.2/series/3?x=1"))

    assert first.status_code == second.status_code == 200
    assert first.content == second.content


BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/nope", "/jobs/1", "/origins/nope", "/dicomweb/nope"])
def test_a_browser_gets_a_page_where_there_is_none_and_programs_get_json(archive, path):
    if viewer_folder() is None:
        pytest.skip("the viewer is not built: run make viewer")
    get = archive.server.http.get

    page, answer = get(path, headers=BROWSER), get(path)

    assert (page.status_code, answer.status_code) == (404, 404)
    assert page.content == get("/").content
    assert page.headers["vary"] == answer.headers["vary"] == "Accept"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.json() == {"error": "HttpError", "message": "Not Found"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/"), ("DELETE", "/dicomweb/studies"), ("PUT", "/dicomweb/instances")],
)
def test_other_methods_are_not_allowed(archive, method, path):
    answer = archive.server.http.request(method, path)

    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert set(answer.json()) == {"error", "message"}


def test_addresses_do_not_come_from_the_host_header(archive):
    answer = archive.server.get("/studies", Host="forged")
    slash = archive.server.get("/studies/", Host="forged")

    assert answer.status_code == 200
    assert "forged" not in answer.text
    assert slash.status_code == 404


def test_addresses_begin_with_the_public_one_where_it_is_given(tmp_path):
    with serving(tmp_path / "data", "--base-url", "https://slides.example.org/") as server:
        answer = server.store(instances.written(instances.dataset(StudyInstanceUID="1.2.3")))

    assert answer.json()["00081190"]["Value"] == [
        "https://slides.example.org/dicomweb/studies/1.2.3"
    ]


def test_the_log_has_a_line_for_each_request_and_nobodys_name(tmp_path):
    with serving(tmp_path / "data") as server:
        stored = server.store(instances.written(instances.dataset(PatientName="Secret^Name")))
        found = server.get("/studies?PatientName=Secret*")
        server.http.get("/none%0d%0aline%1b[31m")

    lines = server.log.read_text().splitlines()
    requests = [
        re.sub(r".*(method=.*) ms=[\d.]+$", r"\1", line) for line in lines if "method=" in line
    ]
    assert requests == [
        f"method=POST path=/dicomweb/studies status=200 bytes={len(stored.content)}",
        f"method=GET path=/dicomweb/studies status=200 bytes={len(found.content)}",
        "method=GET path=/none\\r\\nline\\x1b[31m status=404 bytes=43",
    ]
    assert "Secret" in found.text
    assert "Secret" not in "".join(lines)


def test_values_that_break_their_vr_are_kept_without_a_word(tmp_path, caplog):
    file = instances.written(instances.dataset(SeriesNumber=7, PatientName="Secret^Name"))
    odd = file.replace(b"IS\x02\x007 ", b"IS\x02\x00x ").replace(b"Secret^Name", b"S=e=c=r=e=t")

    services, index = open_services(Settings(data=tmp_path / "data"))
    stored = services.ingest.add_file(io.BytesIO(odd))
    index.close()

    assert odd != file
    assert stored.is_new
    assert caplog.text == ""


async def broken(_):
    raise ValueError("Secret^Name")


async def answered(app, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path)


def test_an_unexpected_error_is_told_without_its_text(tmp_path, caplog):
    app = create_app(Settings(data=tmp_path / "data"))
    app.router.routes.insert(0, Route("/broken", broken))

    answer = anyio.run(answered, app, "/broken")

    assert answer.status_code == 500
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["error"] == "InternalError"
    assert "Secret" not in answer.text + caplog.text
    assert "unexpected ValueError at test_app.py:" in caplog.text


def test_a_blob_that_was_lost_is_an_error_of_storage(tmp_path, caplog):
    found = instances.slide([instances.jpeg(1)])
    with serving(tmp_path / "data") as server:
        server.store(instances.written(found))
    shutil.rmtree(tmp_path / "data" / "blobs")

    path = (
        f"/dicomweb/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
        f"/instances/{found.SOPInstanceUID}/frames/1?accept=image/jpeg"
    )
    answer = anyio.run(answered, create_app(Settings(data=tmp_path / "data")), path)

    assert answer.status_code == 500
    assert answer.json()["error"] == "LostBlobError"
    assert "blob" in answer.json()["message"]


def test_clients_that_leave_while_they_are_answered_are_no_error(tmp_path):
    found = instances.native(bytes(768) * 20_000, 20_000)
    with serving(tmp_path / "data") as server:
        assert server.store(instances.written(found)).status_code == 200
        for path in (f"/studies/{found.StudyInstanceUID}", "/instances"):
            with server.http.stream("GET", f"/dicomweb{path}") as answer:
                assert next(answer.iter_raw(1000))
        assert server.is_alive()

    # The log, which serving() looks at, has no error.
    assert "method=GET path=/dicomweb/studies/" in server.log.read_text()


def subclasses(kind: type) -> set[type]:
    return {kind}.union(*map(subclasses, kind.__subclasses__()))


def test_every_error_has_a_status():
    for kind in subclasses(TileserverError) - {TileserverError}:
        assert 400 <= http_status(kind("x")) < 600
    assert set(HTTP_STATUS.values()) == {
        400, 403, 404, 406, 409, 410, 412, 413, 415, 416, 499, 500, 502, 503, 504, 507,
    }  # fmt: skip


async def viewer_answers(folder) -> dict[str, httpx.Response]:
    from starlette.applications import Starlette

    app = Starlette(routes=routes(folder))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        paths = ("/", "/studies/1", "/assets/a-1.js", "/assets/none.js", "/icon.svg")
        return {path: await client.get(path) for path in paths}


def test_the_built_viewer_is_cached_by_name(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><p>page")
    (tmp_path / "assets" / "a-1.js").write_text("1")
    (tmp_path / "icon.svg").write_text("<svg/>")

    answers = anyio.run(viewer_answers, tmp_path)

    assert answers["/studies/1"].text == "<!doctype html><p>page"
    assert answers["/"].headers["cache-control"] == "no-cache"
    assert answers["/assets/a-1.js"].headers["cache-control"] == (
        "public, max-age=31536000, immutable"
    )
    assert answers["/assets/none.js"].status_code == 404
    assert answers["/icon.svg"].headers["content-type"] == "image/svg+xml"


async def compressed_assets(folder, *names: str) -> dict[str, tuple[dict[str, str], bytes]]:
    from starlette.applications import Starlette
    from starlette.middleware import Middleware

    app = Starlette(routes=routes(folder), middleware=[Middleware(Gzip)])
    transport = httpx.ASGITransport(app)
    found = {}
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for name in names:
            async with client.stream("GET", f"/assets/{name}") as answer:
                body = b"".join([part async for part in answer.aiter_raw()])
                found[name] = (dict(answer.headers), body)
    return found


def test_the_built_viewer_goes_out_compressed_but_for_pictures(tmp_path):
    assets = tmp_path / "assets"
    assets.mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    content = b"export const answer = 42;\n" * 9000  # more than a piece as it is read
    for name in ("a-1.js", "a-1.css", "a-1.svg", "a-1.png"):
        (assets / name).write_bytes(content)

    answers = anyio.run(compressed_assets, tmp_path, "a-1.js", "a-1.css", "a-1.svg", "a-1.png")

    headers, body = answers.pop("a-1.png")
    assert "content-encoding" not in headers
    assert body == content
    for headers, body in answers.values():
        assert headers["content-encoding"] == "gzip"
        assert headers["vary"] == "Accept-Encoding"
        assert headers["cache-control"] == "public, max-age=31536000, immutable"
        assert gzip.decompress(body) == content
        assert len(body) < len(content) / 20


def test_without_a_viewer_the_page_says_how_to_build_it(tmp_path):
    answers = anyio.run(viewer_answers, None)

    assert "make viewer" in answers["/"].text
    assert answers["/assets/a-1.js"].status_code == 404
