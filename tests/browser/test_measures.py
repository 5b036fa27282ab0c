# SPDX-License-Identifier: Apache-2.0
"""Measures: right at any turn and in a mirror, changed, undone, copied; honest without spacing."""

from __future__ import annotations

import math

import pytest
from browser.harness import READY, screen_pixels
from browser.test_slide import MIDDLE

BLUE = (0x00, 0x46, 0xB8)
"""Of a measure that is selected."""
NEARLY = {"abs": 1.6}
"""Pixels of a screen are whole: at 0.5 µm a pixel, each end may be off by half of one."""


def opened(page):
    """Open the drawer of measures and wait for its tools."""
    page.keyboard.press("m")
    drawer = page.get_by_role("complementary", name="measures")
    drawer.get_by_role("button", name="length").wait_for()
    page.wait_for_selector(".measures", state="attached")
    return drawer


def value(drawer, index=0):
    return drawer.locator(".measure-item strong").nth(index).inner_text()


def on_screen(point, degrees, mirrored):
    """Return where a place of the slide, from the middle of the view, is on the screen."""
    x, y = (-point[0] if mirrored else point[0]), point[1]
    turn = math.radians(degrees)
    return (
        MIDDLE[0] + x * math.cos(turn) - y * math.sin(turn),
        MIDDLE[1] + x * math.sin(turn) + y * math.cos(turn),
    )


@pytest.mark.parametrize(
    ("degrees", "mirrored"), [(0, False), (37, False), (37, True)], ids=["0", "37", "37 mirrored"]
)
def test_a_line_over_a_known_distance_has_its_length(open_slide, degrees, mirrored):
    mirror = "&mirror=1" if mirrored else ""
    page = open_slide("first", f"?x=700&y=500&mpp=0.5&r={degrees}{mirror}")
    drawer = opened(page)

    # From column 580, row 420 of the slide to column 820, row 600: 300 pixels of 0.5 µm.
    for point in [(-120, -80), (120, 100)]:
        page.mouse.click(*on_screen(point, degrees, mirrored))

    drawer.locator(".measure-item").wait_for()
    words = value(drawer)
    assert words.endswith("\u2009µm")
    assert float(words.split("\u2009")[0]) == pytest.approx(150, abs=0.8)
    x, y = map(round, on_screen((0, 10), degrees, mirrored))
    middle = screen_pixels(page)[y, x].astype(int)
    assert abs(middle - BLUE).max() < 60, "the line is drawn where it was set"
    places = drawer_csv(page, drawer).splitlines()[1].split(",")[-1]
    ends = [tuple(map(float, place.split())) for place in places.split("; ")]
    assert ends[0] == pytest.approx((580, 420), **NEARLY)
    assert ends[1] == pytest.approx((820, 600), **NEARLY)


def drawer_csv(page, drawer):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    drawer.get_by_role("button", name="copy as CSV").click()
    drawer.get_by_text("copied").wait_for()
    return page.evaluate("navigator.clipboard.readText()")


def test_an_area_an_angle_an_ellipse_and_a_count(open_slide):
    page = open_slide("first", "?x=700&y=500&mpp=0.5&r=0")
    drawer = opened(page)

    drawer.get_by_role("button", name="area").click()
    for right, down in [(-100, -100), (100, -100), (100, 100)]:
        page.mouse.click(MIDDLE[0] + right, MIDDLE[1] + down)
    page.mouse.dblclick(MIDDLE[0] - 100, MIDDLE[1] + 100)
    drawer.get_by_role("button", name="angle").click()
    for right, down in [(-100, 150), (-200, 150), (-200, 50)]:
        page.mouse.click(MIDDLE[0] + right, MIDDLE[1] + down)
    drawer.get_by_role("button", name="ellipse").click()
    for right, down in [(-200, -250), (0, -250), (-100, -200)]:
        page.mouse.click(MIDDLE[0] + right, MIDDLE[1] + down)
    drawer.get_by_role("button", name="count").click()
    for right in [0, 30, 60]:
        page.mouse.click(MIDDLE[0] + right, MIDDLE[1] + 200)
    page.keyboard.press("Enter")
    drawer.locator(".measure-item").nth(3).wait_for()

    assert [value(drawer, index) for index in range(4)] == [
        "10000\u2009µm²",
        "90.0°",
        "3927\u2009µm²",
        "3",
    ]
    assert "perimeter 400\u2009µm" in drawer.inner_text()
    assert "diameter 100\u2009µm \u00d7 50\u2009µm" in drawer.inner_text()


