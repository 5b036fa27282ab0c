# SPDX-License-Identifier: Apache-2.0
"""Tiles: blurred at once, then sharp; fetched ahead, asked again, drawn by the server, hatched."""

from __future__ import annotations

import re

import imagecodecs
import numpy as np
import pydicom
import pytest
from browser.harness import READY, SCREEN, canvas_pixels
from browser.test_slide import LEVEL_0, MIDDLE, assert_same_colours, source_pixels

CORNER = "?x=200&y=200&mpp=0.25&r=0"
"""A view of the first slide's first four tiles."""
BESIDE = re.compile(r"/frames/3$")
"""The tile to the right of these."""
SHARP = "?x=450&y=350&mpp=0.5&r=0"
"""Full resolution of the first slide, where a screen holds some of its 24 tiles."""

_IS_DRAWN = """([x, y]) => {
  const canvas = document.querySelector('.stage canvas')
  if (!canvas) return false
  const copy = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  copy.drawImage(canvas, -x, -y)
  return copy.getImageData(0, 0, 1, 1).data[3] === 255
}"""


@pytest.fixture
def refusing(browser, archive):
    """Open a page whose console may hold the browser's own lines about refused requests."""
    context = browser.new_context(viewport=SCREEN, base_url=archive.address)
    context.set_default_timeout(8000)
    yield context.new_page()
    context.close()


def test_the_whole_slide_is_there_blurred_before_its_tiles(archive, page):
    page.route(LEVEL_0, lambda route: None)
    served = archive.slides["first"]
    page.goto(served.path + SHARP)

    # The middle of the canvas has the colour of tissue although no tile of the level has come.
    page.wait_for_function(_IS_DRAWN, arg=MIDDLE)
    drawn = canvas_pixels(page)
    area = np.s_[MIDDLE[1] - 100 : MIDDLE[1] + 100, MIDDLE[0] - 100 : MIDDLE[0] + 100]
    sharp = source_pixels(served.source, 0, 350, 250, 200)
    assert abs(drawn[area].mean(axis=(0, 1)) - sharp.mean(axis=(0, 1))).max() < 12
    assert page.locator(READY).count() == 0
    page.unroute(LEVEL_0)


def test_tiles_around_the_view_are_fetched_while_it_rests_until_it_moves(archive, page):
    page.route(BESIDE, lambda route: None)
    with page.expect_request(BESIDE) as ahead:
        page.goto(archive.slides["first"].path + CORNER)
        page.wait_for_selector(READY)

    with page.expect_event("requestfailed", lambda failed: failed.url == ahead.value.url):
        page.keyboard.press("ArrowDown")

    page.unroute(BESIDE)


def test_what_was_fetched_ahead_is_not_asked_for_again(archive, page):
    with page.expect_event("requestfinished", lambda done: BESIDE.search(done.url)):
        page.goto(archive.slides["first"].path + CORNER)
    page.wait_for_selector(READY)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.keyboard.press("ArrowRight")

    page.wait_for_function("() => !location.search.includes('x=200&')")
    page.wait_for_selector(READY)
    assert [url for url in asked if BESIDE.search(url)] == []


def test_a_momentary_error_is_asked_again_and_never_told(archive, refusing):
    page, times = refusing, []

    def busy(route):
        times.append(route.request.url)
        if len(times) == 1:
            route.fulfill(status=503)
        else:
            route.continue_()

    page.route("**/frames/2", busy)
    served = archive.slides["first"]
    page.goto(served.path + "?x=400&y=300&mpp=0.5&r=0")
    page.wait_for_selector(READY)

    assert len(times) >= 2
    assert page.get_by_role("alert").count() == 0
    assert_same_colours(canvas_pixels(page), served.source, 0, (400, 300))


