# SPDX-License-Identifier: Apache-2.0
"""Slides beside each other: chosen, moving together, aligned by points, one over the other."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import tifffile
from browser.harness import READY, STUDY, next_frame, screen_pixels
from PIL import Image

PANES = ".pane .stage[data-state=ready]"
PATCH = 10
"""Half the side of the squares that are compared, in pixels."""


def address(archive, *names, query=""):
    """Return the address that compares slides."""
    first, *others = (archive.slides[name] for name in names)
    beside = "+".join(f"{served.study}_{served.series}" for served in others)
    return f"{first.path}?{query}&beside={beside}"


@pytest.fixture
def half(archive, tmp_path_factory):
    """Put the first slide into the archive again, in pixels of twice the size."""
    if "half" not in archive.slides:
        with Image.open(archive.slides["first"].source) as whole:
            small = whole.convert("RGB").reduce(2)
        path = tmp_path_factory.mktemp("half") / "half.tif"
        array = np.asarray(small)
        tifffile.imwrite(
            path,
            array,
            tile=(256, 256),
            photometric="rgb",
            resolution=(10_000, 10_000),
            resolutionunit="CENTIMETER",
        )
        archive.add("half", path, {"container": {"identifier": "half"}})
    return archive.slides["half"]


@pytest.fixture
def compared(page, archive, half):
    """Give a function that opens slides beside each other and waits until they are drawn."""

    def opened(*names, query=""):
        page.goto(address(archive, *names, query=query))
        drawn(page, len(names))
        return page

    return opened


def drawn(page, count):
    page.wait_for_function(
        "([panes, count]) => document.querySelectorAll(panes).length === count", arg=[PANES, count]
    )


def pane(page, number):
    return page.locator(".pane").nth(number - 1)


def parameters(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def address_says(page, pattern):
    page.wait_for_function(
        "pattern => new RegExp(pattern).test(location.search.replaceAll('+', ' '))", arg=pattern
    )


def middle(page, number):
    """Return the middle of a pane on the screen."""
    box = pane(page, number).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def patch(pixels, place, half=PATCH):
    x, y = (round(part) for part in place)
    return pixels[y - half : y + half, x - half : x + half].astype(int)


def magnified(page, number):
    return pane(page, number).locator("output").inner_text()


def drag(page, start, right, down):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + right, start[1] + down, steps=20)
    page.mouse.up()


def test_slides_of_a_case_are_chosen_and_compared(page, archive):
    page.goto(f"/studies/{STUDY}")
    page.wait_for_selector(READY)
    page.get_by_label("compare S26-1-A1").check()
    bar = page.get_by_role("complementary", name="slides to compare")
    assert bar.get_by_role("button", name="compare").is_disabled()
    page.get_by_label("compare S26-1-A2").check()
    bar.get_by_text("2 slides chosen").wait_for()

    bar.get_by_role("button", name="compare").click()

    drawn(page, 2)
    heads = page.locator(".pane-head h2").all_inner_texts()
    assert [head.partition(" ")[0] for head in heads] == ["S26-1-A1", "S26-1-A2"]
    assert page.locator(".pane-scale .scale-bar").count() == 2
    page.go_back()
    page.locator(".case-tray").wait_for()


def test_another_slide_is_opened_beside_the_one_shown(page, archive):
    page.goto(f"{archive.slides['first'].path}?x=700&y=500&mpp=0.5&r=0")
    page.wait_for_selector(READY)
    page.keyboard.press("C")
    drawer = page.get_by_role("complementary", name="open beside")

    drawer.get_by_role("button", name="S26-1-A2").click()

    drawn(page, 2)
    address_says(page, r"x=700&y=500&mpp=0\.5&.*beside=")
    page.keyboard.press("b")
    page.get_by_role("navigation", name="slides of this case").wait_for()
    address_says(page, r"^\?x=700&y=500&mpp=0\.5&r=0$")


def test_slides_of_other_cases_are_chosen_too(page, archive):
    page.goto(archive.slides["first"].path + "?show=beside")
    page.get_by_role("button", name="choose a slide of another case").click()
    page.get_by_text("1 slide chosen").wait_for()
    page.goto(f"/studies/{archive.slides['markup'].study}")
    page.get_by_label("compare <b>bold</b>").check()

    page.get_by_role("button", name="compare", exact=True).click()

    drawn(page, 2)
    page.get_by_text("slides of different patients").wait_for()
    assert page.locator(".pane-head b").count() == 0
    page.keyboard.press("p")
    assert page.locator(".pane-head .quiet").first.inner_text() == "identity hidden"


def test_linked_slides_move_together_by_physical_size(compared, archive):
    # The same source twice, once at half the size of its pixels.
    page = compared("first", "half", query="x=700&y=500&mpp=1&r=0")
    assert magnified(page, 1) == magnified(page, 2) == "10\u00d7"
    page.mouse.move(5, 5)
    pixels = screen_pixels(page)
    for right, down in [(0, 0), (-90, 60), (70, -80)]:
        one, other = ((x + right, y + down) for x, y in (middle(page, 1), middle(page, 2)))
        assert abs(patch(pixels, one) - patch(pixels, other)).mean() < 12

    page.emulate_media(reduced_motion="reduce")
    drag(page, middle(page, 2), -100, 40)
    address_says(page, r"x=(89|90)\d.*y=(41|42)\d")
    page.locator(".pane .stage").nth(1).focus()
    page.keyboard.press("+")
    page.keyboard.press("r")
    address_says(page, r"mpp=0\.707\d*&r=90")
    drawn(page, 2)
    assert magnified(page, 1) == magnified(page, 2) == "14.1\u00d7"
    assert page.locator(".pane-scale", has_text="90°").count() == 2
    before = page.url
    page.reload()
    drawn(page, 2)
    assert page.url == before


def test_two_fingers_and_the_wheel_zoom_all_slides_at_their_place(compared):
    page = compared("first", "half", query="x=750&y=500&mpp=1&r=0")
    x, y = middle(page, 2)
    fingers = page.context.new_cdp_session(page)

    def touch(kind, reach):
        points = [{"x": x + side * reach, "y": y} for side in (-1, 1)] if reach else []
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        next_frame(page)

    touch("touchStart", 50)
    for reach in range(55, 105, 5):
        touch("touchMove", reach)
    touch("touchEnd", 0)

    address_says(page, r"mpp=0\.5\d*&r=0&.*pane=1")
    drawn(page, 2)
    assert magnified(page, 1) == magnified(page, 2)
    page.mouse.move(*middle(page, 1))
    page.mouse.wheel(0, 300)
    page.wait_for_function("() => Number(new URLSearchParams(location.search).get('mpp')) > 0.56")
    assert magnified(page, 1) == magnified(page, 2)


def test_an_unlinked_slide_moves_alone_and_keeps_its_offset_when_linked_again(compared):
    page = compared("first", "second", query="x=700&y=500&mpp=1&r=0")
    page.emulate_media(reduced_motion="reduce")
    page.locator(".pane .stage").nth(1).focus()
    page.keyboard.press("j")
    page.get_by_text("moves alone").wait_for()

    drag(page, middle(page, 2), -60, 0)
    page.keyboard.press("r")
    address_says(page, r"x=700&y=500&mpp=1&r=0&.*apart=- [\d.]+_[\d.]+_1_90_0")
    drawn(page, 2)
    alone = parameters(page)["apart"].split()[1].split("_")
    page.keyboard.press("j")

    address_says(page, r"x=700&y=500&mpp=1&r=0&.*aligned=")
    assert "apart" not in page.url
    page.get_by_text("turned 90.0°").wait_for()
    drag(page, middle(page, 1), -50, 0)
    address_says(page, r"x=79\d")
    page.keyboard.press("j")
    address_says(page, "apart=")
    moved = parameters(page)["apart"].split()[1].split("_")
    # To the right of the first is up on the second, which is turned.
    assert float(moved[0]) == pytest.approx(float(alone[0]), abs=2)
    assert abs(float(moved[1]) - float(alone[1])) == pytest.approx(47.5, abs=4)
    page.keyboard.press("j")
    page.keyboard.press("Control+z")
    page.get_by_text("middle on middle").wait_for()
    page.keyboard.press("Control+Shift+z")
    page.get_by_text("turned 90.0°").wait_for()


def set_points(page, places):
    """Set points on both slides: the second shows the first's places turned, by keys and clicks."""
    for number, (right, down) in enumerate(places, start=1):
        x, y = middle(page, 1)
        page.mouse.click(x + right, y + down)
        page.locator(".pane").first.locator(f"[data-number='{number}']").wait_for()
        x, y = middle(page, 2)
        page.mouse.click(x + down, y - right)
        page.locator(".pane").nth(1).locator(f"[data-number='{number}']").wait_for()


