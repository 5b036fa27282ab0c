# SPDX-License-Identifier: Apache-2.0
"""Each command of the README's pages on the command line and the watch folder, run as it stands."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import slides
from servers import serving

README = Path(__file__).resolve().parents[2] / "README.md"


def commands(heading: str) -> list[str]:
    """Return the commands of the first block below a heading, without comments."""
    text = README.read_text("utf-8")
    block = re.search(rf"^#+ {heading}\n.*?^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert block, heading
    lines = [line.split(" #")[0].strip() for line in block[1].splitlines()]
    found = [line for line in lines if line.startswith("dicomizer ")]
    assert found, heading
    return found


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """Return a folder with what the commands name, and their program on the path."""
    program = tmp_path / "bin" / "dicomizer"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m dicomizer "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "place"
    (folder / "scans" / "monday").mkdir(parents=True)
    slides.write_svs(folder / "slide.svs")
    slides.write_svs(folder / "scans" / "a.svs")
    slides.write_svs(folder / "scans" / "monday" / "b.svs", size=(310, 200))
    (folder / "list.csv").write_text("slide,patient_id\nscans/a.svs,P1\nslide.svs,P2\n")
    (folder / "cases.csv").write_text("slide,patient_id\na.svs,P1\nmonday/b.svs,P2\n")
    (folder / "inbox").mkdir()
    shutil.copytree(README.parent / "samples", folder / "samples")
    return folder


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False
    )


def results(folder: Path) -> set[str]:
    return {str(path.parent.relative_to(folder)) for path in folder.rglob("level-0.dcm")}


def test_the_first_commands_do_what_they_say_one_after_the_other(place):
    for command in commands("Convert"):
        done = run(command, place)
        assert done.returncode == 0, (command, done.stderr)

    assert results(place) == {"out"}


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, {"out/a", "out/monday/b"}),
        (1, {"out/a", "out/monday/b"}),
        (2, {"out/scans/a", "out/slide"}),
        (3, {"out/a", "out/monday/b"}),
    ],
)
def test_many_slides(place, number, expected):
    found = commands("Many slides")

    done = run(found[number], place)

    assert len(found) == 4
    assert done.returncode == 0, done.stdout
    assert results(place) == expected
    assert (place / "out" / "manifest.jsonl").is_file()


def test_the_watch_folder(place, tmp_path):
    serve, send, status, again, tried = commands("Watch a folder")
    shutil.copy(place / "slide.svs", place / "inbox")

    with subprocess.Popen(
        ["sh", "-c", f"exec {serve} --settle 0.1"],
        cwd=place,
        stdout=subprocess.PIPE,
        text=True,
    ) as service:
        assert '"begun"' in service.stdout.readline()
        assert '"done"' in service.stdout.readline()
        service.send_signal(signal.SIGTERM)
    assert service.returncode == 130
    assert results(place) == {"slides/slide"}

    told = run(status, place)
    assert told.stdout == "inbox: 1 done\n"

    asked = run(again, place)
    assert asked.returncode == 1
    assert "a.svs: no slide of this name has failed or waits" in asked.stderr

    shown = run(tried, place)
    assert shown.returncode == 0
    assert "unmatched: for containers.csv, nothing tells {container_id}" in shown.stdout

    slides.write_svs(place / "inbox" / "c.svs", size=(320, 200))
    with serving(tmp_path / "archive") as server:
        address = "http://127.0.0.1:8042/dicomweb"
        assert address in send
        done = run(send.replace(address, server.root) + " --settle 0.1", place)
        assert done.returncode == 0, done.stderr
        assert len(server.get("/instances").json()) == 5


def test_the_unit_of_systemd_names_options_that_there_are(place):
    unit = (place / "samples" / "dicomizer-watch.service").read_text("utf-8")
    started = re.search(r"^ExecStart=(.*\n(?:  .*\n)*)", unit, re.MULTILINE)
    assert started
    options = re.findall(r"--[a-z-]+", started[1])
    shown = run("dicomizer watch run --help", place).stdout

    assert options == ["--out", "--journal", "--status-port"]
    assert all(option in shown for option in options)
    if shutil.which("systemd-analyze"):
        checked = subprocess.run(
            [
                "systemd-analyze",
                "verify",
                "--man=no",
                place / "samples" / "dicomizer-watch.service",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Unknown" not in checked.stderr
