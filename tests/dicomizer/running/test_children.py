# SPDX-License-Identifier: Apache-2.0
"""Verbs in child processes: what comes back, and what becomes of those that crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import slides
from large_slides import write_repeating

from dicomizer.running.children import Children, StoppedError
from dicomizer.running.messages import Request
from dicomizer.running.reasons import crash_of


@pytest.fixture(scope="module")
def children():
    with Children() as found:
        yield found


def convert(slide: Path, out: Path, *options: str) -> Request:
    return Request(("convert", "--json", *options, str(slide), str(out)))


def test_a_conversion_gives_its_document_and_tells_how_far_it_is(children, tmp_path):
    slide = slides.write_svs(tmp_path / "a.svs")
    told = []

    ended = children.run(
        convert(slide.path, tmp_path / "out"), lambda done, total: told.append((done, total))
    )

    assert (ended.code, len(ended.document["instances"])) == (0, 5)
    assert told[0][1] == 25
    assert (tmp_path / "out" / "level-0.dcm").is_file()


def test_metadata_are_handed_over_without_a_file(children, tmp_path):
    slide = slides.write_svs(tmp_path / "a.svs")
    request = convert(slide.path, tmp_path / "out", "--no-label")
    metadata = {"study": {"uid": "1.2.3"}, "patient": {"name": "Müller^Jürgen"}}

    ended = children.run(Request(request.arguments, metadata))

    assert ended.document["study_instance_uid"] == "1.2.3"


def test_a_failure_is_a_document_too(children, tmp_path):
    (tmp_path / "a.svs").write_text("no slide")

    ended = children.run(convert(tmp_path / "a.svs", tmp_path / "out"))

    assert ended.code == 1
    assert ended.document["error"]["type"] == "UnsupportedSourceError"


def test_wrong_usage_is_told(children, tmp_path):
    ended = children.run(convert(tmp_path / "a.svs", tmp_path / "out", "--codec", "gif"))

    assert ended.code == 2
    assert "gif" in ended.document["error"]["message"]


def test_children_are_forked_and_not_started_anew(children, tmp_path):
    slide = slides.write_svs(tmp_path / "a.svs")
    pids = set()
    for number in range(3):
        children.run(convert(slide.path, tmp_path / str(number)))
        pids.add(children._nursery[0].pid)

    assert len(pids) == 1


def test_stopped_children_leave_what_the_next_run_goes_on_with(tmp_path):
    slide = write_repeating(tmp_path / "a.svs")
    out = tmp_path / "out"
    with Children() as children:

        def stop(_done: int, _total: int) -> None:
            threading.Thread(target=children.stop).start()

        with pytest.raises(StoppedError):
            children.run(
                convert(slide, out, "--levels", "dyadic", "--codec", "jxl", "--threads", "1"), stop
            )

        with pytest.raises(StoppedError, match="before it was begun"):
            children.run(convert(slide, out))

    assert [path.name for path in out.iterdir() if path.name[0] != "."] == []


def test_a_child_that_is_killed_harms_no_other(children, tmp_path):
    large = write_repeating(tmp_path / "large.svs")
    small = slides.write_svs(tmp_path / "small.svs")

    def kill(_done: int, _total: int) -> None:
        (child,) = children._running
        os.kill(child._pid, signal.SIGKILL)

    options = ("--levels", "dyadic", "--codec", "jxl", "--threads", "1")
    killed = children.run(convert(large, tmp_path / "killed", *options), kill)
    after = children.run(convert(small.path, tmp_path / "after"))

    assert (killed.code, killed.document) == (-signal.SIGKILL, {})
    assert "for want of memory" in str(crash_of(killed, large))
    assert after.code == 0


def test_when_their_origin_is_killed_the_next_child_has_another(children, tmp_path):
    slide = slides.write_svs(tmp_path / "a.svs")
    children.run(convert(slide.path, tmp_path / "0"))
    children._nursery[0].kill()
    children._nursery[0].wait()

    ended = children.run(convert(slide.path, tmp_path / "1"))

    assert ended.code == 0


_PARENT = """
import sys
from dicomizer.running.children import Children
from dicomizer.running.messages import Request
def told(done, total):
    print(children._running.copy().pop()._pid, children._nursery[0].pid, flush=True)
with Children() as children:
    children.run(Request(tuple(sys.argv[1:])), told)
"""


def test_children_end_when_their_parent_is_killed(tmp_path):
    slide = write_repeating(tmp_path / "a.svs")
    request = convert(
        slide, tmp_path / "out", "--levels", "dyadic", "--codec", "jxl", "--threads", "1"
    )
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT, *request.arguments], stdout=subprocess.PIPE, text=True
    ) as parent:
        pids = [int(word) for word in parent.stdout.readline().split()]
        parent.kill()

    assert len(pids) == 2
    for pid in pids:
        while is_running(pid):  # or the test runs into its time limit
            pass


def is_running(pid: int) -> bool:
    """Tell whether a process runs; a dead one that nobody asked for does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