def test_points_are_moved_put_in_undone_and_deleted(open_slide):
    page = open_slide("first", "?x=700&y=500&mpp=0.5&r=0")
    drawer = opened(page)
    for right in [-100, 100]:
        page.mouse.click(MIDDLE[0] + right, MIDDLE[1])
    drawer.locator(".measure-item").wait_for()
    assert value(drawer) == "100\u2009µm"
    page.keyboard.press("Escape")

    page.mouse.move(MIDDLE[0] + 100, MIDDLE[1])
    page.mouse.down()
    page.mouse.move(MIDDLE[0] + 200, MIDDLE[1], steps=5)
    page.mouse.up()

    drawer.get_by_text("150\u2009µm").wait_for()
    assert "x=700&y=500" in page.url
    page.keyboard.press("Control+z")
    drawer.get_by_text("100\u2009µm").wait_for()
    page.keyboard.press("Control+y")
    drawer.get_by_text("150\u2009µm").wait_for()
    page.mouse.click(MIDDLE[0], MIDDLE[1])
    page.keyboard.press("Delete")
    drawer.locator(".measure-item").wait_for(state="detached")
    drawer.get_by_role("button", name="undo").click()
    drawer.get_by_text("150\u2009µm").wait_for()


def test_a_point_is_put_into_the_side_of_a_path(open_slide):
    page = open_slide("first", "?x=700&y=500&mpp=0.5&r=0")
    drawer = opened(page)
    drawer.get_by_role("button", name="path").click()
    page.mouse.click(MIDDLE[0] - 150, MIDDLE[1])
    page.mouse.dblclick(MIDDLE[0] + 150, MIDDLE[1])
    drawer.get_by_text("150\u2009µm").wait_for()
    page.keyboard.press("Escape")

    page.mouse.move(MIDDLE[0], MIDDLE[1])
    page.mouse.down()
    page.mouse.move(MIDDLE[0], MIDDLE[1] - 200, steps=5)
    page.mouse.up()

    drawer.get_by_text("250\u2009µm").wait_for()


def test_escape_leaves_what_was_begun_step_by_step(open_slide):
    page = open_slide("first", "?x=700&y=500&mpp=0.5&r=0")
    drawer = opened(page)
    for right in [-100, 100, 0]:
        page.mouse.click(MIDDLE[0] + right, MIDDLE[1])
    drawer.locator(".measure-item").wait_for()

    page.keyboard.press("Escape")
    page.wait_for_selector(".stage[data-tool=length]")
    page.keyboard.press("Escape")
    page.wait_for_selector(".stage[data-tool=select]")
    page.keyboard.press("Escape")
    drawer.locator("[aria-pressed=false].measure-item").wait_for()
    page.keyboard.press("Escape")

    drawer.wait_for(state="detached")


def test_escape_closes_the_drawer_at_once_where_nothing_was_measured(open_slide):
    page = open_slide("first", "?x=700&y=500&mpp=0.5&r=0")
    drawer = opened(page)

    page.keyboard.press("Escape")

    drawer.wait_for(state="detached")


def test_measures_are_set_by_keys_alone(open_slide):
    page = open_slide("first", "?x=700&y=500&mpp=0.5&r=0")
    drawer = opened(page)

    page.keyboard.press(" ")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => location.search.includes('x=940&')")
    page.keyboard.press(" ")

    drawer.get_by_text("120\u2009µm").wait_for()


def test_without_spacing_pixels_are_told_as_such(open_slide):
    page = open_slide("uncalibrated")
    page.wait_for_selector(READY)
    drawer = opened(page)
    for right in [-100, 100]:
        page.mouse.click(MIDDLE[0] + right, MIDDLE[1])
    drawer.locator(".measure-item").wait_for()

    assert value(drawer).endswith("\u2009px")
    assert "in pixels: the slide is not calibrated" in drawer.inner_text()
    assert "length_px" in drawer_csv(page, drawer)


def test_tools_are_taken_by_keys_that_their_tooltips_name(open_slide):
    page = open_slide("first")
    page.keyboard.press("m")
    page.wait_for_selector(".stage[data-tool=length]")
    tools = page.get_by_role("group", name="tools")
    area = tools.get_by_role("button", name="area")

    area.focus()
    tip = "button => getComputedStyle(button, '::after').content"
    assert area.evaluate(tip) == '"area (c)"'
    page.keyboard.press("c")
    page.wait_for_selector(".stage[data-tool=area]")
    page.keyboard.press("q")
    page.wait_for_selector(".stage[data-tool=circle]")
    assert tools.get_by_role("button", name="circle").get_attribute("aria-pressed") == "true"
    page.keyboard.press("q")
    page.wait_for_selector(".stage[data-tool=select]")
