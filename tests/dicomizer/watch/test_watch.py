# SPDX-License-Identifier: Apache-2.0
"""A watch folder in service: what is taken when, what becomes of it, and what is told."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess

import build_mirax
import httpx
import pydicom
import pytest
import slides
from PIL import Image
from servers import serving
from watched import PROGRAM, Watched, address_in, until


@pytest.fixture
def watched(tmp_path) -> Watched:
    return Watched(tmp_path)


def bring(watched: Watched, name: str, width: int = 300) -> bytes:
    path = watched.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    slides.write_svs(path, size=(width, 200))
    return path.read_bytes()


def test_a_slide_is_converted_verified_stored_and_put_aside(watched):
    data = bring(watched, "monday/a.svs")

    told = watched.once()

    assert [item["event"] for item in told] == ["begun", "done"]
    assert told[1]["sha256"] == hashlib.sha256(data).hexdigest()
    assert watched.files() == {"done/monday/a.svs"}
    assert watched.results() == {"monday/a"}
    assert sorted(path.name for path in (watched.out / "monday/a").iterdir()) == [
        "label.dcm",
        "level-0.dcm",
        "level-1.dcm",
        "overview.dcm",
        "thumbnail.dcm",
    ]
    assert list((watched.out / ".dicomizer-watch").iterdir()) == []


def test_a_copy_and_another_name_make_no_second_slide(watched):
    data = bring(watched, "a.svs")
    watched.once()
    (watched.inbox / "b.svs").write_bytes(data)
    (watched.inbox / "a.svs").write_bytes(data)

    told = watched.once()

    assert told == []
    digest = hashlib.sha256(data).hexdigest()[:8]
    assert watched.files() == {"done/a.svs", f"done/{digest}/a.svs", f"done/{digest}/b.svs"}
    assert watched.results() == {"a"}


def test_another_slide_of_the_same_name_has_a_folder_of_its_own(watched):
    bring(watched, "a.svs")
    watched.once()
    digest = hashlib.sha256(bring(watched, "a.svs", 400)).hexdigest()[:8]

    watched.once()

    assert watched.results() == {"a", f"a-{digest}"}
    assert watched.files() == {"done/a.svs", f"done/{digest}/a.svs"}


def test_what_is_kept_is_not_touched_and_not_converted_again(watched):
    bring(watched, "a.svs")
    (watched.inbox / "bad.svs").write_text("no slide")
    before = {path.name: path.stat() for path in watched.inbox.iterdir()}

    first = watched.once("--after", "keep", code=3)
    again = watched.once("--after", "keep", code=3)

    assert {(item["event"], item["slide"]) for item in first} == {
        ("begun", "a.svs"),
        ("done", "a.svs"),
        ("failed", "bad.svs"),
    } | ({("retry", "bad.svs")} if len(first) > 3 else set())
    assert again == []
    after = {path.name: path.stat() for path in watched.inbox.iterdir()}
    assert {name: (x.st_mtime_ns, x.st_ino) for name, x in after.items()} == {
        name: (x.st_mtime_ns, x.st_ino) for name, x in before.items()
    }


def test_what_is_done_is_deleted_where_that_is_asked_for(watched):
    data = bring(watched, "monday/a.svs")
    watched.once("--after", "delete")
    (watched.inbox / "monday" / "a.svs").write_bytes(data)

    watched.once("--after", "delete")

    assert watched.files() == set()
    assert watched.results() == {"monday/a"}


def test_a_failure_has_its_reason_beside_it_and_is_tried_again_when_it_is_moved_back(watched):
    (watched.inbox / "a.svs").write_text("no slide")
    watched.once(code=3)
    reason = (watched.inbox / "failed" / "a.svs.reason.txt").read_text()
    (open_slide,) = watched.status()["open"]
    (watched.inbox / "failed" / "a.svs").rename(watched.inbox / "a.svs")

    told = watched.once(code=3)

    assert "Reason: its format is none that is known" in reason
    assert "To try it again: dicomizer watch retry, or move it back to the watch folder." in reason
    assert (open_slide["state"], open_slide["path"]) == ("failed", "failed/a.svs")
    assert [item["event"] for item in told] == ["failed"]


def test_a_slide_that_is_not_whole_is_waited_for(watched):
    data = bring(watched, "a.svs")
    path = watched.inbox / "a.svs"
    path.write_bytes(data[: len(data) // 2])

    with watched.serving("--patience", "3600") as service:
        assert until(service, "retry")["slide"] == "a.svs"
        assert watched.results() == set()
        path.write_bytes(data)
        assert until(service, "done")["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_slide_that_somebody_writes_is_left_alone(watched):
    bring(watched, "a.svs")
    bring(watched, "b.svs", 400)

    with (watched.inbox / "a.svs").open("r+b") as writer, watched.serving() as service:
        assert until(service, "done")["slide"] == "b.svs"
        assert watched.results() == {"b"}
        writer.close()
        assert until(service, "done")["slide"] == "a.svs"


def test_files_that_belong_to_a_slide_are_waited_for_and_go_with_it(watched, tmp_path):
    stock = tmp_path / "stock"
    stock.mkdir()
    build_mirax.write_mirax(stock / "m.mrxs")
    shutil.copy(stock / "m.mrxs", watched.inbox)

    with watched.serving("--patience", "3600") as service:
        assert "Slidedat.ini" in until(service, "retry")["reason"]
        shutil.copytree(stock / "m", watched.inbox / "m")
        until(service, "done")

    assert watched.results() == {"m"}
    assert {"done/m.mrxs", "done/m/Slidedat.ini"} <= watched.files()
    assert not (watched.inbox / "m").exists()


def test_the_preview_of_a_slide_is_not_taken_for_it_before_its_folder_comes(watched, tmp_path):
    stock = tmp_path / "stock"
    stock.mkdir()
    build_mirax.write_mirax(stock / "m.mrxs")
    Image.fromarray(slides.picture(400, 300)).save(watched.inbox / "m.mrxs", "JPEG")

    with watched.serving("--mpp", "0.25", "--patience", "3600") as service:
        assert "found no folder m/ with Slidedat.ini" in until(service, "retry")["reason"]
        assert watched.results() == set()
        shutil.copytree(stock / "m", watched.inbox / "m")
        until(service, "done")

    assert watched.results() == {"m"}
    found = pydicom.dcmread(watched.out / "m" / "level-0.dcm", stop_before_pixels=True)
    assert found.Manufacturer == "3DHISTECH"


def test_what_is_no_file_harms_nothing(watched):
    bring(watched, "a.svs")
    (watched.inbox / "gone.svs").symlink_to("nowhere.svs")
    os.mkfifo(watched.inbox / "pipe.svs")

    assert [(item["event"], item["slide"]) for item in watched.once()] == [
        ("begun", "a.svs"),
        ("done", "a.svs"),
    ]


def test_a_peer_that_is_away_is_waited_for_and_then_gets_all(watched, tmp_path):
    bring(watched, "a.svs")
    with serving(tmp_path / "archive") as server:
        port = server.address.rpartition(":")[2]
    address = f"http://127.0.0.1:{port}/dicomweb"

    with watched.serving("--to", address, "--timeout", "2", "--attempts", "1") as service:
        assert until(service, "retry")["slide"] == "a.svs"
        assert watched.files() == {"a.svs"}
        with serving(tmp_path / "archive", "--port", port) as server:
            until(service, "done")
            (found,) = server.get("/instances?ImageType=VOLUME&limit=1").json()

    assert found["00080018"]["Value"]
    assert watched.files() == {"done/a.svs"}


def test_stopped_it_says_so_and_goes_on_at_the_next_start(watched):
    bring(watched, "a.svs")
    with watched.serving("--settle", "3600", "--status-port", "0") as service:
        address_in(service)  # from then on it serves
        service.send_signal(signal.SIGTERM)
        _, errors = service.communicate(timeout=60)

    assert service.returncode == 130
    assert errors.strip() == "dicomizer: interrupted; the same command goes on"
    assert [item["event"] for item in watched.once()] == ["begun", "done"]


def test_the_status_is_told_over_http_and_by_the_command(watched):
    bring(watched, "a.svs")
    (watched.inbox / "bad.svs").write_text("no slide")
    with watched.serving("--status-port", "0") as service:
        address = address_in(service)
        until(service, "done")
        with httpx.Client(base_url=address) as http:
            while http.get("/status").json()["slides"]["failed"] == 0:
                assert service.poll() is None
            status = http.get("/status").json()
            metrics = http.get("/metrics").text
            assert http.get("/healthz").text == "ok\n"
            assert http.get("/etc/passwd").status_code == 404

    assert status["slides"] == {
        "new": 0,
        "converted": 0,
        "done": 1,
        "unmatched": 0,
        "failed": 1,
        "gone": 0,
    }
    assert 'dicomizer_watch_slides{state="done"} 1\n' in metrics
    assert "# TYPE dicomizer_watch_slide_bytes counter\n" in metrics
    assert watched.status()["slides"] == status["slides"]
    shown = subprocess.check_output(
        [*PROGRAM, "status", watched.inbox, "--journal", watched.folder / "journal.sqlite"],
        text=True,
    )
    first, second = shown.splitlines()
    assert first == f"{watched.inbox}: 1 done, 1 failed"
    assert second.startswith("  failed    failed/bad.svs: its format is none that is known")


def test_looking_alone_finds_what_comes(watched):
    with watched.serving("--no-events") as service:
        bring(watched, "a.svs")
        assert until(service, "done")["out"] == "a"


def test_options_of_the_conversion_are_handed_on(watched):
    bring(watched, "a.svs")

    watched.once("--codec", "jxl", "--no-label", "--levels", "dyadic")

    found = pydicom.dcmread(watched.out / "a" / "level-0.dcm", stop_before_pixels=True)
    assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.111"
    assert not (watched.out / "a" / "label.dcm").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "say where results go: --out DIR, --to URL, or both"),
        (("--out", "{inbox}/out"), "the results would lie in the inbox"),
        (("--out", "{out}", "--codec", "rle", "--quality", "3"), "--codec rle loses nothing"),
        (("--out", "{out}", "--rules", "{out}"), "No such file"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_begun(watched, options, message):
    given = [item.format(inbox=watched.inbox, out=watched.out) for item in options]
    journal = watched.folder / "journal.sqlite"

    done = subprocess.run(
        [*PROGRAM, watched.inbox, "--journal", journal, *given],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode in (1, 2)
    assert message in done.stderr


def test_the_status_of_a_folder_that_nobody_watches_says_so(watched):
    done = subprocess.run(
        [*PROGRAM, "status", watched.inbox, "--journal", watched.folder / "none.sqlite"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "no service has worked here yet: there is no journal; start dicomizer watch" in (
        done.stderr
    )


def test_an_inbox_that_vanishes_ends_the_service_with_the_reason(watched):
    with watched.serving("--status-port", "0") as service:
        address_in(service)
        watched.inbox.rename(watched.folder / "elsewhere")
        _, errors = service.communicate(timeout=60)

    assert service.returncode == 1
    assert "the inbox is not there any more; see whether its disk or share is mounted" in errors
