# SPDX-License-Identifier: Apache-2.0
"""Slides of scanners' own formats chosen in the browser: sent, gone on with, converted, opened."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import build_vms
import httpx
import pytest
import slides
from browser.harness import READY, serving
from cutting import network

REAL = Path(
    os.environ.get("COVERSLIP_SLIDES", Path(__file__).resolve().parents[3] / "shared/slides")
)
SLIDE = "aperio/CMU-1-Small-Region.svs"


@pytest.fixture(scope="module")
def real():
    """Give a real slide."""
    path = REAL / SLIDE
    if not path.exists():
        pytest.skip(f"no real slides at {REAL}")
    return path


@pytest.fixture
def server(viewer, tmp_path):
    """Give the address of a server without slides."""
    with serving(tmp_path / "data", tmp_path / "server.log") as address:
        yield address


@pytest.fixture
def lines(server):
    """Give a network to the server that can be cut."""
    with network(server) as made:
        yield made


@pytest.fixture
def empty(browser, lines):
    """Open the worklist through the network; its console may tell of failed requests."""
    context = browser.new_context(base_url=lines.address)
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto("/")
    page.get_by_text("no slides yet").wait_for()
    yield page
    context.close()


def choose(page, *paths):
    page.locator("input[type=file]").first.set_input_files([str(path) for path in paths])


def panel(page):
    return page.get_by_role("complementary", name="uploaded slides")


def item(page, name):
    return panel(page).get_by_role("listitem").filter(has_text=name)


def received(tmp_path):
    """Return the digests of the files that uploads have ended as."""
    files = (tmp_path / "data" / "uploads").glob("*/files/*")
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]


def test_a_slide_is_sent_converted_and_opened(empty, real):
    choose(empty, real)

    row = item(empty, real.name)
    row.get_by_text("converted", exact=True).wait_for()
    row.get_by_role("link", name="open slide").click()
    empty.wait_for_selector(READY)


def test_what_a_broken_connection_left_out_is_sent_once_it_is_back(empty, lines, real, tmp_path):
    size = real.stat().st_size
    lines.cut_after(size // 2)
    choose(empty, real)
    row = item(empty, real.name)
    row.get_by_text("the server does not answer; it is tried again").wait_for()
    assert lines.cuts >= 1
    before = lines.passed

    lines.mend()

    row.get_by_text("being converted").or_(row.get_by_text("converted", exact=True)).wait_for()
    assert received(tmp_path) == [hashlib.sha256(real.read_bytes()).hexdigest()]
    # Not from its beginning: what the server has on disk is not sent twice.
    assert lines.passed - before < size * 0.8
    row.get_by_text("converted", exact=True).wait_for()


def test_a_reload_tells_what_was_broken_off_and_goes_on(empty, lines, real, tmp_path):
    size = real.stat().st_size
    lines.cut_after(size // 2)
    choose(empty, real)
    row = item(empty, real.name)
    row.get_by_text("the server does not answer; it is tried again").wait_for()
    lines.mend()
    empty.once("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name="stop").click()
    empty.reload()

    item(empty, real.name).get_by_text("Choose the same files again").wait_for()
    choose(empty, real)

    item(empty, real.name).get_by_text("converted", exact=True).wait_for()
    assert received(tmp_path) == [hashlib.sha256(real.read_bytes()).hexdigest()]


def test_a_file_that_is_no_slide_fails_with_the_reason_and_what_to_do(empty, tmp_path):
    wrong = tmp_path / "holiday.svs"
    wrong.write_bytes(b"not a slide at all\n" * 100)

    choose(empty, wrong)

    row = item(empty, "holiday.svs")
    row.get_by_text("not converted").wait_for()
    row.get_by_text("The file is no slide of a known format.").wait_for()
    row.get_by_text("Check that it is a whole slide of a known format").wait_for()
    told = row.get_by_text("its format is none that is known")
    assert not told.is_visible()
    row.get_by_text("what the server says").click()
    told.wait_for()


def test_a_slide_that_does_not_tell_the_size_of_its_pixels_is_asked_for_it(empty, tmp_path):
    made = slides.write_svs(tmp_path / "tumour.svs", mpp="", associated=False)
    choose(empty, made.path)
    row = item(empty, "tumour.svs")
    row.get_by_text("Say how large a pixel is.").wait_for()
    row.get_by_text("The file does not say how large a pixel is.").wait_for()

    row.get_by_label("size of a pixel").fill("0.25")
    row.get_by_role("button", name="convert: tumour.svs").click()

    row.get_by_text("converted", exact=True).wait_for()


def test_a_slide_of_several_files_is_one_upload(empty, server, tmp_path):
    folder = tmp_path / "chosen"
    folder.mkdir()
    build_vms.write_vms(folder / "tumour.vms")
    (folder / "notes.txt").write_text("lies beside")

    empty.locator("input[type=file]").nth(1).set_input_files(str(folder))

    item(empty, ".vms").get_by_text("converted", exact=True).wait_for()
    empty.get_by_text("Files that are neither DICOM nor a slide were not sent.").wait_for()
    (job,) = httpx.get(f"{server}/api/jobs").json()["jobs"]
    assert job["parameters"]["name"].endswith(".vms")
    uploads = httpx.get(f"{server}/api/uploads").json()["uploads"]
    assert {each["files"] for each in uploads} == {len(list(folder.iterdir())) - 1}