def test_two_points_align_turned_slides_and_that_can_be_undone(compared, archive):
    page = compared("first", "half", query="x=750&y=500&mpp=1&r=0")
    page.mouse.move(5, 5)
    page.keyboard.press("a")
    panel = page.get_by_role("complementary", name="align by points")
    align = panel.get_by_role("button", name="align", exact=True)
    assert align.is_disabled()

    set_points(page, [(-120, -90), (110, 70)])
    assert "off by 0" in panel.inner_text().replace("\u2009", " ")
    assert parameters(page)["pairs"].count("*") == 2
    align.click()

    page.get_by_text("turned 90.0°").wait_for()
    assert "size" not in page.locator(".pane-head").nth(1).inner_text()
    drawn(page, 2)
    assert "pairs" not in page.url
    page.keyboard.press("z")
    page.get_by_text("middle on middle").wait_for()
    assert "aligned" not in page.url
    page.get_by_role("button", name="redo alignment").click()
    page.get_by_text("turned 90.0°").wait_for()


def test_three_points_align_by_an_affine_map_that_the_overlay_shows_exactly(compared, archive):
    # An alignment that is stretched, over the same slide: what it moves is where it says.
    stretched = "1.2_0_0_1_-75_0"
    page = compared("first", "half", query=f"x=750&y=500&mpp=1&r=0&aligned={stretched}")
    page.keyboard.press("a")
    for number, (right, down) in enumerate([(-100, -100), (100, -80), (20, 110)], start=1):
        x, y = middle(page, 1)
        page.mouse.click(x + 1.2 * right, y + down)
        page.locator(".pane").first.locator(f"[data-number='{number}']").wait_for()
        x, y = middle(page, 2)
        page.mouse.click(x + 1.1 * right, y + 1.1 * down)
        page.locator(".pane").nth(1).locator(f"[data-number='{number}']").wait_for()
    panel = page.get_by_role("complementary", name="align by points")
    assert panel.get_by_role("button", name="also shape").get_attribute("aria-pressed") == "true"
    panel.get_by_role("button", name="align", exact=True).click()
    page.get_by_text("stretched 20").wait_for()

    page.get_by_role("button", name="swipe").click()

    page.get_by_role("slider", name="swipe").wait_for()
    page.keyboard.press("v")
    page.keyboard.press("v")
    address_says(page, "lay=over_1_0.5")
    matrix = page.locator(".pane .stage").nth(1).evaluate("stage => stage.style.transform")
    a, b, c, d = (float(part) for part in re.findall(r"[-\d.e]+", matrix)[:4])
    assert a / d == pytest.approx(1.2, abs=0.02)
    assert abs(b) < 0.02 > abs(c)


