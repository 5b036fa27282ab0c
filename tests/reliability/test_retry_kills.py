# SPDX-License-Identifier: Apache-2.0
"""A slide that is brought back from ``failed``, killed at every call: never lost, never twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import build_mirax
from reliability import faults

TESTS = Path(__file__).resolve().parents[1]


def test_a_slide_that_is_brought_back_is_whole_in_one_place_wherever_it_is_killed(tmp_path):
    folder, control = tmp_path / "disk" / "watched", tmp_path / "control"
    folder.parent.mkdir()
    faults.Control(control)
    environment = faults.environment(faults.library(tmp_path), folder.parent, control)
    build_mirax.write_mirax(tmp_path / "m.mrxs")
    parts = {f"monday/m/{path.name}" for path in (tmp_path / "m").iterdir()}

    done = subprocess.run(
        [sys.executable, "-m", "reliability.retrying", folder, control],
        env=environment | {"PYTHONPATH": str(TESTS)},
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) > 20
    assert [item["killed"] for item in told] == [True] * (len(told) - 1) + [False]
    places = {tuple(item["files"]) for item in told}
    assert places == {
        ("failed/monday/m.mrxs",),
        ("failed/monday/m.mrxs", "monday/m.mrxs"),  # both names of one file, for a moment
        ("monday/m.mrxs",),
    }
    for item in told:
        assert set(item["after"]) == {"monday/m.mrxs", *parts}
        assert (item["state"], item["path"], item["target"]) == ("new", "monday/m.mrxs", None)
