# SPDX-License-Identifier: Apache-2.0
"""The server below a path of its public address: every address that it tells leads somewhere."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import archive
import httpx
import proxies
import pytest
from servers import STOW_TYPE, Server, multipart, serving

from tileserver.app import create_app
from tileserver.prefix import without
from tileserver.settings import OWN_PATHS, Settings

INSTANCE = "/dicomweb/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1"
MULLER = "/dicomweb/studies/1.2.3.2/series/1.2.3.2.1/instances/1.2.3.2.1.1"


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("prefix") / "data"
    with serving(data, "--base-url", "https://host.example/a/pacs/") as running:
        assert running.store(*archive.build().values()).status_code == 200
        yield running


@pytest.mark.parametrize(
    "path", ["/", "/studies/1.2/series/3", "/dicomweb/studies", f"{INSTANCE}/frames/1",
             f"{INSTANCE}/rendered", "/tiles/iiif", "/openapi.json", "/none", "/assets/none.js"],
)  # fmt: skip
def test_a_proxy_may_take_the_path_off_or_leave_it(server, path):
    without_it = server.http.get(path, headers={"Accept": "*/*"})
    with_it = server.http.get(f"/a/pacs{path}", headers={"Accept": "*/*"})

    assert with_it.status_code == without_it.status_code
    differing = {"date", "content-type"} if b"coverslip-" in with_it.content[:99] else {"date"}
    for name in {*with_it.headers, *without_it.headers} - differing:
        assert with_it.headers[name] == without_it.headers[name]
    boundary = re.compile(rb"coverslip-[0-9a-f]{32}")
    assert boundary.sub(b"", with_it.content) == boundary.sub(b"", without_it.content)


def test_the_path_alone_is_the_root(server):
    assert server.http.get("/a/pacs").content == server.http.get("/").content


@pytest.mark.parametrize("path", ["/a/pacsx/", "/a", "/A/PACS/", "/x/a/pacs/", "/a/pacs/a/pacs/"])
def test_other_paths_are_not(server, path):
    assert server.http.get(path).status_code == 404


def test_the_log_and_the_figures_have_no_path_of_the_proxy(server):
    server.http.get("/a/pacs/dicomweb/series")
    server.http.get("/a/pacs/readyz")  # behind it in the log

    figures = server.http.get("/metrics").text
    until = time.monotonic() + 20
    while "path=/readyz" not in server.log.read_text() and time.monotonic() < until:
        server.is_alive()

    assert 'tileserver_requests_total{method="GET",service="qido.series",status="200"}' in figures
    assert "path=/dicomweb/series " in server.log.read_text()
    assert "path=/a/pacs/dicomweb" not in server.log.read_text()


def test_no_path_of_the_server_can_be_taken_for_one_of_the_proxy(tmp_path):
    app = create_app(Settings(data=tmp_path / "data"))

    first = {str(getattr(route, "path", "/")).split("/")[1] for route in app.routes} - {
        "",
        "{path:path}",
    }

    assert {name for name in first if "." not in name or name in OWN_PATHS} <= OWN_PATHS


def test_only_a_whole_path_is_taken_off():
    assert without(b"/pacs/dicomweb", b"/pacs") == b"/dicomweb"
    assert without(b"/pacsx/dicomweb", b"/pacs") == b"/pacsx/dicomweb"
    assert without(b"/dicomweb", b"") == b"/dicomweb"


@pytest.fixture(scope="module", params=[True, False], ids=["leaves", "takes off"])
def proxied(request, tmp_path_factory) -> Iterator[httpx.Client]:
    """Give a client of a server behind nginx."""
    proxies.find_nginx()
    folder: Path = tmp_path_factory.mktemp("proxied")
    port = proxies.free_port()
    address = f"http://127.0.0.1:{port}/pacs"
    with (
        serving(folder / "data", "--base-url", address) as running,
        proxies.nginx(folder / "nginx", port, "/pacs", running.address, keeps_path=request.param),
        httpx.Client(base_url=address, timeout=60) as http,
    ):
        stored = http.post(
            "/dicomweb/studies",
            content=multipart(list(archive.build().values())),
            headers={"Content-Type": STOW_TYPE},
        )
        assert stored.status_code == 200, stored.text
        assert stored.json()["00081199"]["Value"][0]["00081190"]["Value"] == [
            f"{address}/dicomweb/studies/1.2.3.1/series/1.2.3.1.1/instances/1.2.3.1.1.1"
        ]
        yield http


@pytest.mark.parametrize("page", ["/", "/studies/1.2.3.1/series/1.2.3.1.1"])
def test_behind_a_proxy_the_page_finds_its_files(proxied, page):
    answer = proxied.get(page)
    if "viewer is not built" in answer.text:
        pytest.skip("the viewer is not built: run make viewer")

    references = re.findall(r'(?:src|href)="([^"]+)"', answer.text)

    # An icon, a style sheet, and scripts in pieces.
    assert {reference.rsplit(".", 1)[1] for reference in references} == {"svg", "css", "js"}
    for reference in references:
        assert reference.startswith("/pacs/assets/")
        assert proxied.get(str(proxied.base_url.copy_with(path=reference))).status_code == 200


def addresses(text: str, root: str) -> list[str]:
    return sorted(
        {found for found in re.findall(r'https?://127[^"\\\s>;]+', text) if root in found}
    )


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/dicomweb/studies", 2),
        ("/dicomweb/series", 3),
        ("/dicomweb/instances", 4),
        (f"{MULLER}/metadata", 3),
        ("/tiles/1.2.3.1/1.2.3.1.1/iiif/info.json", 1),
        ("/tiles/1.2.3.1/manifest.json", 3),
    ],
)
def test_behind_a_proxy_addresses_in_answers_lead_somewhere(proxied, path, count):
    root = str(proxied.base_url).rstrip("/")
    answer = proxied.get(path)
    assert answer.status_code == 200, answer.text

    found = addresses(answer.text + json.dumps(dict(answer.headers)), root)

    assert len(found) >= count
    assert all(each.startswith(f"{root}/") for each in found)
    for each in (each for each in found if "/canvas/" not in each):  # a name only
        followed = httpx.get(each, headers={"Accept": "*/*"}, follow_redirects=True)
        assert followed.status_code == 200, each


def test_behind_a_proxy_links_of_pages_lead_on(proxied):
    first = proxied.get("/dicomweb/studies?limit=1")
    target = re.search(r"<([^>]+)>; rel=\"?next", first.headers["link"])
    assert target

    second = httpx.get(target[1])

    assert second.status_code == 200
    assert first.json() != second.json()
