# SPDX-License-Identifier: Apache-2.0
"""For everybody: axe finds nothing, nothing moves by itself, fingers do what a mouse does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browser.harness import READY, STUDY, next_frame
from browser.test_bundle import WEB
from servers import serving

from tileserver.job_queue import Asked, JobQueue, Progress

AXE = WEB.parent / "tests" / "browser" / "peers" / "node_modules" / "axe-core" / "axe.min.js"
TABLET = {"width": 820, "height": 1180}
SIZES = [(1366, 768), (2560, 1440), (3840, 2160), (820, 1180), (1180, 820)]
DRAWERS = "igmkyaSV"
"""The keys of all drawers that every slide has."""

_VIOLATIONS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ['violations'] })
  return violations.map(({ id, nodes }) => [id, ...nodes.map(({ target }) => target.join(' '))])
}"""
_OVERLAPS = """() => {
  const groups = [...document.querySelectorAll('.slide-page > .group, .toolbar > .group')]
    .filter((each) => each.checkVisibility() && !each.matches('.tile-hint, .server-drawn'))
  const page = document.querySelector('.slide-page').getBoundingClientRect()
  const name = (each) => `${each.className} ${each.getAttribute('aria-label') ?? ''}`
  const apart = (a, b) =>
    a.left >= b.right - 1 || b.left >= a.right - 1 || a.top >= b.bottom - 1 || b.top >= a.bottom - 1
  const found = groups.flatMap((one, index) => {
    const box = one.getBoundingClientRect()
    const within = box.left >= page.left && box.right <= page.right && box.top >= page.top &&
      box.bottom <= page.bottom
    const over = groups.slice(index + 1).filter((each) => !apart(box, each.getBoundingClientRect()))
    return [...(within ? [] : [`outside: ${name(one)}`]),
      ...over.map((each) => `${name(one)} over ${name(each)}`)]
  })
  return document.documentElement.scrollWidth > innerWidth ? [...found, 'scrolls'] : found
}"""


def axe_on(page: Any) -> tuple[Callable[[str, str], None], Callable[[], list[Any]]]:
    """Return a function that opens a path with axe, and one that tells what axe finds there."""
    if not AXE.exists():
        pytest.skip("the peers are not installed: run `python hatch_build.py peers`")
    # The page takes scripts of its own origin alone.
    page.route("**/axe.js", lambda route: route.fulfill(path=AXE, content_type="text/javascript"))

    def opened(path: str, ready: str) -> None:
        page.goto(path)
        page.wait_for_selector(ready)
        page.add_script_tag(url="/axe.js")

    def violations() -> list[Any]:
        page.evaluate("document.getAnimations().forEach((each) => each.finish())")
        return page.evaluate(_VIOLATIONS)

    return opened, violations


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing(archive, new_page, scheme):
    page = new_page(color_scheme=scheme)
    opened, violations = axe_on(page)

    opened("/", ".thumbnail[data-state=ready]")
    assert violations() == []
    opened(f"/studies/{STUDY}", READY)
    page.wait_for_selector(".tray-slide[data-state=ready]")
    assert violations() == []
    opened(archive.slides["first"].path, READY)
    assert violations() == []
    for key in DRAWERS:
        page.keyboard.press(key)
        page.wait_for_selector(".drawer h2")
        assert violations() == [], key
        page.keyboard.press(key)
        page.wait_for_selector(".drawer", state="detached")
    page.keyboard.press("l")
    page.wait_for_selector(".label-panel .picture")
    assert violations() == []
    for key, sheet in (("?", "help"), ("E", "settings")):
        page.keyboard.press(key)
        page.locator(f"dialog.{sheet}").wait_for()
        assert violations() == [], sheet
        page.keyboard.press("Escape")
        page.locator(f"dialog.{sheet}").wait_for(state="detached")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing_on_the_page_of_jobs(new_page, tmp_path, scheme):
    with serving(tmp_path / "data", "--jobs-at-once", "0") as server:
        queue = JobQueue(server.data / "jobs.sqlite")
        names = ("failed.svs", "running.svs", "cancelled.svs", "waiting.svs")
        failed, _, cancelled, _ = (queue.add(Asked("convert", {"name": name})) for name in names)
        held = queue.take({"convert": 9})
        queue.note(held, "attempt 1 ends")
        queue.fail(held, "its format is none that is known")
        queue.report(queue.take({"convert": 9}), Progress("level-2.dcm", 3, 4))
        queue.cancel(cancelled.id)
        queue.close()
        page = new_page(color_scheme=scheme, base_url=server.address)
        opened, violations = axe_on(page)

        opened("/jobs", "tr[data-state=running] progress")
        page.get_by_text("live", exact=True).wait_for()
        assert violations() == []
        page.get_by_role("button", name=f"details of job {failed.id}").click()
        page.wait_for_selector(".job-details .job-log li")
        assert violations() == []
        opened("/jobs?lang=de", "tr[data-state=running] progress")
        assert violations() == []
        page.goto("about:blank")  # before its server goes


