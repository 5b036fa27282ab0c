# SPDX-License-Identifier: Apache-2.0
"""The README's page on the browser, step by step: each word that it says is on the screen is."""

from __future__ import annotations

import pytest
import slides
from browser.harness import READY, serving
from readme_pages import Page


@pytest.fixture
def page(browser, viewer, tmp_path):
    """Open the address of a server without slides."""
    with serving(tmp_path / "archive", tmp_path / "server.log") as address:
        context = browser.new_context(base_url=address)
        context.set_default_timeout(30_000)
        yield context.new_page()
        context.close()


def test_a_slide_goes_from_a_file_to_the_screen_as_the_readme_says(page, tmp_path):
    slide = slides.write_svs(tmp_path / "slide.svs").path
    wrong = tmp_path / "holiday.svs"
    wrong.write_bytes(b"not a slide at all\n" * 100)
    said = iter(Page.of("By the browser").labels)

    page.goto("/")
    page.get_by_text(next(said)).wait_for()  # no slides yet
    page.locator("input[type=file]").first.set_input_files([str(slide), str(wrong)])
    rows = page.get_by_role("complementary", name="uploaded slides").get_by_role("listitem")
    row = rows.filter(has_text="slide.svs")
    row.get_by_text(next(said), exact=True).wait_for()  # converted
    rows.filter(has_text="holiday.svs").get_by_text(next(said)).wait_for()  # not converted
    row.get_by_role("link", name=next(said)).click()  # open slide
    page.wait_for_selector(READY)
    page.goto("/")
    page.get_by_role("link", name=next(said)).click()  # jobs
    page.get_by_role("button", name=f"{next(said)} of job 1").click()  # details
    page.locator(".job-details").get_by_text("attempt 1").wait_for()

    assert list(said) == []
