# SPDX-License-Identifier: Apache-2.0
"""Pictures to keep: their pixels, their words, and where they go."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from browser.harness import READY, SCREEN, canvas_pixels
from browser.test_slide import source_pixels
from numpy.typing import NDArray
from PIL import Image

WITHIN = "?x=750&y=500&mpp=0.5&r=0&show=snapshot"
"""A view that the slide fills."""
BELOW = ".snapshot-actions + [role=status], .snapshot-actions ~ [role=status]"
PATIENT = ("Sample", "Jane", "P-1")
_READ = """async () => {
  const [item] = await navigator.clipboard.read()
  const bytes = new Uint8Array(await (await item.getType('image/png')).arrayBuffer())
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
}"""


def pixels(png: Any) -> NDArray[np.int64]:
    """Return (rows, columns, 3) of a PNG."""
    picture = Image.open(png)
    assert picture.format == "PNG"
    return np.asarray(picture.convert("RGB")).astype(int)


def saved(page: Any) -> tuple[str, NDArray[np.int64]]:
    """Save a picture; return its name and its pixels."""
    with page.expect_download() as download:
        page.get_by_role("button", name="save as PNG").click()
    return download.value.suggested_filename, pixels(download.value.path())


def test_a_picture_is_what_the_screen_shows_with_bar_and_caption(open_slide):
    page = open_slide("first", WITHIN)
    button = page.get_by_role("button", name="save as PNG")
    button.wait_for()
    address, shown = page.url, canvas_pixels(page).astype(int)

    name, picture = saved(page)

    height, width = shown.shape[:2]
    assert name == "S26-1-A1 20x.png"
    assert picture.shape[1] == width
    assert abs(picture[: height - 120] - shown[: height - 120]).max() <= 1
    below = picture[height:]
    assert below.shape[0] > 40
    assert (below == 255).all(axis=2).mean() > 0.9
    assert below.min() < 60
    # 100 µm of 0.5 µm each: the bar is 200 pixels long, and dark.
    rows = picture[height - 60 : height]
    assert max((row.max(axis=1) < 60).sum() for row in rows) == 200
    # The reader's own view is as it was.
    assert page.url == address
    assert page.locator(".snapshot-cover").count() == 0
    assert abs(canvas_pixels(page).astype(int) - shown).max() <= 1


def test_a_larger_picture_has_the_finer_levels_pixels(archive, page, real_slide):
    source = real_slide("aperio/CMU-1-Small-Region.svs")
    served = archive.add("cmu-snapshot", source, {"container": {"identifier": "CMU-1"}})
    page.goto(f"{served.path}?x=1110&y=1400&mpp=0.998&r=0&show=snapshot")
    page.wait_for_selector(READY)
    page.get_by_role("combobox", name="size").select_option("2")

    _, picture = saved(page)

    width, height = 2 * SCREEN["width"], 2 * SCREEN["height"]
    assert picture.shape[1] == width
    for right, down in [(0, 0), (-700, -500), (600, 340), (-90, -300)]:
        x, y = width // 2 + right, height // 2 + down
        expected = source_pixels(source, 0, 1110 + right, 1400 + down, 32)
        assert abs(picture[y : y + 32, x : x + 32] - expected).mean() < 3, (right, down)


def test_a_turned_and_mirrored_picture_is_what_the_screen_shows(open_slide):
    page = open_slide("first", WITHIN.replace("r=0", "r=33&mirror=1") + "&pic=gamma_1.5")
    page.wait_for_selector(".stage[data-picture~='gamma_1.5']")
    page.get_by_role("button", name="save as PNG").wait_for()
    page.get_by_label("close snapshot").hover()
    shown = pixels(io.BytesIO(page.screenshot()))

    page.get_by_role("combobox", name="size").select_option("2")
    _, picture = saved(page)

    # Between the groups at the edges; twice as large, so that each other pixel is taken.
    half = picture[: 2 * SCREEN["height"] : 2, ::2][200:600, 100:700]
    assert abs(half - shown[200:600, 100:700]).mean() < 12
    assert abs(half[:, ::-1] - shown[200:600, 100:700]).mean() > 20


def test_it_waits_for_tiles_and_can_be_stopped(archive, page):
    served = archive.slides["first"]
    held: list[Any] = []
    # From the start: what is fetched ahead would be there already.
    frames = f"**/instances/{finest_level(served.folder)}/frames/*"
    page.route(frames, lambda route: held.append(route))  # noqa: PLW0108 - no builtin
    page.goto(f"{served.path}?x=750&y=500&mpp=2&r=0&show=snapshot")
    page.wait_for_selector(READY)
    page.get_by_role("combobox", name="size").select_option("4")
    status = page.locator(BELOW)

    page.get_by_role("button", name="save as PNG").click()
    # Parts beside the slide need no tiles, and are done at once.
    status.get_by_text(re.compile("waiting for tiles|drawn: ")).wait_for()
    page.wait_for_selector(".snapshot-cover", state="attached")
    page.get_by_role("button", name="stop").click()
    status.get_by_text("stopped").wait_for()
    assert page.locator(".snapshot-cover").count() == 0

    for route in held:
        route.continue_()
    page.unroute(frames)
    name, picture = saved(page)
    assert name == "S26-1-A1 20x.png"
    assert picture.shape[1] == 4 * SCREEN["width"]


def finest_level(folder: Path) -> str:
    """Return the SOP Instance UID of the widest image of a slide."""
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in folder.glob("*.dcm")]
    return max(headers, key=lambda header: header.TotalPixelMatrixColumns).SOPInstanceUID


def test_hatched_tiles_are_told_in_the_caption(archive, page, real_slide):
    folder = real_slide("dicom/variants/jpeg_sparse")
    served = archive.ingest("sparse-snapshot", folder, folder)
    page.add_init_script("window.print = () => {}")
    page.goto(f"{served.path}?x=600&y=400&mpp=0.25&r=0&show=snapshot")
    page.wait_for_selector(READY)

    page.get_by_role("button", name="print").click()

    caption = page.locator(".print-sheet figcaption")
    caption.wait_for(state="attached")
    assert "hatched: the slide has no picture of this place" in caption.text_content()
    page.locator(BELOW).get_by_text("incomplete").wait_for()


def test_an_inset_shows_the_whole_slide_or_the_middle(open_slide):
    page = open_slide("first", WITHIN)
    inset = page.get_by_role("combobox", name="inset")
    inset.wait_for()
    _, plain = saved(page)

    inset.select_option("overview")
    _, overview = saved(page)
    inset.select_option("detail")
    page.get_by_label("closer by").select_option("4")
    _, detail = saved(page)

    height, width = SCREEN["height"], SCREEN["width"]
    corner = np.s_[0 : height // 3, width * 7 // 10 : width]
    blue = np.array([0, 70, 184])
    for figure in (overview, detail):
        assert abs(figure[corner] - plain[corner]).mean() > 5
        assert (abs(figure[:height] - blue).max(axis=2) < 12).sum() > 200
    # Only a detail is marked on the picture itself.
    middle = np.s_[height // 4 : height * 3 // 4, width // 4 : width * 2 // 3]
    assert (overview[middle] == plain[middle]).all()
    assert (abs(detail[middle] - blue).max(axis=2) < 12).sum() > 200
    # Each adds a line to the caption.
    assert overview.shape[0] > plain.shape[0]


def test_the_patient_is_named_only_where_that_is_asked_for(open_slide):
    page = open_slide("first", WITHIN + "&pic=gamma_1.5")
    page.wait_for_selector(".stage[data-picture~='gamma_1.5']")
    page.evaluate("window.printed = 0; window.print = () => { window.printed++ }")
    caption = page.locator(".print-sheet figcaption")

    page.get_by_role("button", name="print").click()
    page.wait_for_function("() => window.printed === 1")
    words = caption.text_content()
    assert "S26-1-A1 · H&E · 2024-03-17" in words
    assert "20\u00d7 · 0.5\u2009µm/px" in words
    assert "gamma 1.5" in words
    assert not any(secret in words for secret in PATIENT)
    page.emulate_media(media="print")
    assert page.locator(".print-sheet img").is_visible()
    assert not page.locator(".stage").is_visible()
    assert not page.locator(".identity").is_visible()
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    caption.wait_for(state="detached")

    page.get_by_label("patient", exact=True).check()
    page.get_by_label("stain", exact=True).uncheck()
    page.get_by_role("button", name="print").click()
    page.wait_for_function("() => window.printed === 2")
    assert "Sample, Jane · P-1 · S26-1-A1 · 2024" in caption.text_content()
    page.evaluate("dispatchEvent(new Event('afterprint'))")

    # Hidden patients stay so, and are not remembered; other choices are.
    page.keyboard.press("p")
    assert page.get_by_label("patient", exact=True).is_disabled()
    page.reload()
    page.wait_for_selector(READY)
    assert not page.get_by_label("patient", exact=True).is_checked()
    assert not page.get_by_label("stain", exact=True).is_checked()


def test_a_picture_goes_to_the_clipboard(open_slide):
    page = open_slide("first", WITHIN)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.get_by_role("button", name="copy").click()

    page.locator(BELOW).get_by_text("copied").wait_for()
    picture = pixels(io.BytesIO(base64.b64decode(page.evaluate(_READ))))
    shown = canvas_pixels(page).astype(int)
    assert abs(picture[:600] - shown[:600]).max() <= 1


def test_a_slide_without_spacing_has_no_bar_and_says_so(open_slide):
    page = open_slide("uncalibrated", "?show=snapshot")
    page.evaluate("window.print = () => {}")

    assert page.get_by_label("scale bar").is_disabled()
    page.get_by_role("button", name="print").click()

    caption = page.locator(".print-sheet figcaption")
    caption.wait_for(state="attached")
    assert "uncalibrated" in caption.text_content()
    assert "\u00d7" not in caption.text_content()
