# SPDX-License-Identifier: Apache-2.0
"""A slide on the page: its pixels, its scale, and the address that restores the view."""

from __future__ import annotations

import re

import numpy as np
import openslide
import pytest
from browser.harness import READY, SCREEN, canvas_pixels, screen_pixels

MIDDLE = (SCREEN["width"] // 2, SCREEN["height"] // 2)
PATCH = 24
"""Side of the squares whose colours are compared, in pixels."""
LEVEL_0 = re.compile(r"/frames/([3-9]|[12]\d)$")
"""Frames that only level 0 of the first slide has: it has 24, level 1 has 2, the others 1."""


def source_pixels(path, level, left, top, size):
    """Return (size, size, 3) uint8 of a level, as OpenSlide reads the source."""
    with openslide.OpenSlide(str(path)) as slide:
        factor = slide.level_downsamples[level]
        corner = (round(left * factor), round(top * factor))
        return np.asarray(slide.read_region(corner, level, (size, size)).convert("RGB"))


def assert_same_colours(drawn, path, level, centre):
    """Compare patches around the middle of a view with the source, pixel by pixel."""
    for right, down in [(0, 0), (-300, -150), (250, 180), (-210, 140), (130, -170)]:
        x, y = MIDDLE[0] + right, MIDDLE[1] + down
        patch = drawn[y : y + PATCH, x : x + PATCH].astype(int)
        expected = source_pixels(path, level, centre[0] + right, centre[1] + down, PATCH)
        assert abs(patch.mean(axis=(0, 1)) - expected.mean(axis=(0, 1))).max() < 3
        assert abs(patch - expected).mean() < 3


@pytest.mark.parametrize("name", ["first", "second"])
def test_pixels_at_full_resolution_are_those_of_the_source(archive, open_slide, name):
    page = open_slide(name, "?x=450&y=350&mpp=0.5&r=0")

    drawn = canvas_pixels(page)

    assert_same_colours(drawn, archive.slides[name].source, 0, (450, 350))


def test_pixels_of_a_coarser_level_are_those_of_the_source(archive, open_slide):
    page = open_slide("first", "?x=800&y=400&mpp=2&r=0")

    drawn = screen_pixels(page)

    x, y = MIDDLE[0] - 60, MIDDLE[1] + 30
    expected = source_pixels(archive.slides["first"].source, 1, 200 - 60, 100 + 30, PATCH)
    assert abs(drawn[y : y + PATCH, x : x + PATCH].astype(int) - expected).mean() < 3


def test_a_scanner_slide_has_its_colours(archive, page, real_slide):
    source = real_slide("aperio/CMU-1-Small-Region.svs")
    served = archive.slides.get("cmu") or archive.add("cmu", source, {})
    page.goto(f"{served.path}?x=1400&y=1200&mpp=0.499&r=0")
    page.wait_for_selector(READY)

    drawn = canvas_pixels(page)

    assert_same_colours(drawn, source, 0, (1400, 1200))


def test_a_missing_frame_is_hatched_in_grey(archive, page, real_slide):
    folder = real_slide("dicom/variants/jpeg_sparse")
    served = archive.ingest("sparse", folder, folder)
    page.goto(f"{served.path}?x=600&y=400&mpp=0.25&r=0")
    page.wait_for_selector(READY)

    drawn = canvas_pixels(page).astype(int)

    missing, stored = drawn[:256, :256], drawn[256:512, 256:512]
    assert np.ptp(missing, axis=2).max() == 0
    assert 150 < missing.min() < missing.max() < 190
    assert np.ptp(stored, axis=2).max() > 20


def test_nothing_is_drawn_beyond_the_edge_of_the_slide(open_slide):
    page = open_slide("first", "?x=1500&y=500&mpp=0.5&r=0")

    drawn = screen_pixels(page)

    beyond = drawn[300:500, MIDDLE[0] + 5 : MIDDLE[0] + 300]
    assert np.unique(beyond.reshape(-1, 3), axis=0).tolist() == [[0x30, 0x30, 0x30]]


def test_home_shows_the_whole_slide(open_slide):
    page = open_slide("first")

    assert re.search(r"\?x=750&y=500&mpp=0\.7\d*&r=0$", page.url)


def test_a_reload_restores_the_view_exactly(open_slide, press):
    page = open_slide("first")
    press("3", "mpp=2&")
    press("+", r"mpp=1\.41")
    press("ArrowRight", r"x=(?!750&)")
    press("r", "r=90")
    address, before = page.url, canvas_pixels(page)

    page.reload()
    page.wait_for_selector(READY)

    assert page.url == address
    assert np.array_equal(canvas_pixels(page), before)


def test_a_quarter_turn_moves_what_was_right_to_the_bottom(open_slide, press):
    page = open_slide("first", "?x=700&y=500&mpp=0.5&r=0")
    upright = screen_pixels(page)

    press("r", "r=90")

    turned = screen_pixels(page)
    (x, y), reach, half = MIDDLE, 200, 8
    right = upright[y - half : y + half, x + reach - half : x + reach + half].astype(int)
    below = turned[y + reach - half : y + reach + half, x - half : x + half].astype(int)
    assert abs(np.rot90(right, -1) - below).mean() < 12
    page.get_by_role("button", name="turn upright").click()
    page.wait_for_function("() => location.search.includes('r=0')")


@pytest.mark.parametrize(("key", "button"), [("Shift", "left"), (None, "right")])
def test_a_shift_drag_or_a_right_drag_turns_the_slide(open_slide, key, button):
    page = open_slide("first")

    if key:
        page.keyboard.down(key)
    page.mouse.move(MIDDLE[0] + 200, MIDDLE[1])
    page.mouse.down(button=button)
    page.mouse.move(MIDDLE[0] + 140, MIDDLE[1] + 140, steps=20)
    page.mouse.up(button=button)

    page.wait_for_function("() => location.search.includes('r=45')")


def test_dragging_moves_the_slide_with_the_pointer(open_slide):
    page = open_slide("first", "?x=700&y=500&mpp=0.5&r=0")

    page.emulate_media(reduced_motion="reduce")
    page.mouse.move(*MIDDLE)
    page.mouse.down()
    page.mouse.move(MIDDLE[0] - 100, MIDDLE[1] - 40, steps=20)
    page.mouse.up()

    page.wait_for_function("() => /x=79[5-9].*y=53[7-9]/.test(location.search)")


def test_a_double_click_goes_to_the_next_magnification(open_slide):
    page = open_slide("first", "?x=750&y=500&mpp=2.5&r=0")

    page.mouse.dblclick(*MIDDLE)

    page.wait_for_function("() => /x=750&y=500&mpp=2&/.test(location.search)")
    assert page.get_by_label("magnification", exact=True).inner_text() == "5\u00d7"


def test_the_scale_bar_agrees_with_the_spacing(open_slide, press):
    page = open_slide("first", "?x=750&y=500&mpp=0.5&r=0")

    for query, micrometres, pixels in [("mpp=0.5", 50, 100), ("mpp=0.35", 50, 141)]:
        assert query in page.url
        bar = page.locator(".scale-line").bounding_box()
        assert page.locator(".scale-bar").inner_text().strip() == f"{micrometres}\u2009µm"
        assert bar["width"] == pytest.approx(pixels, abs=1)
        press("+", "mpp=0.35")


def test_presets_and_zoom_keys_say_their_magnification(open_slide, press):
    page = open_slide("first")

    for key, mpp, shown in [
        ("1", "10", "1\u00d7"),
        ("5", "0.5", "20\u00d7"),
        ("4", "1", "10\u00d7"),
    ]:
        press(key, f"mpp={mpp}&")
        assert page.get_by_label("magnification", exact=True).inner_text() == shown
    press("0", r"mpp=0\.7")


def test_a_slide_without_spacing_says_so_in_place_of_a_scale_bar(open_slide):
    page = open_slide("uncalibrated")

    assert "uncalibrated" in page.locator("footer").inner_text()
    assert page.locator(".scale-bar").count() == 0
    assert "mpp" not in page.url
    assert "scale=" in page.url


def test_a_click_on_the_overview_goes_there(open_slide, press):
    page = open_slide("first")
    press("5", "mpp=0.5&")
    overview = page.locator(".overview-map").bounding_box()

    page.mouse.click(overview["x"] + overview["width"] / 3, overview["y"] + overview["height"] / 2)

    page.wait_for_function(
        "() => Math.abs(new URLSearchParams(location.search).get('x') - 500) < 12"
    )


def test_information_is_in_the_address_and_comes_back(open_slide):
    page = open_slide("first")

    page.keyboard.press("i")

    drawer = page.get_by_role("complementary", name="information")
    drawer.wait_for()
    assert "S26-1-A1" in drawer.inner_text()
    assert "sRGB" in drawer.inner_text()
    page.wait_for_function("() => location.search.includes('show=info+overview')")
    page.reload()
    drawer.wait_for()
    page.keyboard.press("Escape")
    drawer.wait_for(state="detached")


def test_tiles_that_leave_the_view_are_cancelled(archive, page):
    page.route("**/frames/*", lambda route: None)
    with page.expect_request(LEVEL_0) as asked:
        page.goto(f"{archive.slides['first'].path}?x=700&y=500&mpp=0.5&r=0")

    with page.expect_event("requestfailed", lambda failed: failed.url == asked.value.url):
        page.keyboard.press("1")

    page.unroute("**/frames/*")


def test_cancelled_tiles_are_drawn_when_they_come_back(archive, page):
    served = archive.slides["first"]
    page.route("**/frames/*", lambda route: None)
    with page.expect_request(LEVEL_0):
        page.goto(f"{served.path}?x=450&y=350&mpp=0.5&r=0")
    with page.expect_event("requestfailed"):
        page.keyboard.press("1")
    page.unroute("**/frames/*")

    page.keyboard.press("5")

    page.wait_for_function("() => location.search.includes('mpp=0.5&')")
    page.wait_for_selector(READY)
    assert_same_colours(canvas_pixels(page), served.source, 0, (450, 350))


def test_the_next_slide_of_the_case_is_one_key_away(archive, open_slide):
    page = open_slide("first")
    page.get_by_role("navigation", name="slides of this case").wait_for()

    page.keyboard.press("n")

    page.wait_for_url(f"**{archive.slides['second'].path}*")
    page.get_by_role("heading", name="S26-1-A2").wait_for()
    page.go_back()
    page.get_by_role("heading", name="S26-1-A1").wait_for()


def test_help_lists_the_keys(open_slide):
    page = open_slide("first")

    page.keyboard.press("?")

    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    assert "whole slide" in dialog.inner_text()
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")


def test_the_theme_changes_the_surround_and_never_the_tissue(open_slide):
    page = open_slide("first")
    dark = screen_pixels(page)

    page.keyboard.press("t")
    page.keyboard.press("t")
    page.wait_for_selector("[data-theme=light]", state="attached")

    light = screen_pixels(page)
    assert dark[MIDDLE[1], 5].tolist() == [0x30, 0x30, 0x30]
    assert light[MIDDLE[1], 5].tolist() == [0xE2, 0xE2, 0xE2]
    middle = np.s_[MIDDLE[1] - 100 : MIDDLE[1] + 100, MIDDLE[0] - 100 : MIDDLE[0] + 100]
    assert np.array_equal(dark[middle], light[middle])
