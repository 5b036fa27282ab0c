# SPDX-License-Identifier: Apache-2.0
"""The reader's language: by the address, by choice, by the browser; kept."""

from __future__ import annotations

import build_profile
import slides
from browser.harness import READY


def test_an_address_asks_for_a_language_and_a_choice_is_kept(archive, page):
    page.goto(f"{archive.slides['first'].path}?lang=de&x=750&y=500&mpp=0.35&r=0")
    page.wait_for_selector(READY)

    assert page.locator("html").get_attribute("lang") == "de"
    assert page.get_by_role("button", name="Sprache: Deutsch").is_visible()
    assert page.locator(".magnification .quiet").inner_text() == "0,35\u2009µm/px"
    page.wait_for_function("() => location.search.endsWith('&lang=de')")

    page.keyboard.press("L")
    page.get_by_role("button", name="language: English").wait_for()
    page.wait_for_function("() => !location.search.includes('lang')")
    page.get_by_role("button", name="language: English").click()
    page.get_by_role("button", name="Sprache: Deutsch").wait_for()
    page.reload()
    page.wait_for_selector(READY)
    assert page.get_by_role("button", name="ganzer Schnitt").is_visible()
    assert page.locator("html").get_attribute("lang") == "de"


def test_why_a_profile_is_refused_is_told_in_german(archive, page):
    icc = build_profile.samples()["version 2, matrix, gamma 1.8"]
    made = slides.write_svs(archive.work / "refused.svs", associated=False, icc_profile=icc)
    served = archive.add("refused", made.path, {})
    # As a scanner for printing would have it: the kind of colours stands in bytes 16 to 20.
    printer = icc[:16] + b"CMYK" + icc[20:]
    page.route("**/bulkdata/**", lambda route: route.fulfill(body=printer))

    page.goto(f"{served.path}?lang=de&show=info")

    page.get_by_text("nicht angewandt: seine Farben sind CMYK, nicht RGB").wait_for()
