# SPDX-License-Identifier: Apache-2.0
"""The viewer shows what Orthanc has: passed on by this server, and asked by the browser itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import imagecodecs
import numpy as np
import orthanc as peer
import proxies
import pydicom
import pytest
from browser.harness import READY, STUDY, canvas_pixels
from browser.test_slide import assert_same_colours
from servers import serving

README = Path(__file__).resolve().parents[2] / "README.md"


@dataclass(frozen=True)
class Others:
    """A server with pages of Orthanc, whose addresses are those of the pages."""

    address: str
    pages: dict[str, str]
    orthanc: str

    def store(self, folder: Path) -> str:
        """Put files into Orthanc; return the path of their slide's page."""
        header = None
        for path in sorted(folder.glob("*.dcm")):
            sent = httpx.post(f"{self.orthanc}/instances", content=path.read_bytes(), timeout=60)
            assert sent.status_code == 200, sent.text
            header = header or pydicom.dcmread(path, stop_before_pixels=True)
        assert header
        return f"/studies/{header.StudyInstanceUID}/series/{header.SeriesInstanceUID}"


def cors_of_readme(page: str) -> str:
    """Return what the README has an administrator write into nginx."""
    found = re.search(
        r"```nginx\n *location /dicom-web/ \{\n(.*?)\n *\}\n```", README.read_text(), re.DOTALL
    )
    assert found
    lines = [line for line in found[1].splitlines() if "proxy_pass" not in line]
    return "\n".join(lines).replace("https://slides.example.org", page)


@pytest.fixture(scope="module")
def others(archive, tmp_path_factory) -> Iterator[Others]:
    """Fill Orthanc with what dicomizer has made, and give the pages that show it."""
    proxies.find_nginx()
    folder = tmp_path_factory.mktemp("others")
    cors = proxies.free_port()
    with (
        peer.orthanc(folder) as (port, _),
        peer.orthanc(made(folder / "locked"), LOCKED) as (locked, _),
    ):
        target = f"http://127.0.0.1:{port}"
        options = {
            "passed": ("--origins", f"passed={target}/dicom-web"),
            "direct": ("--direct-origins", f"direct=http://127.0.0.1:{cors}/dicom-web"),
            "closed": ("--direct-origins", f"closed={target}/dicom-web"),
            "locked": ("--origins", f"locked=http://127.0.0.1:{locked}/dicom-web"),
            "wrong": ("--origins", f"wrong={target}"),
            "away": ("--origins", "away=http://127.0.0.1:9/dicom-web"),
        }
        told = [part for option in options.values() for part in option]
        with (
            serving(folder / "data", *told) as server,
            proxies.nginx(
                folder / "nginx",
                cors,
                "/dicom-web",
                target,
                keeps_path=True,
                more=cors_of_readme(server.address),
            ),
        ):
            pages = {name: f"{server.address}/origins/{name}" for name in options}
            found = Others(server.address, pages, target)
            for name in ("first", "second"):
                found.store(archive.slides[name].folder)
            yield found


LOCKED = {"AuthenticationEnabled": True, "RegisteredUsers": {"reader": "secret"}}


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.fixture(params=["passed", "direct"])
def root(request, others) -> str:
    """Give the address of pages of Orthanc."""
    return others.pages[request.param]


