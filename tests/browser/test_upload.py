# SPDX-License-Identifier: Apache-2.0
"""Files dropped or chosen: stored, refused with a reason, gone on with after a failure."""

from __future__ import annotations

import pytest
import slides
from browser.harness import READY, run, serving


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Give the files of a converted slide."""
    work = tmp_path_factory.mktemp("upload")
    made = slides.write_svs(work / "slide.svs", associated=False)
    run("dicomizer", "convert", str(made.path), str(work / "out"))
    return sorted((work / "out").glob("*.dcm"))


@pytest.fixture
def empty(browser, viewer, tmp_path):
    """Open the worklist of a server without slides; its console may tell of failed requests."""
    with serving(tmp_path / "data", tmp_path / "server.log") as address:
        context = browser.new_context(base_url=address)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.goto("/")
        page.get_by_text("no slides yet").wait_for()
        yield page
        context.close()


def choose(page, *paths):
    page.locator("input[type=file]").first.set_input_files([str(path) for path in paths])


def panel(page):
    return page.get_by_role("complementary", name="files")


def status(page, text):
    panel(page).get_by_role("status").get_by_text(text).wait_for()


def test_chosen_files_are_stored_and_their_case_appears(empty, files):
    choose(empty, *files)

    status(empty, f"{len(files)} of {len(files)} stored")
    empty.wait_for_selector(".case-row[data-state=ready]")
    empty.keyboard.press("Enter")
    empty.wait_for_selector(READY)


def test_what_the_server_has_is_not_sent_again(empty, files):
    choose(empty, files[0])
    status(empty, "1 of 1 stored")
    sent = []
    empty.on("request", lambda request: sent.append(request.method))

    choose(empty, files[0])

    panel(empty).get_by_text("the server has it").wait_for()
    assert "POST" not in sent


def test_other_bytes_under_a_uid_are_refused_with_the_reason(empty, files, tmp_path):
    choose(empty, files[0])
    status(empty, "1 of 1 stored")
    other = tmp_path / "other.dcm"
    other.write_bytes(files[0].read_bytes() + b"\xfc\xff\xfc\xffOB\0\0\2\0\0\0\0\0")

    choose(empty, other)

    panel(empty).get_by_text("another file is stored under its UID (0111H)").wait_for()
    status(empty, "1 refused")


def test_it_goes_on_once_the_server_is_back(empty, files):
    empty.route("**/dicomweb/studies", lambda route: route.abort())
    choose(empty, *files)
    panel(empty).get_by_text("the server does not answer; it is tried again").wait_for()

    empty.unroute("**/dicomweb/studies")

    status(empty, f"{len(files)} of {len(files)} stored")


def test_files_are_dropped_anywhere(empty, files):
    data = empty.evaluate_handle(
        """([name, bytes]) => {
            const transfer = new DataTransfer()
            transfer.items.add(new File([Uint8Array.from(bytes)], name))
            return transfer
        }""",
        [files[-1].name, list(files[-1].read_bytes())],
    )
    area = empty.locator(".worklist")
    area.dispatch_event("dragover", {"dataTransfer": data})
    empty.get_by_text("drop slides, DICOM files or folders to store them").wait_for()

    area.dispatch_event("drop", {"dataTransfer": data})

    status(empty, "1 of 1 stored")
