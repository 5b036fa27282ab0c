# SPDX-License-Identifier: Apache-2.0
"""``dicomizer send`` and ``dicomizer convert --to``: exit codes, and what is printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import slides
from sending import scripted, write_study


@pytest.fixture
def dicomizer(tmp_path):
    """Give a function that runs the program."""

    def run(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "TMPDIR": str(tmp_path / "tmp"),
            **variables,
        }
        (tmp_path / "tmp").mkdir(exist_ok=True)
        return subprocess.run(
            [sys.executable, "-m", "dicomizer", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environment,
        )

    return run


@pytest.fixture
def slide(tmp_path) -> Path:
    return slides.write_svs(tmp_path / "slide.svs").path


def test_all_accepted_and_verified_exits_with_0(dicomizer, server, tmp_path):
    write_study(tmp_path / "in", 3)

    first = dicomizer("send", tmp_path / "in", "--to", server.root)
    again = dicomizer("send", tmp_path / "in", "--to", server.root)

    assert (first.returncode, again.returncode) == (0, 0)
    assert "3 of 3 instances accepted, 3 verified, 0 held before" in first.stdout
    assert "3 of 3 instances accepted, 3 verified, 3 held before; 0.0 MB sent" in again.stdout
    assert first.stderr + again.stderr == ""


def test_what_is_refused_is_listed_and_exits_with_1(dicomizer, tmp_path):
    (path,) = write_study(tmp_path / "in", 1)
    with scripted([(409, {}, b"{}")], [(501, {}, b"")]) as peer:
        text = dicomizer("send", path, "--to", peer.url)
        document = dicomizer("send", path, "--to", peer.url, "--json")

    assert text.returncode == document.returncode == 1
    assert text.stderr == f"refused: {path}: the peer refuses it without a reason\n"
    told = json.loads(document.stdout)
    assert told["complete"] is False
    (instance,) = told["instances"]
    assert (instance["state"], instance["verified"]) == ("refused", False)
    assert "Doe" not in text.stdout + text.stderr + document.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("send",),
        ("send", "x"),
        ("send", "x", "--to", "ftp://host/x"),
        ("send", "x", "--to", "https://a:hunter2@host/x"),
        ("convert", "x"),
        ("convert", "x", "out", "--token-file", "t"),
        ("convert", "x", "--to", "nowhere"),
    ],
)
def test_wrong_usage_exits_with_2(dicomizer, arguments):
    done = dicomizer(*arguments)

    assert done.returncode == 2
    assert "hunter2" not in done.stderr


def test_nobody_there_is_one_line(dicomizer, tmp_path):
    (path,) = write_study(tmp_path / "in", 1)

    done = dicomizer("send", path, "--to", "dicom://A@127.0.0.1:1", "--attempts", "1")

    assert done.returncode == 1
    assert done.stderr == (
        "dicomizer: dicom://A@127.0.0.1:1: the connection failed: Connection refused; "
        "check the address and the network, then run it again\n"
    )


def test_a_slide_is_converted_and_sent_and_nothing_stays(dicomizer, server, slide, tmp_path):
    done = dicomizer("convert", slide, "--to", server.root, "--json")

    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["sent"]["complete"] is True
    sent = {item["sop_instance_uid"] for item in document["sent"]["instances"]}
    assert sent == {item["sop_instance_uid"] for item in document["instances"]}
    assert len(server.get("/instances").json()) == len(sent)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_else_is_in_the_folder_is_not_sent(dicomizer, server, slide, tmp_path):
    write_study(tmp_path / "out", 1)

    done = dicomizer("convert", slide, tmp_path / "out", "--to", server.root)

    assert done.returncode == 0, done.stderr
    assert len(server.get("/instances").json()) == len(list((tmp_path / "out").iterdir())) - 1


def test_what_could_not_be_sent_is_kept(dicomizer, server, slide, tmp_path):
    failed = dicomizer("convert", slide, "--to", "http://127.0.0.1:1/x", "--attempts", "1")

    assert failed.returncode == 1
    (folder,) = (tmp_path / "tmp").iterdir()
    assert f"dicomizer send {folder} --to http://127.0.0.1:1/x goes on" in failed.stderr
    assert dicomizer("send", folder, "--to", server.root).returncode == 0


def test_a_conversion_that_fails_leaves_nothing(dicomizer, server, tmp_path):
    (tmp_path / "no.svs").write_bytes(b"no slide")

    failed = dicomizer("convert", tmp_path / "no.svs", "--to", server.root)

    assert failed.returncode == 1
    assert list((tmp_path / "tmp").iterdir()) == []
