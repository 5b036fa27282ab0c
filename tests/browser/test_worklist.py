# SPDX-License-Identifier: Apache-2.0
"""The worklist: what it finds, how it is understood, and that all of it is in the address."""

from __future__ import annotations

import re

import pydicom
import pytest
from benchmarks.bench_query import record
from browser.conftest import stocked
from browser.harness import READY, STUDY, run, serving

from tileserver.index import Index
from tileserver.index.insertion import add_all


@pytest.fixture(scope="module")
def archive(viewer, tmp_path_factory):
    """Serve the slides of `archive` alone: other tests put more cases into theirs."""
    with stocked(tmp_path_factory.mktemp("worklist")) as archive:
        yield archive


@pytest.fixture
def worklist(page):
    page.goto("/")
    page.wait_for_selector(".case-row[data-state=ready]")
    return page


def search(page, text):
    """Search, and wait until the rows are those of it."""
    page.get_by_role("searchbox", name="search cases").fill(text)
    page.wait_for_selector("#worklist-status[aria-busy=false]")


def counted(page, text):
    page.locator("#worklist-status strong", has_text=re.compile(f"^{text}$")).wait_for()


def row(page, name):
    return page.get_by_role("row", name=name)


def test_a_case_has_its_slides_as_pictures_and_says_whose_it_is(worklist):
    case = row(worklist, "Sample, Jane")

    case.locator(".thumbnail[data-state=ready]").nth(1).wait_for()
    assert case.locator(".thumbnail").count() == 2
    assert "P-1" in case.inner_text()
    assert "SM · 2 series" in case.inner_text()
    # What the server draws as a thumbnail is no label, which is three times as wide as it is high.
    size = case.locator("img").first.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert size == [96, 64]


def test_a_case_of_nobody_is_told_by_its_slides(archive, worklist):
    (of_nobody,) = {read.ContainerIdentifier for read in headers(archive.slides["calibrated"])}

    worklist.locator(".case-row").get_by_text(of_nobody).first.wait_for()

    assert "S26-1-A1" not in row(worklist, "Sample, Jane").inner_text()


def headers(served):
    return [pydicom.dcmread(path, stop_before_pixels=True) for path in served.folder.glob("*.dcm")]


def test_search_finds_as_one_types_and_says_what_it_understood(worklist):
    worklist.keyboard.press("/")
    worklist.keyboard.type("sample S26-1")

    counted(worklist, "1 case")
    status = worklist.locator("#worklist-status")
    assert "name sample" in status.inner_text()
    assert "accession, patient ID or container S26-1" in status.inner_text()
    worklist.wait_for_function("() => location.search === '?q=sample+S26-1'")
    worklist.reload()
    counted(worklist, "1 case")

    search(worklist, "modality:CT")
    worklist.get_by_text("no case matches").wait_for()
    worklist.get_by_role("button", name="show all cases").click()
    counted(worklist, "3 cases")


def test_a_word_that_is_nobodys_name_finds_a_container(worklist, archive):
    """Slides from files are named by these, which need not have a digit."""
    search(worklist, "sampl")
    counted(worklist, "1 case")
    assert "name sampl" in worklist.locator("#worklist-status").inner_text()

    search(worklist, "SMAL")

    counted(worklist, "1 case")
    told = worklist.locator("#worklist-status").inner_text()
    assert "accession, patient ID or container SMAL" in told
    search(worklist, "nobody")
    worklist.get_by_text("no case matches").wait_for()
    assert "name nobody" in worklist.locator("#worklist-status").inner_text()


def test_dates_and_stains_are_understood(worklist):
    search(worklist, "last week")
    worklist.locator(".term", has_text=re.compile(r"date \d{4}-\d\d-\d\d \u2013 \d{4}-")).wait_for()
    search(worklist, "stain:nothing")
    worklist.get_by_text("no case matches").wait_for()
    search(worklist, "stain:eosin S26-1-A1")
    counted(worklist, "1 case")