def test_an_overlay_lets_the_lower_slide_through_by_opacity_and_by_a_line(compared, archive):
    # At another place the slides differ; the middle of the second lies on the middle of the first.
    page = compared("first", "second", query="x=750&y=500&mpp=0.5&r=0&lay=over_1_0")
    page.mouse.move(5, 5)
    x, y = middle(page, 1)
    left, right = (x - 150, y), (x + 150, y)
    lower = screen_pixels(page)
    slider = page.get_by_role("slider", name="opacity of the upper slide")
    slider.fill("1")
    address_says(page, "lay=over_1_1")
    upper = screen_pixels(page)
    assert abs(patch(lower, left) - patch(upper, left)).mean() > 5

    slider.fill("0.5")
    address_says(page, "lay=over_1_0.5")
    between = screen_pixels(page)
    expected = (patch(lower, left) + patch(upper, left)) / 2
    assert abs(patch(between, left) - expected).mean() < 2

    page.get_by_role("button", name="swipe").click()
    line = page.get_by_role("slider", name="swipe")
    line.wait_for()
    address_says(page, "lay=swipe_1_0.5")
    parted = screen_pixels(page)
    assert abs(patch(parted, left) - patch(lower, left)).mean() < 1
    assert abs(patch(parted, right) - patch(upper, right)).mean() < 1
    drag(page, (x, y), 250, 0)
    moved = screen_pixels(page)
    assert abs(patch(moved, right) - patch(lower, right)).mean() < 1
    line.focus()
    page.keyboard.press("ArrowLeft")
    address_says(page, r"lay=swipe_1_0\.6\d*")


