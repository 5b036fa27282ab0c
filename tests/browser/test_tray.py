# SPDX-License-Identifier: Apache-2.0
"""The tray: what it lists, finds and hides."""

from __future__ import annotations

import pytest
from browser.harness import READY, serving


@pytest.fixture
def tray(page):
    page.goto("/")
    page.wait_for_selector(".card[data-state=ready]")
    return page


def card(page, name):
    return page.locator(".card", has_text=name)


def test_each_slide_has_its_name_its_size_and_a_picture(tray):
    first = card(tray, "S26-1-A1")

    picture = first.get_by_role("img", name="thumbnail of S26-1-A1")
    picture.wait_for()
    words = first.inner_text().replace("\u2009", " ").replace("\u202f", " ")
    assert "1 500 \u00d7 1 000 px" in words
    assert "20\u00d7 · 0.5 µm/px · 0.75 \u00d7 0.5 mm" in words
    colours = picture.evaluate(
        """canvas => {
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
            return new Set(new Uint32Array(data.buffer)).size
        }"""
    )
    assert colours > 100


def test_slides_of_one_case_are_together(tray):
    case = tray.locator(".case", has_text="Sample, Jane · P-1")

    assert case.locator(".card").count() == 2


def test_search_narrows_the_tray_as_one_types(tray):
    tray.keyboard.press("/")
    tray.keyboard.type("sample a2")

    tray.wait_for_function("() => document.querySelectorAll('.card').length === 1")
    assert tray.locator(".card-name").inner_text() == "S26-1-A2"
    tray.wait_for_function("() => location.search === '?q=sample+a2'")
    tray.keyboard.type(" nowhere")
    tray.get_by_text("no slide matches").wait_for()


def test_arrows_choose_a_slide_and_enter_opens_it(tray):
    names = tray.locator(".card-name").all_inner_texts()

    tray.keyboard.press("ArrowDown")
    tray.keyboard.press("ArrowRight")
    tray.keyboard.press("Enter")

    tray.wait_for_selector(READY)
    assert tray.get_by_role("heading", level=1).inner_text() == names[1]


def test_a_label_is_hidden_until_asked_for(tray):
    first = card(tray, "S26-1-A1")
    assert tray.get_by_role("img", name="label", exact=True).count() == 0

    first.get_by_role("button", name="show label of S26-1-A1").click()

    first.get_by_role("img", name="label", exact=True).wait_for()
    first.get_by_role("button", name="hide label of S26-1-A1").click()
    first.get_by_role("img", name="label", exact=True).wait_for(state="detached")


def test_a_label_on_the_slide_page_is_hidden_until_asked_for_and_never_in_the_address(open_slide):
    page = open_slide("first")
    assert page.get_by_role("img", name="label", exact=True).count() == 0

    page.keyboard.press("l")

    page.get_by_role("img", name="label", exact=True).wait_for()
    assert "label" not in page.url
    page.reload()
    page.wait_for_selector(READY)
    assert page.get_by_role("img", name="label", exact=True).count() == 0


def test_markup_in_a_name_stays_text(tray, archive):
    heading = tray.get_by_role("heading", name="<script>document.write(1)</script>")
    heading.wait_for()

    assert card(tray, "<b>bold</b>").locator(".card-name b").count() == 0
    tray.goto(archive.slides["markup"].path)
    tray.wait_for_selector(READY)
    assert tray.get_by_role("heading", level=1).inner_text() == "<b>bold</b>"
    assert "<script>" in tray.locator(".identity").inner_text()
    assert tray.title() == "<b>bold</b> · Coverslip"


def test_identity_can_be_hidden_with_one_key(tray):
    tray.keyboard.press("p")

    tray.get_by_role("heading", name="identity hidden").first.wait_for()
    assert "Sample, Jane" not in tray.locator("main").inner_text()


def test_an_empty_archive_teaches_the_first_step(page, tmp_path):
    with serving(tmp_path / "data", tmp_path / "server.log") as address:
        page.goto(address)
        page.get_by_text("no slides yet").wait_for()

        assert "dicomizer convert SLIDE OUT" in page.locator("main").inner_text()
