# SPDX-License-Identifier: Apache-2.0
"""The viewer below a path of a proxy: it never asks anything above that path."""

from __future__ import annotations

import proxies
import pytest
from browser.harness import READY
from servers import serving


@pytest.mark.parametrize("keeps_path", [True, False], ids=["leaves", "takes off"])
def test_the_viewer_works_below_a_path(archive, page, tmp_path, keeps_path):
    proxies.find_nginx()
    slide, port = archive.slides["first"], proxies.free_port()
    root = f"http://127.0.0.1:{port}/pacs"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with (
        serving(tmp_path / "data", "--base-url", root) as server,
        proxies.nginx(tmp_path / "nginx", port, "/pacs", server.address, keeps_path=keeps_path),
    ):
        files = [path.read_bytes() for path in slide.folder.glob("*.dcm")]
        assert server.store(*files).status_code == 200

        page.goto(f"{root}/")
        page.locator(".thumbnail[data-state=ready]").click()
        page.wait_for_selector(READY)
        page.keyboard.press("B")
        page.wait_for_function("path => location.pathname === path", arg=f"/pacs{slide.path}")
        page.reload()
        page.wait_for_selector(READY)
        page.go_back()
        page.wait_for_selector(".tray-slide[data-state=ready]")
        page.go_back()
        page.wait_for_selector(".thumbnail[data-state=ready]")

    assert any("/frames/" in url for url in asked)
    assert [url for url in asked if not url.startswith((f"{root}/", "blob:", "data:"))] == []
