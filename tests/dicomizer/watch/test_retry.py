# SPDX-License-Identifier: Apache-2.0
"""``dicomizer watch retry``: what failed or waits is tried again, moved once, and never doubled."""

from __future__ import annotations

import hashlib
import json
import subprocess

import pytest
import slides
from servers import serving
from watched import PROGRAM, Watched, address_in, until


@pytest.fixture
def watched(tmp_path) -> Watched:
    return Watched(tmp_path)


def bring(watched: Watched, name: str, width: int = 300) -> str:
    path = watched.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    slides.write_svs(path, size=(width, 200))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def retry(watched: Watched, *arguments: str) -> subprocess.CompletedProcess[str]:
    journal = ("--journal", str(watched.folder / "journal.sqlite"))
    return subprocess.run(
        [*PROGRAM, "retry", watched.inbox, *arguments, *journal],
        capture_output=True,
        text=True,
        check=False,
    )


def rules(watched: Watched, text: str) -> tuple[str, str]:
    path = watched.folder / "watch.toml"
    path.write_text(text)
    return "--rules", str(path)


SIDECAR = '[sidecar]\nfile = "{stem}.json"\n'


def test_what_failed_for_good_is_done_once_its_cause_is_mended_while_the_service_runs(watched):
    bring(watched, "monday/a.svs")
    (watched.inbox / "monday" / "a.json").write_text('{"patient": {"name": 3}}')

    with watched.serving(*rules(watched, SIDECAR), "--poll", "60") as service:
        until(service, "failed")
        failed = {"failed/monday/a.svs", "failed/monday/a.json", "failed/monday/a.svs.reason.txt"}
        assert watched.files() == failed
        (watched.inbox / "failed/monday/a.json").write_text('{"patient": {"id": "P-1"}}')

        told = retry(watched)

        assert (told.returncode, told.stderr) == (0, "")
        assert told.stdout == (
            f"{watched.inbox}: 1 slide is tried again now\n  failed    monday/a.svs\n"
        )
        until(service, "done")
    assert watched.files() == {"done/monday/a.svs", "done/monday/a.json"}
    assert watched.results() == {"monday/a"}


def test_without_a_service_it_is_tried_when_one_is_started(watched):
    (watched.inbox / "a.svs").write_text("no slide")
    watched.once(code=3)

    first, second = retry(watched), retry(watched)

    assert first.stdout.splitlines()[0] == (
        f"{watched.inbox}: 1 slide is tried again when the service is started"
    )
    assert second.stdout == f"{watched.inbox}: no slide has failed or waits\n"
    assert watched.status()["slides"]["new"] == 1
    assert [item["event"] for item in watched.once(code=3)] == ["failed"]
    assert watched.files() == {"failed/a.svs", "failed/a.svs.reason.txt"}
    assert "dicomizer watch retry" in (watched.inbox / "failed/a.svs.reason.txt").read_text()


def test_what_is_unmatched_is_looked_up_now(watched):
    bring(watched, "a.svs")
    (watched.folder / "cases.csv").write_text("container_id,patient_id\nb,P-2\n")
    table = '[[table]]\nfile = "cases.csv"\nwhere = { container_id = "{container_id}" }\n'
    name = "[file_name]\npattern = '(?P<container_id>.*)'\n"
    given = rules(watched, f"{name}{table}required = true\n")

    with watched.serving(*given, "--lookup-again", "3600", "--poll", "0.2") as service:
        until(service, "unmatched")
        (watched.folder / "cases.csv").write_text("container_id,patient_id\na,P-1\n")
        told = retry(watched, "a.svs")

        assert told.stdout.splitlines()[1] == "  unmatched a.svs"
        until(service, "done")
    assert watched.files() == {"done/a.svs"}


def test_what_waits_for_a_peer_is_tried_now(watched, tmp_path):
    bring(watched, "a.svs")
    with serving(tmp_path / "archive") as server:
        port = server.address.rpartition(":")[2]
    peer = ("--to", f"http://127.0.0.1:{port}/dicomweb", "--timeout", "2", "--attempts", "1")
    to = (*peer, "--retry-first", "3600")

    with watched.serving(*to) as service:
        until(service, "retry")
        with serving(tmp_path / "archive", "--port", port):
            assert retry(watched).stdout.splitlines()[1] == "  converted a.svs"
            until(service, "done")