@pytest.mark.timeout(300)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_nothing_lies_over_another(archive, new_page, size):
    width, height = size
    page = new_page(viewport={"width": width, "height": height}, has_touch=width < 1200)
    page.goto(archive.slides["first"].path + "?x=750&y=500&mpp=1&r=30")
    page.wait_for_selector(READY)

    assert page.evaluate(_OVERLAPS) == []
    for key in "Sa":
        page.keyboard.press(key)
        page.wait_for_selector(".drawer h2")
        assert page.evaluate(_OVERLAPS) == [], key
        page.keyboard.press(key)
    page.keyboard.press("B")
    page.wait_for_selector(".tray-slide[data-state=ready]")
    page.wait_for_selector(READY)
    assert page.evaluate(_OVERLAPS) == []
    page.keyboard.press("S")
    page.wait_for_selector(".drawer h2")
    assert page.evaluate(_OVERLAPS) == []


def test_nothing_moves_by_itself_where_that_is_asked_for(archive, new_page):
    page = new_page(reduced_motion="reduce")
    page.goto(archive.slides["first"].path + "?x=750&y=500&mpp=2&r=0")
    page.wait_for_selector(READY)

    page.keyboard.press("+")
    page.wait_for_function("() => location.search.includes('mpp=1.4142')")
    page.keyboard.press("S")
    page.wait_for_selector(".drawer h2")

    moving = page.evaluate(
        "() => [...document.querySelectorAll('*')].filter((each) => {"
        "const { transitionDuration, animationName } = getComputedStyle(each);"
        "return parseFloat(transitionDuration) > 0 || animationName !== 'none' }).length"
    )
    assert moving == 0
    assert page.evaluate("document.getAnimations().length") == 0


def touch(page: Any) -> Any:
    """Return a function that puts fingers on the screen, moves them, or takes them away."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, *fingers: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(fingers)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        next_frame(page)

    return send


def test_fingers_pinch_tap_twice_and_press_long(archive, new_page):
    page = new_page(viewport=TABLET, has_touch=True, reduced_motion="reduce")
    page.goto(archive.slides["first"].path + "?x=750&y=500&mpp=2&r=0")
    page.wait_for_selector(READY)
    send = touch(page)
    x, y = TABLET["width"] / 2, TABLET["height"] / 2

    send("touchStart", (x - 60, y), (x + 60, y))
    for step in range(1, 11):
        send("touchMove", (x - 60 - 6 * step, y), (x + 60 + 6 * step, y))
    send("touchEnd")
    page.wait_for_function(
        "() => { const mpp = Number(new URLSearchParams(location.search).get('mpp'));"
        "return mpp > 0.9 && mpp < 1.15 }"
    )
    page.wait_for_selector(READY)

    page.touchscreen.tap(x, y)
    page.touchscreen.tap(x, y)
    page.wait_for_function("() => location.search.includes('mpp=0.5&')")
    page.wait_for_selector(READY)

    place = page.get_by_label("place of the pointer")
    send("touchStart", (x, y))
    page.wait_for_function("() => /mm/.test(document.querySelector('.pointer-place').innerText)")
    before = place.inner_text()
    send("touchEnd")
    page.wait_for_function("() => document.querySelector('.stage')")
    assert place.inner_text() == before, "it stays when the finger is gone"
    assert "mpp=0.5&" in page.url
    # One finger moves the slide.
    address = page.url
    send("touchStart", (x, y))
    for step in range(1, 11):
        send("touchMove", (x - 10 * step, y))
    send("touchEnd")
    page.wait_for_function("before => location.href !== before", arg=address)
