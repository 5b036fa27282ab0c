# SPDX-License-Identifier: Apache-2.0
"""What a reader sees when something is not there: said in place, with a remedy."""

from __future__ import annotations

import pytest
from browser.harness import READY


@pytest.fixture
def console_is_theirs(browser, archive):
    """Open a page whose console may hold the browser's own lines about refused requests."""
    context = browser.new_context(base_url=archive.address)
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def test_an_unknown_slide_is_said_and_leads_back(console_is_theirs):
    page = console_is_theirs

    page.goto("/studies/1.2.3/series/1.2.3.4")

    page.get_by_text("this slide cannot be opened").wait_for()
    assert "the server does not have it" in page.locator("main").inner_text()
    page.get_by_role("button", name="worklist").click()
    page.wait_for_selector(".case-row[data-state=ready]")


@pytest.mark.parametrize("path", ["/nope", "/jobs/1", "/studies/1.2.3/series/not-a-uid"])
def test_an_address_without_a_page_is_said_and_leads_to_the_worklist(console_is_theirs, path):
    page = console_is_theirs

    page.goto(path)

    page.get_by_text("there is no page here").wait_for()
    assert page.url.endswith(path)
    page.get_by_role("button", name="go to the worklist").click()
    page.wait_for_selector(".case-row[data-state=ready]")


def test_a_frame_that_fails_is_hatched_and_can_be_asked_for_again(console_is_theirs, archive):
    page = console_is_theirs
    page.route("**/frames/2", lambda route: route.fulfill(status=404))
    page.goto(f"{archive.slides['first'].path}?x=700&y=500&mpp=0.5&r=0")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "could not be drawn" in alert.inner_text()

    page.unroute("**/frames/2")
    page.get_by_role("button", name="try again").click()

    alert.wait_for(state="detached")
    page.wait_for_selector(READY)


def test_a_server_that_is_away_is_said(console_is_theirs):
    page = console_is_theirs
    page.route("**/dicomweb/**", lambda route: route.abort())

    page.goto("/")

    page.get_by_text("the cases cannot be listed").wait_for()
    assert "check that tileserver is running" in page.locator("main").inner_text()
    page.unroute("**/dicomweb/**")
    page.get_by_role("button", name="try again").click()
    page.wait_for_selector(".case-row[data-state=ready]")


def test_a_server_that_is_back_is_found_without_being_asked_for(console_is_theirs, archive):
    page, asked = console_is_theirs, []

    def away(route):
        asked.append(route.request.url)
        route.abort()

    page.goto(f"{archive.slides['first'].path}?x=750&y=500&mpp=2&r=0")
    page.wait_for_selector(READY)
    page.route("**/frames/*", away)
    page.goto(f"{archive.slides['first'].path}?x=700&y=500&mpp=0.5&r=0")
    alert = page.get_by_role("alert")
    alert.wait_for()
    page.wait_for_selector(READY)

    before = len(asked)
    with page.expect_request("**/frames/*"):
        pass
    page.evaluate("dispatchEvent(new Event('online'))")
    probes = len(asked) - before

    page.unroute("**/frames/*")
    alert.wait_for(state="detached")
    page.wait_for_selector(READY)
    # One at a time, and not each of those that failed.
    assert 1 <= probes < len(set(asked[:before])) / 2
    assert page.get_by_role("button", name="try again").count() == 0
