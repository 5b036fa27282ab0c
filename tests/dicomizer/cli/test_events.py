# SPDX-License-Identifier: Apache-2.0
"""What a conversion tells a program that looks on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pydicom
from slides import write_svs


def test_each_instance_is_told_when_it_is_whole_the_coarsest_levels_first(tmp_path):
    slide = write_svs(tmp_path / "slide.svs", size=(2000, 1500), factors=(1, 4, 16)).path
    command = [sys.executable, "-m", "dicomizer", "convert", str(slide), str(tmp_path / "out")]

    with subprocess.Popen(
        [*command, "--events", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        events = [json.loads(line) for line in process.stderr]
        document = json.loads(process.stdout.read())

    written = [Path(event["files"][0]).name for event in events if event["event"] == "written"]
    levels = [name for name in written if name.startswith("level")]
    assert levels == ["level-2.dcm", "level-1.dcm", "level-0.dcm"]
    assert sorted(written) == sorted(item["file"] for item in document["instances"])
    assert pydicom.dcmread(tmp_path / "out" / "level-0.dcm").NumberOfFrames == 32 * 24
    last = [event for event in events if event["event"] == "progress"][-1]
    assert last["frames_done"] == last["frames_total"]


def test_an_export_tells_how_far_it_is(tmp_path):
    slide = write_svs(tmp_path / "slide.svs").path
    program = [sys.executable, "-m", "dicomizer"]
    subprocess.run([*program, "convert", str(slide), str(tmp_path / "out"), "-q"], check=True)

    done = subprocess.run(
        [*program, "export", str(tmp_path / "out"), str(tmp_path / "a.tif"), "--events", "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert {event["event"] for event in events} == {"progress"}
    assert events[-1]["frames_done"] == events[-1]["frames_total"] > 0
    assert json.loads(done.stdout)["files"] == 1
