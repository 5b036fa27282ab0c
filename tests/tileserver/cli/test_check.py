# SPDX-License-Identifier: Apache-2.0
"""``tileserver check`` on the command line: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import checking
import pytest
import varied_archive
from servers import command


def run(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("check", "--data", str(data), *options),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )


@pytest.fixture
def data(tmp_path) -> Path:
    checking.fill(tmp_path / "data", varied_archive.shared()[:3])
    return tmp_path / "data"


def test_an_archive_that_is_well_ends_with_0(data):
    size = sum(path.stat().st_size for path in (data / "blobs").rglob("*.dcm"))

    done = run(data)

    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(
        rf"3 instances, 3 blobs, {size:,} bytes read in \d+ s, 0 problems\n", done.stdout
    )


def test_a_problem_is_a_line_with_what_to_do_and_ends_with_1(data):
    first = checking.stored(data)[0]
    first.path.write_bytes(first.path.read_bytes()[:-2])
    size = first.path.stat().st_size

    done = run(data)

    assert (done.returncode, done.stderr) == (1, "")
    line, summary = done.stdout.splitlines()
    assert line == (
        f"wrong-size: blobs/{first.key[:2]}/{first.key}.dcm, {first.uid}: found {size} bytes, "
        f"expected {size + 2}; bring the file back from a backup, or send the instance again"
    )
    assert summary.endswith(", 1 problems")


def test_what_is_repaired_ends_with_0(data):
    (data / "incoming" / "a.part").touch()
    assert run(data).returncode == 1

    done = run(data, "--repair")

    assert done.returncode == 0
    assert done.stdout.startswith(
        "partial-file: incoming/a.part: found what a crash left, expected nothing; done: removed\n"
    )
    assert done.stdout.endswith(", 0 problems, 1 solved\n")
    assert run(data).returncode == 0


def test_what_is_put_aside_and_missed_is_a_problem_still(data):
    first = checking.stored(data)[0]
    first.path.write_bytes(first.path.read_bytes() + b"!")

    done = run(data, "--quarantine")

    assert done.returncode == 1
    assert f"; done: moved to quarantine/{first.key}.dcm; bring the file back" in done.stdout
    assert (data / "quarantine" / f"{first.key}.dcm").exists()


def test_a_document_has_findings_and_a_summary(data):
    whole = json.loads(run(data, "--json", "--fast").stdout)
    assert whole["findings"] == []
    for each in checking.stored(data)[:2]:
        each.path.unlink()

    done = run(data, "--json")

    found = json.loads(done.stdout)
    first, second = checking.stored(data)[:2]
    assert done.returncode == 1
    assert [item["uid"] for item in found["findings"]] == [first.uid, second.uid]
    expected = first.path  # its bytes are gone
    assert not expected.exists()
    assert {**found["findings"][0], "problem": None} == {
        "kind": "missing",
        "place": f"blobs/{first.key[:2]}/{first.key}.dcm",
        "uid": first.uid,
        "key": first.key,
        "problem": None,
        "remedy": "bring the file back from a backup, or send the instance again",
        "done": None,
        "solved": False,
    }
    assert found["summary"].keys() == {
        "instances", "blobs", "bytes_read", "seconds", "problems", "solved",
    }  # fmt: skip
    assert (found["summary"]["problems"], found["summary"]["blobs"]) == (2, 1)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_folder_that_is_no_archive_ends_with_2(tmp_path, options):
    done = run(tmp_path / "none", *options)

    assert done.returncode == 2
    assert done.stderr == (
        f"tileserver: {tmp_path / 'none'} has no stored instances; nothing is checked\n"
    )
    if options:
        assert json.loads(done.stdout) == {
            "error": f"{tmp_path / 'none'} has no stored instances; nothing is checked"
        }


def test_an_archive_that_nobody_can_write_to_is_checked(data, tmp_path):
    checking.settle(data)
    for path in data.glob("index.sqlite-*"):
        path.unlink()
    before = sorted(data.rglob("*"))
    data.chmod(0o555)
    try:
        done = run(data)
    finally:
        data.chmod(0o755)

    assert done.returncode == 0, done.stdout
    if os.geteuid():  # root can write anywhere
        assert sorted(data.rglob("*")) == before
