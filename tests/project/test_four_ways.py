# SPDX-License-Identifier: Apache-2.0
"""The README's four ways in: every command of each page is run as it stands there, and told true.

A command that is added to a page is run by these tests, as they run whatever they find there.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pydicom
import pytest
import slides
from readme_pages import README, ROOT, Page

WAYS = {
    "By the command line": "command line",
    "By a watch folder": "watch folder",
    "By the browser": "browser",
    "By a program: the API": "API",
}
UNIT = ROOT / "samples" / "dicomizer-watch.service"


@pytest.fixture
def place(tmp_path) -> Path:
    """Return a folder with a slide in it."""
    for program in ("bash", "curl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not here: apt-get install {program}")
    slides.write_svs(tmp_path / "slide.svs")
    return tmp_path


def test_there_is_a_page_for_each_way_and_no_other():
    text = README.read_text("utf-8")
    section = text.split("\n## Four ways in\n")[1].split("\n## ")[0]

    assert re.findall(r"^### (.*)$", section, re.MULTILINE) == list(WAYS)


def test_what_all_need_before(tmp_path):
    activate = Path(sys.prefix) / "bin" / "activate"
    stand_ins = {
        # It would install packages and build the viewer, which others use at this moment.
        line: f"make --dry-run --directory {ROOT} setup viewer > made"
        for line in Page.of("Four ways in").commands
        if line.startswith("make setup viewer ")
    }
    stand_ins |= {
        line: f". {activate}" if activate.exists() else ":"
        for line in Page.of("Four ways in").commands
        if line.startswith(". .venv/bin/activate ")
    }
    assert len(stand_ins) == 2

    seen = Page.of("Four ways in").run(tmp_path, stand_ins)

    assert "slide.svs: 3000 x 2000 pixels" in seen
    assert (tmp_path / "slide.svs").stat().st_size > 500_000


def test_by_the_command_line(place):
    Page.of("By the command line").run(place)

    lines = (place / "dicom" / "manifest.jsonl").read_text().splitlines()
    found = {item["slide"]: item["result"] for item in map(json.loads, lines)}
    assert found == {"a.svs": "converted", "b.svs": "converted"}
    header = pydicom.dcmread(place / "dicom" / "b" / "level-0.dcm", stop_before_pixels=True)
    assert (header.PatientID, str(header.PatientName)) == ("P-2", "Roe^Max")


def stand_ins_of_the_service(place: Path) -> dict[str, str]:
    """Return what is run for the lines that would change the machine: the unit, in a folder."""
    unit = UNIT.read_text("utf-8")
    started = re.search(r"^ExecStart=/opt/coverslip/bin/(.*\n(?:  .*\n)*)", unit, re.MULTILINE)
    assert started
    command = started[1].replace("\\\n", " ").strip()
    for path in ("/srv/scanner/inbox", "/srv/slides", "/var/lib/coverslip"):
        assert path in command
        command = command.replace(path, f"{place}{path}")
    lib = place / "var" / "lib" / "coverslip"
    return {
        "sudo useradd --system coverslip": ":",
        "sudo install -d -o coverslip /srv/scanner/inbox /srv/slides": (
            f"install -d {place}/srv/scanner/inbox {place}/srv/slides {lib}"
        ),
        "sudo python3 -m venv /opt/coverslip": "python3 -m venv --help > made",
        "sudo /opt/coverslip/bin/pip install .": "python3 -m pip install --help > made",
        "sudo cp samples/dicomizer-watch.service /etc/systemd/system/": (
            f"cp samples/dicomizer-watch.service {place}"
        ),
        "sudo systemctl daemon-reload": verified(place),
        "sudo systemctl enable --now dicomizer-watch": f"beside '{command}'",
        "sudo cp slide.svs /srv/scanner/inbox/": f"cp slide.svs {place}/srv/scanner/inbox/",
        "sudo -u coverslip /opt/coverslip/bin/dicomizer watch status /srv/scanner/inbox "
        "--journal /var/lib/coverslip/watch.sqlite": (
            f"dicomizer watch status {place}/srv/scanner/inbox --journal {lib}/watch.sqlite"
        ),
    }


def verified(place: Path) -> str:
    """Return the command that looks at the unit, where systemd is here."""
    if shutil.which("systemd-analyze") is None:
        return ":"
    program = shutil.which("true")
    unit = place / "dicomizer-watch.service"
    return (
        f"sed -i s,/opt/coverslip/bin/dicomizer,{program}, {unit}\n"
        f"systemd-analyze verify --man=no {unit}"
    )


def test_by_a_watch_folder(place):
    stand_ins = stand_ins_of_the_service(place)
    page = Page.of("By a watch folder")
    assert [line for line in page.commands if line.startswith("sudo ")] == list(stand_ins)
    if taken(9108):
        pytest.skip("the port 9108, which the README names, is taken on this machine")

    page.run(place, stand_ins)

    assert (place / "slides" / "a" / "level-0.dcm").is_file()
    assert (place / "inbox" / "done" / "a.svs").is_file()
    assert sorted(path.name for path in (place / "inbox" / "failed").iterdir()) == [
        "bad.svs",
        "bad.svs.reason.txt",
    ]


def taken(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def test_by_the_browser(place):
    """Its command; what one does on the page is in tests/browser/test_first_steps.py."""
    Page.of("By the browser").run(place)

    assert (place / "archive" / "index.sqlite").is_file()


def test_by_a_program(place):
    Page.of("By a program: the API").run(place)

    assert pydicom.dcmread(place / "level.dcm").Modality == "SM"
    assert (place / "frame.jpg").read_bytes()[:2] == b"\xff\xd8"
    assert (place / "study.zip").read_bytes()[:2] == b"PK"


def test_a_command_that_does_not_work_or_tells_something_else_is_seen(place):
    with pytest.raises(AssertionError, match="No such"):
        Page("```sh\nls none\n```\n").run(place)
    with pytest.raises(AssertionError, match="exit code 0"):
        Page("```sh\ntrue                 # exit code 3\n```\n").run(place)
    with pytest.raises(AssertionError):
        Page("```sh\necho 3 slides\n```\n\n```text\n4 files\n```\n").run(place)
    assert Page("```sh\necho 3 slides\n```\n\n```text\n4 slides\n```\n").run(place) == "3 slides\n"
    with pytest.raises(AssertionError, match="sudo"):
        Page("```sh\nsudo rm file\n```\n").run(place)


def test_links_within_the_readme_lead_to_headings():
    text = README.read_text("utf-8")
    headings = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }

    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= headings


def test_the_shell_reads_each_block_of_the_readme():
    for block in re.findall(r"^```sh\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL):
        checked = subprocess.run(
            ["bash", "-n", "-c", block], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, (block, checked.stderr)
