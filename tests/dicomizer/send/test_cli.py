# SPDX-License-Identifier: Apache-2.0
"""``dicomizer send`` and ``dicomizer convert --to``: exit codes, and what is printed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import slides
from sending import scripted, write_study


@pytest.fixture
def dicomizer(tmp_path):
    """Give a function that runs the program."""

    def run(
        *arguments: object, code: str = "from dicomizer.cli import main; main()", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "TMPDIR": str(tmp_path / "tmp"),
            **variables,
        }
        (tmp_path / "tmp").mkdir(exist_ok=True)
        return subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
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
    assert f"the instances are kept in {folder}/slide: the same command goes on" in failed.stderr
    assert folder.stat().st_mode & 0o777 == 0o700
    assert dicomizer("send", folder / "slide", "--to", server.root).returncode == 0


STOPPED = """
import os, signal, sys
from dicomizer.send.stow import WebPeer
store, number = WebPeer.store, int(sys.argv.pop())
def stopped(self, batch, sent):
    yield from list(store(self, batch[:2], sent))
    os.kill(os.getpid(), number)
WebPeer.store = stopped
from dicomizer.cli import main; main()
"""
"""Ends by a signal when the peer has the first two instances."""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_same_command_goes_on_where_it_was_stopped(dicomizer, server, slide, tmp_path, number):
    arguments = ("convert", slide, "--to", server.root)
    stopped = dicomizer(*arguments, number.value, code=STOPPED)
    begun = {item["00080018"]["Value"][0] for item in server.get("/instances").json()}

    done = dicomizer(*arguments, "--json")

    assert stopped.returncode == (130 if number == signal.SIGINT else -number)
    assert len(begun) == 2
    sent = json.loads(done.stdout)["sent"]["instances"]
    assert {item["sop_instance_uid"] for item in sent if item["state"] == "held"} == begun
    assert len(server.get("/instances").json()) == len(sent) > 2
    assert list((tmp_path / "tmp").iterdir()) == []


def test_other_options_replace_what_was_kept(dicomizer, server, slide, tmp_path):
    dicomizer("convert", slide, "--to", server.root, signal.SIGKILL.value, code=STOPPED)

    done = dicomizer("convert", slide, "--to", server.root, "--no-label", "--json")

    files = {item["file"] for item in json.loads(done.stdout)["instances"]}
    assert files == {"level-0.dcm", "level-1.dcm", "thumbnail.dcm"}
    assert list((tmp_path / "tmp").iterdir()) == []


def test_interrupted_it_says_what_stays(dicomizer, server, slide, tmp_path):
    command = ("convert", slide, tmp_path / "out", "--to", server.root)
    converting = dicomizer(*command, signal.SIGINT.value, code=STOPPED)
    sending = dicomizer(
        "send", tmp_path / "out", "--to", server.root, signal.SIGINT.value, code=STOPPED
    )
    again = dicomizer(*command)

    goes_on = f"dicomizer send {tmp_path / 'out'} --to {server.root} goes on"
    stays = "dicomizer: interrupted; what the peer has taken stays there"
    assert converting.stderr.splitlines()[-1] == f"{stays}; {goes_on}"
    assert sending.stderr.splitlines()[-1] == stays
    assert "already holds" in again.stderr
    assert f"{goes_on} with what it holds" in again.stderr


def test_a_folder_that_somebody_else_could_have_made_is_not_used(
    dicomizer, server, slide, tmp_path
):
    dicomizer("convert", slide, "--to", server.root, signal.SIGKILL.value, code=STOPPED)
    (folder,) = (tmp_path / "tmp").iterdir()
    folder.chmod(0o777)

    done = dicomizer("convert", slide, "--to", server.root)

    assert done.returncode == 1
    assert done.stderr == (
        f"dicomizer: {folder}: found something of another user, expected a private folder; "
        "name a folder OUT\n"
    )


def test_a_conversion_that_fails_leaves_nothing(dicomizer, server, tmp_path):
    (tmp_path / "no.svs").write_bytes(b"no slide")

    failed = dicomizer("convert", tmp_path / "no.svs", "--to", server.root)

    assert failed.returncode == 1
    assert list((tmp_path / "tmp").iterdir()) == []