def test_a_failed_tile_says_why_below_the_pointer(archive, refusing):
    page = refusing
    page.route("**/frames/2", lambda route: route.fulfill(status=404))
    page.goto(archive.slides["first"].path + "?x=384&y=128&mpp=0.5&r=0")
    page.get_by_role("alert").wait_for()
    page.wait_for_selector(READY)

    page.mouse.move(*MIDDLE)

    hint = page.locator(".tile-hint")
    hint.wait_for()
    assert "the server does not have it" in hint.inner_text()
    assert "the server does not have it" in page.get_by_role("alert").inner_text()
    page.mouse.move(MIDDLE[0], MIDDLE[1] + 260)
    hint.wait_for(state="detached")


def test_a_frame_that_the_browser_cannot_decode_is_hatched(archive, refusing):
    page = refusing
    page.route(
        "**/frames/2",
        lambda route: route.fulfill(body=b"\xff\xd8 not a JPEG", content_type="image/jpeg"),
    )
    page.route("**/frames/2/rendered*", lambda route: route.fulfill(status=406))
    page.goto(archive.slides["first"].path + "?x=384&y=128&mpp=0.5&r=0")

    alert = page.get_by_role("alert")

    alert.wait_for()
    assert "damaged" in alert.inner_text()
    page.wait_for_selector(READY)
    assert_hatched(canvas_pixels(page)[MIDDLE[1] - 50 : MIDDLE[1] + 50, MIDDLE[0] - 50 :][:, :100])


def test_the_blurred_slide_shows_through_a_tile_that_failed(archive, refusing):
    page, served = refusing, archive.slides["first"]
    page.route(LEVEL_0, lambda route: route.fulfill(status=404))
    page.goto(served.path + SHARP)
    page.get_by_role("alert").wait_for()
    page.wait_for_selector(READY)

    hatched = canvas_pixels(page)[MIDDLE[1] - 160 : MIDDLE[1] + 160, MIDDLE[0] - 160 :][:, :320]

    sharp = source_pixels(served.source, 0, 290, 190, 320)
    below = np.corrcoef(coarse(hatched), coarse(sharp))[0, 1]
    assert below > 0.9
    assert_hatched(hatched)


def assert_hatched(pixels):
    """Expect lines of a red that the slide below has not."""
    red = pixels[..., 0].astype(int) - pixels[..., 1]
    assert np.percentile(red, 95) - np.median(red) > 30


def coarse(pixels):
    """Return the means of squares of 32 pixels, one after the other."""
    height, width, _ = pixels.shape
    return pixels.reshape(height // 32, 32, width // 32, 32, 3).mean(axis=(1, 3)).ravel()


@pytest.mark.parametrize(
    ("variant", "stored", "decode"),
    [
        ("j2k_lossless", "JPEG 2000", imagecodecs.jpeg2k_decode),
        ("htj2k_lossless", "High-Throughput JPEG 2000", None),
        ("jpegls_lossless", "JPEG-LS", imagecodecs.jpegls_decode),
    ],
)
def test_what_no_browser_draws_is_drawn_by_the_server(
    archive, page, real_slide, variant, stored, decode
):
    folder = real_slide(f"dicom/variants/{variant}")
    served = archive.slides.get(variant) or archive.ingest(variant, folder, folder)
    page.goto(f"{served.path}?x=600&y=400&mpp=0.25&r=0")
    page.wait_for_selector(READY, timeout=30_000)

    status = page.get_by_text("drawn by the server")

    assert f"stored as {stored}" in status.inner_text()
    assert page.get_by_role("alert").count() == 0
    drawn = canvas_pixels(page)
    if decode:
        expected = first_frame(folder, decode)
        assert abs(drawn[100:200, 100:200].astype(int) - expected[100:200, 100:200]).mean() < 3
    else:
        assert drawn[100:600, 100:900].std() > 1


def first_frame(folder, decode):
    """Return the first frame of the finest level, decoded here."""
    paths = sorted(folder.glob("*.dcm"))
    levels = [pydicom.dcmread(path, defer_size=1024) for path in paths]
    finest = max(levels, key=lambda level: level.get("TotalPixelMatrixColumns", 0))
    number = int(finest.NumberOfFrames)
    frame = next(pydicom.encaps.generate_frames(finest.PixelData, number_of_frames=number))
    return decode(frame).astype(int)
