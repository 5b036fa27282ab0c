# SPDX-License-Identifier: Apache-2.0
"""What the pages look like, in two themes and three sizes, against pictures that were looked at.

Pictures are kept small: they show where things are and in which colours, and no letters. Two are
the same where they differ as they would by the fonts and the smoothing of another machine. After a
wanted change, `COVERSLIP_GOLDENS=write` writes them anew; look at them before they are committed.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser.harness import READY, STUDY, Archive, screen_pixels, serving
from he_section import SlideOptions, make_slide
from numpy.typing import NDArray
from PIL import Image, ImageFilter

GOLDENS = Path(__file__).parent / "goldens"
ROWS = 120
MEAN = 1.5
"""What a picture may differ by, of 255, in the mean."""
LARGEST = 48
"""And anywhere, once both are blurred by a pixel."""
SIZES = {"laptop": (1366, 768), "large": (3840, 2160), "tablet": (820, 1180)}
DRAWN = (
    "Promise.all([document.fonts.ready, ...document.getAnimations().map((each) => each.finished)])"
)


@pytest.fixture(scope="module")
def looked_at(viewer, tmp_path_factory):
    """Serve two sections of one case, and one of another."""
    work = tmp_path_factory.mktemp("goldens")
    with serving(work / "data", work / "server.log") as address:
        archive = Archive(address, work / "data", work)
        case = {"patient": {"name": "Sample^Jane", "id": "P-1"}, "study": {"uid": STUDY}}
        for number, name in enumerate(("first", "second", "third"), 1):
            path = work / f"{name}.svs"
            make_slide(path, SlideOptions(width=2400, height=1800, seed=number))
            archive.add(
                name,
                path,
                (case if number < 3 else {"patient": {"name": "Other^John", "id": "P-2"}})
                | {"container": {"identifier": f"S26-{number}"}},
            )
        yield archive


def all_ready(page: Any, selector: str) -> None:
    page.wait_for_selector(f"{selector}[data-state=ready]")
    page.wait_for_selector(f"{selector}:not([data-state=ready])", state="detached")


def worklist(page: Any, archive: Any) -> None:
    page.goto(f"{archive.address}/")
    all_ready(page, ".thumbnail")


def case(page: Any, archive: Any) -> None:
    page.goto(f"{archive.address}/studies/{STUDY}")
    page.wait_for_selector(READY)
    all_ready(page, ".tray-slide")
    page.get_by_label("the whole slide").wait_for()


def slide(page: Any, archive: Any) -> None:
    page.goto(f"{archive.address}{archive.slides['first'].path}")
    page.wait_for_selector(READY)
    page.get_by_label("the whole slide").wait_for()
    page.keyboard.press("i")
    page.locator(".drawer h2").wait_for()


def compare(page: Any, archive: Any) -> None:
    first, second = archive.slides["first"], archive.slides["second"]
    page.goto(f"{archive.address}{first.path}?beside={second.study}_{second.series}")
    all_ready(page, ".pane .stage")


def help_page(page: Any, archive: Any) -> None:
    slide(page, archive)
    page.keyboard.press("?")
    page.locator("dialog.help").wait_for()


PAGES = {
    "worklist": worklist,
    "case": case,
    "slide": slide,
    "compare": compare,
    "help": help_page,
}


def small(pixels: NDArray[np.uint8]) -> Image.Image:
    """Return a picture at the height of the goldens."""
    picture = Image.fromarray(pixels)
    size = (round(picture.width * ROWS / picture.height), ROWS)
    return picture.resize(size, Image.Resampling.BOX)


def differences(one: Image.Image, other: Image.Image) -> tuple[float, float]:
    """Return the mean difference of two pictures, and the largest when both are blurred."""
    apart, blurred = (
        np.abs(np.asarray(a, float) - np.asarray(b, float))
        for a, b in ((one, other), (soft(one), soft(other)))
    )
    return float(apart.mean()), float(blurred.max())


def soft(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(1))


def is_same(one: Image.Image, other: Image.Image) -> bool:
    if one.size != other.size:
        return False
    mean, largest = differences(one, other)
    return mean <= MEAN and largest <= LARGEST


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_looks_as_it_did(looked_at, new_page, tmp_path, name, theme, size):
    width, height = SIZES[size]
    page = new_page(
        color_scheme=theme,
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
    )
    PAGES[name](page, looked_at)
    page.mouse.move(width - 1, height // 2)
    page.evaluate(DRAWN)
    found = small(screen_pixels(page))
    path = GOLDENS / f"{name}-{theme}-{size}.webp"
    if os.environ.get("COVERSLIP_GOLDENS") == "write":
        GOLDENS.mkdir(exist_ok=True)
        found.save(path, lossless=True, quality=100, method=6)
    golden = Image.open(path).convert("RGB")

    found.save(tmp_path / path.name, lossless=True)
    assert golden.size == found.size
    mean, largest = differences(golden, found)
    assert mean <= MEAN, f"see {tmp_path / path.name}"
    assert largest <= LARGEST, f"see {tmp_path / path.name}"


def test_a_change_is_seen(looked_at, new_page):
    page = new_page(viewport={"width": 1366, "height": 768}, reduced_motion="reduce")
    slide(page, looked_at)
    page.evaluate(DRAWN)
    before = small(screen_pixels(page))
    changes = [
        ".drawer { display: none }",
        ".toolbar { display: none }",
        ".stage canvas { filter: hue-rotate(40deg) }",
        ".overview { display: none }",
        ".scale-bar { display: none }",
    ]

    for change in changes:
        tag = page.evaluate_handle(
            """(text) => { const sheet = new CSSStyleSheet(); sheet.replaceSync(text)
            document.adoptedStyleSheets.push(sheet); return sheet }""",
            change,
        )
        page.evaluate(DRAWN)
        assert not is_same(before, small(screen_pixels(page))), change
        tag.evaluate(
            "(sheet) => { document.adoptedStyleSheets = "
            "document.adoptedStyleSheets.filter((each) => each !== sheet) }"
        )
        page.evaluate(DRAWN)
        assert is_same(before, small(screen_pixels(page))), change
        tag.dispose()


def test_pictures_are_small():
    files = sorted(GOLDENS.glob("*.webp"))

    assert len(files) == len(PAGES) * 2 * len(SIZES)
    assert max(path.stat().st_size for path in files) < 40_000
    for path in files:
        assert Image.open(io.BytesIO(path.read_bytes())).height == ROWS