def test_keys_choose_a_case_and_enter_opens_it_and_back_is_back(worklist):
    worklist.keyboard.press("ArrowDown")
    worklist.keyboard.press("End")
    worklist.keyboard.press("ArrowUp")
    worklist.wait_for_function("() => location.search === '?row=1'")
    chosen = worklist.locator(".case-row[aria-selected=true] .case-link").inner_text()

    worklist.keyboard.press("Enter")

    worklist.wait_for_url("**/studies/*")
    worklist.wait_for_selector(READY)
    assert worklist.locator(".case-identity h1").inner_text().startswith(chosen)
    worklist.keyboard.press("b")
    worklist.wait_for_selector(".case-row[aria-selected=true]")
    assert worklist.locator(".case-row[aria-selected=true] .case-link").inner_text() == chosen


def test_rows_are_put_in_order_of_names(worklist):
    worklist.get_by_role("button", name="patient").click()

    worklist.wait_for_function("() => location.search.includes('sort=patient')")
    worklist.wait_for_selector("[role=columnheader][aria-sort=ascending]")
    worklist.wait_for_function(
        "() => document.querySelector('.case-link').textContent.startsWith('<script>')"
    )
    names = worklist.locator(".case-link").all_inner_texts()
    assert [name.partition(",")[0] for name in names] == [
        "<script>document.write(1)</script>",
        "Anonymous",
        "Sample",
    ]


def test_a_picture_leads_to_its_slide(worklist):
    row(worklist, "Sample, Jane").locator(".thumbnail").nth(1).click()

    worklist.wait_for_selector(READY)
    assert f"/studies/{STUDY}?slide=" in worklist.url


def test_identity_can_be_hidden_with_one_key(worklist):
    worklist.keyboard.press("p")

    worklist.get_by_text("identity hidden").first.wait_for()
    assert "Sample" not in worklist.locator("main").inner_text()


def test_no_picture_is_asked_of_a_series_that_is_only_a_label(page, archive, tmp_path):
    label = next(
        path
        for path in archive.slides["first"].folder.glob("*.dcm")
        if "LABEL" in pydicom.dcmread(path, stop_before_pixels=True).ImageType
    )
    with serving(tmp_path / "data", tmp_path / "server.log") as address:
        run("tileserver", "ingest", str(label), "--data", str(tmp_path / "data"))
        page.goto(address)

        # The page's end finds its console clean: nothing was asked for that is not there.
        page.locator(".thumbnail[data-state=failed][title='no preview']").wait_for()


def test_an_empty_archive_teaches_the_first_step(page, tmp_path):
    with serving(tmp_path / "data", tmp_path / "server.log") as address:
        page.goto(address)
        page.get_by_text("no slides yet").wait_for()

        words = page.locator("main").inner_text()
        assert f"dicomizer convert SLIDE --to {address}/dicomweb" in words
        assert "Drop slides, DICOM files" in words


@pytest.fixture
def many(page, viewer, tmp_path):
    """Open the worklist of 2,500 cases, of which the index has no files."""
    data = tmp_path / "data"
    data.mkdir()
    index = Index(data / "index.sqlite")
    with index._writing() as connection:
        add_all(connection, [record(study, 0) for study in range(2500)])
    index.close()
    page.route("**/thumbnail?*", lambda route: route.fulfill(status=204))
    with serving(data, tmp_path / "server.log") as address:
        page.goto(address)
        yield page


def test_very_many_cases_are_counted_and_scrolled_through(many):
    counted(many, "2\u202f500 cases")
    assert many.locator(".case-row").count() < 50

    many.keyboard.press("End")

    last = many.locator(".case-row[aria-rowindex='2501'][data-state=ready]")
    last.wait_for()
    assert last.get_attribute("aria-selected") == "true"
    # The oldest: rows come newest first.
    dates = many.locator(".case-row[data-state=ready] > :nth-child(4)").all_inner_texts()
    assert dates == sorted(dates, reverse=True)
    search(many, "2013-05")
    counted(many, r"\d+ cases")
    many.get_by_role("button", name="patient").click()
    many.wait_for_selector("[role=columnheader][aria-sort=ascending]")
    search(many, "")
    many.get_by_text("the server has no other order").wait_for()
