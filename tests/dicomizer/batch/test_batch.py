# SPDX-License-Identifier: Apache-2.0
"""Batches by the command line: what is converted, told and written down, and what a crash costs."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pydicom
import pytest
import slides
from large_slides import write_repeating

COMMAND = [sys.executable, "-m", "dicomizer", "convert"]


def converted(*arguments: object, code: int = 0) -> list[dict[str, Any]]:
    """Convert a batch and return what it told, line by line."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (code, ""), done.stdout
    return [json.loads(line) for line in done.stdout.splitlines()]


def manifest(out: Path) -> dict[str, dict[str, Any]]:
    lines = (out / "manifest.jsonl").read_text().splitlines()
    found = {entry["slide"]: entry for entry in map(json.loads, lines)}
    assert len(found) == len(lines)
    return found


def write_inbox(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        slides.write_svs(folder / name, size=(300 + number, 200))
    return folder


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


COLORFUL = "\x1b[35;7m[red]\a"
"""Part of a file's name that a terminal, or what draws tables, may take for a command."""
NAMES = ("level-0.dcm", "level-1.dcm", "label.dcm", "overview.dcm", "thumbnail.dcm")


def test_all_slides_of_a_folder_and_one_that_fails(tmp_path):
    inbox = write_inbox(tmp_path / "in", "a.svs", "b/c.svs")
    (inbox / "bad.svs").write_text("no slide")
    out = tmp_path / "out"

    told = converted(inbox, out, code=3)

    assert files(out) == {"manifest.jsonl"} | {
        f"{name}/{file}" for name in ("a", "b/c") for file in NAMES
    }
    assert sorted((item["event"], item.get("slide")) for item in told[:-1]) == [
        ("begun", "a.svs"),
        ("begun", "b/c.svs"),
        ("begun", "bad.svs"),
        ("converted", "a.svs"),
        ("converted", "b/c.svs"),
        ("failed", "bad.svs"),
    ]
    assert {key: told[-1][key] for key in ("event", "converted", "failed", "skipped")} == {
        "event": "end",
        "converted": 2,
        "failed": 1,
        "skipped": 0,
    }


def test_the_manifest_tells_what_from_what_hash_duration_bytes_and_result(tmp_path):
    inbox = write_inbox(tmp_path / "in", "a.svs")
    (inbox / "bad.svs").write_text("no slide")
    out = tmp_path / "out"
    digest = subprocess.check_output(["sha256sum", inbox / "a.svs"], text=True)

    converted(inbox, out, code=3)

    good, bad = manifest(out)["a.svs"], manifest(out)["bad.svs"]
    assert (good["result"], good["file"], good["out"]) == ("converted", str(inbox / "a.svs"), "a")
    assert good["sha256"] == digest.split()[0]
    assert good["slide_bytes"] == (inbox / "a.svs").stat().st_size
    assert good["file_bytes"] == sum((out / "a" / name).stat().st_size for name in NAMES)
    assert 0 < good["seconds"] < 60
    found = pydicom.dcmread(out / "a" / "level-0.dcm", stop_before_pixels=True)
    assert good["study_instance_uid"] == found.StudyInstanceUID
    assert bad["result"] == "failed"
    assert bad["error"]["problem"].startswith("its format is none that is known")


@pytest.mark.parametrize("out", ["out", "."])
def test_results_within_the_folder_of_slides_are_not_converted_themselves(tmp_path, out):
    inbox = write_inbox(tmp_path / "in", "a.svs", "b/c.svs")
    converted(inbox, inbox / out)
    before = files(inbox)

    told = converted(inbox, inbox / out)

    events = [(item["event"], item.get("slide")) for item in told]
    assert events == [("skipped", "a.svs"), ("skipped", "b/c.svs"), ("end", None)]
    assert files(inbox) == before


@pytest.mark.parametrize("pattern", ["", "*"])
def test_what_has_the_name_of_a_slide_and_is_none_is_told(tmp_path, pattern):
    inbox = write_inbox(tmp_path / "in", "a.svs")
    (inbox / "gone.svs").symlink_to("nowhere.svs")
    os.mkfifo(inbox / "pipe.ndpi")

    told = converted(inbox / pattern, tmp_path / "out", code=3)

    failed = {item["slide"]: item["error"] for item in told if item["event"] == "failed"}
    assert {name: error["problem"] for name, error in failed.items()} == {
        "gone.svs": "the link leads to no file",
        "pipe.ndpi": "found a device or pipe, expected a slide file",
    }
    assert told[-1]["converted"] == 1


def test_the_same_command_again_does_only_what_is_left(tmp_path):
    inbox = write_inbox(tmp_path / "in", "a.svs", "b.svs")
    out = tmp_path / "out"
    converted(inbox, out)
    before = (out / "a" / "level-0.dcm").stat()
    write_inbox(inbox, "x", "y", "c.svs")
    (inbox / "x").unlink()
    (inbox / "y").unlink()

    told = converted(inbox, out)

    events = [(item["event"], item.get("slide")) for item in told]
    assert events == [
        ("skipped", "a.svs"),
        ("skipped", "b.svs"),
        ("begun", "c.svs"),
        ("converted", "c.svs"),
        ("end", None),
    ]
    assert (out / "a" / "level-0.dcm").stat() == before


def test_a_slide_that_was_replaced_is_not_taken_for_done_nor_overwritten(tmp_path):
    inbox = write_inbox(tmp_path / "in", "a.svs")
    out = tmp_path / "out"
    converted(inbox, out)
    slides.write_svs(inbox / "a.svs", size=(400, 200))

    (failed, _) = converted(inbox, out, code=1)
    (*_, replaced, _) = converted(inbox, out, "--overwrite")
    (again, _) = converted(inbox, out, "--overwrite")

    assert failed["error"]["message"] == (
        f"{out / 'a'}: already holds label.dcm; choose another folder, or replace the slide in it "
        "with --overwrite"
    )
    assert (replaced["event"], again["event"]) == ("converted", "skipped")
    found = pydicom.dcmread(out / "a" / "level-0.dcm", stop_before_pixels=True)
    assert found.TotalPixelMatrixColumns == 400


def test_a_list_with_metadata_for_each_slide(tmp_path):
    write_inbox(tmp_path / "in", "a.svs", "b.svs")
    (tmp_path / "list.csv").write_text(
        "slide,out,patient_id,patient_sex\nin/a.svs,one,P1,F\nin/b.svs,two,P2,X\n"
    )
    out = tmp_path / "out"

    told = converted(tmp_path / "list.csv", out, "--no-label", code=3)

    found = pydicom.dcmread(out / "one" / "level-0.dcm", stop_before_pixels=True)
    assert (found.PatientID, found.PatientSex) == ("P1", "F")
    (failed,) = [item for item in told if item["event"] == "failed"]
    assert failed["error"]["place"] == "line 3: patient_sex"
    assert files(out) == {
        "manifest.jsonl",
        *(f"one/{name}" for name in NAMES if name not in ("label.dcm", "overview.dcm")),
    }


def test_a_wrong_option_is_told_before_anything_is_begun(tmp_path):
    inbox = write_inbox(tmp_path / "in", "a.svs")

    done = subprocess.run(
        [*COMMAND, inbox, tmp_path / "out", "--codec", "rle", "--quality", "50"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "--codec rle loses nothing" in done.stderr
    assert not (tmp_path / "out").exists()


def test_without_out_many_slides_have_no_place(tmp_path):
    inbox = write_inbox(tmp_path / "in", "a.svs")

    done = subprocess.run([*COMMAND, inbox], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "give the folder OUT, in which each slide has its own" in done.stderr


def test_killed_again_and_again_it_ends_with_each_slide_once(tmp_path):
    """At whatever the parent tells; children end with it, and the next run goes on."""
    names = [f"{number}.svs" for number in range(6)]
    inbox = write_inbox(tmp_path / "in", *names)
    out = tmp_path / "out"
    seen: set[str] = set()
    for lines in (1, 2, 3, 1, 4):
        with subprocess.Popen(
            [*COMMAND, inbox, out, "--jobs", "2"], stdout=subprocess.PIPE, text=True
        ) as run:
            for _ in range(lines):
                run.stdout.readline()
            run.kill()
        for folder in out.iterdir():
            if folder.is_dir():
                visible = {path.name for path in folder.iterdir() if path.name[0] != "."}
                assert visible in (set(), set(NAMES))
                seen |= {path.name for path in folder.iterdir()}

    converted(inbox, out)

    assert files(out) == {"manifest.jsonl"} | {
        f"{Path(name).stem}/{file}" for name in names for file in NAMES
    }
    assert list(out.rglob(".*")) == []
    found = manifest(out)
    assert {entry["result"] for entry in found.values()} == {"converted"}
    assert set(found) == set(names)


def test_an_interrupted_batch_says_how_to_go_on(tmp_path):
    inbox = write_inbox(tmp_path / "in", "a.svs")
    write_repeating(inbox / "large.svs")
    out = tmp_path / "out"
    command = [*COMMAND, inbox, out, "--codec", "jxl", "--levels", "dyadic", "--threads", "1"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert json.loads(run.stdout.readline())["slide"] == "large.svs"
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=60)

    assert run.returncode == 130
    assert errors.strip() == (
        f"dicomizer: interrupted; what is done is in {out}, and the same command goes on"
    )
    assert not list(out.rglob("level-0.dcm"))


def test_two_batches_do_not_write_to_one_folder(tmp_path):
    """The second waits for the children of one that was killed, not for one that runs."""
    from dicomizer.errors import TargetError
    from dicomizer.running.locks import waited_lock

    with waited_lock(tmp_path):
        try:
            with waited_lock(tmp_path, patience_seconds=0.1):
                raise AssertionError("both have the lock")
        except TargetError as error:
            assert "another conversion is writing to this folder" in str(error)


def test_a_crash_of_one_conversion_is_its_failure_alone(tmp_path, monkeypatch):
    inbox = write_inbox(tmp_path / "in", "a.svs", "crash.svs", "c.svs")
    site = tmp_path / "site"
    site.mkdir()
    # A library that crashes, put into the children by what Python runs at its start.
    (site / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "def audit(event, arguments):\n"
        "    if event == 'open' and str(arguments[0]).endswith('crash.svs'):\n"
        "        if 'nursery' in ' '.join(sys.orig_argv):\n"
        "            os.kill(os.getpid(), signal.SIGSEGV)\n"
        "sys.addaudithook(audit)\n"
    )
    before = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(site), before])))

    told = converted(inbox, tmp_path / "out", code=3)

    (failed,) = [item for item in told if item["event"] == "failed"]
    assert failed["slide"] == "crash.svs"
    assert failed["error"]["problem"] == "its conversion crashed (SIGSEGV)"
    assert told[-1]["converted"] == 2


def test_on_a_terminal_it_shows_a_table_and_in_the_end_what_failed(tmp_path):
    inbox = write_inbox(tmp_path / "in", "a.svs", "b.svs")
    (inbox / f"bad{COLORFUL}.svs").write_text("no slide")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, inbox, tmp_path / "out"],
        stdout=theirs,
        stderr=theirs,
        stdin=theirs,
        env={**os.environ, "COLUMNS": "100", "LINES": "40", "TERM": "xterm"},
    ) as run:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 4096):
                shown += chunk
        except OSError:
            pass  # how a terminal ends
        os.close(ours)

    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    assert run.returncode == 3
    assert COLORFUL.encode() not in shown
    assert "3 of 3 slides: 2 converted, 1 failed" in text
    *_, failure, summary = text.strip().splitlines()
    assert failure.startswith(r"failed: bad\x1b[35;7m[red]\x07.svs: ")
    assert summary.startswith("3 slides: 2 converted, 1 failed in ")
