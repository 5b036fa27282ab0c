# SPDX-License-Identifier: Apache-2.0
"""The page of jobs, and a slide that is still being converted: a real server and its queue.

The test is the one that carries jobs out, so that each step is seen before the next.
"""

from __future__ import annotations

import re

import httpx
import pydicom
import pytest
import slides
from browser.harness import READY, run
from servers import serving

from tileserver.job_queue import Asked, JobQueue, Progress

ANY = {"convert": 9, "export": 9, "delete": 9}


@pytest.fixture
def server(viewer, tmp_path):
    """Give a server that leaves jobs to others."""
    with serving(tmp_path / "data", "--jobs-at-once", "0") as running:
        yield running


@pytest.fixture
def queue(server):
    """Give the queue of the server."""
    found = JobQueue(server.data / "jobs.sqlite")
    yield found
    found.close()


@pytest.fixture
def page(browser, server):
    """Give a page of the server."""
    context = browser.new_context(base_url=server.address)
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def asked(queue, kind="convert", **parameters):
    return queue.add(Asked(kind, parameters))


def row(page, job):
    return page.locator(f"tr[data-job='{job.id}']")


def open_jobs(page):
    page.goto("/jobs")
    page.get_by_text("live", exact=True).wait_for()


def test_it_is_reached_from_the_worklist_and_led_back_from(page):
    page.goto("/")
    page.get_by_role("link", name="jobs").click()
    page.get_by_text("no jobs yet").wait_for()
    assert page.url.endswith("/jobs")

    page.get_by_role("button", name="worklist").click()

    page.get_by_text("no slides yet").wait_for()


def test_a_job_is_followed_from_its_beginning_to_its_end(page, queue):
    open_jobs(page)
    job = asked(queue, name="tumour.svs")
    row(page, job).get_by_text("waiting").wait_for()
    assert "tumour.svs" in row(page, job).inner_text()

    held = queue.take(ANY)
    queue.report(held, Progress("level-2.dcm", 3, 4))
    row(page, job).get_by_text("level 2 · 75\u2009%").wait_for()

    queue.finish(held, {"study": "1.2", "series": "1.3"})
    row(page, job).get_by_text("done").wait_for()
    link = row(page, job).get_by_role("link", name="open slide")
    assert link.get_attribute("href") == "/studies/1.2/series/1.3"


def test_details_tell_why_it_failed_what_to_do_and_the_log(page, queue):
    job = asked(queue, name="holiday.svs")
    queue.fail(queue.take(ANY), "its format is none that is known")
    open_jobs(page)

    page.get_by_role("button", name=f"details of job {job.id}").click()

    details = page.locator(".job-details")
    details.get_by_text("Check that it is a whole slide of a known format").wait_for()
    details.get_by_role("listitem").get_by_text("attempt 1").wait_for()
    assert '"name": "holiday.svs"' in details.inner_text()


def test_a_known_reason_is_told_in_the_language_of_the_page(page, queue):
    job = asked(queue, name="tumour.svs")
    told = "level 0: the file does not say the size of a pixel; give it, for example --mpp 0.25"
    queue.fail(queue.take(ANY), told)
    page.goto("/jobs?lang=de")

    row(page, job).get_by_text("Die Datei sagt nicht, wie groß ein Pixel ist.").wait_for()
    page.locator(".job-number").click()

    details = page.locator(".job-details")
    details.get_by_text("Die Datei sagt nicht, wie groß ein Pixel ist.").wait_for()
    words = details.locator("details p")
    assert not words.is_visible()
    details.get_by_text("was der Server meldet").click()
    words.get_by_text(told).wait_for()


def test_details_of_the_last_row_come_into_sight(page, queue):
    first = asked(queue, name="first.svs")
    queue.fail(queue.take(ANY), "it cannot be read")
    for number in range(40):
        asked(queue, name=f"slide-{number}.svs")
    open_jobs(page)

    page.get_by_role("button", name=f"details of job {first.id}", exact=True).click()

    page.locator(".job-details .job-log li").first.wait_for()
    page.wait_for_function(
        """() => {
          const within = document.querySelector('.jobs-scroller').getBoundingClientRect()
          const details = document.querySelector('.job-details').getBoundingClientRect()
          return details.bottom <= within.bottom + 1 && details.top >= within.top
        }"""
    )


def test_a_webhook_is_told_by_its_host_alone(page, queue):
    job = asked(queue, "webhook", url="https://hooks.example:8443/told?key=secret")
    open_jobs(page)

    assert row(page, job).locator(".job-subject").inner_text() == "hooks.example:8443"


def test_a_job_is_cancelled_and_tried_again(page, queue):
    job = asked(queue, name="tumour.svs")
    open_jobs(page)

    page.get_by_role("button", name=f"cancel job {job.id}").click()

    row(page, job).get_by_text("cancelled", exact=True).first.wait_for()
    assert queue.get(job.id).state == "cancelled"
    again = page.get_by_role("button", name=f"try again: job {job.id}")
    assert again.evaluate("button => button === document.activeElement")
    page.keyboard.press("Enter")
    row(page, job).get_by_text("waiting").wait_for()
    assert queue.get(job.id).state == "waiting"


