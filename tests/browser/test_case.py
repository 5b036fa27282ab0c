# SPDX-License-Identifier: Apache-2.0
"""A case: its slides in a tray, the files of each with all their attributes, and what is beside."""

from __future__ import annotations

import io
import zipfile

import build_report
import instances
import pytest
from browser.harness import READY, STUDY


@pytest.fixture
def case(page):
    page.goto(f"/studies/{STUDY}")
    page.wait_for_selector(READY)
    page.wait_for_selector(".tray-slide:nth-child(2)[data-state=ready]")
    return page


def slide(page, name):
    return page.locator(".tray-slide", has_text=name)


def test_the_tray_says_what_each_slide_is(case):
    first = slide(case, "S26-1-A1")

    first.get_by_role("img", name="thumbnail of S26-1-A1").wait_for()
    words = first.inner_text().replace("\u2009", " ").replace("\u202f", " ")
    assert "20\u00d7 · 0.5 µm/px" in words
    assert "0.75 \u00d7 0.5 mm" in words
    assert "1 500 \u00d7 1 000 px" in words
    assert "H&E" in words
    assert first.get_attribute("aria-current") == "true"
    assert "?slide=" in case.url


def test_the_next_slide_is_one_key_away_and_stays_beside(case, archive):
    case.keyboard.press("n")

    case.wait_for_url(f"**/studies/{STUDY}?slide={archive.slides['second'].series}*")
    case.wait_for_selector(READY)
    case.wait_for_selector(".tray-slide:nth-child(2)[aria-current=true]")
    case.keyboard.press("B")
    case.wait_for_url(f"**{archive.slides['second'].path}*")
    case.keyboard.press("b")
    case.wait_for_url(f"**/studies/{STUDY}?slide=*")


def test_labels_are_hidden_until_asked_for(case):
    label = case.get_by_role("img", name="label", exact=True)
    assert label.count() == 0

    case.get_by_role("button", name="show label of S26-1-A1").click()
    label.wait_for()
    case.get_by_role("button", name="hide label of S26-1-A1").click()
    label.wait_for(state="detached")
    assert "label" not in case.url


def test_true_sizes_are_those_of_the_tissue(case):
    case.get_by_role("button", name="true sizes").click()

    case.locator(".true-size canvas").nth(1).wait_for()
    first, second = (
        case.locator(".true-size").nth(number).bounding_box()["width"] for number in (0, 1)
    )
    assert first / second == pytest.approx(1500 / 900, rel=0.02)


def test_a_file_shows_its_attributes_and_a_search_finds_them(case):
    first = slide(case, "S26-1-A1")
    first.locator("summary").click()
    first.locator(".instance-tags").first.click()
    panel = case.get_by_role("complementary", name="attributes")
    panel.get_by_text("SOP Instance UID").first.wait_for()
    sequence = panel.locator("summary", has_text="Optical Path Sequence")
    sequence.first.click()
    panel.get_by_text("Illumination Type Code Sequence").wait_for()

    case.wait_for_function("() => location.search.includes('tags=')")
    case.reload()
    panel.get_by_role("searchbox").fill("container identifier")

    panel.get_by_text("(0040,0512)").wait_for()
    assert "S26-1-A1" in panel.inner_text()
    panel.get_by_role("button", name="close attributes").click()
    panel.wait_for(state="detached")


def test_a_case_is_downloaded_as_its_files(case, archive):
    with case.expect_download() as started:
        case.locator(".case-actions").get_by_role("link", name="download").click()

    with zipfile.ZipFile(io.BytesIO(started.value.path().read_bytes())) as found:
        names = found.namelist()
        whole = {path.read_bytes() for path in archive.slides["first"].folder.glob("*.dcm")}
        assert whole <= {found.read(name) for name in names}
    assert started.value.suggested_filename == f"{STUDY}.zip"


def test_markup_in_a_name_stays_text(page, archive):
    served = archive.slides["markup"]
    page.goto(f"/studies/{served.study}")
    page.wait_for_selector(READY)

    assert page.locator(".case-identity h1").inner_text().startswith("<script>")
    page.locator(".tray-facts strong", has_text="<b>bold</b>").wait_for()
    assert page.locator(".tray-facts b").count() == 0
    page.goto(served.path)
    page.wait_for_selector(READY)
    assert page.get_by_role("heading", level=1).inner_text() == "<b>bold</b>"
    assert page.title() == "<b>bold</b> · Coverslip"


def test_a_report_is_listed_opened_and_deleted(page, archive, tmp_path):
    served = archive.slides["markup"]
    report = build_report.document(StudyInstanceUID=served.study)
    (tmp_path / "report.dcm").write_bytes(instances.written(report))
    archive.store(tmp_path)
    page.goto(f"/studies/{served.study}")
    beside = page.get_by_role("region", name="other series")
    beside.get_by_text("report").wait_for()
    assert "opens as a page" in beside.inner_text()

    beside.locator("summary").click()
    beside.locator(".series-actions").get_by_role("button", name="delete…").click()
    question = page.get_by_role("dialog", name="delete the series?")
    assert "report" in question.inner_text()
    assert "1 file" in question.inner_text()
    question.get_by_role("button", name="delete", exact=True).click()

    beside.wait_for(state="detached")


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_can_be_done_with_a_case_stands_in_one_row(archive, new_page, language):
    page = new_page(viewport={"width": 1366, "height": 768})
    page.goto(f"/studies/{STUDY}?lang={language}")
    page.wait_for_selector(".case-actions > .button:nth-of-type(3)")

    tops = page.locator(".case-actions > .button").evaluate_all(
        "buttons => buttons.map((button) => button.getBoundingClientRect().top)"
    )

    assert len(tops) == 4
    assert len(set(tops)) == 1