@pytest.fixture
def asked(page) -> list[str]:
    """Give what a page asks for, as it does."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url))
    return found


def test_from_the_worklist_to_the_attributes(root, page, others, asked):
    page.goto(f"{root}/")
    page.wait_for_function(
        "() => document.querySelectorAll('.thumbnail[data-state=ready]').length === 2"
    )
    assert page.locator(".origins [aria-current]").inner_text() == root.rpartition("/")[2]
    assert page.get_by_role("button", name="store files…").count() == 0

    page.locator(".thumbnail").first.click()
    page.wait_for_selector(READY)
    page.wait_for_function(
        "() => document.querySelectorAll('.tray-slide[data-state=ready]').length === 2"
    )
    assert page.url.startswith(f"{root}/studies/{STUDY}?slide=")
    assert page.get_by_role("button", name="delete…").count() == 0
    assert page.get_by_role("link", name="download").count() == 0
    page.locator(".series-files summary").first.click()
    page.locator(".instance-tags").first.click()
    page.get_by_text("Total Pixel Matrix Columns").wait_for()

    assert [url for url in asked if "/thumbnail" in url or "rendered" in url] == []
    site = (others.address, "blob:", "data:", "http://127.0.0.1")
    assert [url for url in asked if not url.startswith(site)] == []


@pytest.mark.parametrize("name", ["first", "second"])
def test_the_picture_is_that_of_the_slide(root, page, archive, name):
    slide = archive.slides[name]

    page.goto(f"{root}{slide.path}?x=450&y=350&mpp=0.5&r=0&show=info")
    page.wait_for_selector(READY)

    page.get_by_text("sRGB built-in; drawn as sRGB").wait_for()
    page.keyboard.press("x")
    page.wait_for_selector(f"{READY}[data-picture=stored]")
    assert_same_colours(canvas_pixels(page), slide.source, 0, (450, 350))


def test_samples_of_16_bits_are_windowed_here(others, page, real_slide):
    folder = real_slide("dicom/variants/fluo_2path_u16_jls")
    path = others.store(folder)

    page.goto(
        f"{others.pages['passed']}{path}?x=600&y=400&mpp=0.25&r=0"
        "&ch=1_0000ff_100-3000_1+2_00ff00_50-2000_1"
    )
    page.wait_for_selector(f"{READY}[data-sheet*='2000']")
    drawn = canvas_pixels(page).astype(float)

    dataset = pydicom.dcmread(folder / "level0.dcm")
    frames = list(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=60))
    first, second = (imagecodecs.jpegls_decode(frames[number]).astype(float) for number in (8, 38))
    blue, green = np.clip((first - 100) / 2900, 0, 1), np.clip((second - 50) / 1950, 0, 1)
    expected = 255 * np.stack([0 * blue, green, blue], axis=2)
    assert abs(drawn[256:512, 512:768] - expected).max() <= 1


def test_what_orthanc_cannot_draw_is_said(others, console_is_theirs, real_slide):
    path = others.store(real_slide("dicom/variants/j2k_lossless"))

    console_is_theirs.goto(f"{others.pages['passed']}{path}")

    alert = console_is_theirs.get_by_role("alert")
    alert.wait_for()
    assert "stored as JPEG 2000, which neither this viewer nor the server can" in alert.inner_text()


def test_a_length_is_measured_in_millimetres(root, page, archive):
    page.goto(f"{root}{archive.slides['first'].path}?x=700&y=500&mpp=0.5&r=0&show=measure")
    page.wait_for_selector(READY)

    page.get_by_role("button", name=re.compile("^length")).first.click()
    page.mouse.click(400, 300)
    page.mouse.click(700, 300)

    page.get_by_text("150 µm").first.wait_for()


def test_a_search_finds_and_does_not_find(root, page):
    page.goto(f"{root}/?q=sample")
    page.wait_for_selector(".case-row[data-state=ready]")

    page.goto(f"{root}/?q=container:S99")
    page.get_by_text("no case matches").wait_for()
    page.goto(f"{root}/?q=stain:eosin")
    page.get_by_text("may not search by stain").wait_for()


def test_a_page_of_this_server_leads_to_the_others(others, page):
    page.goto(f"{others.address}/")
    page.get_by_text("no slides yet").wait_for()

    page.get_by_role("link", name="passed").click()

    page.wait_for_selector(".case-row[data-state=ready]")


@pytest.fixture
def console_is_theirs(browser) -> Iterator[Any]:
    """Open a page whose console may hold the browser's own lines about refused requests."""
    context = browser.new_context()
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "closed",
            "closed does not answer this page; check that it runs, and that it lets pages of",
        ),
        ("locked", "locked wants a login; name it in origins of tileserver, with its login in"),
        (
            "wrong",
            "wrong refuses the search; check that its address in the settings is that of",
        ),
        ("away", "away does not answer; check that it runs, and its address in the settings"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(console_is_theirs, others, name, told):
    page = console_is_theirs

    page.goto(f"{others.pages[name]}/")

    page.get_by_text("the cases cannot be listed").wait_for()
    assert told in page.locator("main").inner_text()