def test_some_of_the_jobs_are_shown_and_the_address_says_which(page, queue):
    failed = asked(queue, name="one.svs")
    queue.fail(queue.take(ANY), "no slide")
    waiting = asked(queue, name="two.svs")
    export = asked(queue, "export", study="1.2.3")
    open_jobs(page)
    row(page, export).wait_for()

    page.get_by_role("button", name="failed").click()
    row(page, waiting).wait_for(state="detached")
    row(page, failed).wait_for()
    page.get_by_role("button", name="all", exact=True).click()
    page.get_by_label("kind").select_option("export")
    row(page, failed).wait_for(state="detached")
    row(page, export).get_by_text("1.2.3").wait_for()
    assert page.url.endswith("/jobs?kind=export")

    page.reload()

    page.get_by_role("status").filter(has_text=re.compile(r"^1 job\b")).wait_for()


def test_a_link_leads_to_a_job_that_the_list_does_not_reach(page, queue):
    linked = asked(queue, name="first.svs")
    for number in range(101):
        asked(queue, name=f"{number}.svs")
    page.goto(f"/jobs?job={linked.id}")

    row(page, linked).get_by_text("first.svs").first.wait_for()
    page.locator(".job-details").get_by_text("log").wait_for()
    page.get_by_role("button", name="older jobs").click()
    page.get_by_role("button", name="older jobs").wait_for(state="detached")
    assert page.locator("tr[data-job]").count() == 102
    page.get_by_role("button", name=f"details of job {linked.id}", exact=True).click()
    page.locator(".job-details").wait_for(state="detached")
    assert page.url.endswith("/jobs")


def test_a_link_to_a_job_that_is_not_there_says_so(page, queue):
    job = asked(queue, name="tumour.svs")

    page.goto("/jobs?job=12345")

    page.get_by_text("there is no job 12345").wait_for()
    row(page, job).wait_for()


def test_it_is_told_in_german(page, queue):
    job = asked(queue, name="tumour.svs")
    page.goto("/jobs?lang=de")

    row(page, job).get_by_text("wartet").wait_for()
    page.get_by_role("button", name=f"Auftrag {job.id} abbrechen").wait_for()
    assert page.url.endswith("/jobs?lang=de")


def uids(path):
    header = pydicom.dcmread(path, stop_before_pixels=True)
    return header.StudyInstanceUID, header.SeriesInstanceUID, header.SOPInstanceUID


def centre(page):
    """Return the middle of the view, in pixels of the finest level."""
    query = httpx.URL(page.url).params
    return float(query["x"]), float(query["y"])


def test_a_slide_is_opened_while_it_is_converted_and_finer_levels_come(
    page, server, queue, tmp_path
):
    made = slides.write_svs(tmp_path / "tumour.svs", size=(1600, 1200), associated=False)
    run("dicomizer", "convert", str(made.path), str(tmp_path / "out"))
    coarse, fine = tmp_path / "out" / "level-1.dcm", tmp_path / "out" / "level-0.dcm"
    job = asked(queue, name="tumour.svs")
    held = queue.take(ANY)
    open_jobs(page)
    queue.intend(held, [uids(coarse)])
    server.store(coarse.read_bytes())
    row(page, job).get_by_role("link", name="open slide").click()
    page.wait_for_selector(READY)
    note = page.get_by_text("still being converted")
    note.wait_for()
    page.wait_for_function("location.search.includes('x=')")
    assert centre(page) == (200, 150)
    page.keyboard.press("m")
    page.get_by_role("complementary", name="measure").wait_for(state="detached")

    queue.intend(held, [uids(fine)])
    server.store(fine.read_bytes())
    study, series, _ = uids(fine)
    queue.finish(held, {"study": study, "series": series})

    note.wait_for(state="detached")
    page.wait_for_function("location.search.includes('x=800')")
    page.wait_for_selector(READY)
    assert centre(page) == (800, 600)


def test_a_slide_without_a_level_yet_opens_by_itself_once_there_is_one(
    page, server, queue, tmp_path
):
    made = slides.write_svs(tmp_path / "tumour.svs")
    run("dicomizer", "convert", str(made.path), str(tmp_path / "out"))
    label, level = tmp_path / "out" / "label.dcm", tmp_path / "out" / "level-1.dcm"
    asked(queue, name="tumour.svs")
    held = queue.take(ANY)
    queue.intend(held, [uids(label)])
    server.store(label.read_bytes())
    study, series, _ = uids(label)
    page.goto(f"/studies/{study}/series/{series}")
    page.get_by_text("It opens by itself once its first level is there.").wait_for()

    server.store(level.read_bytes())
    queue.intend(held, [uids(level)])

    page.wait_for_selector(READY)


def test_a_reload_finds_the_conversions_of_its_uploads_again(page, queue, tmp_path):
    made = slides.write_svs(tmp_path / "tumour.svs", associated=False)
    page.goto("/")
    page.locator("input[type=file]").first.set_input_files(str(made.path))
    panel = page.get_by_role("complementary", name="uploaded slides")
    panel.get_by_text("waiting for its turn").wait_for()
    held = queue.take(ANY)
    queue.report(held, Progress("level-2.dcm", 3, 4))
    panel.get_by_text("level 2 · 75\u2009%").wait_for()

    page.reload()

    row = panel.get_by_role("listitem").filter(has_text="tumour.svs")
    row.get_by_text("level 2 · 75\u2009%").wait_for()
    assert row.get_by_role("progressbar").evaluate("bar => bar.value") == 0.75
    queue.finish(held, {"study": "1.2", "series": "1.3"})
    row.get_by_text("converted", exact=True).wait_for()
    link = row.get_by_role("link", name="open slide")
    assert link.get_attribute("href") == "/studies/1.2/series/1.3"
    # What has ended was told: the next reload begins afresh.
    assert page.evaluate("sessionStorage.getItem('coverslip.converting')") == "[]"
