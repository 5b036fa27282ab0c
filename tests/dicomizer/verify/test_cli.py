# SPDX-License-Identifier: Apache-2.0
"""``dicomizer verify`` as a person and as a machine use it, in a process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import slides

from dicomizer.convert import convert


def dicomizer(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dicomizer", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def converted(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("converted")
    built = slides.write_svs(folder / "slide.svs")
    convert(built.path, folder / "out")
    return built.path, folder / "out"


@pytest.fixture
def faulty(converted, tmp_path) -> tuple[Path, Path]:
    slide, folder = converted
    shutil.copytree(folder, tmp_path / "out")
    (tmp_path / "out" / "label.dcm").unlink()
    return slide, tmp_path / "out"


def test_the_same_exits_with_0(converted):
    done = dicomizer("verify", *converted)

    assert done.returncode == 0
    heading, *rows, summary = done.stdout.splitlines()
    assert " ".join(heading.split()) == "image file frames verdict PSNR worst SSIM largest"
    assert " ".join(rows[0].split()) == (
        "level 0 level-0.dcm 20 passed through bit for bit - - - -"
    )
    assert len(rows) == 5
    assert summary.startswith(f"{converted[1]}: the same, 5 images, 25 frames compared in ")
    assert done.stderr == ""


def test_a_difference_exits_with_1(faulty):
    done = dicomizer("verify", *faulty, "--quiet")

    assert done.returncode == 1
    difference, summary = done.stdout.splitlines()
    assert difference == "difference: label: instance: expected one, found none"
    assert ": 1 difference, 5 images, 24 frames compared in " in summary


def test_quiet_says_nothing_of_what_is_the_same(converted):
    done = dicomizer("verify", *converted, "-q")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_json_tells_machines(faulty):
    done = dicomizer("verify", *faulty, "--json")

    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["same"] is False
    assert told["differences"] == [
        {"image": "label", "attribute": "instance", "expected": "one", "found": "none"}
    ]
    images = {image["name"]: image for image in told["images"]}
    assert images["level 0"]["verdict"] == "bit_for_bit"
    assert images["level 0"]["good"] is True
    assert images["label"]["verdict"] == "missing"


@pytest.mark.parametrize(
    "options",
    [("--min-psnr", "0"), ("--min-psnr", "nan"), ("--mpp", "-1"), ("--levels", "none"), ("--x",)],
)
def test_wrong_usage_exits_with_2(converted, options):
    assert dicomizer("verify", *converted, *options).returncode == 2


def test_what_is_no_dicom_is_told_in_one_line(converted, tmp_path):
    slide, _ = converted
    (tmp_path / "note.txt").write_text("none")

    empty = dicomizer("verify", slide, tmp_path)
    absent = dicomizer("verify", slide, tmp_path / "absent")
    slide_twice = dicomizer("verify", slide, slide)

    for done in (empty, absent, slide_twice):
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
    assert "no whole slide image: note.txt left out" in empty.stderr
    assert "no such file or folder" in absent.stderr