def test_lines_between_slides_are_moved_by_pointer_and_keys(compared):
    page = compared("first", "second")
    line = page.get_by_role("separator", name="line between slides")
    width = pane(page, 1).bounding_box()["width"]

    drag(page, (width, middle(page, 1)[1] + 200), -width / 2, 0)

    address_says(page, r"split=0\.25")
    assert pane(page, 1).bounding_box()["width"] == pytest.approx(width / 2, abs=2)
    line.focus()
    page.keyboard.press("ArrowRight")
    address_says(page, r"split=0\.27")
    page.reload()
    drawn(page, 2)
    assert pane(page, 1).bounding_box()["width"] == pytest.approx(0.54 * width, abs=2)


def test_the_pane_with_focus_is_seen_and_keys_act_on_it(compared):
    page = compared("first", "second", query="x=700&y=500&mpp=1&r=0")
    assert pane(page, 1).get_attribute("data-focus") == "true"

    page.keyboard.press("n")

    page.wait_for_selector(".pane:nth-child(2)[data-focus=true]")
    address_says(page, "pane=1")
    edge = pane(page, 2).evaluate("pane => getComputedStyle(pane, '::after').borderTopColor")
    assert edge != pane(page, 1).evaluate(
        "pane => getComputedStyle(pane, '::after').borderTopColor"
    )
    page.keyboard.press("q")
    page.wait_for_function("() => /^S26-1-A2/.test(document.querySelector('.pane h2').innerText)")
    drawn(page, 2)
    page.get_by_role("button", name="take S26-1-A1 out").click()
    page.locator(".identity", has_text="S26-1-A2").wait_for()
    assert "beside" not in page.url


def test_four_slides_fill_the_screen_and_a_fifth_has_no_room(compared):
    page = compared("first", "second", "markup")
    page.keyboard.press("C")
    page.get_by_role("complementary", name="add a slide").wait_for()
    page.keyboard.press("Escape")
    page.goto(page.url + "+" + parameters(page)["beside"].split()[0])
    drawn(page, 4)

    boxes = [pane(page, number).bounding_box() for number in (1, 2, 3, 4)]
    assert len({(box["x"], box["y"]) for box in boxes}) == 4
    assert page.get_by_role("button", name="add a slide").count() == 0
    page.keyboard.press("?")
    assert "align by points" in page.get_by_role("dialog").inner_text()


def test_an_uncalibrated_slide_is_linked_by_pixels_and_that_is_said(compared):
    page = compared("first", "uncalibrated")

    page.get_by_text("uncalibrated: linked pixel by pixel").wait_for()
    assert page.locator(".pane-scale .scale-bar").count() == 1


def test_a_slide_that_is_gone_is_named_and_can_be_taken_out(page, archive):
    first = archive.slides["first"]
    page.route("**/studies/9.9/**", lambda route: route.fulfill(status=204))
    page.goto(f"{first.path}?beside=9.9_9.9.9")
    page.get_by_text("this slide cannot be opened").wait_for()

    page.get_by_role("button", name="remove it").click()

    page.wait_for_selector(READY)
    assert "beside" not in page.url
