# SPDX-License-Identifier: Apache-2.0
"""The command: its words, what it leaves, and how much memory it takes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import openslide
import pytest
import slides
import tifffile
from click.testing import CliRunner

from dicomizer.cli.export import export as command
from dicomizer.convert import convert

EDGE, TILE = 20_480, 256
MOST_MB = 300
_CODE = """
import sys
from dicomizer.cli.program import group
group.main(sys.argv[1:], standalone_mode=False)
status = open("/proc/self/status").read()
print("peak", int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


def run(*arguments: object):
    return CliRunner().invoke(command, [str(item) for item in arguments])


@pytest.fixture
def dicom(tmp_path):
    built = slides.write_svs(tmp_path / "case.svs", factors=(1, 2))
    convert(built.path, tmp_path / "dicom")
    return tmp_path / "dicom"


def test_it_says_what_was_written(tmp_path, dicom):
    done = run(dicom, tmp_path / "out.tif", "--region", "10,20,100,90", "--json")

    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told["files"] == 1
    assert told["bytes"] == (tmp_path / "out.tif").stat().st_size
    assert told["notes"] == [
        "level 0: the region cuts its tiles; its pixels are coded as Deflate, which loses nothing",
        "level 1: the region cuts its tiles; its pixels are coded as Deflate, which loses nothing",
    ]
    assert "1 file" in run(dicom, tmp_path / "out.png", "--level", 1).stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["a.tif", "--region", "1,2,3"], "expected four whole numbers: X,Y,WIDTH,HEIGHT"),
        (["a.png", "--level", "0", "--mpp", "1"], "--level and --mpp exclude each other"),
        (["frames", "--level", "0"], "--level needs a file as OUT: .tif, .ome.tif, .dzi, .png or"),
        (["frames", "--optical-path", "1"], "--optical-path needs a file as OUT"),
    ],
)
def test_wrong_usage(tmp_path, dicom, arguments, problem):
    done = run(dicom, tmp_path / arguments[0], *arguments[1:])

    assert done.exit_code == 2
    assert problem in done.stderr


def test_a_file_that_is_there_stays_unless_it_shall_be_replaced(tmp_path, dicom):
    (tmp_path / "out.tif").write_text("mine")

    refused = run(dicom, tmp_path / "out.tif")
    assert "exists already; choose another name, or give --overwrite" in str(refused.exception)
    assert (tmp_path / "out.tif").read_text() == "mine"

    assert run(dicom, tmp_path / "out.tif", "--overwrite").exit_code == 0
    assert tifffile.imread(tmp_path / "out.tif").shape == (200, 300, 3)


def test_a_damaged_frame_leaves_nothing(tmp_path, dicom):
    path = dicom / "level-0.dcm"
    data = bytearray(path.read_bytes())
    start = data.index(b"\xff\xd8\xff", len(data) // 2)
    data[start : start + 64] = bytes(64)
    path.write_bytes(data)

    for name in ("a.tif", "a.dzi", "a.png"):
        done = run(dicom, tmp_path / name)
        assert "the file is damaged; get it again" in str(done.exception)
    assert {item.name for item in tmp_path.iterdir()} == {"case.svs", "dicom"}


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, dicom):
    code = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
from dicomizer.cli import main
main()
"""
    for name in ("a.tif", "a.png"):
        done = subprocess.run(
            [sys.executable, "-c", code, "export", dicom, tmp_path / name],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert done.stderr.endswith("File too large; raise the limit on the size of files\n")
    assert {item.name for item in tmp_path.iterdir()} == {"case.svs", "dicom"}


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Give the folder of a slide of 419 megapixels: 1.26 GB if they were decoded at once."""
    folder = tmp_path_factory.mktemp("large")
    distinct = list(slides.tiles_of(slides.picture(1024, 1024), TILE))
    streams = [slides.encoded(item, "ycbcr420") for item in distinct]
    count = (EDGE // TILE) ** 2
    slides.write_tile_streams(
        folder / "a.tif",
        (EDGE, EDGE, 3),
        TILE,
        [streams[number % len(streams)] for number in range(count)],
        photometric="ycbcr",
        subsampling=(2, 2),
        compression="jpeg",
        compressionargs={"outcolorspace": "ycbcr"},
        resolution=(40_000, 40_000),
        resolutionunit="CENTIMETER",
    )
    convert(folder / "a.tif", folder / "dicom")
    return folder / "dicom"


def test_killed_it_leaves_nothing_that_the_next_does_not_remove(tmp_path, large):
    with subprocess.Popen(
        [sys.executable, "-m", "dicomizer", "export", large, tmp_path / "a.png"]
    ) as process:
        while not list(tmp_path.glob(".dicomizer-export-*/a.png")):
            assert process.poll() is None, "the export ended before it could be killed"
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    assert len(list(tmp_path.iterdir())) == 1

    done = run(large, tmp_path / "b.png", "--region", "0,0,10,10")

    assert done.exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["b.png"]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is told by Linux")
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.tif", []),
        ("a.ome.tif", ["--region", "3,5,20400,20400", "--codec", "jpeg"]),
        ("a.dzi", []),
        ("a.jpg", []),
        ("a.png", ["--mpp", "1.7"]),
    ],
)
def test_a_slide_of_400_megapixels_takes_less_than_300_mb(large, tmp_path, name, options):
    arguments = ["export", large, tmp_path / name, *options]

    done = subprocess.run(
        [sys.executable, "-c", _CODE, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=250,
        check=True,
    )

    peak = int(done.stdout.split("peak ")[1])
    assert peak < MOST_MB
    if name == "a.tif":
        with openslide.OpenSlide(tmp_path / name) as slide:
            assert slide.dimensions == (EDGE, EDGE)
            shown = np.asarray(slide.read_region((20_000, 20_000), 0, (256, 256)))
            assert shown.std() > 10


def test_help_lists_each_format_in_a_line_of_its_own():
    done = subprocess.run(
        [sys.executable, "-m", "dicomizer", "export", "--help"],
        check=True,
        capture_output=True,
        text=True,
    )

    assert "\\b" not in done.stdout
    assert (
        "\n  .dzi       Deep Zoom for web viewers, with a folder of tiles beside it\n"
        in done.stdout
    )