def test_a_slide_is_named_by_its_name_path_or_digest_and_others_stay(watched):
    for name in ("a", "b", "c", "d"):
        (watched.inbox / f"{name}.svs").write_text(f"no slide {name}")
    digest = hashlib.sha256(b"no slide c").hexdigest()
    watched.once(code=3)

    told = retry(watched, "a.svs", str(watched.inbox / "failed/b.svs"), digest[:8], "--json")

    document = json.loads(told.stdout)
    assert document["served"] is False
    assert {(item["slide"], item["was"], item["tried"]) for item in document["slides"]} == {
        ("a.svs", "failed", True),
        ("b.svs", "failed", True),
        ("c.svs", "failed", True),
    }
    assert watched.status()["slides"]["failed"] == 1


def test_a_name_that_is_none_is_an_error_and_nothing_is_done(watched):
    (watched.inbox / "a.svs").write_text("no slide")
    watched.once(code=3)

    told = retry(watched, "a.svs", "b.svs")

    assert told.returncode == 1
    assert told.stderr == (
        "dicomizer: b.svs: no slide of this name has failed or waits; "
        "see dicomizer watch status for their names\n"
    )
    assert watched.status()["slides"]["failed"] == 1


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda path: path.unlink(), "it is not there any more; bring it to the inbox again"),
        (
            lambda path: path.write_text("another"),
            "it has changed since; move it to the inbox, where it is taken as another slide",
        ),
    ],
)
def test_what_is_not_the_same_any_more_is_told_and_left_alone(watched, change, problem):
    (watched.inbox / "a.svs").write_text("no slide")
    watched.once(code=3)
    change(watched.inbox / "failed" / "a.svs")

    told = retry(watched)

    assert told.returncode == 1
    assert told.stdout.splitlines() == [
        f"{watched.inbox}: 0 slides are tried again when the service is started",
        f"  failed    a.svs: not tried, {problem}",
    ]
    assert watched.status()["slides"]["failed"] == 1


def test_another_slide_that_has_its_name_by_now_is_not_replaced(watched):
    (watched.inbox / "a.svs").write_text("no slide")
    digest = hashlib.sha256(b"no slide").hexdigest()[:8]
    watched.once(code=3)
    retry(watched)
    bring(watched, "a.svs")

    told = watched.once(code=3)

    assert {item["event"] for item in told} == {"begun", "done", "failed"}
    assert watched.results() == {"a"}
    assert watched.files() == {"done/a.svs", "failed/a.svs", "failed/a.svs.reason.txt"}
    assert not list((watched.inbox / digest).glob("*"))


def test_with_keep_it_is_tried_where_it_lies(watched):
    (watched.inbox / "a.svs").write_text("no slide")
    watched.once("--after", "keep", code=3)
    assert watched.once("--after", "keep", code=3) == []

    retry(watched)

    assert [item["event"] for item in watched.once("--after", "keep", code=3)] == ["failed"]
    assert watched.files() == {"a.svs"}


def test_a_folder_that_is_not_there_and_one_that_nobody_watches_are_told(watched):
    missing = subprocess.run(
        [*PROGRAM, "retry", watched.folder / "none"], capture_output=True, text=True, check=False
    )
    unknown = retry(watched)

    assert (missing.returncode, unknown.returncode) == (1, 1)
    assert "the inbox cannot be opened: No such file or directory; check the path" in missing.stderr
    assert "no service has worked here yet: there is no journal" in unknown.stderr


def test_whether_a_service_runs_is_told(watched):
    with watched.serving("--status-port", "0") as service:
        address_in(service)
        assert retry(watched).stdout == f"{watched.inbox}: no slide has failed or waits\n"
        assert json.loads(retry(watched, "--json").stdout) == {"served": True, "slides": []}
