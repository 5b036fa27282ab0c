# SPDX-License-Identifier: Apache-2.0
"""Finding one's way: keys, the mirror, magnifications and places typed, what has been seen."""

from __future__ import annotations

import numpy as np
import pytest
from browser.harness import READY, canvas_pixels, screen_pixels
from browser.test_slide import MIDDLE

HALF = 100
"""Half the side of the squares that are compared, in pixels."""
AROUND = np.s_[MIDDLE[1] - HALF : MIDDLE[1] + HALF, MIDDLE[0] - HALF : MIDDLE[0] + HALF]


def test_the_mirror_flips_what_is_on_the_screen_and_stays_in_the_link(open_slide, press):
    page = open_slide("first", "?x=700&y=500&mpp=0.5&r=0")
    page.mouse.move(5, 400)
    plain = screen_pixels(page)[AROUND].astype(int)

    press("f", "mirror=1")

    page.get_by_role("button", name="mirrored").wait_for()
    mirrored = screen_pixels(page)[AROUND].astype(int)
    assert abs(plain[:, ::-1] - mirrored).mean() < 6
    assert abs(plain - mirrored).mean() > 10
    page.reload()
    page.wait_for_selector(READY)
    assert abs(plain[:, ::-1] - screen_pixels(page)[AROUND]).mean() < 6
    press("r", "r=90&mirror=1")
    page.get_by_role("button", name="turn upright").wait_for()
    turned = screen_pixels(page)[AROUND].astype(int)
    assert abs(np.rot90(mirrored, -1) - turned).mean() < 8
    press("h", r"r=0$")


def test_in_a_mirror_a_drag_moves_the_slide_with_the_pointer(open_slide):
    page = open_slide("first", "?x=700&y=500&mpp=0.5&r=0&mirror=1")
    page.emulate_media(reduced_motion="reduce")

    page.mouse.move(*MIDDLE)
    page.mouse.down()
    page.mouse.move(MIDDLE[0] - 100, MIDDLE[1] - 40, steps=20)
    page.mouse.up()

    # What lay to the right of the middle on the screen lies to the left of it on the slide.
    page.wait_for_function("() => /x=60[0-5].*y=53[7-9]/.test(location.search)")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => /x=36[0-5]/.test(location.search)")


def test_a_magnification_is_typed(open_slide, press):
    page = open_slide("first", "?x=750&y=500&mpp=2.5&r=0")

    page.keyboard.press("z")
    field = page.get_by_label("magnification", exact=True)
    field.fill("12.5x")
    field.press("Enter")

    page.wait_for_function("() => location.search.includes('mpp=0.8&')")
    shown = page.get_by_label("magnification", exact=True)
    assert shown.inner_text() == "12.5\u00d7"
    assert "0.8\u2009µm/px" in page.locator("footer").inner_text()
    page.get_by_role("button", name="type a magnification").click()
    field.fill("a lot")
    field.press("Enter")
    page.get_by_role("alert").wait_for()
    field.press("Escape")
    assert shown.inner_text() == "12.5\u00d7"


def test_a_place_is_typed_and_the_pointer_tells_its_own(open_slide):
    page = open_slide("first", "?x=750&y=500&mpp=0.5&r=0")

    page.keyboard.press("g")
    page.get_by_label("x", exact=True).fill("0.2")
    page.get_by_label("y", exact=True).fill("0,15")
    page.get_by_role("button", name="go", exact=True).click()

    page.wait_for_function("() => location.search.includes('x=400&y=300&')")
    page.wait_for_selector(READY)
    page.mouse.move(MIDDLE[0] + 20, MIDDLE[1])
    page.get_by_text("0.210, 0.150\u2009mm").wait_for()
    page.get_by_label("unit").select_option("px")
    page.get_by_label("x", exact=True).fill("2000")
    page.get_by_label("y", exact=True).fill("10")
    page.get_by_role("button", name="go", exact=True).click()
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "x from 0 to 1500, y from 0 to 1000" in alert.inner_text()


def test_a_click_brings_its_place_to_the_middle_where_the_reader_likes_that(open_slide):
    page = open_slide("first", "?x=700&y=500&mpp=0.5&r=0")

    page.keyboard.press("g")
    page.get_by_label("a click brings its place to the middle").check()
    page.mouse.click(MIDDLE[0] - 200, MIDDLE[1] + 100)

    page.wait_for_function("() => location.search.includes('x=500&y=600&')")


@pytest.mark.parametrize("glides", [True, False])
def test_the_slide_glides_on_unless_the_reader_dislikes_that(open_slide, glides):
    page = open_slide("first", "?x=700&y=500&mpp=0.5&r=0")
    if not glides:
        page.keyboard.press("g")
        page.get_by_label("the slide glides on after a drag").uncheck()
        page.keyboard.press("Escape")

    # One task of the page, so that a slow machine does not look like a reader who stops.
    page.evaluate(_FLING, [*MIDDLE, -100])

    gone = "Number(new URLSearchParams(location.search).get('x'))"
    page.wait_for_function(f"() => {gone} > {810 if glides else 780}")
    page.wait_for_selector(READY)
    if not glides:
        assert page.evaluate(gone) == pytest.approx(795, abs=8)


_FLING = """async ([x, y, right]) => {
  const fire = (type, at, buttons) => document.elementFromPoint(x, y).dispatchEvent(
    new PointerEvent(type, {
      bubbles: true, cancelable: true, isPrimary: true, pointerId: 1, pointerType: 'mouse',
      button: type === 'pointermove' ? -1 : 0, buttons, clientX: x + at, clientY: y,
    }))
  fire('pointerdown', 0, 1)
  for (let step = 1; step <= 10; step++) {
    const end = performance.now() + 6
    while (performance.now() < end);
    fire('pointermove', (right * step) / 10, 1)
  }
  fire('pointerup', right, 0)
}"""


def test_what_has_been_seen_closely_is_shaded_on_the_overview(open_slide, press):
    page = open_slide("first", "?x=300&y=250&mpp=0.25&r=0")
    page.keyboard.press("g")
    page.get_by_label("shade what has been seen at 5\u00d7 or closer").check()

    shade = page.locator("canvas.seen")
    shade.wait_for()

    assert page.evaluate(_SHADES) == [130, 0]
    page.get_by_role("button", name="forget what has been seen").click()
    page.wait_for_function(f"() => ({_SHADES})()[0] === 0")


_SHADES = """() => {
  const canvas = document.querySelector('canvas.seen')
  const copy = new OffscreenCanvas(canvas.width, canvas.height)
  const context = copy.getContext('2d', { willReadFrequently: true })
  context.drawImage(canvas, 0, 0)
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data
  const at = (x, y) => pixels[4 * (Math.floor(y * canvas.height) * canvas.width
    + Math.floor(x * canvas.width)) + 3]
  return [at(0.2, 0.25), at(0.9, 0.9)]
}"""


def test_keys_mirror_and_full_screen_are_told_by_the_help(open_slide):
    page = open_slide("first")

    page.keyboard.press("?")

    words = page.get_by_role("dialog").inner_text()
    assert "mirror" in words
    assert "shift f" in words
    assert "1 … 9" in words
    assert canvas_pixels(page).size > 0
