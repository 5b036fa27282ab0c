# SPDX-License-Identifier: Apache-2.0
"""The real thing: slides converted by dicomizer, served by tileserver, opened in Chromium.

Each page must end without an error or a warning on its console; a refused script or style (the
Content-Security-Policy) is such an error. Nor may a page call any other server.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom
import pytest
import slides
from browser.harness import READY, SCREEN, STUDY, Archive, Served, serving

REPOSITORY = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MARKUP = "<script>document.write(1)</script>^<img src onerror>"


@pytest.fixture(scope="session")
def viewer() -> Path:
    """Give the folder of the built viewer."""
    built = REPOSITORY / "web" / "dist"
    if not (built / "index.html").exists():
        pytest.skip("the viewer is not built: run `npm ci && npm run build` in web/")
    return built


@pytest.fixture(scope="module")
def browser(viewer: Path) -> Iterator[Any]:
    """Start Chromium for a module; any longer and its event loop would be in others' way."""
    wanted = os.environ.get("COVERSLIP_CHROMIUM")
    found = wanted or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not found:
        pytest.skip("no Chromium: install one, or name its program in COVERSLIP_CHROMIUM")
    api = pytest.importorskip("playwright.sync_api", reason="playwright: pip install playwright")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def archive(viewer: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """Serve a few slides; tests may put more of their own beside them."""
    with stocked(tmp_path_factory.mktemp("archive")) as archive:
        yield archive


@contextlib.contextmanager
def stocked(work: Path) -> Iterator[Archive]:
    """Serve two slides of one case, one with markup for names, one without spacing."""
    data = work / "data"
    with serving(data, work / "server.log") as address:
        archive = Archive(address, data, work)
        case = {"patient": {"name": "Sample^Jane", "id": "P-1"}, "study": {"uid": STUDY}}
        first = slides.write_svs(work / "first.svs", size=(1500, 1000), tile=256)
        stained = {"identifier": "S26-1-A1-1", "stains": ["haematoxylin", "eosin"]}
        container = {"identifier": "S26-1-A1"}
        archive.add("first", first.path, case | {"container": container, "specimens": [stained]})
        second = slides.write_svs(work / "second.svs", size=(900, 700), tile=128, color="rgb")
        archive.add("second", second.path, case | {"container": {"identifier": "S26-1-A2"}})
        small = slides.write_svs(work / "small.svs", associated=False)
        named = {"patient": {"name": MARKUP}, "container": {"identifier": "<b>bold</b>"}}
        archive.add("markup", small.path, named)
        without_spacing(archive.add("calibrated", small.path, {}), archive)
        yield archive


def without_spacing(calibrated: Served, archive: Archive) -> None:
    """Put a copy of a slide into the archive that does not state the size of its pixels."""
    folder = archive.work / "uncalibrated"
    folder.mkdir()
    series = pydicom.uid.generate_uid()
    for path in calibrated.folder.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.SeriesInstanceUID = series
        dataset.SOPInstanceUID = pydicom.uid.generate_uid()
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        del measures.PixelSpacing
        dataset.save_as(folder / path.name)
    archive.ingest("uncalibrated", calibrated.source, folder)


def is_complaint(message: Any) -> bool:
    """Tell whether a line of the console blames page or server, and not the graphics driver."""
    return message.type in ("error", "warning") and "GL Driver Message" not in message.text


@pytest.fixture
def new_page(browser: Any, archive: Archive) -> Iterator[Callable[..., Any]]:
    """Give a function that opens an empty page; at the end all their consoles must be clean."""
    complaints: list[str] = []
    contexts: list[Any] = []

    def opened(**options: Any) -> Any:
        usual = {"viewport": SCREEN, "base_url": archive.address, "color_scheme": "dark"}
        context = browser.new_context(**(usual | options))
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda message: complaints.append(message.text) if is_complaint(message) else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith(("http://127.0.0.1:", "blob:", "data:"))
                else complaints.append(f"asked elsewhere: {request.url}")
            ),
        )
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(new_page: Callable[..., Any]) -> Any:
    """Open an empty page."""
    return new_page()


@pytest.fixture
def open_slide(page: Any, archive: Archive) -> Callable[..., Any]:
    """Give a function that opens a slide of the archive and waits until it is drawn."""

    def opened(name: str, query: str = "") -> Any:
        page.goto(archive.slides[name].path + query)
        page.wait_for_selector(READY)
        return page

    return opened


@pytest.fixture
def press(page: Any) -> Callable[[str, str], None]:
    """Give a function that presses a key and waits until the address bar says so."""

    def pressed(key: str, expected: str) -> None:
        page.keyboard.press(key)
        page.wait_for_function("pattern => new RegExp(pattern).test(location.search)", arg=expected)
        page.wait_for_selector(READY)

    return pressed
