# SPDX-License-Identifier: Apache-2.0
"""A link to what is seen now; settings that are kept; the help's keys."""

from __future__ import annotations

import numpy as np
import proxies
from browser.harness import READY, canvas_pixels
from servers import serving

_LINK = "link to what is seen now"


def test_a_link_shows_another_reader_exactly_the_same(open_slide, new_page):
    page = open_slide("first", "?x=700&y=450&mpp=0.5&r=30&mirror=1&pic=gamma_1.5&lang=de")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.keyboard.press("L")
    page.keyboard.press("V")
    page.get_by_label(_LINK).wait_for()
    assert page.get_by_text("needs access to this server").is_visible()
    page.wait_for_selector(".stage[data-picture~='gamma_1.5']")
    mine = canvas_pixels(page)

    page.get_by_role("button", name="copy").click()
    page.get_by_text("copied").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")

    assert link == page.get_by_label(_LINK).input_value()
    assert "show=" not in link
    assert "lang=" not in link
    other = new_page()
    other.goto(link)
    other.wait_for_selector(READY)
    other.wait_for_selector(".stage[data-picture~='gamma_1.5']")
    assert (canvas_pixels(other) == mine).all()
    assert other.locator(".ol-viewport").get_attribute("data-mirrored") == "true"

    # What follows the view, follows it at once.
    page.keyboard.press("u")
    page.wait_for_function(
        "label => document.querySelector('textarea').value.includes('r=0')", arg=_LINK
    )
    page.get_by_label("with the panels that are open").check()
    page.get_by_label("in English").check()
    assert page.get_by_label(_LINK).input_value().endswith(
        "&show=overview&lang=en"
    ) or page.get_by_label(_LINK).input_value().endswith("&lang=en")


def test_a_link_stays_below_the_path_of_a_proxy(archive, page, tmp_path):
    proxies.find_nginx()
    slide, port = archive.slides["first"], proxies.free_port()
    root = f"http://127.0.0.1:{port}/pacs"
    with (
        serving(tmp_path / "data", "--base-url", root) as server,
        proxies.nginx(tmp_path / "nginx", port, "/pacs", server.address, keeps_path=True),
    ):
        files = [path.read_bytes() for path in slide.folder.glob("*.dcm")]
        assert server.store(*files).status_code == 200
        page.goto(f"{root}{slide.path}?x=700&y=450&mpp=1&r=0&show=share")
        page.wait_for_selector(READY)

        link = page.get_by_label(_LINK).input_value()

        assert link == f"{root}{slide.path}?x=700&y=450&mpp=1&r=0"
        page.goto(link)
        page.wait_for_selector(READY)


def test_settings_are_kept_in_the_browser(archive, page):
    page.goto("/")
    page.wait_for_selector(".thumbnail[data-state=ready]")
    page.keyboard.press("E")
    sheet = page.locator("dialog.settings")
    sheet.get_by_label("light").check()
    sheet.get_by_label("always mm").check()
    sheet.get_by_label("the slide glides on after a drag").uncheck()
    sheet.get_by_label("a click brings its place to the middle").check()
    sheet.get_by_label("show label images").check()
    assert page.locator("html").get_attribute("data-theme") == "light"
    sheet.get_by_label("language").select_option("de")
    page.get_by_role("heading", name="Einstellungen").wait_for()
    page.keyboard.press("Escape")
    sheet.wait_for(state="detached")

    page.goto(f"{archive.slides['first'].path}?x=750&y=500&mpp=1&r=0")
    page.wait_for_selector(READY)

    assert page.locator("html").get_attribute("data-theme") == "light"
    assert page.locator(".scale-bar").inner_text() == "0,1\u2009mm"
    page.locator(".label-panel .picture").first.wait_for()
    page.mouse.click(500, 400)
    page.wait_for_function("() => /x=550&y=500/.test(location.search)")
    page.keyboard.press("E")
    sheet.get_by_label("mit verborgenen Namen").check()
    assert page.locator(".label-panel").is_visible()
    page.keyboard.press("Escape")
    page.reload()
    page.wait_for_selector(READY)
    assert page.get_by_text("Personendaten verborgen").is_visible()
    assert page.locator(".label-panel").count() == 0, "a label may name the patient"
    # Without gliding a drag ends where it is let go.
    page.mouse.move(600, 400)
    page.mouse.down()
    page.mouse.move(500, 400, steps=5)
    page.mouse.up()
    # The first of five steps begins the drag: 80 pixels of two level-0 pixels each.
    page.wait_for_function("() => /x=710&/.test(location.search)")


def test_the_help_has_every_key_and_can_be_searched_and_printed(open_slide):
    page = open_slide("first")
    keys = page.evaluate(
        "() => [...document.querySelectorAll('.toolbar [aria-keyshortcuts]')].map("
        "(tool) => tool.getAttribute('aria-label'))"
    )
    page.keyboard.press("?")
    sheet = page.locator("dialog.help")
    sheet.wait_for()
    told = sheet.inner_text()
    for name in keys:
        assert name.split(":")[0] in told, name
    for key in ("shift s", "shift v", "PageDown", "1 … 9", "long press"):
        assert sheet.get_by_text(key, exact=True).is_visible(), key
    for title, tool, key in (("annotating", "polygon", "c"), ("measuring", "circle", "q")):
        section = sheet.locator("section").filter(has_text=f"while {title}")
        row = section.locator("dl > div").filter(has=page.get_by_text(tool, exact=True))
        assert row.locator("kbd").inner_text() == key

    page.keyboard.type("rotate right")
    sheet.locator("dd").nth(1).wait_for(state="detached")
    assert sheet.locator("dt").inner_text() == "r"
    page.keyboard.type(" nothing")
    sheet.get_by_text("no key of that kind").wait_for()
    sheet.get_by_label("search keys").fill("")

    page.emulate_media(media="print")
    assert not page.locator(".slide-page").is_visible()
    assert not sheet.get_by_label("search keys").is_visible()
    assert sheet.get_by_text("rotate right").is_visible()
    printed = page.pdf()
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") <= 3
    page.emulate_media(media="screen")
    page.keyboard.press("Escape")
    sheet.wait_for(state="detached")
    assert np.any(canvas_pixels(page))
